"""Rows as they stand in their file, so that copying them changes nothing else about them.

For CSV, TSV and JSON Lines a row is its own lines of the file: other columns, quotation
marks and spacing are kept. Rows of any other format are written anew, one record a line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.files import decode, open_file
from aprendiz.data.read import Reading
from aprendiz.data.records import Example, Finding

_DELIMITERS = {"csv": ",", "tsv": "\t", "commas": ",", "semicolons": ";", "tabs": "\t"}


@dataclass(frozen=True)
class Verbatim:
    """The lines of a file, taken apart by row.

    Attributes:
        suffix: of a file that these lines may be copied to: ``.csv``, ``.tsv``, ``.jsonl``.
        head: what stands before the first row: the names of the columns.
        rows: line on which a row starts, to everything it says, line end included.
        delimiter: between fields; empty for JSON Lines.
        label_column: name of the column with the label.
    """

    suffix: str
    head: str
    rows: Mapping[int, str]
    delimiter: str
    label_column: str

    def relabelled(self, line: int, label: str) -> str:
        """The row that starts on a line, with another label; its other values stay."""
        raw = self.rows[line]
        if not self.delimiter:
            values = json.loads(raw)
            name = next(name for name in values if name.strip() == self.label_column.strip())
            return json.dumps({**values, name: label}, ensure_ascii=False) + "\n"
        header = list(csv.reader(io.StringIO(self.head, newline=""), delimiter=self.delimiter))[-1]
        [fields] = csv.reader(io.StringIO(raw, newline=""), delimiter=self.delimiter)
        fields[[name.strip() for name in header].index(self.label_column)] = label
        return self.record(fields, end=raw[len(raw.rstrip("\r\n")) :])

    def added(self, text: str, label: str, text_column: str) -> str:
        """A new row with these two values and nothing else."""
        if not self.delimiter:
            values = {text_column: text, self.label_column: label}
            return json.dumps(values, ensure_ascii=False) + "\n"
        header = list(csv.reader(io.StringIO(self.head, newline=""), delimiter=self.delimiter))[-1]
        told = {text_column: text, self.label_column: label}
        return self.record([told.get(name.strip(), "") for name in header], end="\n")

    def record(self, fields: Iterable[str], end: str) -> str:
        """Fields as one row of the file."""
        line = io.StringIO()
        csv.writer(line, delimiter=self.delimiter, lineterminator=end).writerow(fields)
        return line.getvalue()


def verbatim(reading: Reading) -> Verbatim | None:
    """The rows of a file as they are written in it; ``None`` for a format without such rows.

    The file must have been read without errors, so that every row is an example.
    """
    form = reading.format.removeprefix("gzipped ")
    kind = form.split(" ")[0]
    if kind not in ("csv", "tsv", "jsonl") or reading.label_column is None:
        return None
    contents = open_file(reading.source)
    if isinstance(contents, Finding):
        return None
    body, _, _ = decode(contents.data, reading.source)
    lines = list(body.lines()) if body else []
    starts = [row.line for row in reading.examples]
    rows = {
        start: _ended("".join(lines[start - 1 : end - 1]))
        for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True)
    }
    delimiter = "" if kind == "jsonl" else _DELIMITERS[form.split(" ")[-1]]
    head = "" if kind == "jsonl" else "".join(lines[: starts[0] - 1])
    return Verbatim(f".{kind}", head, rows, delimiter, reading.label_column)


def _ended(row: str) -> str:
    """A row without blank lines after it, and with a line end."""
    kept = row.rstrip()
    end = re.match(r"[^\S\r\n]*(\r\n?|\n)", row[len(kept) :])
    return kept + (end[0] if end else "\n")


def write_rows(path: Path, rows: Iterable[Example], raw: Verbatim | None) -> None:
    """Write rows to a file that takes its name only once it is whole.

    Args:
        path: ends in ``raw.suffix``, or in ``.jsonl``.
        rows: what to write; of the file that ``raw`` was taken from.
        raw: how they stand there; ``None`` writes text and label alone.
    """
    if raw is None:
        body = "".join(_record(row) for row in rows)
    else:
        body = raw.head + "".join(raw.rows[row.line] for row in rows)
    write_text(path, body)


def rows_as(suffix: str, rows: Iterable[Example], *, by_label: bool = False) -> str:
    """Rows written anew, with text and label alone.

    Args:
        suffix: ``.csv``, ``.tsv``, ``.jsonl`` or ``.json``: the format.
        rows: what to write.
        by_label: as JSON, give the texts of each label instead of a list of records.
    """
    if suffix in (".csv", ".tsv"):
        table = io.StringIO()
        writer = csv.writer(table, delimiter="," if suffix == ".csv" else "\t", lineterminator="\n")
        writer.writerow(("text", "label"))
        writer.writerows((row.text, row.label) for row in rows)
        return table.getvalue()
    if suffix == ".jsonl":
        return "".join(_record(row) for row in rows)
    if not by_label:
        records = [{"text": row.text, "label": row.label} for row in rows]
        return json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row.label, []).append(row.text)
    return json.dumps(texts, indent=1, ensure_ascii=False) + "\n"


def write_text(path: Path, body: str) -> None:
    """Write a file so that a reader sees the old one or the new one."""
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(body, encoding="utf-8", newline="")
    aside.replace(path)


def _record(row: Example) -> str:
    return json.dumps({"text": row.text, "label": row.label}, ensure_ascii=False) + "\n"
