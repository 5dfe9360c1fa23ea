"""The same text again: duplicates, contradictions, leaks; exact ones and near ones.

Exact is the text as read. Near is ``data/near.py``: alike but for case, accents,
punctuation and spacing, or in four fifths of the four-letter pieces.
"""

from __future__ import annotations

from collections.abc import Iterator

from aprendiz.data.checks.side import Side, about, at
from aprendiz.data.excerpt import excerpt
from aprendiz.data.near import Progress, links, near_pairs
from aprendiz.data.records import Example, Finding


def duplicates(train: Side) -> Iterator[Finding]:
    """Rows that repeat the text and the label of an earlier row, in their order."""
    said: dict[tuple[str, str], Example] = {}
    for row in train.examples:
        if row.text not in train.repeated:
            continue
        if row is not (earlier := said.setdefault((row.text, row.label), row)):
            message = f"repeats {at(earlier, row)}: {excerpt(row.text)}"
            hint = "remove the repeat; it stays on one side of a split in any case"
            yield about(row, "duplicate", "warning", message, hint)


def label_conflicts(train: Side) -> Iterator[Finding]:
    """Rows that give a text another label than its first row does, in their order."""
    for row in train.examples:
        first = train.first[row.text]
        if row.label != first.label:
            message = (
                f"{excerpt(row.text)} is labelled {excerpt(row.label)} here "
                f"and {excerpt(first.label)} at {at(first, row)}"
            )
            yield about(row, "label_conflict", "warning", message, "decide for one label")


def leaks(train: Side, held_out: Side) -> Iterator[Finding]:
    """Held-out rows whose text was learnt: their score says nothing. One finding a row."""
    for row in held_out.examples:
        if there := train.first.get(row.text):
            same = (other for other in train.repeated.get(row.text, ()) if other.label == row.label)
            there = next(same, there)
            other = "" if there.label == row.label else f", labelled {excerpt(there.label)} there"
            message = f"{excerpt(row.text)} is also in the training data ({at(there, row)}{other})"
            yield about(row, "leak", "warning", message, "remove it from one of the two")


def near_copies(train: Side, progress: Progress | None = None) -> Iterator[Finding]:
    """Rows that nearly repeat another one: duplicates, or contradictions if the label differs."""
    rows = train.examples
    for link in links([row.text for row in rows], progress=progress):
        row, other = rows[link.index], rows[link.other]
        if row.text == other.text:
            continue  # told by duplicates and label_conflicts
        repeats = in_words(at(other, row), link.similarity)
        if row.label == other.label:
            message = f"{repeats}: {excerpt(row.text)}"
            hint = "keep the copies only if people really write both"
            yield about(row, "near_duplicate", "warning", message, hint)
        else:
            message = (
                f"{excerpt(row.text)} is labelled {excerpt(row.label)} and {repeats}, "
                f"{excerpt(other.text, 40)}, labelled {excerpt(other.label)}"
            )
            hint = "decide for one label if both mean the same"
            yield about(row, "near_conflict", "warning", message, hint)


def near_leaks(train: Side, held_out: Side, progress: Progress | None = None) -> Iterator[Finding]:
    """Held-out rows that nearly repeat what was learnt, other than exact copies. One a row."""
    rows = [row for row in held_out.examples if row.text not in train.first]
    learnt = list(train.first.values())
    pairs = near_pairs([row.text for row in rows], [row.text for row in learnt], progress=progress)
    for pair in pairs:
        row, there = rows[pair.left], learnt[pair.right]
        other = "" if there.label == row.label else f", labelled {excerpt(there.label)}"
        message = (
            f"{excerpt(row.text)} {in_words('the training data', pair.similarity)} "
            f"({at(there, row)}: {excerpt(there.text)}{other})"
        )
        hint = "remove it from one of the two, or measure without it besides"
        yield about(row, "near_leak", "warning", message, hint)


def in_words(what: str, similarity: float) -> str:
    """How near a copy is, as the middle of a sentence."""
    if similarity == 1:
        return f"repeats {what} but for case, accents or punctuation"
    return f"nearly repeats {what} ({similarity:.0%} the same)"
