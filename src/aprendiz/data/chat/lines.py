"""From a chat file to its lines, parsed: what each line of JSON Lines holds, one at a time.

Bytes, encodings and JSON are dealt with here; what the values mean is for ``rows.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aprendiz.data.chat.collect import Findings
from aprendiz.data.files import identify, utf16_order
from aprendiz.data.positions import DECODER, describe

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a line that are read; a longer one is no conversation that any model takes."""

_ONE_A_LINE = "every conversation must stand on one line of its own"
_GUNZIP = "unpack it with gunzip"


class ChatFile:
    """A chat file while it is read.

    Attributes:
        bytes: read so far, line ends and byte-order mark included.
        bom: whether it starts with a byte-order mark.
        rows: lines so far that hold something.
    """

    format = "jsonl"

    def __init__(self, source: str | Path, findings: Findings) -> None:
        self.bytes = 0
        self.bom = False
        self.rows = 0
        self._path = Path(source)
        self._findings = findings
        self._broken = ("", "", 0)  # message, hint and line of the first line that is not JSON

    def values(self) -> Iterator[tuple[int, object]]:
        """Line number and value of every line that is JSON; the others become findings."""
        try:
            with self._path.open("rb") as file:
                if self._readable(file):
                    yield from self._values(file)
        except FileNotFoundError:
            self._about_file("missing_file", "there is no such file", "check the path")
        except IsADirectoryError:
            self._about_file("not_a_file", "this is a folder, not a file", "give a file in it")
        except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
            why = (getattr(error, "strerror", None) or str(error)).lower()
            self._about_file("unreadable_file", f"the file cannot be read: {why}", "")

    def _readable(self, file: BinaryIO) -> bool:
        """Whether this can be JSON Lines at all; leaves the file at its beginning."""
        head = file.read(8192)
        file.seek(0)
        if not head:
            self._about_file("empty_file", "the file is empty", "write conversations to it")
            return False
        if (order := utf16_order(head)) is not None:
            self.bytes = self._path.stat().st_size
            message = f"the file is encoded as {order.upper()}, not as UTF-8"
            self._findings.add(1, "encoding", "error", message, "save it as UTF-8")
            return False
        if (looks := identify(head)) is not None:
            self.bytes = self._path.stat().st_size
            name, hint = looks
            message = f"the file is {name}, not JSON Lines"
            hint = _GUNZIP if name.startswith("gzip") else hint
            self._findings.add(1, "wrong_format", "error", message, hint)
            return False
        return True

    def _values(self, file: BinaryIO) -> Iterator[tuple[int, object]]:
        parsed = 0
        for line, raw in self._lines(file):
            text = self._decoded(line, raw)
            if text is None or not self._worth_parsing(line, text):
                continue
            if self.rows == 1 and self._one_value(line, text):
                self.bytes = self._path.stat().st_size
                return
            try:
                value = DECODER.decode(text)
            except (ValueError, RecursionError) as error:
                self._not_json(line, text, error)
            else:
                parsed += 1
                yield line, value
        if not self.rows:
            self._about_file("empty_file", "the file holds no text", "write conversations to it")
        elif not parsed and self._findings.of_kind("invalid_json") == self.rows > 1:
            self._nothing_was_json()

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Number and bytes of each line, without the mark at the start of the file."""
        line = 0
        while raw := file.readline(LONGEST_LINE + 1):
            line += 1
            size = len(raw)
            if line == 1 and raw.startswith(BOM):
                self.bom = True
                raw = raw[len(BOM) :]
            if size > LONGEST_LINE:
                while not raw.endswith(b"\n") and (more := file.readline(LONGEST_LINE)):
                    size += len(more)
                    raw = more
                self.rows += 1
                message = f"the line has {size:,} bytes; the longest that is read has 16 MiB"
                self._findings.add(line, "line_too_long", "error", message, _ONE_A_LINE)
            else:
                yield line, raw
            self.bytes += size

    def _decoded(self, line: int, raw: bytes) -> str | None:
        try:
            return raw.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            self.rows += 1
            at = error.start
            before = 0 if line > 1 or not self.bom else len(BOM)
            message = (
                f"byte 0x{raw[at]:02X} is not UTF-8 (byte {at + 1 + before} of the line, "
                f"offset {self.bytes + at + before})"
            )
            hint = "save the file as UTF-8 in the program that wrote it"
            self._findings.add(line, "encoding", "error", message, hint)
            return None

    def _worth_parsing(self, line: int, text: str) -> bool:
        if not text.strip():
            message = "the line is blank"
            self._findings.add(line, "blank_line", "warning", message, "remove it")
            return False
        self.rows += 1
        if text.startswith("\ufeff"):
            message = "a byte-order mark stands in the middle of the file, as after joining two"
            hint = "remove the mark; only the first line may have one"
            self._findings.add(line, "stray_bom", "error", message, hint)
            return False
        return True

    def _one_value(self, line: int, text: str) -> bool:
        """Whether the first line shows a file that is one JSON value, not one a line."""
        start = text.strip()
        if start == "{":
            kind, message = "json_over_lines", "a conversation begins here and goes on below"
            hint = f"{_ONE_A_LINE}: jq -c . FILE > lines.jsonl"
        elif start.startswith("[") and _is_list_of_lines(start):
            kind, message = "json_array", "the file is one JSON list, not JSON Lines"
            hint = f"{_ONE_A_LINE}: jq -c '.[]' FILE > lines.jsonl"
        else:
            return False
        self._findings.add(line, kind, "error", message, hint)
        return True

    def _not_json(self, line: int, text: str, error: Exception) -> None:
        kind, problem, hint = "invalid_json", str(error), _ONE_A_LINE
        if isinstance(error, RecursionError):
            problem = "it is nested too deeply"
        if isinstance(error, json.JSONDecodeError):
            at = error.pos
            if text[at : at + 1] == "\0":
                kind, problem, hint = "nul_character", "a NUL character", "remove it"
            elif error.msg.startswith("Unterminated string") or not text[at:].strip():
                problem = "the line ends in the middle of a value that goes on from here"
            elif error.msg == "Extra data":
                problem = "something follows the end of the object"
            else:
                problem, hint = describe(error.msg, text, at), "correct the line"
            problem += f" (column {at + 1})"
        message = f"this is not JSON: {problem}"
        if not self._broken[2]:
            self._broken = (message, hint, line)
        self._findings.add(line, kind, "error", message, hint)

    def _nothing_was_json(self) -> None:
        """Say it once when not a single line was JSON: another format, a wrong name."""
        message, _, line = self._broken
        message = f"none of the {self.rows:,} lines is JSON; the first: {message}"
        hint = f"give a JSON Lines file; {_ONE_A_LINE}"
        self._findings.forget("invalid_json")
        self._findings.add(line, "invalid_json", "error", message, hint, count=self.rows)

    def _about_file(self, kind: str, message: str, hint: str) -> None:
        self._findings.add(0, kind, "error", message, hint)


def _is_list_of_lines(start: str) -> bool:
    """Whether a text that begins with a bracket opens a list of conversations.

    A complete list of messages on one line is a line whose author forgot the object.
    """
    try:
        value = json.loads(start)
    except (ValueError, RecursionError):
        return True
    return not value or any(isinstance(each, dict) and "role" not in each for each in value)
