"""How much there is to learn: rows, steps, and when to log and to save. Arithmetic only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aprendiz.methods.lora.recipe import LoraRecipe, auto_epochs, rows_a_step

_LOGS = 50  # of a training, about
_LONGEST_UNTESTED = 200  # steps between two evaluations, at most


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do.

    Attributes:
        rows: rows of an epoch, packed or not.
        rows_a_step: of these, in an optimiser step.
        longest: tokens of the longest; where packed, of every one.
        tokens: of an epoch, padding not counted.
        epochs: passes over all rows.
        packed: whether a row holds several conversations.
    """

    rows: int
    rows_a_step: int
    longest: int
    tokens: int
    epochs: int
    packed: bool

    @classmethod
    def of(cls, recipe: LoraRecipe, lengths: Sequence[int], packed: bool, context: int) -> Work:
        """The work that a recipe makes of conversations.

        Args:
            lengths: tokens of each conversation, at least one.
            packed: whether they share rows; a row is then filled with about as many as a step
                is to have, within the context.
            context: most tokens of a row.
        """
        tokens, longest = sum(lengths), max(lengths)
        together = rows_a_step(recipe, len(lengths))
        epochs = recipe.epochs if recipe.epochs != "auto" else auto_epochs(len(lengths), together)
        if not packed:
            return cls(len(lengths), together, longest, tokens, epochs, packed)
        wanted = together * tokens / len(lengths)
        filled = max(longest, min(context, math.ceil(wanted)))
        count, at_once = math.ceil(tokens / filled), max(1, round(wanted / filled))
        return cls(count, min(at_once, count), filled, tokens, epochs, packed)

    @property
    def steps_an_epoch(self) -> int:
        """Optimiser steps in one pass, about (packing leaves gaps)."""
        return math.ceil(self.rows / self.rows_a_step)

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        return self.steps_an_epoch * self.epochs

    @property
    def log_every(self) -> int:
        """Steps between two entries in the diary."""
        return max(1, self.steps // _LOGS)

    @property
    def save_every(self) -> int:
        """Steps between two checkpoints: an epoch, or less where epochs are long.

        A multiple of ``log_every``, so that a resumed training logs means over the same steps.
        """
        parts = math.ceil(self.steps_an_epoch / _LONGEST_UNTESTED)
        return self.log_every * math.ceil(self.steps_an_epoch / parts / self.log_every)
