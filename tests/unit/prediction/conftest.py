"""A tfidf model that has learnt three labels, one for the whole folder of tests."""

from __future__ import annotations

import json

import pytest

from aprendiz import workflow
from aprendiz.artifact.model import Model
from aprendiz.interfaces import Wanted
from tests.conftest import EXAMPLES
from tests.planted_rows import rows_of_several


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("prediction")
    examples = folder / "examples.json"
    examples.write_text(json.dumps(EXAMPLES), encoding="utf-8")
    wanted: Wanted = {"sets": 0.1, "false_alarms": 0.2}
    workflow.train(examples, out=folder / "model", method="tfidf", track=False, **wanted)
    return workflow.load(folder / "model")


@pytest.fixture(scope="session")
def several(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """One that gives any number of labels."""
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("several")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in rows_of_several()), encoding="utf-8")
    workflow.train(rows, out=folder / "model", method="tfidf", track=False)
    return workflow.load(folder / "model")
