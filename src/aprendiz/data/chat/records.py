"""The plain values of chat data: messages, conversations, and what reading a file gave.

Only values. Reading is for ``read.py``, the vendors' rules are for ``rules.py``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aprendiz.data.records import Finding


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: ``system``, ``developer``, ``user``, ``assistant``, ``tool`` or ``function``.
        content: what was said, exactly as written; empty only where ``rest`` holds a call.
        weight: 0 keeps an assistant's message out of the loss; 1 everywhere else.
        name: who speaks, where the file says so; else empty.
        rest: the message's other fields as JSON text (``tool_calls``, ``tool_call_id`` …),
            empty when there are none. Text, so that messages can be compared and hashed.
    """

    role: str
    content: str
    weight: int = 1
    name: str = ""
    rest: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The message as the protocol writes it; what has its default is left out."""
        fields: dict[str, Any] = {"role": self.role}
        if self.content or not self.rest:
            fields["content"] = self.content
        if self.name:
            fields["name"] = self.name
        if self.weight == 0:
            fields["weight"] = 0
        if self.rest:
            fields |= json.loads(self.rest)
        return fields


@dataclass(frozen=True, slots=True)
class Conversation:
    """A line of a chat file that can be learnt from; its last message is an assistant's.

    Attributes:
        messages: at least one.
        file: path it was read from, as the user gave it.
        line: 1-based line of the file.
        rest: the line's other fields as JSON text (``tools``, ``parallel_tool_calls``,
            ``functions``), empty when there are none.
    """

    messages: tuple[Message, ...]
    file: str
    line: int
    rest: str = ""

    @property
    def answer(self) -> str:
        """What the last message says: the answer to be learnt."""
        return self.messages[-1].content

    @property
    def question(self) -> tuple[Message, ...]:
        """Everything before the answer."""
        return self.messages[:-1]

    def as_dict(self) -> dict[str, Any]:
        """The line as the protocol writes it."""
        fields: dict[str, Any] = {"messages": [message.as_dict() for message in self.messages]}
        if self.rest:
            fields |= json.loads(self.rest)
        return fields


@dataclass(frozen=True, slots=True)
class ChatReading:
    """What reading a chat file gave.

    Attributes:
        source: path, as the user gave it.
        conversations: the usable lines, in the order of the file.
        findings: everything else that was met, by line.
        bytes: size of the file.
        bom: whether it starts with a byte-order mark.
        rows: lines that hold something, usable or not.
    """

    source: str
    conversations: tuple[Conversation, ...]
    findings: tuple[Finding, ...]
    bytes: int
    bom: bool
    rows: int = 0
