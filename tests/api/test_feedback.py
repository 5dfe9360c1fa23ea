"""POST /feedback and the log of doubtful texts: off by default, and training data when on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aprendiz.data.read import read_examples
from aprendiz.serving.app import create_app
from aprendiz.settings import Settings
from tests.api.keyword_model import KeywordModel


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {
        "serve_feedback": tmp_path / "notes" / "feedback.jsonl",
        "serve_doubtful": tmp_path / "notes" / "doubtful.jsonl",
    }


def served(tmp_path: Path, **files: Any) -> TestClient:
    settings = Settings(_env_file=None, **files)
    return TestClient(create_app(tmp_path, settings=settings, load=lambda f: KeywordModel()))


def test_nothing_is_kept_unless_a_file_is_named(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/info").json()["feedback"] is False
    refused = client.post("/feedback", json={"text": "a", "label": "label01"})
    assert refused.status_code == 404
    client.post("/classify", json={"text": "who knows"})
    assert list(tmp_path.iterdir()) == []


def test_corrections_are_rows_to_learn_from(
    tmp_path: Path, files: dict[str, Path], wait: Callable[[Any], None]
) -> None:
    with served(tmp_path, **files) as client:
        wait(client)
        assert client.get("/info").json()["feedback"] is True
        for number in range(4):
            sent = {"text": f" a text {number}\n", "label": "label01", "predicted": "label02"}
            answer = client.post("/feedback", json=sent)
            assert (answer.status_code, answer.json()) == (201, {"kept": True})
        for wrong in (
            {"text": "a", "label": "no such label"},
            {"text": " ", "label": "label01"},
            {"text": "a"},
            {"label": "label01"},
            {"text": "a", "label": "label01", "other": 1},
        ):
            assert client.post("/feedback", json=wrong).status_code == 422
    rows = [json.loads(line) for line in files["serve_feedback"].read_text().splitlines()]
    assert [row["text"] for row in rows] == [f"a text {number}" for number in range(4)]
    assert {(row["label"], row["predicted"], row["version"]) for row in rows} == {
        ("label01", "label02", "0123456789ab")
    }
    read = read_examples(str(files["serve_feedback"])).examples
    assert [(each.text, each.label) for each in read] == [(r["text"], r["label"]) for r in rows]


def test_texts_it_was_not_sure_of_are_kept_with_its_guess(
    tmp_path: Path, files: dict[str, Path], wait: Callable[[Any], None]
) -> None:
    with served(tmp_path, **files) as client:
        wait(client)
        client.post("/v1/classify", json={"inputs": ["label07", "who knows", "nobody knows"]})
    rows = [json.loads(line) for line in files["serve_doubtful"].read_text().splitlines()]
    assert [row["text"] for row in rows] == ["who knows", "nobody knows"]
    assert all(row["confidence"] < 0.5 and row["label"] == "label00" for row in rows)


def test_a_full_disk_is_said_and_harms_no_answer(
    tmp_path: Path, files: dict[str, Path], wait: Callable[[Any], None]
) -> None:
    with served(
        tmp_path, serve_feedback=Path("/dev/full"), serve_doubtful=Path("/dev/full")
    ) as client:
        wait(client)
        kept = client.post("/feedback", json={"text": "a", "label": "label01"})
        assert (kept.status_code, kept.json()["error"]["code"]) == (503, "not_kept")
        assert client.post("/classify", json={"text": "who knows"}).status_code == 200
