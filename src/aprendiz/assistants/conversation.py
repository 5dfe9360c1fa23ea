"""Conversations kept as JSON files: written whole or not at all, and opened again.

A file is one object::

    {
      "format": 1,
      "model": "maths",
      "saved": "2025-03-04T10:11:12Z",
      "messages": [
        {"role": "system", "content": "Answer with your working."},
        {"role": "user", "content": "15 % of 80?"},
        {"role": "assistant", "content": "80 × 15 = 1200\n…"}
      ]
    }

``messages`` is all that has to be there, so a file from elsewhere opens too, and the object
on one line is a row that can be learnt from. Many conversations in a file are for
``data/chat``; lists of questions are for ``questions.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aprendiz.data.chat.records import Message
from aprendiz.data.records import Finding
from aprendiz.errors import DataError

FORMAT = 1
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_KNOWN = {"role", "content", "name", "weight"}


@dataclass(frozen=True, slots=True)
class SavedConversation:
    """A conversation as it lies on disk.

    Attributes:
        messages: in order; at least one.
        model: the name of the model that answered; empty where the file does not say.
        saved: UTC time in ISO 8601; empty where the file does not say.
    """

    messages: tuple[Message, ...]
    model: str = ""
    saved: str = ""


def save(path: Path, messages: Sequence[Message], model: str) -> SavedConversation:
    """Write a conversation; whoever reads the file meanwhile sees the old one or the new one.

    Args:
        path: its folder is made where it is missing.
        messages: in order.
        model: the name of the model that answered.

    Raises:
        DataError: the file cannot be written.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {
        "format": FORMAT,
        "model": model,
        "saved": now,
        "messages": [message.as_dict() for message in messages],
    }
    # A terminal can hand over half a surrogate pair, which no encoding can write.
    text = json.dumps(told, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.partial")
        try:
            with aside.open("wb") as file:
                file.write(text + b"\n")
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        why = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"{path}: the conversation cannot be saved ({why})", "choose another file"
        ) from None
    return SavedConversation(tuple(messages), model, now)


def open_saved(path: Path) -> SavedConversation:
    """Read a conversation that :func:`save` wrote, or any JSON object with ``messages``.

    Raises:
        DataError: it is not there or damaged; says where and why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _damaged(path, 0, f"cannot be read ({why})", "check the path") from None
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        cut = not text[error.pos :].strip()
        why = "the file ends in the middle" if cut else f"not JSON: {error.msg}"
        raise _damaged(path, error.lineno, why, "open another one, or correct the file") from None
    except RecursionError:
        raise _damaged(path, 1, "not a conversation: nested too deeply", "") from None
    if not isinstance(values, dict) or not isinstance(values.get("messages"), list):
        raise _damaged(
            path, 1, 'not a conversation: it has no list "messages"', "give a file that /save wrote"
        )
    found = values.get("format", FORMAT)
    if found != FORMAT:
        raise _damaged(
            path, 1, f"in format {found!r}; this version reads format {FORMAT}",
            "use the aprendiz version that saved it",
        )  # fmt: skip
    messages = tuple(
        _message(path, number, row) for number, row in enumerate(values["messages"], start=1)
    )
    if not messages:
        raise _damaged(path, 1, "holds no messages", "open another one")
    return SavedConversation(messages, _text(values, "model"), _text(values, "saved"))


def _message(path: Path, number: int, row: Any) -> Message:
    role, content = (row.get("role"), row.get("content")) if isinstance(row, dict) else (None, None)
    where = f"message {number}"
    if role not in ROLES:
        raise _damaged(
            path, 0, f"{where}: its role is {role!r}", f"a role is one of: {', '.join(ROLES)}"
        )
    rest = {name: value for name, value in row.items() if name not in _KNOWN}
    if content is None and rest:
        content = ""
    if not isinstance(content, str):
        raise _damaged(path, 0, f"{where}: its content is no text", "write a string")
    return Message(
        role,
        content,
        weight=0 if row.get("weight") == 0 else 1,
        name=_text(row, "name"),
        rest=json.dumps(rest, ensure_ascii=False) if rest else "",
    )


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _damaged(path: Path, line: int, why: str, hint: str) -> DataError:
    place = f"{path}:{line}" if line else str(path)
    return DataError(
        f"{place}: {why}",
        hint,
        [Finding(str(path), line, "saved_conversation", "error", why, hint)],
    )
