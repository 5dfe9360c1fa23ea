"""Dividing conversations: the split of labelled texts, by what is asked first.

``data/split.py`` does the work. Here is only what a conversation is divided by, which group it
belongs to, and the sentence that tells people what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from aprendiz.data.chat.questions import STRATA, same_questions, to_divide
from aprendiz.data.chat.records import Conversation
from aprendiz.data.check import refuse
from aprendiz.data.frozen import Frozen, Rule
from aprendiz.data.near import Progress
from aprendiz.data.records import Finding
from aprendiz.data.split import LEFT_OUT, Division, divide


def divide_chats(
    conversations: Sequence[Conversation],
    rule: Rule,
    *,
    frozen: Frozen | None = None,
    progress: Progress | None = None,
) -> Division:
    """Put every conversation on a side; ``questions.conversations_of`` takes them out again.

    Args:
        conversations: all of them; every part keeps their order.
        rule: seed, shares, and the field whose equal values stay together.
        frozen: an earlier split, whose conversations stay.
        progress: told how far the search for near duplicates has come.

    Raises:
        DataError: a conversation has no value in the field to group by.
        RecipeError: a share is out of range.
    """
    groups = _groups(conversations, rule.group) if rule.group else None
    return divide(
        to_divide(conversations),
        rule,
        frozen=frozen,
        groups=groups,
        progress=progress,
        alike=same_questions,
    )


def _groups(conversations: Sequence[Conversation], name: str) -> list[str]:
    values = [each.field(name) for each in conversations]
    message = f"the row has no value in the field to group by, {name!r}"
    hint = f"give every row a value in {name!r}, or leave out --group"
    refuse(
        Finding(each.file, each.line, "missing_group", "error", message, hint)
        for each, value in zip(conversations, values, strict=True)
        if value is None
    )
    return [str(value) for value in values]


def describe_chat_split(
    train: Sequence[Conversation],
    held_out: Sequence[Conversation],
    *,
    holdout: float,
    seed: int,
) -> str:
    """How a split came about, in one sentence.

    For example: ``20 % of the conversations held out with seed 13: 480 conversations
    (12 concepts) to train, 120 conversations (12 concepts) for validation.``
    """
    if not held_out:
        return f"Nothing held out: {count_chats(train)} to train."
    alike = next((name for name in STRATA if any(each.field(name) for each in train)), None)
    of_what = f"of each {alike}" if alike else "of the conversations"
    return (
        f"{holdout * 100:g} % {of_what} held out with seed {seed}: "
        f"{count_chats(train)} to train, {count_chats(held_out)} for validation."
    )


def describe_chat_division(division: Division, source: str) -> str:
    """What a frozen split made of the conversations, in one sentence."""
    parts = division.parts
    told = [f"{len(parts['train']):,} conversations to train"]
    told += [f"{len(parts[part]):,} for {part}" for part in ("validation", "test") if parts[part]]
    if parts[LEFT_OUT]:
        told.append(f"{len(parts[LEFT_OUT]):,} left out between two sides")
    new = f"; {division.new:,} are new to it" if division.new else ""
    return f"Split frozen in {source} (seed {division.frozen.rule.seed}): {', '.join(told)}{new}."


def count_chats(conversations: Sequence[Conversation]) -> str:
    """How many there are, such as ``480 conversations (12 concepts)``."""
    number = len(conversations)
    said = "1 conversation" if number == 1 else f"{number:,} conversations"
    concepts = {str(each.field("concept")) for each in conversations} - {"None"}
    if not concepts:
        return said
    return f"{said} ({'1 concept' if len(concepts) == 1 else f'{len(concepts)} concepts'})"
