"""The forms in which a row can hold a conversation, each turned into messages.

``messages`` is the protocol's own; ``conversations`` with ``from`` and ``value`` is ShareGPT's;
a pair is an instruction and its response under one of several names. What stands in the
messages is checked in ``rows.py``, which quotes a turn as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from aprendiz.data.columns import LABEL_NAMES, TEXT_NAMES, fold
from aprendiz.data.excerpt import listing
from aprendiz.data.positions import RepeatedKeys

Forms = Literal["every", "protocol"]
"""Which forms are taken: ``every``, with further fields beside the conversation; or only
``{"messages": […]}`` in JSON Lines and nothing else, as the fine-tuning services take it."""

PROTOCOL_KEYS = ("tools", "parallel_tool_calls", "functions")
QUESTIONS = ("instruction", "question", "prompt", "query", "instruccion", "pregunta")
INPUTS = ("input", "context", "entrada", "contexto")
ANSWERS = ("response", "output", "answer", "completion", "respuesta", "salida")
SYSTEMS = ("system", "system_prompt")
SPOKEN = frozenset(("content", "value", *QUESTIONS, *INPUTS, *ANSWERS, *SYSTEMS))
"""Names under which something is said, in any of the forms."""

_SPEAKERS = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
    "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "function_call": "assistant", "system": "system", "developer": "developer",
    "tool": "tool", "observation": "tool", "function_response": "tool", "function": "function",
}  # fmt: skip


_folded = lru_cache(1_024)(fold)  # a file has the same few names in every row


class Turn(NamedTuple):
    """A message, and how its author would recognise it.

    Attributes:
        message: as the protocol writes it; anything, where the file has anything.
        where: what to call it: ``message 2``, ``turn 2``, ``'answer'``.
        key: under which what is said stands in the file.
    """

    message: object
    where: str
    key: str


@dataclass(frozen=True)
class Row:
    """A row taken apart.

    Attributes:
        turns: its messages, not looked at yet.
        rest: what belongs to the protocol beside them.
        fields: its further fields.
    """

    turns: list[Turn]
    rest: dict[str, object] = field(default_factory=dict)
    fields: dict[str, object] = field(default_factory=dict)


class Ambiguous(Exception):
    """A pair that could be read in two ways; says which fields those are."""


def as_messages(row: Mapping[str, object], *, present_only: bool) -> Row | None:
    """A row with ``messages``; ``None`` if that is no list with anything in it.

    Args:
        present_only: leave out the keys of a message that hold ``null``.
    """
    written = row.get("messages")
    if not isinstance(written, list) or not written:
        return None
    said = [_present_only(each) if present_only else each for each in written]
    return _row(row, _numbered(said), ("messages",))


def as_conversation(row: Mapping[str, object]) -> Row | None:
    """A row in a form other than the protocol's; ``None`` if it is in none of them.

    Raises:
        Ambiguous: the row is a pair with two questions or two answers.
    """
    written = row.get("conversations")
    if isinstance(written, list) and written:
        turns = [_sharegpt(each, number) for number, each in enumerate(written, start=1)]
        task, used = _system(row)
        return _row(row, [*task, *turns], ("conversations", *used))
    return _pair(row)


def asked_without_answer(row: Mapping[str, object]) -> str:
    """The name of the field with the question where a pair has no answer; else empty."""
    asked = _present(row, QUESTIONS)
    return asked[0] if asked and not _present(row, ANSWERS) else ""


def is_chat_row(row: Mapping[str, object]) -> bool:
    """Whether a row is a conversation and not a labelled text, in whatever form.

    A row that has a text column and a label column is a labelled text, though it has a
    question and an answer too; ``instruction`` and its answer are always a pair.
    """
    if any(isinstance(row.get(name), list) for name in ("messages", "conversations")):
        return True
    asked = _present(row, (*QUESTIONS, INPUTS[0]))
    if not asked or not _present(row, ANSWERS):
        return False
    names = {_folded(name) for name in row}
    labelled = bool(names & TEXT_NAMES and names & LABEL_NAMES)
    return not labelled or _folded(asked[0]) in ("instruction", "instruccion")


def _pair(row: Mapping[str, object]) -> Row | None:
    """Instruction and response: ``instruction`` [and ``input``] with ``response``, and the like."""
    asked, answered = _present(row, QUESTIONS), _present(row, ANSWERS)
    more = _present(row, INPUTS)
    if not asked and more and _folded(more[0]) == INPUTS[0]:
        asked, more = more[:1], more[1:]
    if not asked or not answered:
        return None
    for names in (asked, answered, more):
        if len(names) > 1:
            raise Ambiguous(f"{listing(tuple(names))} could each be meant")
    question, answer = row[asked[0]], row[answered[0]]
    task, used = _system(row)
    used = (*used, *asked, *answered)
    if isinstance(question, list) and isinstance(answer, list):  # TRL's conversational pairs
        turns = _numbered([_present_only(each) for each in (*question, *answer)])
        return _row(row, [*task, *turns], used)
    if more:
        used = (*used, *more)
        extra = row[more[0]]
        if isinstance(question, str) and isinstance(extra, str) and extra.strip():
            question = f"{question}\n\n{extra}"
        elif not isinstance(extra, str):
            question = extra  # of the wrong type, and to be named as such
    both = [_said("user", question, asked[0]), _said("assistant", answer, answered[0])]
    return _row(row, [*task, *both], used)


def _sharegpt(written: object, number: int) -> Turn:
    """A turn of ShareGPT's; one that is written with ``role`` and ``content`` is taken too."""
    where = f"turn {number}"
    if type(written) is not dict or "from" not in written:
        return Turn(_present_only(written), where, "content")
    speaker = written["from"]
    role = _SPEAKERS.get(speaker.strip().lower(), speaker) if isinstance(speaker, str) else speaker
    others = {key: value for key, value in written.items() if key not in ("from", "value")}
    message = {"role": role, "content": written.get("value"), **others}
    return Turn(_present_only(message), where, "value")


def _system(row: Mapping[str, object]) -> tuple[list[Turn], tuple[str, ...]]:
    """The task that a row gives beside its turns, and the name of its field."""
    names = _present(row, SYSTEMS)[:1]
    return [_said("system", row[name], name) for name in names if row[name] != ""], tuple(names)


def _numbered(messages: Sequence[object]) -> list[Turn]:
    return [Turn(each, f"message {n}", "content") for n, each in enumerate(messages, start=1)]


def _said(role: str, content: object, name: str) -> Turn:
    return Turn({"role": role, "content": content}, repr(name), name)


def _row(row: Mapping[str, object], turns: list[Turn], used: tuple[str, ...]) -> Row:
    known = {name: row[name] for name in PROTOCOL_KEYS if name in row}
    further = {name: value for name, value in row.items() if name not in used and name not in known}
    return Row(turns, known, further)


def _present(row: Mapping[str, object], names: tuple[str, ...]) -> list[str]:
    """The fields of a row that have one of the names, however it is spelled, and a value."""
    found = {_folded(name): name for name, value in row.items() if value is not None}
    return [found[name] for name in names if name in found]


def _present_only(message: object) -> object:
    """A message without the keys that hold nothing, as tables exported to JSON have them."""
    if type(message) is not dict or isinstance(message, RepeatedKeys):
        return message
    return {key: value for key, value in message.items() if value is not None}
