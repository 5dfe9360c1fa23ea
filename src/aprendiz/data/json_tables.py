"""JSON and JSON Lines to a table, with the line on which every record or text starts.

Three forms: a list of records, one record a line, and an object that gives the texts
of each label.
"""

from __future__ import annotations

import json
import re
from collections import Counter

from aprendiz.data.body import Body
from aprendiz.data.columns import LABEL_NAMES, TEXT_NAMES, fold
from aprendiz.data.excerpt import excerpt, kind_of, listing
from aprendiz.data.positions import DECODER, BrokenJson, RepeatedKeys, Walker
from aprendiz.data.records import Finding
from aprendiz.data.table import Table, misnamed

_RECORDS = '[{"text": "…", "label": "…"}, …]'
_LABELS = '{"label": ["text", …], …}'


def jsonl_table(body: Body, file: str) -> Table:
    """One JSON object a line."""
    start = body.head().lstrip()
    if not start.startswith("{"):
        looks = "JSON, not JSON Lines" if start.startswith("[") else "not JSON"
        return misnamed(file, "jsonl", ".jsonl", looks)
    table = Table("jsonl")
    records = _Records(table, file)
    for line, source in enumerate(body.lines(), start=1):
        if source.strip():
            try:
                records.add(line, DECODER.decode(source))
            except (ValueError, RecursionError) as error:
                table.refused += 1
                broken = _bad_json_line(file, line, source.rstrip("\r\n"), error)
                table.findings.append(broken)
    if records.empty and _is_json(body.text()):
        return misnamed(file, "jsonl", ".jsonl", "one JSON value over several lines")
    return records.table()


def _bad_json_line(file: str, line: int, source: str, error: Exception) -> Finding:
    """The finding for a line that the decoder refused; the walker knows the better words."""
    walker = Walker(source)
    try:
        walker.value()
        walker.end()
    except BrokenJson as broken:
        return _broken(file, broken, line)
    return Finding(file, line, "invalid_json", "error", str(error), "write one object a line")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def json_table(text: str, file: str) -> Table:
    """A list of records, or an object that gives the texts of each label."""
    walker = Walker(text)
    first = walker.peek()
    if first == "[":
        return _json_list(walker, file)
    if first == "{":
        return _json_labels(walker, file)
    looks = "CSV" if re.match(r"[^\n]*[,;\t]", text) else "neither a list nor an object"
    return misnamed(file, "json", ".json", looks)


def _json_list(walker: Walker, file: str) -> Table:
    table = Table("json list")
    records = _Records(table, file)
    try:
        for line, value in walker.items():
            records.add(line, value)
        walker.end()
    except BrokenJson as broken:
        table.refused += 1
        table.findings.append(_broken(file, broken))
    return records.table()


def _json_labels(walker: Walker, file: str) -> Table:
    """``{"label": ["text", …]}``. A label that comes twice keeps the texts of both places."""
    table = Table("json by label", columns=("text", "label"), named=False)
    labels: dict[str, int] = {}  # label to the line that first names it
    texts: list[tuple[int, object, str]] = []
    odd: list[tuple[int, str, object]] = []  # members that are not lists
    try:
        for line, label in walker.members():
            if label in labels:
                table.findings.append(_again(file, line, label, labels[label]))
            labels.setdefault(label, line)
            if walker.peek() == "[":
                for at, text in walker.items():
                    texts.append((at, text, label))
            else:
                odd.append((line, label, walker.value()))
        walker.end()
    except BrokenJson as broken:
        if walker.peek() == "{" and odd and not texts:
            return misnamed(file, "json", ".json", "JSON Lines")
        table.refused += 1
        table.findings.append(_broken(file, broken))
    counts = Counter(label for _, _, label in texts)
    if (other := _other_object(tuple(labels), counts, texts, odd)) is not None:
        return misnamed(file, "json", ".json", other)
    for line, label, value in odd:
        table.refused += 1
        table.findings.append(_not_a_list(file, line, label, value))
    for label in labels.keys() - counts.keys() - {label for _, label, _ in odd}:
        message = f"label {excerpt(label)} has no texts"
        table.findings.append(Finding(file, labels[label], "empty_label", "warning", message))
    table.lines = [line for line, _, _ in texts]
    table.column = lambda position: [(text, label)[position] for _, text, label in texts]
    return table


def _again(file: str, line: int, label: str, first: int) -> Finding:
    message = f"label {excerpt(label)} is given again (first on line {first}); both lists are kept"
    return Finding(file, line, "duplicate_key", "warning", message, "put the texts in one list")


def _not_a_list(file: str, line: int, label: str, value: object) -> Finding:
    message = f"label {excerpt(label)} is given {kind_of(value)} instead of a list of texts"
    return Finding(file, line, "bad_type", "error", message, f"write {_LABELS}")


def _other_object(
    names: tuple[str, ...],
    counts: Counter[str],
    texts: list[tuple[int, object, str]],
    odd: list[tuple[int, str, object]],
) -> str | None:
    """What an object is that only looks like labels with their texts; None if it is fine."""
    if odd and not texts:
        return f"one object with {listing(names)}, not {_LABELS} or {_RECORDS}"
    if texts and all(isinstance(text, dict) for _, text, _ in texts):
        return f"an object with records under {listing(names)}; the list alone is wanted"
    folded = {fold(name) for name in names}
    columnar = len(names) == 2 and folded & TEXT_NAMES and folded & LABEL_NAMES
    if columnar and len({counts[name] for name in names}) == 1:
        # Two equally long lists called text and label are columns, not two labels.
        return f"an object of columns ({listing(names)}), not {_LABELS} or {_RECORDS}"
    return None


class _Records:
    """Collects parsed records into a table; what is not an object is refused.

    A record with the keys of the one before it is kept as its values alone: a third of the
    memory of an object.
    """

    def __init__(self, table: Table, file: str) -> None:
        self.empty = True
        self._table = table
        self._file = file
        self._lines: list[int] = []
        self._values: list[tuple[object, ...]] = []
        self._shapes: list[tuple[str, ...]] = []
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, line: int, record: object) -> None:
        """Keep a record, or say what stands in its place."""
        self.empty = False
        if type(record) is dict:
            shape = tuple(record)
            self._shapes.append(self._known.setdefault(shape, shape))
            self._values.append(tuple(record.values()))
            self._lines.append(line)
            return
        self._table.refused += 1
        if isinstance(record, RepeatedKeys):
            message = f"the record names a column twice (it has {listing(tuple(record))})"
        else:
            message = f"{kind_of(record)} where a record is expected"
        hint = 'write {"text": "…", "label": "…"}'
        self._table.findings.append(Finding(self._file, line, "bad_row", "error", message, hint))

    def table(self) -> Table:
        """The table with everything that was added."""
        names = dict.fromkeys(name for shape in self._known for name in shape)
        self._table.columns = columns = tuple(names)
        self._table.lines = self._lines

        def column(position: int) -> list[object]:
            places = {
                shape: shape.index(columns[position]) if columns[position] in shape else None
                for shape in self._known
            }
            return [
                None if (place := places[shape]) is None else values[place]
                for shape, values in zip(self._shapes, self._values, strict=True)
            ]

        self._table.column = column
        return self._table


def _broken(file: str, broken: BrokenJson, line: int = 0) -> Finding:
    """The finding for a fault; ``line`` where the walker was given one line of the file only."""
    hint = "copy the file again" if broken.kind == "truncated_json" else "correct the line"
    return Finding(file, line or broken.line, broken.kind, "error", broken.problem, hint)
