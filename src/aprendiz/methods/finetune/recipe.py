"""Settings of the ``finetune`` method."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aprendiz.recipe import Choice, Range, Recipe

# With few rows it is optimiser steps that decide, not epochs: `epochs: auto` makes at least
# this many steps, within these bounds (docs/explanation/defaults.md has the measurements).
_STEPS = 200
_FEWEST_EPOCHS, _MOST_EPOCHS = 3, 20

# Where even the most epochs make fewer steps than this, there are more epochs, and the
# contrastive loss has this weight. With more rows it gains nothing.
_FEWEST_STEPS = 60
_CONTRAST = 1.0

# Epochs of one or two steps are too short to be judged, or written to disk, one by one.
_APART = 10  # steps


class FinetuneRecipe(Recipe):
    """The whole encoder, tuned with the Hugging Face Trainer.

    The default is LP-FT (Kumar et al. 2022): a linear probe first, then everything
    from there. ``plain: true`` is the textbook recipe instead: a new head on ``[CLS]``.
    """

    SEARCHED: ClassVar = {
        "learning_rate": Range(1e-5, 2e-4, log=True),
        "head_learning_rate": Range(5e-4, 2e-2, log=True),
        "epochs": Choice(("auto", 3, 6, 12)),
        "batch_size": Choice((8, 16, 32)),
        "label_smoothing": Range(0.0, 0.2),
    }

    method: Literal["finetune"] = "finetune"
    """Which method learns."""

    base_model: str = "all-MiniLM-L6-v2"
    """Encoder: a folder, an installed package, or owner/name[@revision] on the hub."""

    plain: bool = False
    """Textbook recipe: random head on [CLS] instead of mean pooling and a probe's head."""

    epochs: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Passes over the training rows; `auto` takes more of them when rows are few."""

    batch_size: int = Field(default=32, ge=1, le=1024)
    """Rows in one optimiser step."""

    learning_rate: float = Field(default=5e-5, gt=0, le=1)
    """Peak learning rate of the encoder (AdamW)."""

    head_learning_rate: float = Field(default=5e-3, gt=0, le=1)
    """Peak learning rate of the head; with `plain` the head learns at `learning_rate`."""

    scheduler: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """How the learning rate goes on after the warm-up."""

    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of all steps in which the learning rate rises from zero."""

    weight_decay: float = Field(default=0.01, ge=0, le=1)
    """AdamW weight decay, on weight matrices only."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Probability taken from the right label and spread over all; of several labels, from each."""

    early_stopping: int = Field(default=2, ge=0)
    """Stop after this many epochs without a better validation score; 0 never stops early."""

    metric: Literal["accuracy", "f1", "loss"] = "accuracy"
    """Validation score that chooses the best checkpoint; of several labels, all right or micro F1."""

    max_length: int = Field(default=128, ge=8, le=8192)
    """Longest text in tokens; what is longer is cut."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic while training; `auto` takes bf16 where the hardware has it."""


def auto_epochs(rows: int, batch_size: int) -> int:
    """The epochs that ``epochs: auto`` stands for, for so many training rows."""
    steps = math.ceil(rows / batch_size)
    most = math.ceil(_FEWEST_STEPS / steps) if are_very_few(rows, batch_size) else _MOST_EPOCHS
    return max(_FEWEST_EPOCHS, min(most, math.ceil(_STEPS / steps)))


def contrast(rows: int, batch_size: int) -> float:
    """Weight of the supervised contrastive loss, for so many training rows."""
    return _CONTRAST if are_very_few(rows, batch_size) else 0.0


def epochs_apart(rows: int, batch_size: int) -> int:
    """How many epochs lie between two evaluations and checkpoints: one, unless they are tiny."""
    return math.ceil(_APART / math.ceil(rows / batch_size)) if are_very_few(rows, batch_size) else 1


def are_very_few(rows: int, batch_size: int) -> bool:
    """Whether the usual epochs would make too few steps."""
    return _MOST_EPOCHS * math.ceil(rows / batch_size) < _FEWEST_STEPS


RECIPE = FinetuneRecipe
