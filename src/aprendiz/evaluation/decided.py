"""What a model's rules did to rows whose truth is known: answered, asked back, sent away.

The rules come from ``artifact/decision.py``; they are chosen in ``decide.py``. Here they are
only counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from aprendiz.artifact.decision import Decisions
from aprendiz.evaluation.conformal import holding
from aprendiz.evaluation.intervals import Interval, wilson
from aprendiz.evaluation.selective import Selected


@dataclass(frozen=True, slots=True)
class SetScore:
    """How label sets fared; the interval is Wilson's 95 % interval.

    Attributes:
        alpha: share of sets that may miss the true label.
        n: rows.
        held: sets that hold it.
        mean_size: labels in a set on average.
    """

    alpha: float
    n: int
    held: int
    mean_size: float

    @property
    def coverage(self) -> float:
        """Share of the sets that hold the true label."""
        return self.held / self.n

    @property
    def coverage_ci(self) -> Interval:
        """Its interval."""
        return wilson(self.held, self.n)


@dataclass(frozen=True, slots=True)
class DecisionScore:
    """What the rules did to rows about one of the labels.

    Attributes:
        asked: what the threshold was chosen for, in one word.
        goal: the number that was asked for.
        answered: rows answered, how many of them rightly; coverage and precision.
        needs_clarification: rows that were asked back.
        out_of_scope: rows that were sent away although they are about one of the labels.
        sets: the label sets, where the model gives any.
    """

    asked: str
    goal: float
    answered: Selected
    needs_clarification: int
    out_of_scope: int
    sets: SetScore | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        sets = self.sets and {
            "alpha": self.sets.alpha,
            "n": self.sets.n,
            "held": self.sets.held,
            "mean_size": self.sets.mean_size,
            "coverage": self.sets.coverage,
            "coverage_ci": list(self.sets.coverage_ci),
        }
        return {
            "asked": self.asked,
            "goal": self.goal,
            **self.answered.as_dict(),
            "needs_clarification": self.needs_clarification,
            "out_of_scope": self.out_of_scope,
            "sets": sets,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DecisionScore:
        """The score that :meth:`as_dict` wrote."""
        sets = values["sets"]
        return cls(
            asked=values["asked"],
            goal=values["goal"],
            answered=Selected(
                values["threshold"], values["n"], values["answered"], values["right"]
            ),
            needs_clarification=values["needs_clarification"],
            out_of_scope=values["out_of_scope"],
            sets=SetScore(sets["alpha"], sets["n"], sets["held"], sets["mean_size"])
            if sets
            else None,
        )

    def in_words(self) -> str:
        """The main figures for a person, one line each."""
        told = self.answered
        low, high = told.precision_ci
        lines = [
            f"answered: {told.coverage:.3f} of the rows (confidence of {told.threshold:.3f} or "
            f"more), {told.precision:.3f} of those rightly ({low:.3f} to {high:.3f}); "
            f"{self.needs_clarification:,} asked back, {self.out_of_scope:,} out of scope"
        ]
        if self.sets:
            low, high = self.sets.coverage_ci
            lines.append(
                f"label sets: {self.sets.coverage:.3f} hold the true label "
                f"({low:.3f} to {high:.3f}), {self.sets.mean_size:.2f} labels each"
            )
        return "\n".join(lines)


def decide_rows(
    decisions: Decisions, probabilities: np.ndarray, scope: np.ndarray | None
) -> np.ndarray:
    """The decision on each row, shape ``(n,)``, as :meth:`Decisions.decide` takes it."""
    scopes = [None] * len(probabilities) if scope is None else [float(each) for each in scope]
    confidence = probabilities.max(axis=1)
    return np.array(
        [
            decisions.decide(float(sure), each)
            for sure, each in zip(confidence, scopes, strict=True)
        ],
        dtype=object,
    )


def score_decisions(
    decisions: Decisions, probabilities: np.ndarray, truth: np.ndarray, scope: np.ndarray | None
) -> DecisionScore:
    """Count what the rules do.

    Args:
        decisions: the rules.
        probabilities: shape ``(n, k)``, of rows about one of the labels.
        truth: label numbers, shape ``(n,)``.
        scope: shape ``(n,)``; ``None`` without a detector.
    """
    decided = decide_rows(decisions, probabilities, scope)
    answered = decided == "answer"
    right = probabilities.argmax(axis=1) == truth
    rule = decisions.sets
    sets = None
    if rule is not None:
        held = holding(probabilities, truth, rule.threshold)
        sizes = np.maximum((probabilities >= rule.threshold).sum(axis=1), 1)
        sets = SetScore(rule.alpha, len(truth), int(held.sum()), float(sizes.mean()))
    return DecisionScore(
        asked=decisions.answer.asked,
        goal=decisions.answer.goal,
        answered=Selected(
            decisions.answer.threshold,
            len(truth),
            int(answered.sum()),
            int((answered & right).sum()),
        ),
        needs_clarification=int((decided == "needs_clarification").sum()),
        out_of_scope=int((decided == "out_of_scope").sum()),
        sets=sets,
    )
