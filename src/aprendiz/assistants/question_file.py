"""Files of questions, with or without the answers that are right: read in whatever form they are.

Asking them is for ``questions.py``; conversations to learn from are for ``data/chat``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.data import check as checks
from aprendiz.data.chat.records import Message
from aprendiz.data.chat.rows import conversation_of
from aprendiz.data.excerpt import excerpt, listing
from aprendiz.data.positions import BrokenJson, Walker
from aprendiz.data.records import Finding
from aprendiz.errors import DataError

#: Names under which a row may hold its question, and the answer that is expected.
ASKED = ("question", "prompt", "instruction", "text")
EXPECTED = ("answer", "expected", "response", "output", "completion")

_HINT = 'write a text, {"question": …, "answer": …} or {"messages": [{"role": "user", …}, …]}'


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask.

    Attributes:
        messages: the conversation up to where the model is to speak.
        expected: the answer that is right, with or without working; ``None`` if not known.
        file: path it was read from, as the user gave it.
        line: 1-based.
    """

    messages: tuple[Message, ...]
    expected: str | None
    file: str
    line: int

    @property
    def text(self) -> str:
        """What was asked last."""
        return self.messages[-1].content


def read_questions(source: str | Path) -> list[Question]:
    """The questions of a file.

    ``.json`` holds a list (or one object), ``.jsonl`` one value a line; a value is a text, an
    object with a question and perhaps the expected answer, or a conversation (then what the
    assistant says last is expected). Any other file holds one question a line.

    Raises:
        DataError: the file cannot be read, or a row is none of these; carries every fault.
    """
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{source}: cannot be read ({why})", "give a UTF-8 text file") from None
    suffix = path.suffix.lower()
    if suffix in {".json", ".jsonl", ".ndjson"}:
        rows = _json_rows(text, one_a_line=suffix != ".json")
    else:
        rows = text_rows(text)
    found, faults = _questions(rows, str(source))
    checks.refuse(faults)
    if not found:
        raise DataError(f"{source}: holds no questions", "write one question a line")
    return found


def text_rows(text: str) -> Iterator[tuple[int, object]]:
    """Line number and text of every line that holds something."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()


def questions_in(text: str, source: str) -> list[Question]:
    """One question for every line of a text, such as what comes through a pipe."""
    return _questions(text_rows(text), source)[0]


def _json_rows(text: str, *, one_a_line: bool) -> Iterator[tuple[int, object]]:
    """Line and value of every row; the exception that ends them is a row of its own."""
    if one_a_line:
        for number, line in text_rows(text):
            try:
                yield number, json.loads(str(line))
            except (ValueError, RecursionError) as error:
                yield number, BrokenJson(number, str(error), "invalid_json")
        return
    walker = Walker(text)
    try:
        if walker.peek() == "[":
            yield from walker.items()
        elif walker.peek():
            yield walker.line(), walker.value()
        walker.end()
    except BrokenJson as broken:
        yield broken.line, broken


def _questions(
    rows: Iterable[tuple[int, object]], file: str
) -> tuple[list[Question], list[Finding]]:
    found: list[Question] = []
    faults: list[Finding] = []
    for line, value in rows:
        question = _question(value, file, line)
        if isinstance(question, Question):
            found.append(question)
        else:
            kind, message, hint = question
            faults.append(Finding(file, line, kind, "error", message, hint))
    return found, faults


def _question(value: object, file: str, line: int) -> Question | tuple[str, str, str]:
    """A row's question, or the kind, message and hint of what is wrong with it."""
    if isinstance(value, BrokenJson):
        return value.kind, f"this is not JSON: {value.problem}", "correct the line"
    if isinstance(value, str) and value.strip():
        return Question((Message("user", value.strip()),), None, file, line)
    if not isinstance(value, dict):
        return "no_question", f"{excerpt(json.dumps(value))} is no question", _HINT
    if "messages" in value or "conversations" in value:
        return _conversation(value, file, line)
    name = next((each for each in ASKED if each in value), "")
    asked = value.get(name)
    if not isinstance(asked, str) or not asked.strip():
        return "no_question", f"the row has no question; it has {listing(tuple(value))}", _HINT
    if name == "instruction" and isinstance(more := value.get("input"), str) and more.strip():
        asked = f"{asked.strip()}\n\n{more.strip()}"
    expected = next((value[each] for each in EXPECTED if value.get(each) is not None), None)
    return Question(
        (Message("user", asked.strip()),), None if expected is None else str(expected), file, line
    )


def _conversation(value: dict[str, Any], file: str, line: int) -> Question | tuple[str, str, str]:
    rows = value.get("messages")
    ends_with_user = (
        isinstance(rows, list)
        and bool(rows)
        and isinstance(rows[-1], dict)
        and rows[-1].get("role") == "user"
    )
    whole = value
    if ends_with_user:
        # The rules for what can be learnt from ask for an answer; here it is the model's to give.
        whole = {**value, "messages": [*rows, {"role": "assistant", "content": "?"}]}  # type: ignore[misc]
    conversation, faults = conversation_of(whole, file, line)
    if conversation is None or not conversation.question:
        fault = next((each for each in faults if each.severity == "error"), None)
        if fault is None:
            return "no_question", "nothing is said before the answer", _HINT
        return fault.kind, fault.message, fault.hint
    expected = None if ends_with_user else conversation.answer
    return Question(conversation.question, expected, file, line)
