"""The same conversation again: repeats, contradictions, and questions on both sides of a split.

What is compared is what is asked: everything before the answer but the system messages, and
only with what has the same figures (``questions.py``): where numbers differ, questions do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aprendiz.data.chat.labels import closed_set, text_of
from aprendiz.data.chat.questions import figures, spelled
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.data.checks.copies import in_words
from aprendiz.data.excerpt import excerpt
from aprendiz.data.near import Progress, links, near_pairs, normal_form
from aprendiz.data.records import Finding


def duplicates(conversations: Iterable[Conversation]) -> Iterator[Finding]:
    """Conversations that repeat an earlier one word for word."""
    seen: dict[tuple[tuple[Message, ...], str], Conversation] = {}
    for each in conversations:
        first = seen.setdefault((each.messages, each.rest), each)
        if first is not each:
            message = f"repeats {_at(first, each)}: {excerpt(_last_said(each))}"
            yield _about(each, "duplicate", message, "remove the repeat")


def answer_conflicts(conversations: Sequence[Conversation]) -> Iterator[Finding]:
    """Conversations that ask what an earlier one asks and are answered otherwise.

    Nothing is said where the answers are labels: those have their own finding.
    """
    if closed_set(conversations):
        return
    seen: dict[tuple[str, ...], Conversation] = {}
    for each in conversations:
        key = tuple(f"{turn.role}:{normal_form(spelled(turn.content))}" for turn in each.question)
        first = seen.setdefault(key, each)
        if key and first.answer.strip() != each.answer.strip():
            message = (
                f"{excerpt(_last_said(each))} is asked at {_at(first, each)} too, and answered "
                f"{excerpt(first.answer, 40)} there, {excerpt(each.answer, 40)} here"
            )
            hint = "keep both only if both are right"
            yield _about(each, "answer_conflict", message, hint)


def leaks(train: Iterable[Conversation], held_out: Iterable[Conversation]) -> Iterator[Finding]:
    """Held-out conversations whose question was learnt: their score says nothing."""
    learnt: dict[str, list[Conversation]] = {}
    for each in train:
        learnt.setdefault(text_of(each.question), []).append(each)
    for each in held_out:
        if there := learnt.get(text_of(each.question)):
            first = next((one for one in there if one.answer == each.answer), there[0])
            other = "" if first.answer == each.answer else ", with another answer there"
            message = (
                f"{excerpt(_last_said(each))} is also in the training data "
                f"({_at(first, each)}{other})"
            )
            yield _about(each, "leak", message, "remove it from one of the two")


def near_copies(
    conversations: Iterable[Conversation], progress: Progress | None = None
) -> Iterator[Finding]:
    """Conversations that ask nearly what another one asks, with the same figures."""
    rows = _asking(conversations)
    texts, kinds = _compared(rows)
    for link in links(texts, progress=progress, kinds=kinds):
        (text, row), (other, there) = rows[link.index], rows[link.other]
        if text != other:  # told by duplicates and answer_conflicts
            message = f"{in_words(_at(there, row), link.similarity)}: {excerpt(text)}"
            hint = "keep the copies only if people really write both"
            yield _about(row, "near_duplicate", message, hint)


def near_leaks(
    train: Iterable[Conversation], held_out: Iterable[Conversation]
) -> Iterator[Finding]:
    """Held-out conversations that ask nearly what was learnt, with the same figures."""
    learnt = _asking(train)
    exact = {text for text, _ in learnt}
    measured = [pair for pair in _asking(held_out) if pair[0] not in exact]
    left, right = _compared(measured), _compared(learnt)
    for pair in near_pairs(left[0], right[0], kinds=(left[1], right[1])):
        (text, row), (other, there) = measured[pair.left], learnt[pair.right]
        message = (
            f"{excerpt(text)} {in_words('the training data', pair.similarity)} "
            f"({_at(there, row)}: {excerpt(other)})"
        )
        hint = "remove it from one of the two, or measure without it besides"
        yield _about(row, "near_leak", message, hint)


def _compared(rows: Sequence[tuple[str, Conversation]]) -> tuple[list[str], list[str]]:
    """What is compared of each: the text, and the figures that must be equal."""
    return [spelled(text) for text, _ in rows], [figures(text) for text, _ in rows]


def _asking(conversations: Iterable[Conversation]) -> list[tuple[str, Conversation]]:
    """What is asked in each conversation as one text, where anything is."""
    return [(text, each) for each in conversations if (text := text_of(each.question))]


def _last_said(conversation: Conversation) -> str:
    """What tells a conversation from others at a glance: the last thing said before the answer."""
    return conversation.messages[-2 if len(conversation.messages) > 1 else -1].content


def _about(conversation: Conversation, kind: str, message: str, hint: str) -> Finding:
    return Finding(conversation.file, conversation.line, kind, "warning", message, hint)


def _at(there: Conversation, seen_from: Conversation) -> str:
    if there.file == seen_from.file:
        return f"line {there.line}"
    return f"{there.file}:{there.line}"
