"""How an answered row is written: CSV that no spreadsheet runs, JSON Lines, or Parquet by way of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aprendiz.artifact.decision import Decisions
from aprendiz.errors import DataError
from aprendiz.interfaces import Decision, Prediction
from aprendiz.prediction.rows import Row, whole

ANSWER = (
    *("text", "label", "labels", "confidence", "decision", "scope", "candidates"),
    *("abstained", "problem"),
)
"""Columns of an answer, behind those that are carried along; see :func:`columns_of`."""

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DECIMALS = 6  # of a number: beyond them the arithmetic of an engine is noise


@dataclass(frozen=True, slots=True)
class Answered:
    """A row with what of its answer is written; all None where the row has a problem.

    The whole distribution is left out: a window of rows would hold millions of numbers.
    """

    row: Row
    label: str | None = None
    labels: tuple[str, ...] | None = None
    confidence: float | None = None
    decision: Decision | None = None
    scope: float | None = None
    candidates: tuple[str, ...] | None = None

    @classmethod
    def of(cls, row: Row, told: Prediction) -> Answered:
        """A row with its answer."""
        return cls(
            row,
            told.label,
            told.labels,
            told.confidence,
            told.decision,
            told.scope,
            told.candidates,
        )

    @property
    def abstained(self) -> bool | None:
        """Whether nobody should act on the label."""
        return None if self.decision is None else self.decision != "answer"

    def values(self, columns: Sequence[str]) -> list[object]:
        """In the order of the columns: those that are carried along, then these."""
        return [*self.row.carried, *(self._value(name) for name in columns)]

    def _value(self, column: str) -> object:
        if column == "text":
            return self.row.text
        if column == "problem":
            return self.row.problem or None
        value = getattr(self, column)
        return round(value, _DECIMALS) if isinstance(value, float) else value


def columns_of(rules: Decisions) -> tuple[str, ...]:
    """The columns of a model's answers: those of ``ANSWER`` that its rules say something of."""
    absent = {
        "labels": rules.several is None,
        "scope": rules.scope is None,
        "candidates": rules.sets is None,
    }
    return tuple(name for name in ANSWER if not absent.get(name))


def format_of(out: Path) -> str:
    """``csv``, ``jsonl`` or ``parquet``, by the name of the file.

    Raises:
        DataError: another name.
    """
    form = FORMATS.get(out.suffix.lower())
    if form is None:
        raise DataError(f"{out}: the output is written as {', '.join(FORMATS)}", "rename it")
    return form


def names_of(carried: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Names of all columns; a carried one that is called like one of ours becomes ``input_…``."""
    names: list[str] = []
    for name in map(whole, carried):
        while name in ANSWER or name in names:
            name = f"input_{name}"
        names.append(name)
    return (*names, *columns)


def header(form: str, names: Sequence[str]) -> bytes:
    """What a file begins with."""
    return _csv([names]) if form == "csv" else b""


def encode(form: str, names: Sequence[str], answers: Sequence[Answered]) -> bytes:
    """Some rows as they are written; for Parquet, the JSON Lines it is made from."""
    if form == "csv":
        return _csv([_values(answer, names) for answer in answers])
    as_text = form == "parquet"  # where a column has one type, and ours of the input is text
    lines: list[str] = []
    for answer in answers:
        values = _values(answer, names)
        if as_text:
            kept = len(answer.row.carried)
            values[:kept] = [None if value is None else _text(value) for value in values[:kept]]
        told = dict(zip(names, values, strict=True))
        lines.append(whole(_json(told)))
    return "".join(f"{line}\n" for line in lines).encode()


def _json(told: dict[str, object]) -> str:
    """Strict JSON: NaN and the infinities of a carried column, which it cannot say, become null."""
    try:
        return json.dumps(told, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        lax = json.dumps(told, ensure_ascii=False, default=str)
        return json.dumps(json.loads(lax, parse_constant=lambda _: None), ensure_ascii=False)


def _values(answer: Answered, names: Sequence[str]) -> list[object]:
    return answer.values(names[len(answer.row.carried) :])


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    # CR LF as in RFC 4180; it also makes the module put quotes around a lone CR.
    made = io.StringIO(newline="")
    csv.writer(made, lineterminator="\r\n").writerows([map(_cell, row) for row in rows])
    return made.getvalue().encode()


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection).

    Our own numbers pass as they are; a text that begins like a formula gets a leading quote.
    """
    if isinstance(value, float) and value >= 0:
        return value
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return whole(value)
    return "" if value is None else whole(json.dumps(value, ensure_ascii=False, default=str))
