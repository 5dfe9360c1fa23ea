"""What a model is asked on both sides of an export: held-out questions, or built-in ones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from aprendiz.data.chat.records import Message
from aprendiz.errors import DataError

#: The questions that a model folder keeps of its held-out conversations.
NAME = "prompts.jsonl"
COUNT = 100

Prompt = tuple[Message, ...]

# Asked of models that bring no questions: sums and short requests, Spanish and English.
_PATTERNS = (
    "What is {a} + {b}?",
    "¿Cuánto es {a} × {c}?",
    "Subtract {c} from {b}.",
    "Reparte {b} caramelos entre {c} niños. ¿Cuántos tocan a cada uno?",
    "What is {c}0 % of {b}?",
    "Resuelve x + {a} = {b}.",
    "Write one sentence about the number {a}.",
    "Di tres cosas que se pueden comprar con {b} euros.",
    "Which is larger, {a} or {b}?",
    "Explica en una frase qué es una fracción como {c}/{a}.",
)


def prompts_for(file: Path | None, folder: Path) -> tuple[list[Prompt], str]:
    """The prompts to compare with, and in words where they come from.

    Args:
        file: the user's own, if any; see :func:`read_prompts`.
        folder: the model's, where held-out questions may lie.

    Raises:
        DataError: the user's file cannot be read or holds nothing to ask.
    """
    if file is not None:
        return read_prompts(file), f"{file}"
    kept = folder / NAME
    if kept.is_file():
        return read_prompts(kept), f"held out when it was trained ({NAME})"
    return built_in(), "built into aprendiz"


def built_in() -> list[Prompt]:
    """A hundred short questions, all different, the same each time."""
    chance = random.Random(13)
    texts: dict[str, None] = {}  # a set that keeps its order
    while len(texts) < COUNT:
        pattern = _PATTERNS[len(texts) % len(_PATTERNS)]
        text = pattern.format(
            a=chance.randint(2, 99), b=chance.randint(100, 400), c=chance.randint(2, 9)
        )
        texts[text] = None
    return [(Message("user", text),) for text in texts]


def read_prompts(file: Path) -> list[Prompt]:
    """Prompts of a file: JSON lines with ``messages``, or plain text, one a line.

    Of a conversation that ends with the assistant's answer, the answer is left out. At most
    the first hundred are used.

    Raises:
        DataError: the file cannot be read, a line is not a conversation, or there is none.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as UTF-8 text ({error})") from None
    found = list(_prompts(file, lines))[:COUNT]
    if not found:
        raise DataError(
            f"{file}: holds nothing to ask", 'write {"messages": [...]} or a question a line'
        )
    return found


def _prompts(file: Path, lines: list[str]) -> Iterator[Prompt]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield (Message("user", line.strip()),)
            continue
        try:
            messages = [
                Message(str(each["role"]), str(each["content"]))
                for each in json.loads(line)["messages"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{file}:{number}: not a conversation ({error})",
                'a line is {"messages": [{"role": "user", "content": "…"}]}, or plain text',
            ) from None
        while messages and messages[-1].role == "assistant":
            messages.pop()
        if messages:
            yield tuple(messages)
