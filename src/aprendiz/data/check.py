"""Faults that only show between rows: rare labels, contradictions, leaks. One function a fault.

``check`` puts them together with what reading found; ``refuse`` turns errors into an
exception. A new check is a new function in ``ON_TRAINING`` or ``ON_HELD_OUT``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from aprendiz.data.excerpt import excerpt
from aprendiz.data.read import Reading
from aprendiz.data.records import Example, Finding, Severity
from aprendiz.errors import DataError

_T = TypeVar("_T")
_RANK = {"error": 0, "warning": 1, "info": 2}
_UNREAD = frozenset({"encoding", "invalid_json", "truncated_json", "bad_row"})
_FROM_COUNTS = frozenset({"single_label", "rare_label", "unknown_label"})


@dataclass(frozen=True)
class Side:
    """All examples on one side (to learn from, or held out), looked up in two ways."""

    examples: tuple[Example, ...]

    @cached_property
    def by_text(self) -> dict[str, list[Example]]:
        """Rows with exactly this text, in order."""
        return _grouped(self.examples, lambda row: row.text)

    @cached_property
    def by_label(self) -> dict[str, list[Example]]:
        """Rows with this label, in order."""
        return _grouped(self.examples, lambda row: row.label)


def check(
    readings: Sequence[Reading], *, against: Sequence[Reading] = (), require_labels: int = 2
) -> list[Finding]:
    """Everything that is wrong with training data, and with data held out from it.

    Args:
        readings: what is learnt from, taken together.
        against: validation and test data; compared with the training data.
        require_labels: labels that the training data must have at least.

    Returns:
        The findings of all readings and of every check, errors first, then by file and line.
        While training rows are unreadable, labels are not called rare, single or unknown.
    """
    findings = [finding for reading in (*readings, *against) for finding in reading.findings]
    findings += no_rows((*readings, *against))
    train = Side(tuple(row for reading in readings for row in reading.examples))
    held_out = Side(tuple(row for reading in against for row in reading.examples))
    if train.examples:
        between = too_few_labels(train, require_labels)
        for on_training in ON_TRAINING:
            between += on_training(train)
        for on_held_out in ON_HELD_OUT:
            between += on_held_out(train, held_out)
        if any(found.kind in _UNREAD for reading in readings for found in reading.findings):
            # Rows that nobody could read may well have the labels that seem to be missing.
            between = [found for found in between if found.kind not in _FROM_COUNTS]
        findings += between
    return worst_first(findings)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then information; each by file, line and kind."""
    return sorted(findings, key=lambda found: (_RANK[found.severity], *_place(found), found.kind))


