"""Conversations to a JSON Lines file, as the fine-tuning protocol takes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from aprendiz.data.chat.records import Conversation
from aprendiz.errors import DataError


def write_conversations(
    path: str | Path, conversations: Iterable[Conversation], *, bom: bool = False
) -> None:
    """Write one conversation a line, in UTF-8; the file appears whole or not at all.

    Args:
        path: the file; replaced if it is there. Its folder must exist.
        conversations: taken one by one, so they may come from a generator.
        bom: start with a byte-order mark, which Azure's documentation asks for.

    Raises:
        DataError: a text holds half a surrogate pair, which no encoding can write.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.partial")
    try:
        with aside.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="\n") as file:
            for number, conversation in enumerate(conversations, start=1):
                file.write(_line(path, number, conversation))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _line(path: Path, number: int, conversation: Conversation) -> str:
    text = json.dumps(conversation.as_dict(), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"conversation {number} cannot be written to {path}: "
            "it holds half a surrogate pair, which is no character",
            "write the character itself or both its halves",
        ) from None
    return text + "\n"
