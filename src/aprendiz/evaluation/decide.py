"""Choosing a model's rules: from what the user wants and what held-out rows show.

The one place where thresholds, label sets and the scope's alarm rate come together into
``decision.json``. Chosen here, kept and obeyed in ``artifact/decision.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from aprendiz.artifact.decision import AnswerRule, Asked, Decisions, Effect, ScopeRule, SetRule
from aprendiz.errors import RecipeError
from aprendiz.evaluation import conformal
from aprendiz.evaluation.scope import FALSE_ALARMS
from aprendiz.evaluation.selective import Selected
from aprendiz.evaluation.thresholds import Target, choose_threshold
from aprendiz.interfaces import HeldOut


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants of a model's answers.

    Attributes:
        target: what the confidence threshold is chosen for.
        sets: share of label sets that may miss the true label; ``None`` for no sets.
        false_alarms: share of in-scope texts that may be called out of scope; 0 never
            calls a text so.
        by_default: nobody gave a target.
    """

    target: Target
    sets: float | None = None
    false_alarms: float = FALSE_ALARMS
    by_default: bool = field(default=False, compare=False)

    @classmethod
    def of(
        cls,
        default: Target,
        *,
        threshold: float | None = None,
        precision: float | None = None,
        coverage: float | None = None,
        cost: float | None = None,
        sets: float | None = None,
        false_alarms: float | None = None,
    ) -> Wishes:
        """From the options of a command; ``default`` is the target where none is given.

        Raises:
            RecipeError: two targets at once, or a number that makes no sense.
        """
        asked: dict[Asked, float | None] = {
            "confidence": threshold,
            "precision": precision,
            "coverage": coverage,
            "cost": cost,
        }
        given = [Target(name, goal) for name, goal in asked.items() if goal is not None]
        if len(given) > 1:
            names = " and ".join(
                target.asked.replace("confidence", "threshold") for target in given
            )
            raise RecipeError(f"{names} each choose the threshold", "give one of them")
        alarms = FALSE_ALARMS if false_alarms is None else false_alarms
        if not 0 <= alarms < 1:
            raise RecipeError(f"false_alarms: {alarms:g} is not a share", "such as 0.05, or 0")
        if sets is not None:
            conformal.check_alpha(sets)
        return cls(given[0] if given else default, sets, alarms, not given)

    @property
    def start(self) -> float:
        """A confidence to begin with, before there are rows to choose on."""
        return choose_threshold(self.target, None, None).threshold

    @property
    def needs_rows(self) -> bool:
        """Whether any of it can only be chosen on held-out rows."""
        return self.sets is not None or self.target.asked in ("precision", "coverage")


@dataclass(frozen=True, slots=True)
class Choice:
    """Rules, and what to tell whoever asked for them.

    Attributes:
        decisions: the rules.
        unmet: what was asked for and cannot be had, and what can, each in one sentence.
    """

    decisions: Decisions
    unmet: tuple[str, ...] = ()


def choose(
    wishes: Wishes,
    held_out: HeldOut | None,
    *,
    oos_label: str = "",
    detector: str = "",
    learnt_from: int = 0,
) -> Choice:
    """The rules for a model. It never fails: what cannot be had is left out, and told.

    Args:
        wishes: what is wanted.
        held_out: what the model says of rows it was not fitted to.
        oos_label: how rows about none of the labels are labelled in its data.
        detector: how it finds scope, in words; empty without a detector.
        learnt_from: rows about none of the labels that the detector learnt from.
    """
    scope, vague = _scope_rule(wishes, held_out, detector, learnt_from)
    confidence, correct = _judged(held_out, scope)
    chosen = choose_threshold(wishes.target, confidence, correct)
    sets, missing = _set_rule(wishes.sets, held_out)
    rule = AnswerRule(
        threshold=chosen.threshold,
        asked=chosen.target.asked,
        goal=chosen.target.goal,
        met=chosen.met,
        effect=_effect(chosen.effect, held_out),
    )
    decisions = Decisions(oos_label=oos_label, answer=rule, scope=scope, sets=sets)
    return Choice(decisions, tuple(said for said in (chosen.shortfall, missing, vague) if said))


def _judged(
    held_out: HeldOut | None, scope: ScopeRule | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Confidence and rightness of the rows inside; those the detector refuses get ``-inf``."""
    if held_out is None:
        return None, None
    inside = held_out.truth >= 0
    probabilities, truth = held_out.probabilities[inside], held_out.truth[inside]
    confidence = probabilities.max(axis=1).astype(np.float64)
    confidence[confidence <= 0] = -np.inf
    if scope is not None and held_out.scope is not None:
        confidence[held_out.scope[inside] < scope.threshold] = -np.inf
    return confidence, probabilities.argmax(axis=1) == truth


def _effect(effect: Selected | None, held_out: HeldOut | None) -> Effect | None:
    if effect is None or held_out is None:
        return None
    values = effect.as_dict()
    values.pop("threshold")
    return Effect.model_validate({"rows": held_out.rows, **values})


def _scope_rule(
    wishes: Wishes, held_out: HeldOut | None, detector: str, learnt_from: int
) -> tuple[ScopeRule | None, str]:
    """The rule for scope, and why it cannot be vouched for."""
    if held_out is None or held_out.scope is None or not detector:
        return None, ""
    outside = held_out.truth < 0
    n, alarms = int((~outside).sum()), wishes.false_alarms
    vague = ""
    if 0 < alarms < 1 / (n + 1):
        vague = (
            f"{n:,} rows cannot vouch for false alarms of {alarms:.4g}: at best {1 / (n + 1):.4g}"
        )
    found = None
    if outside.any():
        share = float((held_out.scope[outside] < alarms).mean())
        found = (share, int(outside.sum()))
    rule = ScopeRule(threshold=alarms, detector=detector, learnt_from=learnt_from, n=n, found=found)
    return rule, vague


def _set_rule(alpha: float | None, held_out: HeldOut | None) -> tuple[SetRule | None, str]:
    """The rule for label sets, or why there is none."""
    if alpha is None:
        return None, ""
    inside = held_out.truth >= 0 if held_out is not None else np.zeros(0, dtype=bool)
    n, least = int(inside.sum()), conformal.least_rows(alpha)
    if held_out is None or n < least:
        return None, (
            f"label sets that miss the label in {alpha:.4g} of cases need {least:,} rows that the "
            f"model was not fitted to, and there are {n:,}"
        )
    fitted = conformal.fit_sets(held_out.probabilities[inside], held_out.truth[inside], alpha)
    rule = SetRule(
        alpha=fitted.alpha,
        threshold=fitted.threshold,
        n=fitted.n,
        rows=held_out.rows,
        mean_size=fitted.mean_size,
    )
    return rule, ""
