"""The rows that are checked together, and how a finding about them is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from aprendiz.data.records import Example, Finding, Severity

_T = TypeVar("_T")


@dataclass(frozen=True)
class Side:
    """All examples on one side (to learn from, or held out), looked up in three ways."""

    examples: tuple[Example, ...]

    @cached_property
    def first(self) -> dict[str, Example]:
        """The first row with exactly this text."""
        rows: dict[str, Example] = {}
        for row in self.examples:
            rows.setdefault(row.text, row)
        return rows

    @cached_property
    def repeated(self) -> dict[str, list[Example]]:
        """Rows of each text that occurs more than once, in order, the first included."""
        rows: dict[str, list[Example]] = {}
        for row in self.examples:
            if row is not (first := self.first[row.text]):
                rows.setdefault(row.text, [first]).append(row)
        return rows

    @cached_property
    def by_label(self) -> dict[str, list[Example]]:
        """Rows with this label, in order."""
        return grouped(self.examples, lambda row: row.label)


def about(
    row: Example, kind: str, severity: Severity, message: str, hint: str, count: int = 1
) -> Finding:
    """A finding at the place of a row."""
    return Finding(row.file, row.line, kind, severity, message, hint, count)


def at(row: Example, seen_from: Example) -> str:
    """Where a row stands, as briefly as the reader of the other row needs."""
    return f"line {row.line}" if row.file == seen_from.file else f"{row.file}:{row.line}"


def rows_in_words(count: int) -> str:
    """``1 row``, ``2,000 rows``."""
    return "1 row" if count == 1 else f"{count:,} rows"


def grouped(items: Iterable[_T], key: Callable[[_T], str]) -> dict[str, list[_T]]:
    """Items with an equal key together, everything in the order given."""
    groups: dict[str, list[_T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


SideCheck = Callable[[Side], Iterator[Finding]]
"""Looks at what is learnt from."""

PairCheck = Callable[[Side, Side], Iterator[Finding]]
"""Compares what is held out with what is learnt from."""
