"""Faults between rows, each at the line where one would mend it."""

from __future__ import annotations

import pytest

from aprendiz.data.check import check, refuse
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.errors import DataError
from tests.unit.data.conftest import Write

CLEAN = [("one", "a"), ("two", "a"), ("three", "b"), ("four", "b")]


def reading(*rows: tuple[str, str], file: str = "train.csv") -> Reading:
    """A reading with the given rows on lines 2, 3, …"""
    examples = tuple(Example(text, label, file, at) for at, (text, label) in enumerate(rows, 2))
    return Reading(file, examples, (), "csv", "utf-8", "text", "label", len(rows))


def brief(findings: list[Finding]) -> list[tuple[str, str, str, int]]:
    return [(found.severity, found.kind, found.file, found.line) for found in findings]


def test_clean_data_has_no_findings() -> None:
    held_out = reading(("five", "a"), ("six", "b"), file="test.csv")
    assert check([reading(*CLEAN)], against=[held_out]) == []


def test_label_with_one_example_is_an_error_at_its_line() -> None:
    findings = check([reading(*CLEAN, ("five", "c"))])
    assert brief(findings) == [("error", "rare_label", "train.csv", 6)]
    assert "'c'" in findings[0].message


def test_label_that_repeats_one_text_is_as_rare() -> None:
    findings = check([reading(*CLEAN, ("five", "c"), ("five", "c"))])
    assert [found.kind for found in findings] == ["rare_label", "duplicate"]


def test_two_files_are_taken_together() -> None:
    files = [reading(*CLEAN, ("five", "c")), reading(("six", "c"), file="more.csv")]
    assert check(files) == []


def test_one_label_in_all_is_an_error() -> None:
    findings = check([reading(("one", "a"), ("two", "a"))])
    assert brief(findings) == [("error", "single_label", "train.csv", 0)]
    assert check([reading(("one", "a"), ("two", "a"))], require_labels=1) == []


def test_file_without_rows(write: Write) -> None:
    path = write("a.csv", "text,label\n")
    findings = check([read_examples(path)])
    assert brief(findings) == [("error", "no_rows", str(path), 0)]


def test_file_without_rows_for_another_reason_says_only_that(write: Write) -> None:
    findings = check([read_examples(write("a.csv", ""))])
    assert [found.kind for found in findings] == ["empty_file"]


def test_duplicates_name_both_lines() -> None:
    findings = check([reading(*CLEAN, ("one", "a"), ("one", "a"))])
    assert brief(findings) == [
        ("warning", "duplicate", "train.csv", 6),
        ("warning", "duplicate", "train.csv", 7),
    ]
    assert all("line 2" in found.message for found in findings)


def test_duplicate_in_another_file_names_the_file() -> None:
    (found,) = check([reading(*CLEAN), reading(("one", "a"), file="more.csv")])
    assert (found.file, found.line) == ("more.csv", 2)
    assert "train.csv:2" in found.message


def test_conflicting_labels_name_both_lines() -> None:
    (found,) = check([reading(*CLEAN, ("one", "b"))])
    assert brief([found]) == [("warning", "label_conflict", "train.csv", 6)]
    assert "'a' at line 2" in found.message


def test_leak_is_one_warning_a_held_out_row() -> None:
    held_out = reading(("one", "a"), ("new", "a"), ("one", "a"), ("two", "b"), file="test.csv")
    leaks = [found for found in check([reading(*CLEAN)], against=[held_out])]
    assert brief(leaks) == [("warning", "leak", "test.csv", line) for line in (2, 4, 5)]
    assert "train.csv:2" in leaks[0].message
    assert "labelled 'a' there" in leaks[2].message


def test_held_out_label_that_training_lacks_is_an_error() -> None:
    held_out = reading(("five", "c"), ("six", "c"), ("seven", "A"), file="test.csv")
    findings = check([reading(*CLEAN)], against=[held_out])
    assert brief(findings) == [
        ("error", "unknown_label", "test.csv", 2),
        ("error", "unknown_label", "test.csv", 4),
    ]
    assert findings[0].count == 2
    assert "'a'" in findings[1].hint


def test_labels_that_differ_only_in_case_or_spaces() -> None:
    rows = [*CLEAN, ("five", "get news"), ("six", "get news"), ("seven", "get news")]
    findings = check([reading(*rows, ("eight", "Get  News"), ("nine", "Get  News"))])
    assert brief(findings) == [("warning", "near_labels", "train.csv", 9)]
    assert findings[0].count == 2


def test_worst_first_then_file_and_line(write: Write) -> None:
    path = write("a.csv", "text,label\none,a\none,a\n,a\ntwo,b\nthree,\n")
    findings = check([read_examples(path)])
    assert [(found.kind, found.line) for found in findings] == [
        ("rare_label", 2),
        ("empty_text", 4),
        ("rare_label", 5),
        ("missing_label", 6),
        ("duplicate", 3),
    ]


def test_unreadable_rows_are_not_held_against_their_labels(write: Write) -> None:
    path = write("a.csv", b"text,label\none,a\ntwo,a\nthree,b\nma\xf1ana,b\n")
    held_out = reading(("five", "c"), file="test.csv")
    findings = check([read_examples(path)], against=[held_out])
    assert [(found.kind, found.line) for found in findings] == [("encoding", 5)]


def test_refuse_lets_warnings_pass() -> None:
    refuse(check([reading(*CLEAN, ("one", "b"))]))


def test_refuse_carries_every_error_and_names_the_first(write: Write) -> None:
    path = write("a.csv", "text,label\none,a\none,a\n,a\ntwo,b\n")
    with pytest.raises(DataError) as caught:
        refuse(check([read_examples(path)]))
    assert [found.kind for found in caught.value.findings] == [
        "rare_label",
        "empty_text",
        "rare_label",
    ]
    assert "3 errors" in caught.value.message
    assert f"{path}:2" in caught.value.message
    assert caught.value.exit_code == 2
