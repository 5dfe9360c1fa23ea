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
    """A row of a chat file that can be learnt from; its last message is an assistant's.

    Attributes:
        messages: at least one.
        file: path it was read from, as the user gave it.
        line: 1-based line of the file on which the row starts.
        rest: what belongs to the protocol beside the messages, as JSON text (``tools``,
            ``parallel_tool_calls``, ``functions``), empty when there is nothing.
        fields: the row's further fields as JSON text (``concept``, ``language``, ``id`` …),
            empty when there are none. Nobody learns from them; :meth:`field` reads them.
    """

    messages: tuple[Message, ...]
    file: str
    line: int
    rest: str = ""
    fields: str = ""

    @property
    def answer(self) -> str:
        """What the last message says: the answer to be learnt."""
        return self.messages[-1].content

    @property
    def question(self) -> tuple[Message, ...]:
        """Everything before the answer."""
        return self.messages[:-1]

    def field(self, name: str) -> Any | None:
        """A further field of the row, such as ``concept``; ``None`` where it has none."""
        return self.further().get(name)

    def further(self) -> dict[str, Any]:
        """All further fields of the row; empty where it has none."""
        return dict(json.loads(self.fields)) if self.fields else {}

    def as_dict(self) -> dict[str, Any]:
        """The row as the protocol writes it, with its further fields."""
        row: dict[str, Any] = {"messages": [message.as_dict() for message in self.messages]}
        for more in (self.rest, self.fields):
            if more:
                row |= json.loads(more)
        return row


@dataclass(frozen=True, slots=True)
class ChatReading:
    """What reading a chat file gave.

    Attributes:
        source: path, as the user gave it.
        conversations: the usable rows, in the order of the file.
        findings: everything else that was met, by line.
        bytes: size of the file.
        bom: whether it starts with a byte-order mark.
        rows: rows of the file, usable or not.
        format: ``jsonl`` or ``json``.
    """

    source: str
    conversations: tuple[Conversation, ...]
    findings: tuple[Finding, ...]
    bytes: int
    bom: bool
    rows: int = 0
    format: str = "jsonl"

    def in_words(self) -> str:
        """Source and usable conversations, in one line for a person."""
        return f"{self.source}: {len(self.conversations):,} conversations"
