"""Hot reload and several models: no request lost, the old model kept when the new one is not sound."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from aprendiz.errors import ModelFolderError
from aprendiz.interfaces import Prediction
from aprendiz.serving.app import create_app
from aprendiz.serving.reloading import Reloader
from aprendiz.serving.server import freeze_what_stays
from aprendiz.settings import Settings
from tests.api.conftest import Door
from tests.api.keyword_model import KeywordModel


class Shelf:
    """Where models come from: the next load gives what ``next`` makes."""

    def __init__(self) -> None:
        self.number = 0
        self.next: Callable[[], Any] = self.fresh

    def fresh(self) -> KeywordModel:
        self.number += 1
        model = KeywordModel()
        model.version = f"{self.number:012x}"
        return model

    def __call__(self, folder: Path) -> Any:
        return self.next()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def reloadable(
    tmp_path: Path, settings: Settings, shelf: Shelf, wait: Callable[[Any], None]
) -> Iterator[TestClient]:
    with TestClient(create_app(tmp_path, settings=settings, load=shelf)) as client:
        wait(client)
        yield client


def reload(client: TestClient) -> tuple[bool, list[str]]:
    app: Any = client.app
    said: list[str] = []
    app.state.service.tell = said.append
    assert client.portal is not None
    return client.portal.call(app.state.service.reload), said


def version(client: Any) -> str:
    answer = client.post("/classify", json={"text": "label01"})
    assert answer.status_code == 200
    assert answer.headers["x-model-version"] == answer.json()["version"]
    return str(answer.json()["version"])


def test_a_newer_model_takes_over(reloadable: TestClient) -> None:
    assert version(reloadable) == f"{1:012x}"
    fine, said = reload(reloadable)
    assert fine and "reloaded" in said[0]
    assert version(reloadable) == reloadable.get("/health").json()["version"] == f"{2:012x}"


def test_the_same_model_stays(reloadable: TestClient, shelf: Shelf) -> None:
    def same() -> KeywordModel:
        model = KeywordModel()
        model.version = f"{1:012x}"
        return model

    shelf.next = same
    fine, said = reload(reloadable)
    assert fine and "unchanged" in said[0]


def _batchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "inference-0"]


class Wild(KeywordModel):
    """Gives numbers that are no probabilities."""

    def predict(self, texts: Any, threshold: float | None = None) -> list[Prediction]:
        return [Prediction(text, "a", 0.9, {"a": 0.9, "b": 0.9}, "answer") for text in texts]


class Mute(KeywordModel):
    """Fails at its first forward pass."""

    def predict(self, texts: Any, threshold: float | None = None) -> list[Prediction]:
        raise RuntimeError("no weights")


def _damaged() -> Any:
    raise ModelFolderError("weights.onnx: its hash is not the manifest's", "train again")


@pytest.mark.parametrize("broken", [Wild, Mute, _damaged])
def test_a_model_that_is_not_sound_changes_nothing(
    reloadable: TestClient, shelf: Shelf, broken: Callable[[], Any]
) -> None:
    shelf.next = broken
    fine, said = reload(reloadable)
    assert not fine and said[0].startswith("kept: ")
    assert version(reloadable) == f"{1:012x}"
    assert reloadable.get("/health").status_code == 200
    assert 'aprendiz_model_reloads_total{result="failure"} 1.0' in reloadable.get("/metrics").text
    shelf.next = shelf.fresh
    assert reload(reloadable)[0]
    assert version(reloadable) == f"{2:012x}"


def test_under_load_no_request_is_lost_and_old_threads_end(
    live: Door, shelf: Shelf, wait: Callable[[Any], None], settings: Settings
) -> None:
    """Forty reloads while twelve clients ask without a pause."""
    services: list[Any] = []
    before = len(_batchers())
    stop = threading.Event()
    ends: list[tuple[int, bool]] = []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=30) as client:
            while not stop.is_set():
                answer = client.post("/v1/classify", json={"inputs": ["label01", "label02"]})
                right = [row["label"] for row in answer.json()["data"]] == ["label01", "label02"]
                ends.append((answer.status_code, right))

    with (
        live(KeywordModel(), load=shelf, on_ready=services.append) as address,
        httpx.Client(base_url=address) as client,
    ):
        wait(client)
        loop = services[0]._loop
        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        import asyncio

        for number in range(2, 42):
            assert asyncio.run_coroutine_threadsafe(services[0].reload(), loop).result(30)
            assert version(client) == f"{number:012x}"
        stop.set()
        for thread in threads:
            thread.join(30)
        deadline = time.monotonic() + 10
        while len(_batchers()) > before + 1:
            assert time.monotonic() < deadline, "old models' threads are still there"
            time.sleep(0.01)
    assert len(ends) > 40
    assert set(ends) == {(200, True)}


def test_a_folder_that_changes_is_taken_when_it_is_watched(
    tmp_path: Path, settings: Settings, shelf: Shelf, wait: Callable[[Any], None]
) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    said: list[str] = []
    services: list[Any] = []

    def ready(service: Any) -> None:
        import asyncio

        service.tell = said.append
        reloader = Reloader(service, said.append)
        services.append(asyncio.get_running_loop().create_task(reloader.watch(0.02)))

    app = create_app(tmp_path, settings=settings, load=shelf, on_ready=ready)
    with TestClient(app) as client:
        wait(client)
        time.sleep(0.2)
        assert said == []
        newer = tmp_path / "new"
        newer.write_text("{} ")
        newer.replace(tmp_path / "manifest.json")
        deadline = time.monotonic() + 10
        while not said:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert version(client) == f"{2:012x}"
        assert len(said) == 1
        services[0].cancel()


def test_a_model_that_was_frozen_goes_when_it_is_exchanged(
    tmp_path: Path, settings: Settings, shelf: Shelf, wait: Callable[[Any], None]
) -> None:
    """The collector leaves frozen objects alone for ever, also those that nobody uses any more."""
    app = create_app(
        tmp_path, settings=settings, load=shelf, on_ready=lambda service: freeze_what_stays()
    )
    exchanged = threading.Event()

    def on_exchanged() -> None:
        freeze_what_stays()
        exchanged.set()

    try:
        with TestClient(app) as client:
            wait(client)
            assert version(client) == f"{1:012x}"
            assert gc.get_freeze_count() > 1000
            old = weakref.ref(app.state.service.find().model)
            reloader = Reloader(app.state.service, lambda line: None, on_exchanged)
            assert client.portal is not None
            client.portal.call(reloader.hangup)
            assert exchanged.wait(30)
            assert version(client) == f"{2:012x}"
            assert old() is None
            assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


# ------------------------------------------------------------------------ several models


def _named(folder: Path) -> KeywordModel:
    model = KeywordModel()
    model.name = folder.name
    model.version = f"of {folder.name}"
    return model


@pytest.fixture
def two(tmp_path: Path, settings: Settings, wait: Callable[[Any], None]) -> Iterator[TestClient]:
    folders = [tmp_path / "orders", tmp_path / "news"]
    for folder in folders:
        folder.mkdir()
    with TestClient(create_app(folders, settings=settings, load=_named)) as client:
        wait(client)
        yield client


def test_each_model_answers_under_its_name_and_the_first_without_one(two: TestClient) -> None:
    assert two.post("/classify", json={"text": "a"}).json()["model"] == "orders"
    assert two.post("/classify", json={"text": "a", "model": "news"}).json()["model"] == "news"
    listed = two.post("/v1/classify", json={"inputs": "a", "model": "news"}).json()
    assert listed["model_version"] == "of news"
    tensor = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}]}
    assert two.post("/v2/models/news/infer", json=tensor).json()["model_name"] == "news"
    assert [each["id"] for each in two.get("/v1/models").json()["data"]] == ["orders", "news"]
    assert two.post("/classify", json={"text": "a", "model": "mail"}).status_code == 404


def test_two_models_of_one_name_are_refused(tmp_path: Path, settings: Settings) -> None:
    failed = threading.Event()
    errors: list[Exception] = []

    def note(error: Exception) -> None:
        errors.append(error)
        failed.set()

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    app = create_app(
        [tmp_path / "a", tmp_path / "b"],
        settings=settings,
        load=lambda folder: KeywordModel(),
        on_failure=note,
    )
    with TestClient(app):
        assert failed.wait(10)
    assert isinstance(errors[0], ModelFolderError)
    assert "keywords" in errors[0].message
