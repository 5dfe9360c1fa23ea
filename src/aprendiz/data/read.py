"""From a file or a hub address to examples that know their line. The door of the data room.

A row that cannot be used is never dropped in silence: it becomes a finding with file
and line. Faults that only show between rows (a rare label, a leak) are for ``check.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from aprendiz.data.body import Told, nobody
from aprendiz.data.columns import choose
from aprendiz.data.delimited import csv_table
from aprendiz.data.excerpt import excerpt, kind_of
from aprendiz.data.files import Contents, decode, open_file
from aprendiz.data.hub import PREFIX, hub_table
from aprendiz.data.json_tables import json_table, jsonl_table
from aprendiz.data.multi_rows import LabelFault, Several
from aprendiz.data.parquet import parquet_table
from aprendiz.data.records import Example, Finding, MultiExample
from aprendiz.data.table import Table

# Not white space to str.strip(), yet nothing to see: zero-width characters and the BOM.
_INVISIBLE = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True)
class Reading:
    """What reading one source gave.

    Attributes:
        source: path or address, as the user gave it.
        examples: the usable rows, in the order of the file.
        findings: everything else that was met, in no particular order.
        format: for people: ``csv``, ``csv with semicolons``, ``gzipped jsonl``, ``hub`` …;
            empty if the source could not be opened.
        encoding: ``utf-8``, ``utf-16-le`` …, ``unknown``; empty where there is no text.
        text_column: name of the column taken as text; None if the format has no columns
            or none was found.
        label_column: the same for the label.
        rows: rows met, usable or not.
        multi: its examples have any number of labels (``MultiExample``).
    """

    source: str
    examples: tuple[Example, ...]
    findings: tuple[Finding, ...]
    format: str
    encoding: str
    text_column: str | None
    label_column: str | None
    rows: int
    multi: bool = False

    def in_words(self) -> str:
        """Source, usable rows, format and chosen columns, in one line for a person."""
        columns = (
            f", text: {self.text_column!r}, label: {self.label_column!r}"
            if self.text_column
            else ""
        )
        return f"{self.source}: {len(self.examples):,} rows ({self.format}{columns})"


def read_examples(
    source: str | Path,
    *,
    text: str | None = None,
    label: str | None = None,
    tell: Told = nobody,
    several: Several | None = None,
) -> Reading:
    """Read labelled texts from a file or from the Hugging Face hub.

    Args:
        source: a .json, .jsonl, .csv, .tsv or .parquet file, also with .gz, or an
            address ``hf://owner/name[/config]:split``.
        text: name of the text column; None to look for a name such as ``text``.
        label: name of the label column; None to look for a name such as ``label``.
        tell: told how many bytes of a large text file are read, and of how many.
        several: rows may have several labels each; without it such rows are refused.

    Raises:
        MissingExtra: Parquet or the hub is wanted and its library is not installed.
        ProviderError: the hub cannot be reached and does not have the data in its cache,
            or refuses.
    """
    file = str(source)
    if file.startswith(PREFIX):
        return _reading(file, hub_table(file), "", text, label, damaged=False, several=several)
    contents = open_file(source)
    if isinstance(contents, Finding):
        return Reading(file, (), (contents,), "", "", None, None, 0)
    if contents.format == "parquet":
        return _reading(
            file,
            parquet_table(contents.data, file),
            "",
            text,
            label,
            damaged=False,
            several=several,
        )
    return read_text(file, contents, text, label, tell, several)


def read_text(
    file: str,
    contents: Contents,
    text: str | None,
    label: str | None,
    tell: Told = nobody,
    several: Several | None = None,
) -> Reading:
    """Read labelled texts from the bytes of a text file; otherwise as :func:`read_examples`."""
    body, encoding, findings = decode(contents.data, file)
    if body is None:
        return Reading(file, (), tuple(findings), contents.format, encoding, None, None, 0)
    if not body.head().strip() and not body.text().strip():
        findings.append(Finding(file, 0, "empty_file", "error", "the file holds no text"))
        return Reading(file, (), tuple(findings), contents.format, encoding, None, None, 0)
    body = replace(body, task=f"reading {Path(file).name}", tell=tell)
    if contents.format == "json":
        table = json_table(body.text(), file)
    elif contents.format == "jsonl":
        table = jsonl_table(body, file)
    else:
        table = csv_table(body, file, contents.format, (text, label))
    table.findings[:0] = findings
    if contents.gzipped:
        table.format = f"gzipped {table.format}"
    return _reading(
        file, table, encoding, text, label, damaged=encoding != "utf-8", several=several
    )


def _reading(
    file: str,
    table: Table,
    encoding: str,
    text: str | None,
    label: str | None,
    damaged: bool,
    several: Several | None,
) -> Reading:
    """Choose the columns of a table and turn its rows into examples and findings."""
    rows = len(table.lines) + table.refused
    columns: tuple[int, int] | None = None
    findings = table.findings
    if not table.named:
        columns = (0, 1)
    elif table.columns or table.lines:  # rows that name no column at all: {}
        columns, problems = choose(table.columns, text, label, file, table.header_line)
        findings = findings + problems
    if columns is None:
        return Reading(file, (), tuple(findings), table.format, encoding, None, None, rows)
    labels = table.column(columns[1])
    triples = zip(table.lines, table.column(columns[0]), labels, strict=True)
    multi = several is not None and table.named and several.met_in(labels)
    if several is not None and multi:
        examples, faults = _multi_examples(file, triples, damaged, several)
    else:
        examples, faults = _examples(file, triples, damaged)
    names = [table.columns[at] if table.named else None for at in columns]
    found = tuple(findings + faults)
    return Reading(
        file, tuple(examples), found, table.format, encoding, names[0], names[1], rows, multi
    )


def _examples(
    file: str, triples: Iterable[tuple[int, object, object]], damaged: bool
) -> tuple[list[Example], list[Finding]]:
    """Rows to examples. ``damaged``: undecodable lines of the file are already reported."""
    examples: list[Example] = []
    findings: list[Finding] = []
    known: dict[str, str] = {}  # a label is one string, however many rows have it
    for line, text, label in triples:
        if type(label) is int:
            label = str(label)
        fault = _fault(text, label)
        if fault is None:
            assert isinstance(text, str) and isinstance(label, str)
            name = label.strip()
            examples.append(Example(text.strip(), known.setdefault(name, name), file, line))
        elif not (damaged and fault[0] == "encoding"):
            kind, message, hint = fault
            findings.append(Finding(file, line, kind, "error", message, hint))
    return examples, findings


def _multi_examples(
    file: str, triples: Iterable[tuple[int, object, object]], damaged: bool, several: Several
) -> tuple[list[Example], list[Finding]]:
    """As :func:`_examples`, of rows that have any number of labels."""
    examples: list[Example] = []
    findings: list[Finding] = []
    for line, text, value in triples:
        fault: tuple[str, str, str] | None
        try:
            labels = several.labels_of(value, text)
            fault = _fault(text, "".join(labels) or "none")
        except LabelFault as error:
            labels = ()
            fault = _fault(text, "none") or (error.kind, error.message, error.hint)
        if fault is None:
            assert isinstance(text, str)
            examples.append(MultiExample.of(text.strip(), labels, file, line))
        elif not (damaged and fault[0] == "encoding"):
            kind, message, hint = fault
            findings.append(Finding(file, line, kind, "error", message, hint))
    return examples, findings


def _fault(text: object, label: object) -> tuple[str, str, str] | None:
    """Kind, message and hint for a row that cannot be used; None for a good one."""
    if type(text) is not str or type(label) is not str:
        return _wrong_type(text, label)
    both = text + label
    if "\0" in both:
        where = "text" if "\0" in text else "label"
        return "nul_byte", f"the {where} holds a NUL byte: {excerpt(text)}", "remove the character"
    if not both.isascii() and not _encodable(both):
        message = f"half a surrogate pair, which is no character, stands in {excerpt(text)}"
        return "encoding", message, "write the character itself or both its halves"
    if not text.strip() or not text.strip(_INVISIBLE):
        named = f"label {excerpt(label.strip())}" if label.strip() else "neither is there a label"
        return "empty_text", f"the text is empty ({named})", "write a text or remove the row"
    if not label.strip() or not label.strip(_INVISIBLE):
        return "missing_label", f"no label for {excerpt(text)}", "write a label or remove the row"
    return None


def _wrong_type(text: object, label: object) -> tuple[str, str, str]:
    if text is None:
        return "empty_text", "the row has no text", "write a text or remove the row"
    if type(text) is not str:
        return "bad_type", f"the text is {kind_of(text)}", "the text must be a string"
    if label is None:
        return "missing_label", f"no label for {excerpt(text)}", "write a label or remove the row"
    message = f"the label of {excerpt(text)} is {kind_of(label)}"
    return "bad_type", message, "a label must be a string or a whole number"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
