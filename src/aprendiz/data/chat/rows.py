"""From one parsed row to a conversation, or to everything that is wrong with it.

What is an error here, no service can learn from. What depends on the service (how many, how
long, how large) is for ``rules.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from aprendiz.data.chat.formats import foreign_format, graded
from aprendiz.data.chat.forms import (
    ANSWERS,
    PROTOCOL_KEYS,
    Ambiguous,
    Forms,
    Row,
    Turn,
    as_conversation,
    as_messages,
    asked_without_answer,
)
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.data.excerpt import excerpt, kind_of, listing
from aprendiz.data.positions import RepeatedKeys
from aprendiz.data.records import Severity

ROLES = ("system", "developer", "user", "assistant", "tool", "function")

_LINE_KEYS = ("messages", *PROTOCOL_KEYS)
_CALLS = ("tool_calls", "function_call")
_REST_OF: Mapping[str, tuple[str, ...]] = {
    "assistant": (*_CALLS, "refusal"),
    "tool": ("tool_call_id",),
}
# C0 and C1 control characters but for tab and line ends; NUL is told apart.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_EXAMPLE = '{"role": "user", "content": "…"}'


class Fault(NamedTuple):
    """A finding that does not know its file and line yet."""

    kind: str
    severity: Severity
    message: str
    hint: str


def conversation_of(
    value: object, file: str, line: int, forms: Forms = "every"
) -> tuple[Conversation | None, list[Fault]]:
    """The conversation a row holds, and its faults; None if one of them is an error."""
    if not isinstance(value, dict):
        hint = 'write an object: {"messages": […]}'
        if isinstance(value, list):
            hint = 'put the list into an object: {"messages": […]}'
        message = f"{kind_of(value)} where a conversation is expected"
        return None, [Fault("not_an_object", "error", message, hint)]
    if isinstance(value, RepeatedKeys):
        return None, [_repeated("the line", value)]
    row = _taken_apart(value, forms)
    if isinstance(row, Fault):
        return None, [row]
    faults: list[Fault] = []
    messages = []
    for turn in row.turns:
        met = list(_faults_of_message(turn))
        faults += met
        if not any(fault.severity == "error" for fault in met):
            assert isinstance(turn.message, dict)  # or there would be an error
            messages.append(_message(turn.message))
    roles = [
        turn.message.get("role") if isinstance(turn.message, dict) else None for turn in row.turns
    ]
    extra = tuple(row.fields) if forms == "protocol" else ()
    faults += _faults_of_order(roles, messages, row.rest, extra)
    if any(fault.severity == "error" for fault in faults):
        return None, faults
    rest, fields = _as_text(row.rest), _as_text(row.fields)
    return Conversation(tuple(messages), file, line, rest, fields), faults


def _taken_apart(value: Mapping[str, object], forms: Forms) -> Row | Fault:
    """The row in messages, or why that cannot be."""
    if "messages" not in value:
        return (
            _of_another_form(value) if forms == "every" else Fault(*_error(foreign_format(value)))
        )
    if (row := as_messages(value, present_only=forms == "every")) is not None:
        return row
    written = value["messages"]
    if not isinstance(written, list):
        message = f'"messages" is {kind_of(written)}, not a list'
        return Fault("messages_not_a_list", "error", message, f"write [{_EXAMPLE}, …]")
    message, hint = '"messages" is empty', "write at least a user's and an assistant's message"
    return Fault("no_message", "error", message, hint)


def _of_another_form(value: Mapping[str, object]) -> Row | Fault:
    """A row without ``messages``."""
    kind, message, hint = foreign_format(value)
    if kind == "dpo_format":
        return Fault(kind, "error", message, hint)
    try:
        row = as_conversation(value)
    except Ambiguous as ambiguous:
        hint = "keep one of them, or rename the others"
        return Fault("ambiguous_columns", "error", str(ambiguous), hint)
    if row is not None:
        return row
    if kind == "sharegpt_format":
        hint = "write at least a human's and a gpt's turn"
        return Fault("no_message", "error", '"conversations" is empty', hint)
    if asked := asked_without_answer(value):
        message = f"the row asks ({excerpt(asked, 30)}) and has no answer"
        hint = f"add one of {', '.join(ANSWERS[:4])}"
        return Fault("no_assistant", "error", message, hint)
    return Fault(kind, "error", message, hint)


def _message(written: Mapping[str, object]) -> Message:
    role, content, name = written["role"], written.get("content"), written.get("name")
    rest = {
        key: written[key] for key in _REST_OF.get(str(role), ()) if written.get(key) is not None
    }
    return Message(
        str(role),
        content if isinstance(content, str) else "",
        0 if written.get("weight") == 0 else 1,
        name if isinstance(name, str) else "",
        _as_text(rest),
    )


def _as_text(rest: Mapping[str, object]) -> str:
    return json.dumps(rest, ensure_ascii=False) if rest else ""


def _faults_of_message(turn: Turn) -> Iterator[Fault]:
    """What is wrong with one message by itself."""
    written, where, key = turn
    if not isinstance(written, dict):
        message = f"{where} is {kind_of(written)}, not an object"
        yield Fault("message_not_an_object", "error", message, f"write {_EXAMPLE}")
        return
    if isinstance(written, RepeatedKeys):
        yield _repeated(where, written)
        return
    role = written.get("role")
    if role is None:
        has = f"it has {listing(tuple(written))}" if written else "it is empty"
        message = f"{where} has no role; {has}"
        yield Fault("missing_role", "error", message, f"add one of {', '.join(ROLES)}")
    elif role not in ROLES:
        said = excerpt(role, 30) if isinstance(role, str) else kind_of(role)
        message = f"the role of {where} is {said}"
        yield Fault("unknown_role", "error", message, f"use one of {', '.join(ROLES)}")
    yield from _faults_of_fields(written, role, where)
    yield from _faults_of_content(written, where, key)


def _faults_of_fields(written: Mapping[str, object], role: object, where: str) -> Iterator[Fault]:
    allowed = {"role", "content", "name", "weight", *_REST_OF.get(str(role), ())}
    if role not in ROLES:  # whose fields are allowed depends on who speaks
        allowed |= {key for keys in _REST_OF.values() for key in keys}
    for key in written:
        if key not in allowed:
            message = f"{where} has a key {excerpt(key, 30)} that the protocol does not know there"
            yield Fault("unrecognised_key", "error", message, "remove it")
    if not isinstance(name := written.get("name"), str | None):
        message = f"the name in {where} is {kind_of(name)}"
        yield Fault("bad_name", "error", message, "a name must be a string")
    if "weight" in written:
        weight = written["weight"]
        if role in ROLES and role != "assistant":
            message = f"{where} is the {role}'s and has a weight; only an assistant's can have one"
            yield Fault("extra_weight", "error", message, "remove it")
        elif type(weight) is not int or weight not in (0, 1):
            said = repr(weight) if type(weight) in (int, float) else kind_of(weight)
            message = f"the weight of {where} is {said}, not the number 0 or 1"
            hint = "0 keeps the message out of what is learnt, 1 (or nothing) learns it"
            yield Fault("bad_weight", "error", message, hint)


def _faults_of_content(written: Mapping[str, object], where: str, key: str) -> Iterator[Fault]:
    content = written.get("content")
    if content is None:
        if not any(written.get(key) for key in _CALLS):
            message = f"{where} has no content"
            yield Fault("missing_content", "error", message, f'add "{key}": "…"')
        return
    if isinstance(content, list):
        yield _parts(content, where)
        return
    if not isinstance(content, str):
        message = f"the content of {where} is {kind_of(content)}"
        yield Fault("content_not_text", "error", message, "the content must be a string")
        return
    if not content.strip():
        if not any(written.get(key) for key in _CALLS):
            message = f"the content of {where} is empty"
            yield Fault("empty_content", "error", message, "write a text, or remove the line")
        return
    yield from _faults_of_text(content, where)


def _parts(content: list[object], where: str) -> Fault:
    """Content as a list of parts: pictures, sound, or pieces of text."""
    types = {str(part.get("type")) for part in content if isinstance(part, dict)} - {"text"}
    if types:
        message = f"the content of {where} has parts of type {listing(tuple(sorted(types)))}"
        hint = "pictures and sound cannot be learnt from here; leave the line out"
        return Fault("not_only_text", "error", message, hint)
    message = f"the content of {where} is a list of parts, not a text"
    return Fault("content_not_text", "error", message, "write the text of the parts as one string")


def _faults_of_text(text: str, where: str) -> Iterator[Fault]:
    if "\0" in text:
        message = f"{where} holds a NUL character: {excerpt(text)}"
        yield Fault("nul_character", "error", message, "remove the character")
    elif found := _CONTROL.search(text):
        message = f"{where} holds the control character U+{ord(found[0]):04X}: {excerpt(text)}"
        yield Fault("control_character", "warning", message, "remove it if it is there by mistake")
    if not text.isascii() and not _encodable(text):
        message = f"half a surrogate pair, which is no character, stands in {where}: "
        hint = "write the character itself or both its halves"
        yield Fault("half_surrogate", "error", message + excerpt(text), hint)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _faults_of_order(
    roles: list[object],
    messages: list[Message],
    rest: Mapping[str, object],
    extra: tuple[str, ...],
) -> Iterator[Fault]:
    """What is wrong between the messages of a row, and with the keys beside them.

    ``extra`` are those that the form does not allow.
    """
    if extra and roles[-1] == "user":
        yield Fault(*_error(graded(extra)))
        return
    for key in extra:
        message = f"the line has a key {excerpt(key, 30)} beside its messages"
        yield Fault("unrecognised_key", "error", message, f"only {listing(_LINE_KEYS)} are known")
    yield from _faults_of_tools(rest)
    if "assistant" not in roles:
        if all(role in ROLES for role in roles):
            message, hint = "no message is an assistant's", "add the answer that is to be learnt"
            yield Fault("no_assistant", "error", message, hint)
    elif roles[-1] in ROLES and roles[-1] != "assistant":
        message = f"the last message is the {roles[-1]}'s, not an assistant's"
        yield Fault("last_not_assistant", "error", message, "end with the answer to be learnt")
    elif len(messages) == len(roles) and not any(
        each.role == "assistant" and each.weight for each in messages
    ):
        message = "every assistant message has weight 0: there is nothing to learn"
        yield Fault("nothing_to_learn", "error", message, "give one the weight 1")
    yield from _odd_turns(roles)


def _faults_of_tools(rest: Mapping[str, object]) -> Iterator[Fault]:
    for key, wanted in (("tools", list), ("functions", list), ("parallel_tool_calls", bool)):
        if key in rest and not isinstance(rest[key], wanted):
            should = "a list" if wanted is list else "true or false"
            message = f'"{key}" is {kind_of(rest[key])}, not {should}'
            yield Fault("bad_tools", "error", message, "correct or remove it")


def _odd_turns(roles: list[object]) -> Iterator[Fault]:
    """Orders that the vendors take and that are seldom meant. At most one of each a row."""
    tasks = ("system", "developer")
    for number, role in enumerate(roles, start=1):
        if role in tasks and any(before not in tasks for before in roles[: number - 1]):
            message = f"message {number} is the {role}'s, after others have spoken"
            yield Fault("system_not_first", "warning", message, "put it first")
            break
    first = next((role for role in roles if role not in tasks), None)
    if first == "assistant" and "user" in roles:
        message, hint = "the assistant speaks before the user does", "begin with what is asked"
        yield Fault("assistant_first", "warning", message, hint)
    for number, (before, role) in enumerate(pairwise(roles), start=2):
        if role == before and role in (*tasks, "user", "assistant"):
            message = f"messages {number - 1} and {number} are both the {role}'s"
            yield Fault("same_role_twice", "warning", message, "join them if they are one turn")
            break


def _error(fault: tuple[str, str, str]) -> tuple[str, Severity, str, str]:
    return fault[0], "error", fault[1], fault[2]


def _repeated(where: str, value: Mapping[str, object]) -> Fault:
    message = f"{where} gives the same key twice (it has {listing(tuple(value))})"
    return Fault("repeated_key", "error", message, "keep one of the two")
