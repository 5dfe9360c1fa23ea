"""Labels of rows that have any number of them: too few, too rare, everywhere, unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aprendiz.data.checks.side import Side, about
from aprendiz.data.excerpt import excerpt
from aprendiz.data.multi_dataset import labels_of
from aprendiz.data.records import Example, Finding


def by_label(rows: Iterable[Example]) -> dict[str, list[Example]]:
    """The rows that have each label, labels in the order in which they first occur."""
    found: dict[str, list[Example]] = {}
    for row in rows:
        for label in labels_of(row):
            found.setdefault(label, []).append(row)
    return found


def no_labels(train: Side) -> Iterator[Finding]:
    """Not one row has a label."""
    if not any(labels_of(row) for row in train.examples):
        hint = 'write the labels of each text: {"text": "…", "labels": ["…", "…"]}'
        file = train.examples[0].file
        yield Finding(file, 0, "single_label", "error", "not one example has a label", hint)


def rare_labels(train: Side) -> Iterator[Finding]:
    """A label with one text cannot be learnt and measured both."""
    for label, rows in by_label(train.examples).items():
        if len({row.text for row in rows}) == 1:
            message = f"label {excerpt(label)} has only one example"
            hint = "add another example, or correct the label if it is a slip of the pen"
            yield about(rows[0], "rare_label", "error", message, hint)


def constant_labels(train: Side) -> Iterator[Finding]:
    """A label that every row has tells nothing apart."""
    for label, rows in by_label(train.examples).items():
        if len(rows) == len(train.examples):
            message = f"every example has label {excerpt(label)}: nothing can be learnt about it"
            yield about(rows[0], "constant_label", "warning", message, "add examples without it")


def labels_missing_from(known: Iterable[str], rows: Iterable[Example]) -> Iterator[Finding]:
    """One error for each label of ``rows`` that is not among the ``known`` ones."""
    names = set(known)
    for label, those in by_label(rows).items():
        if label not in names:
            message = f"label {excerpt(label)} does not occur in what is learnt from"
            hint = "correct it, or add examples of it to the training data"
            yield about(those[0], "unknown_label", "error", message, hint, len(those))


def unknown_labels(train: Side, held_out: Side) -> Iterator[Finding]:
    """Labels that are measured and never learnt."""
    yield from labels_missing_from(by_label(train.examples), held_out.examples)
