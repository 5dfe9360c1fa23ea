"""Rows about none of the labels: taken out of what was read before anything else looks at it.

They are recognised by their label alone (``oos`` unless the user says otherwise). For the
checks they are no label that could be too rare or unknown; a text that stands on both sides,
inside and outside, or is learnt and measured at once, is still found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aprendiz.data.check import labels_missing_from, no_rows, refuse
from aprendiz.data.checks import copies, multi
from aprendiz.data.checks.side import Side
from aprendiz.data.multi_rows import Several
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.errors import DataError


@dataclass(frozen=True)
class Parted:
    """One reading, parted.

    Attributes:
        whole: the reading as it was.
        inside: the reading without those rows.
        outside: those rows, in their order.
    """

    whole: Reading
    inside: Reading
    outside: tuple[Example, ...]


def part(reading: Reading, label: str | None) -> Parted:
    """Take the rows with this label out of a reading; with no label, none."""
    if not label:
        return Parted(reading, reading, ())
    outside = tuple(row for row in reading.examples if row.label == label)
    if not outside:
        return Parted(reading, reading, ())
    inside = tuple(row for row in reading.examples if row.label != label)
    return Parted(reading, replace(reading, examples=inside), outside)


def part_with(
    reading: Reading, label: str, known: Sequence[str], *, several: bool = False
) -> Parted:
    """Part rows that a model with these ``known`` labels is to be asked.

    A model that has ``label`` among its own means something else by it: then nothing is parted.

    Raises:
        DataError: no row is about a label, or a label is one that the model does not know.
    """
    if several and not reading.multi:
        raise DataError(
            f"{reading.source}: rows with one label each, and the model gives several",
            "write labels as a list, or name what is between them: --label-separator '|'",
        )
    parted = part(reading, None if label in known or reading.multi else label)
    refuse(no_rows([parted.inside]))
    missing = multi.labels_missing_from if reading.multi else labels_missing_from
    refuse(missing(known, parted.inside.examples))
    return parted


def read_and_part(
    source: str,
    oos_label: str,
    known: Sequence[str],
    several: Several | None,
    *,
    text: str | None = None,
    label: str | None = None,
) -> Parted:
    """Read rows that a model is to be asked, and part them.

    Args:
        source: a file, or data on the hub.
        oos_label: what rows outside are labelled.
        known: the model's labels.
        several: how rows hold several labels, for a model that gives several.
        text: name of the text column, when it cannot be found.
        label: name of the label column, likewise.

    Raises:
        DataError: the rows cannot be used; or as :func:`part_with`.
    """
    reading = read_examples(source, text=text, label=label, several=several)
    refuse([*reading.findings, *no_rows([reading])])
    return part_with(reading, oos_label, known, several=several is not None)


def check_outside(train: Parted, held_out: Sequence[Parted]) -> list[Finding]:
    """Warnings about rows outside that the checks of the rows inside cannot see."""
    inside, everything = Side(train.inside.examples), Side((*train.inside.examples, *train.outside))
    known = set(copies.label_conflicts(inside))
    found = [each for each in copies.label_conflicts(everything) if each not in known]
    for other in held_out:
        found += copies.leaks(everything, Side(other.outside))
    return found
