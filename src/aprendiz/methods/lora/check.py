"""What can be known before a model is loaded: what would be trained, and what it will take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aprendiz.data.chat.dataset import ChatDataset
from aprendiz.data.records import Finding
from aprendiz.errors import DataError, MissingExtra
from aprendiz.interfaces import Observer
from aprendiz.methods.lora import needs
from aprendiz.methods.lora.recipe import LoraRecipe
from aprendiz.methods.lora.work import Work
from aprendiz.settings import set_library_default

if TYPE_CHECKING:
    from aprendiz.neural.causal.base import CausalBase

_NAMED = 5  # rows that are left out and told in full; of more, the lines


def check(dataset: ChatDataset, recipe: LoraRecipe, tell: Observer) -> None:
    """Find the base model, mark what would be trained, and estimate memory, time and disk.

    No weights are loaded. A row that the training would refuse is refused here, and one that
    it would leave out is named.

    Raises:
        DataError: rows that cannot be trained on as the base model's template writes them.
        BaseModelError: no base model of the recipe can be used.
        ProviderError: the base is only on the hub, which cannot be reached.
        RecipeError: the recipe asks for what this machine cannot do.
        MissingExtra: a library the method needs is not installed.
    """
    # Before torch is first loaded: its threads shall not wait for each other by spinning.
    set_library_default("GOMP_SPINCOUNT", "2000")
    try:
        from aprendiz.neural.causal import base, supervision
    except ModuleNotFoundError as error:
        raise MissingExtra("lora", error.name or "?") from None
    found = base.resolve(recipe.base_model, tell)
    tokenizer = base.load_tokenizer(found)
    context = min(recipe.max_length, found.context)
    rows = supervision.supervise((*dataset.train, *dataset.validation), tokenizer, tell)
    kept, long = supervision.leave_out_long(rows[: len(dataset.train)], context)
    long += supervision.leave_out_long(rows[len(dataset.train) :], context)[1]
    _say_left_out(long, tell)
    if not kept:
        raise DataError(
            f"every conversation is longer than {context:,} tokens, so none is left",
            "raise max_length, or choose a base model that reads more",
            long,
        )
    lengths = [len(row.tokens) for row in kept]
    trained = sum(sum(row.trained) for row in kept)
    tell.say(
        f"{sum(lengths):,} tokens in {len(kept):,} conversations to learn from, the longest of "
        f"{max(lengths):,}; {trained:,} of them ({trained / sum(lengths):.0%}) are the "
        "assistant's own, and these are trained"
    )
    _say_needs(found, recipe, Work.of(recipe, lengths, recipe.packing is True, context), tell)


def _say_needs(found: CausalBase, recipe: LoraRecipe, work: Work, tell: Observer) -> None:
    """Say what the training will take, and warn where it is more than there is."""
    from aprendiz.neural.causal import adapting

    network, hardware = adapting.sketch(
        found, needs.adapters_of(recipe), precision=recipe.precision
    )
    told = needs.estimate(network, hardware, recipe, work)
    tell.say(f"training will take {told.in_words()}")
    if not told.fits:
        tell.say(
            "warning: that is more memory than there is; a smaller base_model, a shorter "
            "max_length or (on a GPU) four_bit takes less"
        )


def _say_left_out(findings: Sequence[Finding], tell: Observer) -> None:
    for finding in findings[:_NAMED]:
        tell.say(f"warning: {finding.file}:{finding.line}: {finding.message}")
    if more := findings[_NAMED:]:
        lines = ", ".join(str(finding.line) for finding in more)
        tell.say(f"warning: {len(more)} more conversations are left out for it: lines {lines}")
