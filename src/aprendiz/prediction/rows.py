"""A row of an input file, and which of its columns matter. Not for any one format.

Nothing is dropped here: a row that cannot be answered carries the reason, and stands in the
output at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aprendiz.data.columns import TEXT_NAMES, candidates
from aprendiz.data.excerpt import excerpt, kind_of, listing
from aprendiz.errors import DataError

ALL = "*"
"""Asks for every column of the input."""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input.

    Attributes:
        line: 1-based line on which it starts; for Parquet its number.
        text: what is answered, as it stands in the file; what is left of it, if broken.
        problem: why it cannot be answered; empty for a good row.
        carried: values of the columns that go along.
    """

    line: int
    text: str
    problem: str
    carried: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns the user asked for.

    Attributes:
        text: name of the text column; None to look for a name such as ``text``.
        carried: names of columns that go along; ``("*",)`` for all of them.
    """

    text: str | None = None
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """An input that is being read.

    Attributes:
        carried: names of the columns that go along.
        rows: every row, in the order of the file, read as they are asked for.
        position: how much of the file is read, in the unit of ``total``.
        total: how much there is: bytes as they lie on the disk, or rows of a Parquet file.
    """

    carried: tuple[str, ...]
    rows: Iterator[Row]
    position: Callable[[], int]
    total: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Positions of the columns that matter, and the names of those that go along."""

    text: int
    carried: tuple[int, ...]
    names: tuple[str, ...]


def choose(columns: Sequence[str], wanted: Wanted, file: str) -> Chosen:
    """Find the wanted columns; a file of one column needs no name for its text.

    Raises:
        DataError: a column is not there, or more than one could be the text.
    """
    places = candidates(columns, wanted.text, TEXT_NAMES)
    if not places and wanted.text is None and len(columns) == 1:
        places = [0]
    has = f"the file has {listing(tuple(columns))}" if columns else "the file names no columns"
    if len(places) != 1:
        named = f"no text column {excerpt(wanted.text, 30)}" if wanted.text else "no text column"
        found = f"{len(places)} columns could be the text" if places else named
        raise DataError(f"{file}: {found}; {has}", "name it with --text-column NAME")
    if wanted.carried == (ALL,):
        kept = [place for place in range(len(columns)) if place != places[0]]
        return Chosen(places[0], tuple(kept), tuple(columns[place] for place in kept))
    carried: list[int] = []
    for name in wanted.carried:
        match = candidates(columns, name, TEXT_NAMES)
        if len(match) != 1:
            raise DataError(f"{file}: --columns: no column {excerpt(name, 30)}; {has}")
        carried.append(match[0])
    return Chosen(places[0], tuple(carried), tuple(columns[place] for place in carried))


def row_of(line: int, text: object, carried: tuple[object, ...] = (), problem: str = "") -> Row:
    """A row with a look at its text: what is no text, or says nothing, is a problem."""
    if not isinstance(text, str):
        missing = "the row has no text" if text is None else f"the text is {kind_of(text)}"
        return Row(line, "", problem or missing, carried)
    if not problem and not text.strip():
        problem = "the text is empty"
    if "\0" in text:
        problem = problem or "the text holds a NUL byte"
    if not text.isascii() and (half := _SURROGATE.search(text)):
        escaped = "\udc80" <= half[0] <= "\udcff"
        why = f"byte 0x{ord(half[0]) - 0xDC00:02X} is not UTF-8" if escaped else "half a surrogate"
        return Row(line, whole(text), problem or f"the text is damaged: {why}", carried)
    return Row(line, text, problem, carried)


def whole(text: str) -> str:
    """A text that can be written: bytes that were no characters become U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
