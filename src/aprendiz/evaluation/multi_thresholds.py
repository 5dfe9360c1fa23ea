"""From which probability on a text has a label: one threshold a label, chosen on held-out rows.

For F1 the best threshold on calibrated probabilities is half the best F1 that can be had
(Lipton, Elkan and Naryanaswamy 2014). The best F1 is read off the held-out rows, and half of it
is steadier than the very place where those few rows happen to peak. Chosen here, kept and
obeyed in ``artifact/decision.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aprendiz.artifact.decision import AnswerRule, Decisions, LabelRule, LabelRules
from aprendiz.errors import RecipeError
from aprendiz.evaluation.decide import Choice, Wishes
from aprendiz.evaluation.thresholds import choose_threshold
from aprendiz.interfaces import HeldOut

# Rows with a label under which their F1 says next to nothing; then the threshold is a half.
LEAST_ROWS = 5
_HALF = 0.5


def best_f1(probability: np.ndarray, truth: np.ndarray) -> float:
    """The largest F1 that any threshold reaches on these rows; 0 where none has the label."""
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(truth[order])
    # Rows of equal probability are answered together.
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    f1 = 2 * hits[last] / (last + 1 + truth.sum())
    return float(f1.max()) if truth.any() else 0.0


def threshold_for_f1(probability: np.ndarray, truth: np.ndarray) -> float:
    """The threshold of one label; a half where too few rows have it. Both of shape (n,)."""
    return best_f1(probability, truth) / 2 if truth.sum() >= LEAST_ROWS else _HALF


def choose_multi(
    wishes: Wishes, held_out: HeldOut | None, labels: Sequence[str], *, some_have_none: bool
) -> Choice:
    """The rules of a model of several labels.

    Args:
        wishes: a threshold that was given holds for every label; a precision is sought for each
            label by itself; where nothing was asked for, thresholds are chosen for F1.
        held_out: probabilities and truth, both (n, labels); ``None`` without such rows.
        labels: in the order of the columns.
        some_have_none: rows without any label teach too, so having none is an answer.

    Raises:
        RecipeError: a wish that means nothing here.
    """
    asked = wishes.target.asked
    if wishes.sets is not None or asked == "coverage" or asked == "cost":
        what = "sets" if wishes.sets is not None else asked
        raise RecipeError(
            f"{what}: means nothing where a text has several labels", "precision, or threshold"
        )
    unmet: list[str] = []
    rules = []
    for at, label in enumerate(labels):
        rule, missed = _rule(wishes, held_out, at)
        rules.append(rule)
        if missed:
            unmet.append(f"label {label!r}: {missed}")
    chosen = LabelRules(
        asked="f1" if wishes.by_default else asked,
        goal=None if wishes.by_default else wishes.target.goal,
        rows=held_out.rows if held_out else "",
        n=len(held_out.truth) if held_out else 0,
        some_have_none=some_have_none,
        each=dict(zip(labels, rules, strict=True)),
    )
    least = min((rule.threshold for rule in rules), default=_HALF)
    answer = AnswerRule(threshold=min(least, 1.0), goal=min(least, 1.0))
    return Choice(Decisions(answer=answer, several=chosen), tuple(unmet))


def _rule(wishes: Wishes, held_out: HeldOut | None, at: int) -> tuple[LabelRule, str]:
    if held_out is None:
        probability, truth = np.zeros(0), np.zeros(0, dtype=bool)
    else:
        probability, truth = held_out.probabilities[:, at], held_out.truth[:, at].astype(bool)
    have = int(truth.sum())
    missed = ""
    if not wishes.by_default:
        found = choose_threshold(wishes.target, probability, truth)
        threshold, missed = found.threshold, found.shortfall
    else:
        threshold = threshold_for_f1(probability, truth)
    given = probability >= threshold
    right = int((given & truth).sum())
    return LabelRule(threshold=threshold, have=have, given=int(given.sum()), right=right), missed
