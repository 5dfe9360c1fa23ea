"""What a training would learn from the first conversations of a file, token by token.

The tokens come from where a training takes them (``neural/causal/supervision.py``): what is
shown is what is trained. Drawing it is for ``cli/preview_screen.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.data.chat.read import read_conversations
from aprendiz.errors import DataError, MissingExtra, RecipeError
from aprendiz.interfaces import Observer
from aprendiz.methods import catalogue
from aprendiz.settings import set_library_default


@dataclass(frozen=True, slots=True)
class PreviewedToken:
    """One token of a conversation.

    Attributes:
        text: what it stands for; empty where its character ends with a later token.
        trained: whether the model learns to write it.
    """

    text: str
    trained: bool


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    """A conversation as the model reads it.

    Attributes:
        file: path it was read from, as the user gave it.
        line: its line there.
        tokens: all of it, the marks of the chat template included.
        left_out: it is longer than the recipe allows, so that a training leaves it out.
    """

    file: str
    line: int
    tokens: tuple[PreviewedToken, ...]
    left_out: bool = False

    @property
    def trained(self) -> int:
        """How many tokens are trained."""
        return sum(token.trained for token in self.tokens)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "left_out": self.left_out,
            "tokens": [{"text": each.text, "trained": each.trained} for each in self.tokens],
        }


def preview(
    data: str | Path,
    recipe: catalogue.AnyRecipe = None,
    rows: int = 3,
    *,
    overrides: Sequence[str] = (),
    observer: Observer | None = None,
) -> list[PreviewedRow]:
    """The first conversations of a file, with what a training would learn from them.

    Args:
        data: a chat file.
        recipe: of a method that learns from conversations; ``lora`` if none is given.
        rows: how many conversations, at most.
        overrides: single settings as ``key=value``.
        observer: told why a base model was passed over.

    Raises:
        DataError: no usable conversation, or one that a training would refuse; says which.
        RecipeError: a setting does not exist, or the method learns from labels.
        BaseModelError: no base model of the recipe can be used.
        ProviderError: the base is only on the hub, which cannot be reached.
        MissingExtra: a library the method needs is not installed.
    """
    chosen: Any = catalogue.choose_recipe(None if recipe else "lora", recipe, overrides)
    if catalogue.find(chosen.method).abilities.learns != "conversations":
        raise RecipeError(
            f"method {chosen.method!r} learns from labels: it has no tokens to preview",
            "choose a method that learns from conversations, such as lora",
        )
    reading = read_conversations(str(data))
    errors = [each for each in reading.findings if each.severity == "error"]
    if not reading.conversations:
        raise DataError(f"{data}: no conversation can be used", "see the lines above", errors)
    # Before torch is first loaded: its threads shall not wait for each other by spinning.
    set_library_default("GOMP_SPINCOUNT", "2000")
    try:
        from aprendiz.neural.causal import base, supervision
    except ModuleNotFoundError as error:
        raise MissingExtra("lora", error.name or "?") from None
    found = base.resolve(chosen.base_model, observer)
    tokenizer = base.load_tokenizer(found)
    limit = min(chosen.max_length, found.context)
    return [
        PreviewedRow(
            row.file,
            row.line,
            tuple(PreviewedToken(*piece) for piece in supervision.pieces(row, tokenizer)),
            left_out=len(row.tokens) > limit,
        )
        for row in supervision.supervise(reading.conversations[:rows], tokenizer)
    ]
