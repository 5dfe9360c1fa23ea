"""A recipe in the words of ``neural/causal``: which adapters, and what training them will take.

Loads no model library by itself: both functions are asked once one is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aprendiz.methods.lora.recipe import LoraRecipe
from aprendiz.methods.lora.work import Work

if TYPE_CHECKING:
    from aprendiz.neural.causal.adapting import Adapters
    from aprendiz.neural.causal.footprint import Footprint
    from aprendiz.neural.device import Plan


def adapters_of(recipe: LoraRecipe) -> Adapters:
    """The adapters that a recipe asks for."""
    from aprendiz.neural.causal.adapting import Adapters

    return Adapters(recipe.rank, recipe.alpha, recipe.dropout, recipe.variant, recipe.seed)


def estimate(
    network: Any, hardware: Plan, recipe: LoraRecipe, work: Work, rows_at_once: int | None = None
) -> Footprint:
    """Memory, time and disk of a training, with the batch that fits.

    Args:
        network: with its adapters; a sketch without numbers will do.
        hardware: where it is to compute.
        recipe: how it is to learn.
        work: what there is to learn.
        rows_at_once: keep to this many (a training that goes on).
    """
    from aprendiz.neural.causal import footprint

    load = footprint.Load(
        rows_a_step=work.rows_a_step,
        longest=work.longest,
        tokens=work.tokens,
        epochs=work.epochs,
        rank=recipe.rank,
        dropout=recipe.dropout > 0,
        number_bytes=2 if hardware.bf16 else 4,
    )
    shape = footprint.Shape.of(network, four_bit=recipe.four_bit)
    return footprint.fit(shape, load, hardware.device, rows_at_once=rows_at_once)
