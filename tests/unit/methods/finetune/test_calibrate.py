"""Without validation rows the confidence is calibrated all the same, on rows not learnt from."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from aprendiz import workflow
from aprendiz.data.dataset import Dataset, Outside
from aprendiz.data.records import Example
from aprendiz.methods.finetune import calibrate
from tests.conftest import EXAMPLES

pytest.importorskip("torch")


def dataset(rows: int, outside: int = 0) -> Dataset:
    """Three labels, ``rows`` each."""
    inside = [Example(f"{y} {at}", y, "f", at) for y in "abc" for at in range(rows)]
    away = tuple(Example(f"star {at}", "oos", "f", at) for at in range(outside))
    return Dataset.of(inside, outside=Outside("oos", away))


@pytest.mark.parametrize("rows", [1, 2, 9, 10, 47])
def test_a_share_of_every_label_is_asked_and_none_is_left_without_rows(rows):
    whole = dataset(rows, outside=10)
    train, asked = calibrate._divided(whole, 0.2, seed=3)
    assert train.labels == whole.labels
    assert sorted((*train.train, *asked.train), key=whole.train.index) == list(whole.train)
    assert set(Counter(row.label for row in train.train)) == set("abc")
    assert abs(len(asked.train) - 0.2 * len(whole.train)) <= 3
    assert (len(train.outside.train), len(asked.outside.train)) == (8, 2)


def test_many_rows_give_a_twentieth_for_validation():
    told = calibrate.kept_back(dataset(100, outside=40), seed=1)
    assert len(told.validation) == 15 and len(told.train) == 285
    assert len(told.outside.validation) == 2 and len(told.outside.train) == 38


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [
        {"text": f"{one}, {other}", "label": label}
        for label, texts in EXAMPLES.items()
        for one, other in itertools.combinations(texts, 2)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("many", [2_000, 50])
def test_a_training_without_validation_rows_is_calibrated(
    many, file, tiny_encoder, tmp_path, monkeypatch
):
    monkeypatch.setattr(calibrate, "MANY", many)
    recipe = {
        "method": "finetune",
        "base_model": str(tiny_encoder),
        "epochs": 2,
        "max_length": 32,
        "label_smoothing": 0.1,
    }
    out = tmp_path / "m"
    workflow.train(file, out=out, recipe=recipe, holdout=0.0, coverage=0.7)
    told = workflow.load(out)
    assert told.manifest.training["temperature"] != 1
    rule = told.decisions.answer
    assert rule.effect.rows == (
        "the 27 rows a twin had not seen" if many == 2_000 else "validation"
    )
    assert rule.effect.coverage >= 0.7
    if many == 2_000:
        assert told.decisions.scope.n == 27
        assert told.predict(["hello"])[0].scope is not None
