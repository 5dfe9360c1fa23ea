"""Walking through JSON with the line of every element at hand. Not a JSON parser.

``json.loads`` forgets where things stood. Here only the outermost list or object
is walked by hand; every element inside is parsed by the standard library.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # py_scanstring or C's

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"\r\n?|\n")
# What the end of a file can look like when it was cut inside \u1234, a word or a number.
_CUT = re.compile(r"(u[0-9a-fA-F]{0,4}|tr?|tru|fa?|fals?|nu?|nul|-)?")


class RepeatedKeys(dict[str, object]):
    """An object in the file that gives the same key twice; ``json`` would keep only the last."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    return values if len(values) == len(pairs) else RepeatedKeys(values)


DECODER = json.JSONDecoder(object_pairs_hook=_object)
"""Reads one value; an object with repeated keys becomes :class:`RepeatedKeys`."""


class BrokenJson(Exception):
    """The text stops being JSON.

    Attributes:
        line: 1-based line of the fault.
        problem: what is wrong there.
        kind: of finding: ``truncated_json`` when everything up to the end of the text was
            fine and more was expected, ``nul_byte``, or else ``invalid_json``.
    """

    def __init__(self, line: int, problem: str, kind: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem
        self.kind = kind


class Lines:
    """Line numbers of positions in a text; lines end with LF, CR LF or CR."""

    def __init__(self, text: str) -> None:
        self._starts = [match.end() for match in _LINE_END.finditer(text)]

    def of(self, position: int) -> int:
        """The 1-based line that holds the position."""
        return bisect_right(self._starts, position) + 1


class Walker:
    """A cursor on JSON text. Every method raises :class:`BrokenJson` on a fault."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines = Lines(text)

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None  # the pattern matches the empty text
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def line(self) -> int:
        """The line of the next value."""
        self.peek()
        return self.lines.of(self.at)

    def value(self) -> object:
        """Parse the next value and step over it."""
        self.peek()
        try:
            value, self.at = DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            raise self.fault(error.msg, error.pos) from None
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits; 100,000 brackets
            raise self.fault(str(error), self.at) from None
        return value

    def items(self) -> Iterator[tuple[int, object]]:
        """Line and value of each element of the list at the cursor."""
        for _ in self._parts("[", "]"):
            line = self.line()
            yield line, self.value()

    def members(self) -> Iterator[tuple[int, str]]:
        """Line and name of each member of the object at the cursor.

        The caller steps over the member's value (``value`` or ``items``) before going on.
        """
        for _ in self._parts("{", "}"):
            line = self.line()
            if self.peek() != '"':
                raise self.fault("expecting a name in double quotes", self.at)
            try:
                name, self.at = scanstring(self.text, self.at + 1, True)
            except json.JSONDecodeError as error:
                raise self.fault(error.msg, error.pos) from None
            self._expect(":")
            yield line, name

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise self.fault("something follows the end of the JSON value", self.at)

    def _parts(self, opening: str, closing: str) -> Iterator[None]:
        """Yield once before each part between two brackets, with the commas dealt with."""
        self._expect(opening)
        if self.peek() == closing:
            self.at += 1
            return
        while True:
            yield
            if self.peek() == closing:
                self.at += 1
                return
            self._expect(",")
            if self.peek() == closing:
                raise self.fault(f"a comma before the closing {closing}", self.at)

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self.fault(f"expecting {character}", self.at)
        self.at += 1

    def fault(self, problem: str, position: int) -> BrokenJson:
        """The exception for a fault at a position, told apart from a text cut short."""
        # An unterminated string is reported where it starts and always runs to the end.
        rest = self.text[position:].strip()
        if problem.startswith("Unterminated string") or _CUT.fullmatch(rest):
            end = self.lines.of(len(self.text.rstrip()))
            return BrokenJson(end, "the text ends in the middle of a value", "truncated_json")
        line = self.lines.of(position)
        if self.text[position] == "\0":
            return BrokenJson(line, "there is a NUL byte", "nul_byte")
        return BrokenJson(line, describe(problem, self.text, position), "invalid_json")


def describe(problem: str, text: str, position: int) -> str:
    """A parser's complaint in words that help with the commonest slips."""
    before, found = text[max(0, position - 40) : position].rstrip(), text[position : position + 1]
    if found == "'":
        return "JSON wants double quotes (\") where this has single ones (')"
    if found in ("}", "]") and before.endswith(","):
        return f"there is a comma before the closing {found}"
    if problem.startswith("Invalid control character"):
        return "a text is broken over two lines or holds a raw tab; write \\n or \\t"
    return problem[:1].lower() + problem[1:]
