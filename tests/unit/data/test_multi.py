"""Rows with any number of labels: reading them, checking them, dividing them."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.check import check
from aprendiz.data.multi_rows import Several
from aprendiz.data.multi_split import split_multi
from aprendiz.data.prepare import prepare
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import MultiExample
from aprendiz.errors import DataError

LABEL_SETS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)


def distinct(number: int) -> str:
    """A text that shares next to nothing with that of another number."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:24]


def rows_of(sets: list[list[str]]) -> list[MultiExample]:
    return [
        MultiExample.of(distinct(at), tuple(labels), "a.jsonl", at + 1)
        for at, labels in enumerate(sets)
    ]


def read(path: Path, *lines: str, separator: str = "") -> Reading:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_examples(path, several=Several(separator))


@given(sets=st.lists(LABEL_SETS, min_size=1, max_size=8))
def test_json_lines_and_csv_say_the_same(sets, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("same")
    lines = [json.dumps({"text": distinct(at), "labels": s}) for at, s in enumerate(sets)]
    from_json = read(folder / "a.jsonl", *lines)
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "labels"))
        writer.writerows((distinct(at), "|".join(labels)) for at, labels in enumerate(sets))
    from_csv = read_examples(folder / "a.csv", several=Several("|"))
    assert from_json.findings == from_csv.findings == ()
    told = [
        [(row.text, row.labels) for row in reading.examples if isinstance(row, MultiExample)]
        for reading in (from_json, from_csv)
    ]
    assert told[0] == told[1] == [(distinct(at), tuple(s)) for at, s in enumerate(sets)]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ('{"text": "b", "labels": ["x", "x "]}', "repeated_label"),
        ('{"text": "b", "labels": "x"}', "mixed_labels"),
        ('{"text": "b", "label": "x"}', "ambiguous_columns"),
        ('{"text": "b", "labels": [null]}', "bad_type"),
        ('{"text": "b", "labels": {"x": 1}}', "mixed_labels"),
        ('{"text": "b", "labels": [" "]}', "missing_label"),
        ('{"text": "b"}', "missing_label"),
        ('{"text": "", "labels": ["x"]}', "empty_text"),
        ('{"text": "b", "labels": ["\\u0000"]}', "nul_byte"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: str, kind: str) -> None:
    reading = read(tmp_path / "a.jsonl", '{"text": "a", "labels": ["x"]}', row)
    (found,) = reading.findings
    assert (found.kind, found.severity) == (kind, "error")
    assert found.line == (0 if kind == "ambiguous_columns" else 2)
    assert found.hint


def test_lists_are_refused_where_nobody_asked_for_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "labels": ["x"]}\n', encoding="utf-8")
    reading = read_examples(tmp_path / "a.jsonl")
    assert [(found.kind, found.line) for found in reading.findings] == [("bad_type", 1)]


def test_a_file_with_single_labels_is_read_as_ever(tmp_path: Path) -> None:
    reading = read(tmp_path / "a.jsonl", '{"text": "a", "labels": "x"}')
    assert not reading.multi and reading.examples[0].label == "x"


def test_checks_look_at_single_labels(tmp_path: Path) -> None:
    lines = [json.dumps({"text": distinct(at), "labels": ["all", "ab"[at % 2]]}) for at in range(8)]
    lines.append(json.dumps({"text": "alone", "labels": ["all", "rare"]}))
    lines.append(json.dumps({"text": distinct(0), "labels": ["all", "b"]}))
    found = {finding.kind: finding for finding in check([read(tmp_path / "a.jsonl", *lines)])}
    assert found["rare_label"].line == 9 and found["rare_label"].severity == "error"
    assert found["constant_label"].severity == "warning"
    assert "label_conflict" in " ".join(found)  # line 1 and line 10: one text, two sets
    assert "scarce_label" not in found


def test_unknown_labels_and_mixed_files_are_refused(tmp_path: Path) -> None:
    lines = [json.dumps({"text": distinct(at), "labels": ["ab"[at % 2]]}) for at in range(8)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "new.jsonl").write_text('{"text": "q", "labels": ["a", "c"]}', encoding="utf-8")
    (tmp_path / "one.jsonl").write_text('{"text": "q", "label": "a"}', encoding="utf-8")
    for name, kind in (("new", "unknown_label"), ("one", "mixed_labels")):
        with pytest.raises(DataError) as caught:
            prepare(
                str(tmp_path / "train.jsonl"),
                test=str(tmp_path / f"{name}.jsonl"),
                several=Several(),
            )
        assert [found.kind for found in caught.value.findings] == [kind]


@given(st.lists(LABEL_SETS, min_size=1, max_size=40), st.floats(0.01, 0.99), st.integers(0, 99))
def test_every_row_is_on_one_side_and_every_label_is_learnt(sets, holdout, seed) -> None:
    rows = rows_of(sets)
    train, held = split_multi(rows, holdout, seed)
    assert sorted((*train, *held), key=lambda row: row.line) == rows
    learnt = {label for row in train if isinstance(row, MultiExample) for label in row.labels}
    assert learnt == {label for labels in sets for label in labels}
    assert train


@given(st.lists(LABEL_SETS, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(sets, chance: random.Random) -> None:
    rows = rows_of(sets)
    shuffled = chance.sample(rows, len(rows))
    assert set(split_multi(rows, 0.3, 1)[1]) == set(split_multi(shuffled, 0.3, 1)[1])


def test_every_label_keeps_its_share() -> None:
    chance = random.Random(5)
    shares = {"a": 0.6, "b": 0.3, "c": 0.1, "d": 0.03}
    sets = [[name for name, p in shares.items() if chance.random() < p] for _ in range(1_000)]
    rows = rows_of(sets)
    _, held = split_multi(rows, 0.2, 13)
    whole = Counter(label for labels in sets for label in labels)
    part = Counter(label for row in held if isinstance(row, MultiExample) for label in row.labels)
    assert abs(len(held) - 200) <= 2
    for label, count in whole.items():
        assert abs(part[label] - 0.2 * count) <= 2, label
