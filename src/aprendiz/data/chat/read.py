"""From a JSON Lines file to conversations that know their line. The door of chat reading.

A line that cannot be used is never dropped in silence: it becomes a finding with its line.
What depends on the service that is to learn from the file is for ``rules.py``.
"""

from __future__ import annotations

from pathlib import Path

from aprendiz.data.chat.collect import Findings
from aprendiz.data.chat.lines import ChatFile
from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.rows import conversation_of


def read_conversations(source: str | Path) -> ChatReading:
    """Read a chat file: UTF-8 with or without byte-order mark, one conversation a line.

    The file is read line by line; beside the conversations themselves little memory is
    taken. Nothing is raised: a file that is not there is a finding too. An error in a line
    leaves it out of the conversations, a warning does not.
    """
    findings = Findings(str(source))
    file = ChatFile(source, findings)
    conversations: list[Conversation] = []
    for line, value in file.values():
        conversation, faults = conversation_of(value, str(source), line)
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
    )
