"""What is divided as one: near duplicates, or all rows of a group. Not for where it goes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from aprendiz.data.near import normal_form
from aprendiz.data.records import Example

PLACES = 2**64


@dataclass(slots=True)
class Unit:
    """Rows that stay on one side.

    Attributes:
        rows: positions of its rows, in order.
        labels: rows of each label in it.
        label: the commonest one, which it is counted for; the first by name of equals.
        contested: one text in it has two labels, so it measures nothing.
        rank: its place in the order that the seed gives.
        group: the value of the group's column; ``None`` for near duplicates.
        fixed: the sides that rows of it have for good.
        side: where it goes; ``train`` until it is sent elsewhere.
    """

    rows: list[int]
    labels: Counter[str]
    label: str
    contested: bool
    rank: bytes
    group: str | None = None
    fixed: frozenset[str] = frozenset()
    side: str = "train"

    @property
    def place(self) -> int:
        """The rank as a number from 0 to under ``PLACES``."""
        return int.from_bytes(self.rank[:8], "big")


def units_of(
    rows: Sequence[Example],
    cluster: Sequence[int],
    groups: Sequence[str] | None,
    seed: int,
) -> list[Unit]:
    """The units of some rows.

    A unit of near duplicates is ranked by the text whose normal form sorts first, a group
    by its name: each unit has one rank whatever its size, so that large ones are not held
    out more often than others.

    Args:
        rows: the rows.
        cluster: number of the near-duplicate cluster of each row.
        groups: group of each row; ``None`` when clusters are the units.
        seed: fixes the ranks.
    """
    members: dict[Hashable, list[int]] = {}
    for at in range(len(rows)):
        members.setdefault(groups[at] if groups else cluster[at], []).append(at)
    units = []
    of_one: dict[str, Counter[str]] = {}  # most units are one row; they share what is equal
    for key, positions in members.items():
        if len(positions) == 1 and not groups:
            row = rows[positions[0]]
            labels = of_one.setdefault(row.label, Counter([row.label]))
            units.append(Unit(positions, labels, row.label, False, rank(row.text, seed)))
            continue
        labels = Counter(rows[at].label for at in positions)
        label = min(labels, key=lambda name: (-labels[name], name))
        if groups:
            assert isinstance(key, str)
            units.append(Unit(positions, labels, label, False, rank(key, seed), key))
            continue
        texts = {rows[at].text for at in positions}
        first = min(texts, key=lambda text: (normal_form(text), text))
        contested = len(labels) > 1 and _has_two_labels([rows[at] for at in positions])
        units.append(Unit(positions, labels, label, contested, rank(first, seed)))
    return units


def _has_two_labels(rows: Sequence[Example]) -> bool:
    """Whether one text, in whatever spelling, has two labels."""
    label_of: dict[str, str] = {}
    return any(label_of.setdefault(normal_form(row.text), row.label) != row.label for row in rows)


def rank(text: str, seed: int) -> bytes:
    """Where a text stands in the order that a seed gives: its place depends on nothing else."""
    return hashlib.sha256(f"{seed}\x1f{text}".encode("utf-8", "surrogatepass")).digest()
