"""Rows labelled as out of scope teach no label, are on one side each, and are still checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aprendiz.data.outside import part_with
from aprendiz.data.prepare import prepare
from aprendiz.data.read import read_examples
from aprendiz.errors import DataError
from tests.conftest import EXAMPLES

STRANGE = [f"what is the {word} of the moon" for word in ["size", "mass", "age", "colour", "name"]]


def write(path: Path, rows: list[tuple[str, str]]) -> str:
    path.write_text("".join(json.dumps({"text": t, "label": y}) + "\n" for t, y in rows))
    return str(path)


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    inside = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
    rows = inside[:15] + [(text, "oos") for text in STRANGE] + inside[15:]
    return write(tmp_path / "mixed.jsonl", rows)


def test_they_are_no_label_and_in_no_other_part(mixed):
    told = prepare(mixed, oos_label="oos").dataset
    assert told.labels == tuple(sorted(EXAMPLES))
    rows = (*told.outside.train, *told.outside.validation)
    assert sorted(row.text for row in rows) == sorted(STRANGE)
    assert len(told.outside.validation) == 1  # a fifth, as of every label
    assert not {row.label for row in (*told.train, *told.validation)} & {"oos"}
    assert "About none of the labels ('oos'): 4 to train, 1 for validation." in told.split


def test_without_the_option_they_are_a_label_like_any_other(mixed):
    for label in (None, ""):
        told = prepare(mixed, oos_label=label).dataset
        assert "oos" in told.labels and not told.outside


def test_another_name_is_another_label(mixed):
    assert prepare(mixed, oos_label="refund").dataset.labels == ("greet", "oos", "order")


def test_they_change_the_fingerprint_and_their_absence_does_not(mixed, examples_file):
    assert prepare(mixed, oos_label="oos").dataset.fingerprint != (
        prepare(mixed).dataset.fingerprint
    )
    assert prepare(str(examples_file), oos_label="oos").dataset.fingerprint == (
        prepare(str(examples_file)).dataset.fingerprint
    )


def test_one_alone_is_no_rare_label_and_in_a_test_file_no_unknown_one(tmp_path, examples_file):
    test = write(tmp_path / "t.jsonl", [("hello dear", "greet"), ("who made the stars", "oos")])
    told = prepare(str(examples_file), test=test, oos_label="oos").dataset
    assert [row.text for row in told.outside.test] == ["who made the stars"]
    assert [row.text for row in told.test] == ["hello dear"]
    with pytest.raises(DataError, match="not in the training data"):
        prepare(str(examples_file), test=test)


def test_a_text_inside_and_outside_is_a_conflict_and_one_learnt_and_measured_a_leak(tmp_path):
    inside = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
    train = write(tmp_path / "a.jsonl", [*inside, ("hello there", "oos"), ("some star", "oos")])
    test = write(tmp_path / "b.jsonl", [("hello dear", "greet"), ("some star", "oos")])
    findings = prepare(train, test=test, oos_label="oos").findings
    kinds = {found.kind: found for found in findings}
    assert "'hello there' is labelled 'oos' here" in kinds["label_conflict"].message
    assert "'some star' is also in the training data" in kinds["leak"].message


def test_a_frozen_split_keeps_them_on_their_sides(mixed, tmp_path):
    first = prepare(mixed, oos_label="oos")
    first.freeze().write(tmp_path / "split.json")
    again = prepare(mixed, split_file=str(tmp_path / "split.json"), oos_label="oos").dataset
    assert again.labels == first.dataset.labels
    every = (*again.outside.train, *again.outside.validation, *again.outside.test)
    assert sorted(row.text for row in every) == sorted(STRANGE)


def test_rows_to_measure_are_parted_unless_the_model_means_a_label_by_it(mixed):
    parted = part_with(read_examples(mixed), "oos", ("greet", "order", "refund"))
    assert len(parted.outside) == len(STRANGE) and len(parted.inside.examples) == 30
    whole = part_with(read_examples(mixed), "oos", ("greet", "oos", "order", "refund"))
    assert not whole.outside and len(whole.inside.examples) == 35
    with pytest.raises(DataError, match="not in the training data"):
        part_with(read_examples(mixed), "oos", ("greet", "order"))
