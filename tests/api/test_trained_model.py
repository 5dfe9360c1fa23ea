"""A model that was really trained, behind both ways of starting the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from aprendiz.serving.app import create_app
from aprendiz.settings import Settings
from tests.conftest import EXAMPLES

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The thirty rows, learned with tfidf."""
    from aprendiz import workflow

    place = tmp_path_factory.mktemp("trained")
    (place / "examples.json").write_text(json.dumps(EXAMPLES), encoding="utf-8")
    workflow.train(place / "examples.json", out=place / "model", method="tfidf", track=False)
    return place / "model"


def test_http_says_exactly_what_the_library_says(folder: Path, wait: Callable[[Any], None]) -> None:
    from aprendiz import workflow

    texts = ["two coffees please", "my money is not back", "good morning", "?", "é" * 900]
    expected = workflow.load(folder).predict(texts)
    with TestClient(create_app(folder, settings=Settings(_env_file=None))) as client:
        wait(client)
        answers = [client.post("/classify", json={"text": text}).json() for text in texts]
    for answer, prediction in zip(answers, expected, strict=True):
        assert answer["intent"] == prediction.label
        assert answer["confidence"] == pytest.approx(prediction.confidence, abs=1e-12)
        assert answer["probabilities"] == pytest.approx(dict(prediction.scores), abs=1e-12)
        assert list(answer["probabilities"]) == list(prediction.scores)
        assert answer["decision"] == prediction.decision
        assert answer["scope"] == pytest.approx(prediction.scope)
        assert len(answer["alternatives"]) == 2


@pytest.mark.parametrize("program", ["aprendiz", "uvicorn"])
def test_a_process_serves_it_and_ends(folder: Path, program: str) -> None:
    arguments = {
        "aprendiz": ["-m", "aprendiz", "serve", str(folder), "--port", "0"],
        "uvicorn": ["-m", "uvicorn", "aprendiz.serving.app:app", "--port", "0"],
    }[program]
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | {"APRENDIZ_MODEL": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "http://127.0.0.1:" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found is not None, said
        threading.Thread(target=process.stderr.read, daemon=True).start()
        with httpx.Client(base_url=found.group(), timeout=30) as client:
            for _ in range(600):
                if client.get("/health").status_code == 200:
                    break
                time.sleep(0.1)
            answer = client.post("/classify", json={"text": "I want my money back"}).json()
        assert answer["intent"] == "refund"
        assert answer["model"] == "model"
    finally:
        process.terminate()
        process.wait(30)
    # uvicorn's own command dies of the signal it was sent; ours ends well.
    assert process.returncode == (0 if program == "aprendiz" else -15)
