"""GET /health: 200 only with a loaded and warmed model, answered whatever else is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from aprendiz.errors import ModelFolderError
from aprendiz.serving.app import create_app
from aprendiz.serving.service import Service
from aprendiz.settings import Settings
from tests.api.conftest import Door
from tests.api.keyword_model import KeywordModel


def test_ready_tells_model_and_version(client: TestClient) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "model": "keywords", "version": "0123456789ab"}


def test_503_while_loading_then_200(live: Door, wait: Callable[[Any], None]) -> None:
    may_load = threading.Event()

    def slow_load(folder: Path) -> KeywordModel:
        assert may_load.wait(30)
        return KeywordModel()

    with live(KeywordModel(), load=slow_load) as address, httpx.Client(base_url=address) as client:
        health = client.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "loading"})
        assert int(health.headers["retry-after"]) >= 1
        early = client.post("/classify", json={"text": "label01"})
        assert early.status_code == 503
        assert early.json()["error"]["code"] == "not_ready"
        assert int(early.headers["retry-after"]) >= 1
        may_load.set()
        wait(client)
        assert client.post("/classify", json={"text": "label01"}).json()["intent"] == "label01"


def test_the_model_has_answered_once_before_it_is_called_ready(
    tmp_path: Path, settings: Settings, model: KeywordModel, wait: Callable[[Any], None]
) -> None:
    app = create_app(tmp_path, settings=settings, load=lambda folder: model)
    with TestClient(app) as client:
        wait(client)
        assert len({len(text) for text in model.texts}) >= 2


def test_a_model_that_cannot_answer_never_becomes_ready(tmp_path: Path, settings: Settings) -> None:
    class Broken(KeywordModel):
        def predict(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("no weights")

    failed = threading.Event()
    app = create_app(
        tmp_path,
        settings=settings,
        load=lambda folder: Broken(),
        on_failure=lambda error: failed.set(),
    )
    with TestClient(app) as client:
        assert failed.wait(10)
        health = client.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "failed"})
        assert client.post("/classify", json={"text": "a"}).status_code == 503


def test_health_answers_while_the_model_is_busy(live: Door, wait: Callable[[Any], None]) -> None:
    busy, may_go_on = threading.Event(), threading.Event()

    class Stuck(KeywordModel):
        def predict(self, texts: Any, threshold: float | None = None) -> Any:
            if texts == ["stuck"]:
                busy.set()
                assert may_go_on.wait(30)
            return super().predict(texts, threshold)

    with live(Stuck()) as address, httpx.Client(base_url=address, timeout=30) as client:
        wait(client)
        answers: list[httpx.Response] = []
        thread = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{address}/classify", json={"text": "stuck"}))
        )
        thread.start()
        assert busy.wait(10)
        assert client.get("/health").status_code == 200
        may_go_on.set()
        thread.join(30)
        assert answers[0].status_code == 200


def test_draining_turns_health_away_and_still_answers(client: TestClient) -> None:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    service.drain()
    health = client.get("/health")
    assert (health.status_code, health.json()) == (503, {"status": "draining"})
    answer = client.post("/classify", json={"text": "label02"})
    assert (answer.status_code, answer.json()["intent"]) == (200, "label02")
    assert health.headers["connection"] == answer.headers["connection"] == "close"


def test_the_app_starts_and_stops_more_than_once(client: TestClient, tmp_path: Path) -> None:
    app = client.app
    client.__exit__()
    try:
        with TestClient(app) as again:
            for _ in range(500):
                if again.get("/health").status_code == 200:
                    break
            assert again.post("/classify", json={"text": "label03"}).status_code == 200
    finally:
        client.__enter__()


@pytest.mark.parametrize("folder", [None, Path("no/such/folder")])
def test_without_a_folder_there_is_no_start(folder: Path | None, settings: Settings) -> None:
    with (
        pytest.raises(ModelFolderError) as caught,
        TestClient(create_app(folder, settings=settings)),
    ):
        pass
    assert caught.value.hint


def test_the_threshold_comes_from_the_argument_then_the_machine_then_the_model(
    tmp_path: Path, wait: Callable[[Any], None]
) -> None:
    def asks_again(given: float | None, **machine: float) -> bool:
        app = create_app(
            tmp_path,
            threshold=given,
            settings=Settings(_env_file=None, **machine),
            load=lambda folder: KeywordModel(),
        )
        with TestClient(app) as client:
            wait(client)
            # The keyword model is 0.9 sure, and its own threshold is 0.5.
            return client.post("/classify", json={"text": "label01"}).json()["needs_clarification"]

    assert asks_again(None) is False
    assert asks_again(None, threshold=0.95) is True
    assert asks_again(0.95) is True
    assert asks_again(0.8, threshold=0.95) is False
    assert asks_again(0.0, threshold=0.95) is False
