"""CSV and TSV as a stream of rows. A row that is none costs itself and not its neighbours."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from aprendiz.data.body import Body
from aprendiz.data.delimited import delimiter_of
from aprendiz.errors import DataError
from aprendiz.prediction.lines import LONGEST, TOO_LONG, Line, TextFile
from aprendiz.prediction.rows import Chosen, Row, Wanted, choose, row_of


class _TooLong(Exception):
    """A line, or a record over several lines, has more characters than are held."""


class _Returnable:
    """Lines for the ``csv`` module that can be given back when it could not use them."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._back: deque[Line] = deque()
        self._size = 0
        self.taken: list[Line] = []

    def __iter__(self) -> _Returnable:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        self._size += len(line.text)
        if line.cut or self._size > LONGEST:
            raise _TooLong(f"the row is {TOO_LONG}")
        return line.text

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.taken = []
        self._size = 0

    def give_back(self) -> Line:
        """All lines of this record but the first, which is returned, will come again."""
        self._back.extendleft(reversed(self.taken[1:]))
        return self.taken[0]


def delimited_rows(opened: TextFile, form: str, wanted: Wanted, file: str) -> tuple[
    tuple[str, ...], Iterator[Row]
]:  # fmt: skip
    """Names of the columns that go along, and the rows.

    Raises:
        DataError: there is no header, or a wanted column is not in it.
    """
    # The limit is the csv module's own and holds for the whole process.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    head = Body(opened.head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").encode())
    delimiter, skip = delimiter_of(head, form, (wanted.text, None))
    lines = opened.lines()
    for _ in range(skip):
        next(lines, None)
    records = _records(lines, delimiter)
    _, header = next(records, (None, None))
    if not isinstance(header, list):
        raise DataError(f"{file}: there is no header line", "begin it with the column names")
    chosen = choose([name.strip() for name in header], wanted, file)
    return chosen.names, _rows(records, chosen, len(header))


def _rows(
    records: Iterator[tuple[Line, list[str] | str]], chosen: Chosen, width: int
) -> Iterator[Row]:
    nothing = (None,) * len(chosen.carried)
    for line, fields in records:
        if isinstance(fields, str):
            yield row_of(line.number, line.text.rstrip("\r\n"), nothing, fields)
        elif len(fields) == width:
            carried = tuple(fields[place] for place in chosen.carried)
            yield row_of(line.number, fields[chosen.text], carried)
        else:
            problem = f"the row has {len(fields)} fields where the header has {width}"
            padded = fields + [""] * (width - len(fields))
            carried = tuple(padded[place] for place in chosen.carried)
            yield row_of(line.number, padded[chosen.text], carried, problem)


def _records(lines: Iterator[Line], delimiter: str) -> Iterator[tuple[Line, list[str] | str]]:
    """First line and fields of every record that is not blank, or what is wrong with it.

    A quotation mark that is never closed would swallow what follows: its line alone is broken,
    and the lines after it are read again.
    """
    source = _Returnable(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except _TooLong as error:
            yield source.give_back(), str(error)
        except csv.Error:
            yield source.give_back(), "a quotation mark is out of place in this row"
        else:
            # A quoted nothing is a row; a line without even quotation marks is a blank one.
            if len(fields) > 1 or source.taken[0].text.strip(" \t\r\n"):
                yield source.taken[0], fields
            continue
        reader = csv.reader(source, delimiter=delimiter, strict=True)  # forgets the open quote