def errors_in(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop a training, worst first."""
    return worst_first(found for found in findings if found.severity == "error")


def refuse(findings: Iterable[Finding]) -> None:
    """Let warnings pass; stop at errors.

    Raises:
        DataError: at least one finding is an error; carries all of them.
    """
    errors = errors_in(findings)
    if not errors:
        return
    count = sum(found.count for found in errors)
    first = errors[0]
    where = f"{first.file}:{first.line}" if first.line else first.file
    number = "1 error" if count == 1 else f"{count:,} errors"
    raise DataError(f"{number} in the data; {where}: {first.message}", first.hint, errors)


def no_rows(readings: Sequence[Reading]) -> list[Finding]:
    """A source without a single usable row, unless an error already says why."""
    message = "there is not a single example"
    return [
        Finding(reading.source, 0, "no_rows", "error", message, "write at least two a label")
        for reading in readings
        if not reading.examples and not errors_in(reading.findings)
    ]


def too_few_labels(train: Side, least: int) -> list[Finding]:
    """Fewer labels than it takes to have something to tell apart."""
    labels = sorted(train.by_label)
    if len(labels) >= least:
        return []
    if len(labels) == 1:
        message = f"every example has the same label, {excerpt(labels[0])}"
    else:
        message = f"there are only {len(labels)} labels where {least} are needed"
    file = train.examples[0].file
    hint = "add examples of another label"
    return [Finding(file, 0, "single_label", "error", message, hint)]


def rare_labels(train: Side) -> list[Finding]:
    """A label with one example cannot be learnt and measured both; repeats do not count."""
    findings = []
    for label, rows in train.by_label.items():
        if len({row.text for row in rows}) == 1:
            repeated = "" if len(rows) == 1 else f" (repeated {len(rows)} times)"
            message = f"label {excerpt(label)} has only one example{repeated}"
            hint = "add another example, or correct the label if it is a slip of the pen"
            findings.append(_about(rows[0], "rare_label", "error", message, hint))
    return findings


def near_labels(train: Side) -> list[Finding]:
    """Labels that differ only in case or white space, reported where the rarer one begins."""
    findings = []
    for alike in _grouped(train.by_label, _same_label).values():
        most, *others = sorted(alike, key=lambda label: (-len(train.by_label[label]), label))
        for label in others:
            rows = train.by_label[label]
            message = (
                f"label {excerpt(label)} ({_rows(len(rows))}) differs from {excerpt(most)} "
                f"({_rows(len(train.by_label[most]))}) only in case or spaces"
            )
            hint = "write both the same way if they mean the same"
            finding = _about(rows[0], "near_labels", "warning", message, hint, count=len(rows))
            findings.append(finding)
    return findings


def duplicates(train: Side) -> list[Finding]:
    """Rows that repeat the text and the label of an earlier row."""
    findings = []
    for rows in train.by_text.values():
        if len(rows) > 1:
            first: dict[str, Example] = {}
            for row in rows:
                if row is not (earlier := first.setdefault(row.label, row)):
                    message = f"repeats {_at(earlier, row)}: {excerpt(row.text)}"
                    hint = "remove the repeat; it stays on one side of a split in any case"
                    findings.append(_about(row, "duplicate", "warning", message, hint))
    return findings


def label_conflicts(train: Side) -> list[Finding]:
    """Rows that give a text another label than its first row does."""
    findings = []
    for text, (first, *later) in train.by_text.items():
        for row in later:
            if row.label != first.label:
                message = (
                    f"{excerpt(text)} is labelled {excerpt(row.label)} here "
                    f"and {excerpt(first.label)} at {_at(first, row)}"
                )
                hint = "decide for one label"
                findings.append(_about(row, "label_conflict", "warning", message, hint))
    return findings


def leaks(train: Side, held_out: Side) -> list[Finding]:
    """Held-out rows whose text was learnt: their score says nothing. One finding a row."""
    findings = []
    for row in held_out.examples:
        if learnt := train.by_text.get(row.text):
            there = next((other for other in learnt if other.label == row.label), learnt[0])
            other = "" if there.label == row.label else f", labelled {excerpt(there.label)} there"
            message = f"{excerpt(row.text)} is also in the training data ({_at(there, row)}{other})"
            hint = "remove it from one of the two"
            findings.append(_about(row, "leak", "warning", message, hint))
    return findings


def unknown_labels(train: Side, held_out: Side) -> list[Finding]:
    """Labels of held-out rows that the training data lacks; no method can answer them."""
    return labels_missing_from(train.by_label, held_out.examples)


def labels_missing_from(labels: Iterable[str], rows: Iterable[Example]) -> list[Finding]:
    """One error for each label of ``rows`` that is not among the known ``labels``."""
    known = set(labels)
    alike = {_same_label(label): label for label in known}
    findings = []
    for label, told in Side(tuple(rows)).by_label.items():
        if label not in known:
            near = alike.get(_same_label(label))
            message = f"label {excerpt(label)} ({_rows(len(told))}) is not in the training data"
            hint = f"write it {near!r}" if near else "add training examples, or remove the rows"
            finding = _about(told[0], "unknown_label", "error", message, hint, count=len(told))
            findings.append(finding)
    return findings


ON_TRAINING: tuple[Callable[[Side], list[Finding]], ...] = (
    rare_labels,
    near_labels,
    duplicates,
    label_conflicts,
)
ON_HELD_OUT: tuple[Callable[[Side, Side], list[Finding]], ...] = (leaks, unknown_labels)


def _about(
    row: Example, kind: str, severity: Severity, message: str, hint: str, count: int = 1
) -> Finding:
    return Finding(row.file, row.line, kind, severity, message, hint, count)


def _at(row: Example, seen_from: Example) -> str:
    """Where a row stands, as briefly as the reader of the other row needs."""
    return f"line {row.line}" if row.file == seen_from.file else f"{row.file}:{row.line}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _same_label(label: str) -> str:
    return "".join(label.casefold().split())


def _place(finding: Finding) -> tuple[str, int]:
    return finding.file, finding.line


def _grouped(items: Iterable[_T], key: Callable[[_T], str]) -> dict[str, list[_T]]:
    groups: dict[str, list[_T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
