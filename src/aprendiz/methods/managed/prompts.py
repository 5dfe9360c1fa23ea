"""Labelled texts as the conversations that a provider learns from, and the file they go in.

The same cleaning and the same system message serve training and prediction: a model is
asked exactly as it was taught.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aprendiz.data.chat.labels import system_prompt, to_conversation
from aprendiz.data.chat.records import Conversation
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.records import Example
from aprendiz.methods.managed.recipe import ManagedRecipe

#: A text is cut here: its first pages decide, and every character is paid for.
MOST_CHARACTERS = 20_000

# No JSON parser or tokeniser is to be trusted with half a surrogate pair or a NUL.
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """A text that can be sent: cut to ``MOST_CHARACTERS``, unsendable characters replaced."""
    return _UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", text[:MOST_CHARACTERS])


def task(recipe: ManagedRecipe, labels: Sequence[str]) -> str:
    """The system message in force: the recipe's own, or one built from the labels."""
    return recipe.system_prompt or system_prompt(labels, recipe.language)


def conversations(rows: Iterable[Example], system: str) -> tuple[Conversation, ...]:
    """Each row as system, user and assistant message; file and line stay with it."""
    return tuple(
        to_conversation(replace(row, text=clean(row.text), label=clean(row.label)), system)
        for row in rows
    )


def write(path: Path, rows: Iterable[Example], system: str, *, bom: bool) -> Path:
    """Write rows as a chat file; gives the path back."""
    write_conversations(path, conversations(rows, system), bom=bom)
    return path
