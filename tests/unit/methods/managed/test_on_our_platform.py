"""The whole way against the real platform: the same model as trained directly, and no key left."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aprendiz import workflow
from tests.platforms import platform

TEXTS = ["hello my friend", "I want a refund please", "two coffees", "¿qué tal? 日本語 🙂"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


def test_the_model_is_the_one_that_its_method_learns_directly(
    running, monkeypatch, examples_file, tmp_path
):
    running.configure(monkeypatch)
    through = workflow.train(
        examples_file,
        out=tmp_path / "through",
        recipe={"method": "managed", "base_model": "tfidf"},
        test=examples_file,
        holdout=0,
    )
    directly = workflow.train(examples_file, out=tmp_path / "directly", method="tfidf", holdout=0)
    one = workflow.load(through.folder)
    np.testing.assert_allclose(
        one.probabilities(TEXTS), workflow.load(directly.folder).probabilities(TEXTS), atol=1e-6
    )
    assert through.evaluation.unanswered == 0
    for path in through.folder.rglob("*"):
        assert path.is_dir() or running.key.encode() not in path.read_bytes()
    pointer = json.loads((through.folder / "managed.json").read_text())
    assert pointer["address"] == f"{running.url}/v1"
