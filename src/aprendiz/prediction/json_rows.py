"""JSON Lines, and JSON lists, as streams of rows: a value at a time, never the whole document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import TextIO

from aprendiz.data.excerpt import kind_of
from aprendiz.data.positions import DECODER, describe
from aprendiz.errors import DataError
from aprendiz.prediction.lines import LONGEST, TOO_LONG, TextFile
from aprendiz.prediction.rows import Row, Wanted, choose, row_of

_FIRST = 100  # values that are looked at for the names of columns
_CHUNK = 64 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")

Value = tuple[int, object, str]
"""Line, value, and what is wrong with it."""


def jsonl_rows(
    opened: TextFile, wanted: Wanted, file: str
) -> tuple[tuple[str, ...], Iterator[Row]]:
    """One object, or one text, a line; blank lines are no rows."""
    return _rows(_line_values(opened), wanted, file)


def json_rows(opened: TextFile, wanted: Wanted, file: str) -> tuple[tuple[str, ...], Iterator[Row]]:
    """A list of objects or texts, or an object that gives the texts of each label."""
    return _rows(_document_values(_Cursor(opened.stream, file)), wanted, file)


def _rows(
    values: Iterator[Value], wanted: Wanted, file: str
) -> tuple[tuple[str, ...], Iterator[Row]]:
    first = list(islice(values, _FIRST))
    names = list(dict.fromkeys(n for _, v, _ in first if isinstance(v, dict) for n in v))
    everything = chain(first, values)
    if not names and not wanted.text and not wanted.carried:
        return (), (_row(value, None, ()) for value in everything)
    chosen = choose(names, wanted, file)
    text = names[chosen.text]
    return chosen.names, (_row(value, text, chosen.names) for value in everything)


def _row(value: Value, text: str | None, carried: tuple[str, ...]) -> Row:
    line, found, problem = value
    nothing = (None,) * len(carried)
    if problem or isinstance(found, str):
        return row_of(line, found, nothing, problem)
    if not isinstance(found, dict):
        return row_of(line, None, nothing, f"{kind_of(found)} where a record is expected")
    kept = tuple(found.get(name) for name in carried)
    if type(found) is not dict:
        return row_of(line, None, kept, "the record names a column twice")
    return row_of(line, found.get(text) if text else None, kept)


def _line_values(opened: TextFile) -> Iterator[Value]:
    for line in opened.lines():
        if line.cut:
            yield line.number, None, f"the line is {TOO_LONG}"
        elif source := line.text.strip():
            try:
                yield line.number, DECODER.decode(source), ""
            except json.JSONDecodeError as error:
                why = describe(error.msg, source, error.pos)
                yield line.number, source, f"not a JSON value: {why}"
            except (ValueError, RecursionError) as error:
                yield line.number, source, f"not a JSON value: {error}"


class _Cursor:
    """A place in a JSON document that is read as it is walked.

    Every method raises :class:`DataError` where the text stops being JSON: behind that point
    nobody can say where a row begins.
    """

    def __init__(self, stream: TextIO, file: str) -> None:
        self._stream = stream
        self._file = file
        self._text = ""
        self._at = 0
        self.line = 1

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match is not None  # the pattern matches the empty text
            self._step(match.end())
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def expect(self, mark: str) -> None:
        """Step over one character."""
        if self.peek() != mark:
            raise self.fault(f"expecting {mark}")
        self._step(self._at + 1)

    def value(self) -> object:
        """The next value; more is read until it is whole."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._more():
                    continue
                long = len(self._text) - self._at > LONGEST
                why = describe(error.msg, self._text, error.pos)
                raise self.fault(f"a value is {TOO_LONG}" if long else why) from None
            except (ValueError, RecursionError) as error:
                raise self.fault(str(error)) from None
            if end == len(self._text) and self._more():
                continue  # a number may go on
            self._step(end)
            return value

    def parts(self, opening: str, closing: str) -> Iterator[None]:
        """Yield once before each part between two brackets, with the commas dealt with."""
        self.expect(opening)
        if self.peek() == closing:
            self.expect(closing)
            return
        while True:
            yield
            if self.peek() == closing:
                self.expect(closing)
                return
            self.expect(",")

    def _step(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to

    def _more(self) -> bool:
        rest = self._text[self._at :]
        if len(rest) > LONGEST:
            return False
        # As much again as is held: a long value is looked at a few times, not thousands.
        read = self._stream.read(max(_CHUNK, len(rest)))
        self._text, self._at = rest + read, 0
        return bool(read)

    def fault(self, why: str) -> DataError:
        """What to raise at this place."""
        return DataError(
            f"{self._file}:{self.line}: not JSON from here on: {why}",
            "correct the file, or write one record a line (.jsonl), where a fault costs one row",
        )


def _document_values(cursor: _Cursor) -> Iterator[Value]:
    if cursor.peek() == "{":
        for _ in cursor.parts("{", "}"):
            label = cursor.value()
            cursor.expect(":")
            for _ in cursor.parts("[", "]"):
                cursor.peek()
                yield cursor.line, {"text": cursor.value(), "label": label}, ""
    else:
        for _ in cursor.parts("[", "]"):
            cursor.peek()
            line = cursor.line
            yield line, cursor.value(), ""
    if cursor.peek():
        raise cursor.fault("something follows the end of the document")
