"""Whether a file holds conversations or labelled texts. Looks at its first lines only."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

_LINES = 5
_LONGEST = 1024 * 1024  # bytes of a line that are looked at
_FOREIGN = ({"prompt", "completion"}, {"preferred_output"}, {"non_preferred_output"})


def is_chat(file: str | Path) -> bool:
    """Whether one of the first lines of a JSON Lines file is a conversation, of any format.

    Formats that are told apart from supervised conversations only to be refused (ShareGPT,
    preferences, prompt and completion) count too: the chat reader names them best.
    """
    path = Path(file)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    if (suffixes[-2:-1] if gzipped else suffixes[-1:]) not in ([".jsonl"], [".ndjson"]):
        return False
    try:
        with gzip.open(path) if gzipped else path.open("rb") as opened:
            lines = [opened.readline(_LONGEST) for _ in range(_LINES)]
    except (OSError, ValueError, EOFError, zlib.error):
        return False
    if any(map(_is_conversation, lines)):
        return True
    # One JSON value over many lines, or a list: broken, but a chat file for all that.
    whole = lines[0].strip() in (b"{", b"[") or lines[0].lstrip().startswith(b"[{")
    return whole and any(b'"messages"' in line for line in lines)


def _is_conversation(line: bytes) -> bool:
    try:
        value = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        # A line cut short still shows what it was going to be.
        return line.lstrip(b"\xef\xbb\xbf \t").startswith((b'{"messages"', b'{ "messages"'))
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("messages"), list) or isinstance(value.get("conversations"), list):
        return True
    return any(keys <= set(value) for keys in _FOREIGN)
