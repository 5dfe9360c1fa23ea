"""From what a user wants to the confidence threshold that gives it: precision, coverage, cost.

The rows must be ones that no weight was fitted to. Pure arithmetic; which rows they are and
what becomes of the threshold is ``decide.py``'s business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aprendiz.artifact.decision import Asked
from aprendiz.errors import RecipeError
from aprendiz.evaluation.selective import RiskCoverage, Selected, risk_coverage, selected

NEVER = 1.01  # over any confidence

_BOUNDS: dict[Asked, tuple[float, float, str]] = {
    "confidence": (0.0, 1.0, "a number from 0 to 1"),
    "precision": (0.5, 1.0, "a share over 0.5 and under 1, such as 0.95"),
    "coverage": (0.0, 1.0, "a share over 0 and at most 1, such as 0.9"),
    "cost": (1.0, math.inf, "how many questions back one wrong answer costs, 1 or more"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a threshold is chosen for.

    Attributes:
        asked: ``confidence``: this very threshold; ``precision``: so many of the answers are
            right; ``coverage``: so many of the texts are answered; ``cost``: the cheapest,
            where a wrong answer costs as much as so many questions back.
        goal: the number.

    Raises:
        RecipeError: the number makes no sense.
    """

    asked: Asked
    goal: float

    def __post_init__(self) -> None:
        low, high, words = _BOUNDS[self.asked]
        fine = low <= self.goal <= high and math.isfinite(self.goal)
        if self.asked == "precision":
            fine = low < self.goal < high
        elif self.asked == "coverage":
            fine = low < self.goal <= high
        if not fine:
            raise RecipeError(f"{self.asked}: {self.goal:g} cannot be a target", words)

    def in_words(self) -> str:
        """What was asked for."""
        return {
            "confidence": f"confidence of at least {self.goal:g}",
            "precision": f"at least {self.goal:.4g} of the answers right",
            "coverage": f"at least {self.goal:.4g} of the texts answered",
            "cost": f"the least cost, a wrong answer costing {self.goal:g} questions back",
        }[self.asked]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold and what it does on the rows it was chosen on.

    Attributes:
        target: what it was chosen for.
        threshold: the least confidence that is answered.
        effect: coverage and precision with their intervals; ``None`` without rows.
        met: these rows show that the target is reached.
        shortfall: where they do not, what can be reached, in one sentence.
    """

    target: Target
    threshold: float
    effect: Selected | None
    met: bool = True
    shortfall: str = ""


def choose_threshold(
    target: Target, confidence: np.ndarray | None, correct: np.ndarray | None
) -> Chosen:
    """The threshold for a target.

    * ``precision``: the lowest threshold at which the 95 % interval (Wilson) of the share of
      right answers lies wholly at or above the goal. The interval is for a threshold fixed
      beforehand, and searching for the lowest is a little kinder than that. On simulated
      rows whose confidence orders them rightly the true precision was under a goal of 0.95
      in 1 to 4 of 100 searches; where confidence tells nothing at all and the precision
      is 0.945 throughout, in 2 to 10.
    * ``coverage``: the highest threshold that still answers so many of the rows.
    * ``cost``: 1 - 1 / cost, at which an answer and a question back cost the same if
      confidences mean what they say (Chow 1970); no search, so nothing to overfit.

    Args:
        target: what is wanted.
        confidence: of the answer to each row, shape ``(n,)``; ``-inf`` for rows that are
            never answered, such as those a detector refuses. ``None`` without rows.
        correct: whether it was right, shape ``(n,)``.

    Where there are no rows, a precision cannot be promised and nothing is answered (the threshold
    is over 1); a coverage is had by answering everything.
    """
    if confidence is None or correct is None or len(confidence) == 0:
        if target.asked in ("precision", "coverage"):
            said = f"there are no rows to choose on for {target.in_words()}"
            blind = NEVER if target.asked == "precision" else 0.0
            return Chosen(target, blind, None, False, said)
        return Chosen(target, _fixed(target), None)
    if target.asked in ("confidence", "cost"):
        threshold = _fixed(target)
        return Chosen(target, threshold, selected(confidence, correct, threshold))
    curve = risk_coverage(confidence, correct)
    find = _precise if target.asked == "precision" else _covering
    return find(target, curve)


def _fixed(target: Target) -> float:
    return target.goal if target.asked == "confidence" else 1 - 1 / target.goal


def _precise(target: Target, curve: RiskCoverage) -> Chosen:
    steps = [_at(curve, step) for step in range(len(curve.threshold))]
    reaching = [step for step in steps if step.precision_ci[0] >= target.goal]
    if reaching:
        return Chosen(target, reaching[-1].threshold, reaching[-1])
    best = max(steps, key=lambda step: (step.precision_ci[0], step.answered), default=None)
    if best is None:
        nothing = Selected(NEVER, curve.n, 0, 0)
        return Chosen(target, NEVER, nothing, False, "no row can be answered at all")
    return Chosen(target, best.threshold, best, False, _shortfall(target, best, curve.n))


def _shortfall(target: Target, best: Selected, n: int) -> str:
    low, high = best.precision_ci
    said = (
        f"{n:,} rows cannot show {target.in_words()}: at best {best.precision:.3f} "
        f"(95 % interval {low:.3f} to {high:.3f}) of {best.answered:,} answers, from a confidence "
        f"of {best.threshold:.3f} on"
    )
    least = least_rows(target.goal)
    if n < least:
        said += f"; it takes {least:,} rows to show it even if every answer is right"
    return said


def least_rows(precision: float) -> int:
    """Right answers in a row from which Wilson's 95 % interval lies at or above a precision."""
    rows = 1
    while Selected(0.0, rows, rows, rows).precision_ci[0] < precision:
        rows *= 2
    low = rows // 2
    while rows - low > 1:
        middle = (rows + low) // 2
        if Selected(0.0, middle, middle, middle).precision_ci[0] < precision:
            low = middle
        else:
            rows = middle
    return rows


def _covering(target: Target, curve: RiskCoverage) -> Chosen:
    steps = (_at(curve, step) for step in range(len(curve.threshold)))
    for step in steps:
        if step.coverage >= target.goal:
            return Chosen(target, step.threshold, step)
    lowest = _at(curve, -1) if len(curve.threshold) else Selected(0.0, curve.n, 0, 0)
    return Chosen(
        target,
        lowest.threshold,
        lowest,
        False,
        f"only {lowest.coverage:.3f} of {curve.n:,} rows can be answered at all: the others are "
        "out of scope, or the model gave none of its labels",
    )


def _at(curve: RiskCoverage, step: int) -> Selected:
    return Selected(
        float(curve.threshold[step]), curve.n, int(curve.answered[step]), int(curve.right[step])
    )
