"""Settings of the ``lora`` method."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aprendiz.recipe import Recipe

# With few rows it is optimiser steps that decide, not epochs: `epochs: auto` makes at least
# this many steps, within these bounds.
_STEPS = 300
_FEWEST_EPOCHS, _MOST_EPOCHS = 3, 20

# Rows in one optimiser step where the recipe leaves it open. LoRA learns worse from large
# batches than full tuning does (Schulman 2025, "LoRA Without Regret").
_AUTO_ROWS = 16


class LoraRecipe(Recipe):
    """Low-rank adapters (Hu et al. 2021) on every linear layer of a frozen language model.

    Only what the assistant says is trained, the token that ends its turn included;
    ``aprendiz train --preview`` shows it. The default base is carried inside the package and
    works offline; with a hub, ``--set base_model=HuggingFaceTB/SmolLM2-135M-Instruct`` is a
    real one.
    """

    method: Literal["lora"] = "lora"
    """Which method learns."""

    base_model: str | Annotated[list[str], Field(min_length=1)] = "maths-tiny"
    """Language model: `maths-tiny`, a folder, a .gguf file, owner/name[@revision] on the hub, or a list tried in order."""

    rank: int = Field(default=16, ge=1, le=1024)
    """Rank of the adapters: how much they can change."""

    alpha: float = Field(default=32.0, gt=0, le=4096)
    """Their strength: a change is scaled by alpha / rank (by alpha / √rank with `rslora`)."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of an adapter's inputs that each step leaves out."""

    variant: Literal["lora", "rslora", "dora"] = "lora"
    """`rslora` keeps high ranks learning (Kalajdzievski 2023); `dora` learns length and direction apart (Liu et al. 2024): slower, often better at low rank."""

    four_bit: bool = False
    """Hold the frozen base in 4 bits (QLoRA, Dettmers et al. 2023); needs an NVIDIA GPU and bitsandbytes."""

    epochs: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Passes over the training conversations; `auto` takes more of them when rows are few."""

    batch_size: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = "auto"
    """Conversations in one optimiser step; as many at once as memory holds, the rest one after the other."""

    learning_rate: float = Field(default=5e-4, gt=0, le=1)
    """Peak learning rate of the adapters (AdamW); falls to zero in a straight line."""

    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of all steps in which the learning rate rises from zero."""

    early_stopping: int = Field(default=3, ge=0)
    """Stop after this many evaluations without a lower validation loss; 0 never stops early."""

    max_length: int = Field(default=1024, ge=16, le=1_048_576)
    """Longest conversation in tokens; a longer one is left out and named, for a cut answer teaches not to end."""

    packing: bool | Literal["auto"] = "auto"
    """Lay several conversations end to end: `auto` where attention keeps them apart and it pays; `true` is refused where it does not keep them apart."""

    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic while training; `auto` takes bf16 where the hardware has it."""


def auto_epochs(rows: int, batch_size: int) -> int:
    """The epochs that ``epochs: auto`` stands for, for so many training rows."""
    steps = -(-rows // batch_size)
    return max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, -(-_STEPS // steps)))


def rows_a_step(recipe: LoraRecipe, rows: int) -> int:
    """Conversations in one optimiser step, never more than there are."""
    asked = _AUTO_ROWS if recipe.batch_size == "auto" else recipe.batch_size
    return max(1, min(asked, rows))


RECIPE = LoraRecipe
