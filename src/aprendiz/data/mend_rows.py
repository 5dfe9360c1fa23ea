"""Rows of each text format with their repairs made, everything around them left as it is.

Each ``*_pieces`` function goes through a file once and gives what stood there and what
shall stand there, piece by piece: put together, the first are the old file and the second
the new one. Only the values of the text and the label are ever touched.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from aprendiz.data.body import Body
from aprendiz.data.chat.forms import SPOKEN
from aprendiz.data.checks.labels import spacing_and_case
from aprendiz.data.checks.side import grouped
from aprendiz.data.columns import fold
from aprendiz.data.delimited import delimiter_of
from aprendiz.data.positions import Walker
from aprendiz.data.read import Reading
from aprendiz.data.spelling import CONTROL, INVISIBLE, ODD_SPACE, composed, reread, tidy

Piece = tuple[str, str]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')
_BETWEEN = re.compile(r"[\s,]*")


@dataclass
class Repairs:
    """What is done to a value, and the count of what was done.

    Attributes:
        text: name of the column (or key) with the text.
        label: name of the one with the label; None where there is none to repair.
        spelling: a label as it is written to how it shall be written.
        spoken: further keys with text: those of conversations, in every form.
        keep_spaces: white space inside texts is left alone.
        made: repairs so far, by kind of finding.
    """

    text: str | None
    label: str | None
    spelling: dict[str, str] = field(default_factory=dict)
    spoken: frozenset[str] = frozenset()
    keep_spaces: bool = False
    made: Counter[str] = field(default_factory=Counter)
    _seen: set[bytes] = field(default_factory=set)

    @classmethod
    def of_labelled(cls, reading: Reading) -> Repairs:
        """The repairs of a file of labelled texts, with the commonest spelling of each label."""
        counts = Counter(row.label for row in reading.examples)
        tidied = grouped(counts, lambda label: spacing_and_case(tidy(label)))
        spelling = {}
        for alike in tidied.values():
            best = max(alike, key=lambda label: (counts[label], label))
            spelling.update(dict.fromkeys(alike, tidy(best)))
        return cls(reading.text_column, reading.label_column, spelling)

    @classmethod
    def of_chat(cls) -> Repairs:
        """The repairs of conversations: characters only, since spaces may be code."""
        return cls("content", None, spoken=SPOKEN, keep_spaces=True)

    def mended(self, column: str, value: str) -> str:
        """A value of a column with its repairs made."""
        if column == self.label:
            named = self.spelling.get(value.strip(), value)
            if named != value.strip():
                self.made["near_labels" if tidy(value) != named else "odd_space"] += 1
            return named
        if column != self.text and fold(column) not in self.spoken:
            return value
        if self.keep_spaces and value.isascii() and value.isprintable():
            return value
        new = tidy(value, keep_spaces=self.keep_spaces)
        if new != value:
            self.made.update(_kinds_of(value, self.keep_spaces))
        return new

    def repeats(self, text: str, label: str) -> bool:
        """Whether a row says what an earlier one said; every row is to be asked about once."""
        if not text or not label:
            return False
        row = f"{label}\x1f{text}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(row, digest_size=16).digest()
        if digest in self._seen:
            self.made["duplicate"] += 1
            return True
        self._seen.add(digest)
        return False


def _kinds_of(value: str, keep_spaces: bool) -> Iterator[str]:
    """The kinds of finding that a value had before it was repaired."""
    kinds: tuple[tuple[str, bool], ...] = (
        ("nul_byte", "\0" in value),
        ("control_character", bool(CONTROL.search(value.replace("\0", "")))),
        ("invisible_character", bool(INVISIBLE.search(value))),
        ("mojibake", reread(value) is not None),
        ("not_nfc", composed(value) != value),
    )
    found = [kind for kind, there in kinds if there]
    spaced = "\u00a0" in value if keep_spaces else ODD_SPACE.search(value) or value != value.strip()
    if spaced or not found:
        found.append("odd_space")
    yield from found


def jsonl_pieces(body: Body, repairs: Repairs) -> Iterator[Piece]:
    """Line by line; a line that is not JSON stays as it is."""
    for line in body.lines():
        new = _mended_json(line, repairs)
        if repairs.label is not None and _is_repeat(new, repairs):
            new = ""
        yield line, new


def _is_repeat(record: str, repairs: Repairs) -> bool:
    try:
        values = json.loads(record)
    except (ValueError, RecursionError):
        return False
    if not isinstance(values, dict):
        return False
    text, label = (values.get(name or "") for name in (repairs.text, repairs.label))
    if not isinstance(text, str) or not isinstance(label, str | int):
        return False
    return repairs.repeats(text.strip(), str(label).strip())


def _mended_json(source: str, repairs: Repairs) -> str:
    """JSON text in which the values of the text and the label key are repaired."""
    tokens = list(_TOKEN.finditer(source))
    parts, end = [], 0
    for key, colon, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if colon[0] == ":" and value[0][0] == '"' and key[0][0] == '"':
            new = _mended_literal(_decoded(key[0]), value[0], repairs)
            parts += [source[end : value.start()], new]
            end = value.end()
    return "".join([*parts, source[end:]])


def _decoded(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal


def _mended_literal(column: str, literal: str, repairs: Repairs) -> str:
    """A string as it stands in JSON, with its repairs made; as it was if there are none."""
    value = _decoded(literal)
    new = repairs.mended(column, value)
    return literal if new == value else json.dumps(new, ensure_ascii="\\u" in literal)


def json_pieces(body: Body, repairs: Repairs) -> Iterator[Piece]:
    """A list of records, or an object with the texts of each label; well-formed only.

    Raises:
        BrokenJson: it is not.
    """
    walker = Walker(body.text())
    done = 0  # how much of the text is given out
    if walker.peek() == "[":
        for old, new in _elements(walker, done, lambda old: _record(old, repairs)):
            yield old, new
            done += len(old)
    else:
        for _, label in walker.members():
            if walker.peek() != "[":
                walker.value()
                continue
            told = partial(_text_of, label=label, repairs=repairs)
            for old, new in _elements(walker, done, told):
                yield old, new
                done += len(old)
    walker.end()
    yield walker.text[done:], walker.text[done:]


def _record(old: str, repairs: Repairs) -> str | None:
    new = _mended_json(old, repairs)
    return None if _is_repeat(new, repairs) else new


def _text_of(old: str, label: str, repairs: Repairs) -> str | None:
    """A text in the list of a label; there, no key says which column it is."""
    if not old.startswith('"'):
        return _mended_json(old, repairs) if repairs.spoken else old
    new = _mended_literal(repairs.text or "", old, repairs)
    return None if repairs.repeats(_decoded(new).strip(), label) else new


def _elements(walker: Walker, done: int, mended: Callable[[str], str | None]) -> Iterator[Piece]:
    """The elements of the list at the cursor, each with what stands before it.

    Args:
        walker: stands before the list.
        done: how much of its text was given out before.
        mended: an element as it shall be written; None removes it and its comma.
    """
    walker.peek()
    place = walker.at + 1
    opening, kept = True, 0
    for _ in walker.items():
        between = _BETWEEN.match(walker.text, place)
        assert between is not None  # the pattern matches the empty text
        before = walker.text[done : between.end()]
        old = walker.text[between.end() : walker.at]
        done = place = walker.at
        new = mended(old)
        if new is None:
            yield before + old, before if opening else ""
        else:
            stays = before if opening or kept else before.replace(",", "", 1)
            yield before + old, stays + new
            kept += 1
        opening = False


def csv_pieces(
    body: Body, format: str, chosen: tuple[str | None, str | None], repairs: Repairs
) -> Iterator[Piece]:
    """Row by row; a row that is not one stays as it is."""
    delimiter, skip = delimiter_of(body, format, chosen)
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in body.lines():
            taken.append(line)
            yield line

    source = lines()
    for _ in range(skip):
        next(source)
    csv.field_size_limit(max(csv.field_size_limit(), len(body.data)))
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            row = []
        old = "".join(taken)
        taken.clear()
        blank = not row or (len(row) == 1 and not row[0].strip(" \t"))
        if blank or len(row) != len(header or row):
            yield old, old
        elif not header:
            header = [name.strip() for name in row]
            yield old, old
        else:
            yield old, _mended_row(old, row, header, delimiter, repairs)
    rest = "".join(taken)
    yield rest, rest


def _mended_row(
    old: str, row: list[str], header: list[str], delimiter: str, repairs: Repairs
) -> str:
    new = [repairs.mended(name, value) for name, value in zip(header, row, strict=True)]
    values = dict(zip(header, new, strict=True))
    if repairs.repeats(values[repairs.text or ""].strip(), values[repairs.label or ""].strip()):
        return ""
    if new == row:
        return old
    line = io.StringIO()
    quoted = old.startswith('"') and old.rstrip("\r\n").endswith('"')
    csv.writer(
        line,
        delimiter=delimiter,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
        lineterminator=old[len(old.rstrip("\r\n")) :],
    ).writerow(new)
    return line.getvalue()
