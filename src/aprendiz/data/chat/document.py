"""A chat file that is one JSON value: a list of rows, or an object that holds such a list.

As ``lines.py`` does for JSON Lines, this gives the rows of the file with the lines on which
they start; what a row means is for ``rows.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.chat.collect import Findings
from aprendiz.data.chat.forms import is_chat_row
from aprendiz.data.columns import fold
from aprendiz.data.excerpt import excerpt, listing
from aprendiz.data.files import decode, open_file
from aprendiz.data.positions import BrokenJson, Walker
from aprendiz.data.records import Finding

HOLDERS = ("conversations", "data", "examples", "pairs", "rows", "train")
"""Names under which an object may hold its rows."""

_WANTED = '[{"messages": […]}, …] or {"data": [{"instruction": "…", "response": "…"}, …]}'


@dataclass(frozen=True)
class _Member:
    """A name of the outermost object: its rows with their lines, or another value."""

    name: str
    line: int
    rows: list[tuple[int, object]] | None
    value: object = None

    @property
    def holds_rows(self) -> bool:
        return bool(self.rows) and fold(self.name) in HOLDERS

    @property
    def plain(self) -> object:
        return self.value if self.rows is None else [row for _, row in self.rows]


class ChatDocument:
    """A ``.json`` file while it is read; the same surface as ``lines.ChatFile``.

    Attributes:
        bytes: size of the file.
        bom: whether it starts with a byte-order mark.
        rows: rows so far.
    """

    format = "json"

    def __init__(self, source: str | Path, findings: Findings) -> None:
        self.bytes = 0
        self.bom = False
        self.rows = 0
        self._source = str(source)
        self._findings = findings

    def values(self) -> Iterator[tuple[int, object]]:
        """Line and value of every row; whatever keeps them from being read becomes a finding."""
        contents = open_file(self._source)
        if isinstance(contents, Finding):
            self._add(contents)
            return
        body, _, met = decode(contents.data, self._source)
        for found in met:
            self._add(found)
        self.bytes = Path(self._source).stat().st_size
        self.bom = any(found.kind == "bom" for found in met)
        if body is None:
            return
        walker = Walker(body.text())
        try:
            for row in self._rows(walker):
                self.rows += 1
                yield row
        except BrokenJson as broken:
            self._broken(broken)

    def _rows(self, walker: Walker) -> Iterator[tuple[int, object]]:
        first = walker.peek()
        if first == "[":
            yield from walker.items()
            walker.end()
        elif first == "{":
            yield from self._of_object(walker)
        elif first:
            message = "the file is neither a JSON list nor a JSON object"
            self._wrong(message, f"write {_WANTED}")
        else:
            message = "the file holds no text"
            self._findings.add(0, "empty_file", "error", message, "write conversations to it")

    def _of_object(self, walker: Walker) -> Iterator[tuple[int, object]]:
        start = walker.line()
        members = []
        for line, name in walker.members():
            if walker.peek() == "[":
                members.append(_Member(name, line, list(walker.items())))
            else:
                members.append(_Member(name, line, None, walker.value()))
        self._end_of_object(walker)
        whole = {member.name: member.plain for member in members}
        if is_one_row(whole):
            yield start, whole
            return
        if not any(member.holds_rows for member in members):
            names = listing(tuple(whole)) if whole else "nothing"
            self._wrong(f"an object with {names}, where rows are expected", f"write {_WANTED}")
            return
        for member in members:
            if member.holds_rows:
                yield from member.rows or ()
            elif any(isinstance(row, dict) for _, row in member.rows or ()):
                message = f"the objects under {excerpt(member.name, 30)} are not read"
                hint = f"put them under one of {', '.join(HOLDERS)}, or in a file of their own"
                self._findings.add(member.line, "wrong_format", "error", message, hint)

    def _end_of_object(self, walker: Walker) -> None:
        """Make sure that nothing follows; a second object is a slip of the name."""
        if walker.peek() == "{":
            message = "a second object follows the first: the file is JSON Lines, not JSON"
            self._wrong(message, "name it .jsonl", walker.line())
            walker.at = len(walker.text)
        walker.end()

    def _broken(self, broken: BrokenJson) -> None:
        hint = "copy the file again" if broken.kind == "truncated_json" else "correct the line"
        self._findings.add(broken.line, broken.kind, "error", broken.problem, hint)

    def _wrong(self, message: str, hint: str, line: int = 1) -> None:
        self._findings.add(line, "wrong_format", "error", message, hint)

    def _add(self, found: Finding) -> None:
        self._findings.add(
            found.line, found.kind, found.severity, found.message, found.hint, found.count
        )


def is_one_row(whole: dict[str, object]) -> bool:
    """Whether the outermost object is itself a conversation, and not the holder of many.

    One that gives the texts of each label (``{"messages": ["…"]}``) is neither.
    """
    for name in ("messages", "conversations"):
        if isinstance(held := whole.get(name), list):
            turns = [each for each in held if isinstance(each, dict)]
            return any({"role", "from"} & turn.keys() for turn in turns)
    return is_chat_row(whole)
