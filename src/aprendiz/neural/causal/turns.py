"""Whether there is anything to answer in a conversation. Loads no library."""

from __future__ import annotations

from collections.abc import Sequence

from aprendiz.data.chat.records import Message
from aprendiz.errors import ChatError


def check_messages(messages: Sequence[Message]) -> None:
    """Return if there is something to answer.

    Raises:
        ChatError: no messages, or the last one is the assistant's own, or empty.
    """
    if not messages:
        raise ChatError("the conversation is empty", "give at least one user message")
    last = messages[-1]
    if last.role == "assistant":
        raise ChatError(
            "the conversation ends with the assistant's own message; there is nothing to answer",
            "end it with a user message",
        )
    if not last.content.strip() and not last.rest:
        raise ChatError(f"the last message ({last.role}) is empty", "write a question")
