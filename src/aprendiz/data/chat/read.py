"""From a file to conversations that know their line. The door of chat reading.

A row that cannot be used is never dropped in silence: it becomes a finding with its line.
What depends on the service that is to learn from the file is for ``rules.py``.
"""

from __future__ import annotations

from pathlib import Path

from aprendiz.data.chat.collect import Findings
from aprendiz.data.chat.document import ChatDocument
from aprendiz.data.chat.forms import Forms
from aprendiz.data.chat.lines import ChatFile
from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.rows import conversation_of


def read_conversations(source: str | Path, forms: Forms = "every") -> ChatReading:
    """Read a chat file.

    With ``forms="every"`` a row is ``{"messages": […]}``, ShareGPT's ``{"conversations": […]}``
    or a pair (``instruction`` [and ``input``] with ``response``, ``question`` with ``answer``,
    ``prompt`` with ``completion`` …), with further fields or without, which
    ``Conversation.field`` gives. The file is JSON Lines, or ``.json`` with a list of rows or
    an object that holds one.

    With ``forms="protocol"`` it is what the fine-tuning services take: JSON Lines of
    ``{"messages": […]}`` and nothing else, whatever the file is called.

    JSON Lines are read line by line; beside the conversations themselves little memory is
    taken. Nothing is raised: a file that is not there is a finding too. An error in a row
    leaves it out of the conversations, a warning does not.

    Args:
        source: the file, in UTF-8 with or without byte-order mark.
        forms: which forms of rows are taken.
    """
    findings = Findings(str(source))
    file = open_chats(source, findings, forms)
    conversations: list[Conversation] = []
    for line, value in file.values():
        conversation, faults = conversation_of(value, str(source), line, forms)
        for fault in faults:
            findings.add(line, *fault)
        if conversation is not None:
            conversations.append(conversation)
    return ChatReading(
        source=str(source),
        conversations=tuple(conversations),
        findings=findings.in_order(),
        bytes=file.bytes,
        bom=file.bom,
        rows=file.rows,
        format=file.format,
    )


def open_chats(
    source: str | Path, findings: Findings, forms: Forms = "every"
) -> ChatFile | ChatDocument:
    """A file whose rows come one at a time with their lines; its faults go to ``findings``."""
    if forms == "every" and is_document(source):
        return ChatDocument(source, findings)
    return ChatFile(source, findings)


def is_document(source: str | Path) -> bool:
    """Whether the name promises one JSON value rather than one a line."""
    return str(source).lower().removesuffix(".gz").endswith(".json")
