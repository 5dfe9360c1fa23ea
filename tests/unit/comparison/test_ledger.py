"""A finished training counts for exactly what it was: same rows, recipe, seed and machine."""

from __future__ import annotations

import pytest

from aprendiz.comparison.cell import Record
from aprendiz.comparison.ledger import Ledger, held
from aprendiz.errors import ModelFolderError
from aprendiz.methods import catalogue

MACHINE = {"processor": "one", "cores": 2}
RECIPE = catalogue.choose_recipe("tfidf")
RECORD = Record(
    scores={"accuracy": 0.5}, answers=[0, 1], seconds=1.0, model_bytes=1, one={}, many={},
    peak_memory=None, device="CPU", price=None, price_note="",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    with held(tmp_path / "out"):
        pass
    Ledger(tmp_path / "out", "rows", MACHINE).keep("tfidf-13", RECIPE, RECORD)
    return tmp_path / "out"


def test_the_same_training_is_kept(folder):
    ledger = Ledger(folder, "rows", MACHINE)
    assert ledger.kept("tfidf-13", RECIPE, with_model=False) == RECORD
    assert ledger.kept("tfidf-13", RECIPE, with_model=True) is None  # its model has gone
    ledger.model("tfidf-13").mkdir()
    assert ledger.kept("tfidf-13", RECIPE, with_model=True) == RECORD


@pytest.mark.parametrize(
    ("rows", "recipe", "machine"),
    [
        ("other rows", {}, {}),
        ("rows", {"seed": 14}, {}),
        ("rows", {"max_features": 300}, {}),
        ("rows", {}, {"cores": 4}),
    ],
)
def test_anything_else_is_another_training(rows, recipe, machine, folder):
    ledger = Ledger(folder, rows, MACHINE | machine)
    assert ledger.kept("tfidf-13", RECIPE.model_copy(update=recipe), with_model=False) is None


def test_a_damaged_record_is_no_record(folder):
    path = folder / "cells" / "tfidf-13.json"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert Ledger(folder, "rows", MACHINE).kept("tfidf-13", RECIPE, with_model=False) is None


def test_two_comparisons_do_not_write_into_one_folder(folder):
    with (
        held(folder),
        pytest.raises(ModelFolderError, match="another comparison is writing here"),
        held(folder),
    ):
        pass
