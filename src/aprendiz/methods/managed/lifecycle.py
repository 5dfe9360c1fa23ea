"""The lifecycle guard: no work is put into a base model that its provider is about to retire.

The dates are the provider's own, read from its list of models; none is kept here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from aprendiz.errors import RecipeError
from aprendiz.interfaces import Observer
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.recipe import ManagedRecipe
from aprendiz.methods.managed.records import Lifecycle
from aprendiz.methods.managed.refusals import Refused

_HINT = (
    "choose another base model, or train it all the same with "
    "--yes-really; the tuned model goes when its base model goes"
)


def guard(
    provider: Provider, recipe: ManagedRecipe, tell: Observer, today: date | None = None
) -> None:
    """Refuse a base model that can no longer be tuned, or that is soon shut down.

    A provider that says nothing of its models is taken at its word: this is said, and the
    training goes on.

    Raises:
        RecipeError: the base model retires; says when. ``yes_really`` overrides.
        Refused: the provider cannot be reached or does not know us.
    """
    try:
        known = provider.lifecycle(recipe.base_model)
    except Refused as no:
        if no.status is None or no.status in {200, 401, 403}:
            raise  # every later request would end the same way
        known = None
    if known is None:
        tell.say(f"{recipe.base_model}: the provider says nothing of when it retires")
        return
    reason = objection(known, recipe.retirement_days, today or datetime.now(UTC).date())
    if not reason:
        return
    if not recipe.yes_really:
        raise RecipeError(f"base_model {reason}", _HINT)
    tell.say(f"warning: {reason}; trained all the same (yes_really)")


def objection(known: Lifecycle, days: int, today: date) -> str:
    """Why a base model should not be tuned any more, with the date; empty when it may.

    Args:
        known: what the provider says.
        days: how near a shutdown may be.
        today: the day to judge from.
    """
    name = known.model
    if known.answers_until is not None:
        left = (known.answers_until - today).days
        if left <= 0:
            return f"{name} was shut down on {known.answers_until}"
        if left <= days:
            return f"{name} is shut down on {known.answers_until}, in {left} days"
    if known.tuned_until is not None and known.tuned_until <= today:
        return f"{name} can no longer be tuned since {known.tuned_until}"
    if known.can_be_tuned is False:
        return f"{name} cannot be tuned, its provider says"
    return ""
