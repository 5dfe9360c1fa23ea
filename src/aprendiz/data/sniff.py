"""Whether a file holds conversations or labelled texts. Looks at its beginning only."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from aprendiz.data.chat.document import HOLDERS, is_one_row
from aprendiz.data.chat.forms import is_chat_row
from aprendiz.data.columns import fold
from aprendiz.data.positions import BrokenJson, Walker

_ROWS = 5
_LONGEST = 1024 * 1024  # bytes of a line, or of a JSON document, that are looked at
_FOREIGN = ({"prompt", "completion"}, {"preferred_output"}, {"non_preferred_output"})
_BOM = b"\xef\xbb\xbf"


def is_chat(file: str | Path) -> bool:
    """Whether one of the first rows of a JSON or JSON Lines file is a conversation, of any form.

    Formats that are told apart from supervised conversations only to be refused (preferences)
    count too: the chat reader names them best. A row with a text and a label column is a
    labelled text, whatever else it has.
    """
    path = Path(file)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    promised = (suffixes[-2:-1] if gzipped else suffixes[-1:]) or [""]
    if promised[0] not in (".json", ".jsonl", ".ndjson"):
        return False
    try:
        with gzip.open(path) if gzipped else path.open("rb") as opened:
            if promised[0] == ".json":
                return _holds_chats(opened.read(_LONGEST))
            lines = [opened.readline(_LONGEST) for _ in range(_ROWS)]
    except (OSError, ValueError, EOFError, zlib.error):
        return False
    if any(map(_is_conversation, lines)):
        return True
    # One JSON value over many lines, or a list: broken, but a chat file for all that.
    whole = lines[0].strip() in (b"{", b"[") or lines[0].lstrip().startswith(b"[{")
    return whole and any(b'"messages"' in line for line in lines)


def _is_conversation(line: bytes) -> bool:
    try:
        value = json.loads(line.removeprefix(_BOM))
    except (ValueError, RecursionError):
        # A line cut short still shows what it was going to be.
        return line.lstrip(_BOM + b" \t").startswith((b'{"messages"', b'{ "messages"'))
    return _is_chat_row(value)


def _is_chat_row(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return is_chat_row(value) or any(keys <= set(value) for keys in _FOREIGN)


def _holds_chats(head: bytes) -> bool:
    """Whether the beginning of a JSON document shows conversations."""
    rows = 0
    try:
        for row in _rows(Walker(head.removeprefix(_BOM).decode("utf-8", "ignore"))):
            if _is_chat_row(row):
                return True
            rows += 1
            if rows == _ROWS:
                break
    except (BrokenJson, RecursionError):  # broken, or cut by the limit of what is looked at
        pass
    return False


def _rows(walker: Walker) -> Iterator[object]:
    """The rows of a list, or of the lists that an object holds; an object that is one row."""
    if walker.peek() == "[":
        yield from (row for _, row in walker.items())
    elif walker.peek() == "{":
        whole: dict[str, object] = {}
        for _, name in walker.members():
            if fold(name) in HOLDERS and walker.peek() == "[":
                whole[name] = rows = []
                for _, row in walker.items():
                    rows.append(row)
                    yield row
            else:
                whole[name] = walker.value()
        if is_one_row(whole):
            yield whole
