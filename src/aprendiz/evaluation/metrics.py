"""What a classifier's answers are worth: every figure with its rows and its interval.

Takes probabilities and true labels, knows no model. ``score`` is the whole story for a
report; ``quick`` is the short one for a line per epoch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.calibration import (
    ReliabilityBin,
    brier,
    classwise_gaps,
    expected_calibration_error,
    reliability,
)
from aprendiz.evaluation.decided import DecisionScore
from aprendiz.evaluation.intervals import (
    Interval,
    calibration_interval,
    classwise_interval,
    macro_intervals,
    macro_scores,
    mean_interval,
    wilson,
)
from aprendiz.evaluation.scope import ScopeScore
from aprendiz.evaluation.selective import area_interval, risk_coverage

# A probability of 0 on the true label would make the loss infinite.
_LEAST_PROBABILITY = 1e-12
# float32 probabilities over many labels miss 1 by about this much.
_SUM_TOLERANCE = 1e-3
_FIGURES = ("accuracy", "macro_f1", "precision", "recall", "ece", "loss")
# Figures that evaluations of before 0.6 do not have.
_LATER = ("classwise_ece", "brier", "aurc")

Truth = Sequence[int] | np.ndarray


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fared.

    Attributes:
        label: its name.
        precision: share of the rows answered with it that have it; 0 when never answered.
        recall: share of the rows that have it that were answered with it; 0 when none has it.
        f1: their harmonic mean.
        support: rows that have it.
        answered: rows that were answered with it.
        recall_ci: Wilson's 95 % interval of ``recall``.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    answered: int
    recall_ci: Interval


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """``count`` rows with label ``true`` were answered with ``predicted``."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every figure about a classifier on one set of rows. Intervals are 95 % intervals.

    Attributes:
        n: how many rows were measured.
        labels: label names; their position is their number.
        accuracy: share of rows answered rightly; Wilson's interval.
        macro_f1: mean F1 over the labels that occur in truth or answers; bootstrap.
        precision: mean precision over the same labels; bootstrap.
        recall: mean recall over the same labels; bootstrap.
        ece: expected calibration error over 15 equal bins of confidence; bootstrap.
        loss: mean negative log-likelihood in nats; normal interval.
        classwise_ece: calibration error of every label's probability, averaged over the labels;
            bootstrap.
        brier: mean Brier score, 0 to 2; normal interval.
        aurc: area under the risk–coverage curve, 0 to 1; bootstrap.
        risk_coverage: points (coverage, risk) of that curve, at most a hundred.
        decisions: what the model's own rules do to these rows, where it has any.
        scope: how well rows about none of the labels are told apart, where there are any.
        per_label: one entry a label, in the order of ``labels``.
        confusion: counts, shape ``(k, k)``, row = truth, column = answer.
        unanswered: rows for which the model gave none of the labels; each counts as wrong
            and stands in no column of ``confusion``.
        confused_pairs: wrong cells of ``confusion``, most rows first.
        reliability: the 15 bins, some perhaps empty.
    """

    n: int
    labels: tuple[str, ...]
    accuracy: float
    accuracy_ci: Interval
    macro_f1: float
    macro_f1_ci: Interval
    precision: float
    precision_ci: Interval
    recall: float
    recall_ci: Interval
    ece: float
    ece_ci: Interval
    loss: float
    loss_ci: Interval
    per_label: tuple[LabelScore, ...]
    confusion: np.ndarray
    confused_pairs: tuple[ConfusedPair, ...]
    reliability: tuple[ReliabilityBin, ...]
    unanswered: int = 0
    classwise_ece: float | None = None
    classwise_ece_ci: Interval | None = None
    brier: float | None = None
    brier_ci: Interval | None = None
    aurc: float | None = None
    aurc_ci: Interval | None = None
    risk_coverage: tuple[tuple[float, float], ...] = ()
    decisions: DecisionScore | None = None
    scope: ScopeScore | None = None

    @property
    def correct(self) -> int:
        """How many rows were answered rightly."""
        return int(np.trace(self.confusion))

    def in_words(self) -> str:
        """The main figures in two lines for a person, each with its interval."""
        low, high = self.accuracy_ci
        f1_low, f1_high = self.macro_f1_ci
        return (
            f"accuracy: {self.accuracy:.3f} on {self.n:,} rows "
            f"(95 % interval {low:.3f} to {high:.3f})\n"
            f"macro F1: {self.macro_f1:.3f} ({f1_low:.3f} to {f1_high:.3f}), "
            f"calibration error {self.ece:.3f}"
            + (f"\nunanswered: {self.unanswered:,} rows (counted as wrong)" * bool(self.unanswered))
            + (f"\n{self._rules}" if self._rules else "")
            + (f"\n{self.scope.in_words()}" if self.scope else "")
        )

    @property
    def _rules(self) -> str:
        """What the model's rules do, in words, where any were asked for."""
        told = self.decisions
        if told is None or (told.asked == "confidence" and told.sets is None):
            return ""
        return told.in_words()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` reads them back."""
        figures: dict[str, Any] = {"n": self.n, "unanswered": self.unanswered}
        for name in _FIGURES:
            figures[name] = getattr(self, name)
            figures[f"{name}_ci"] = list(getattr(self, f"{name}_ci"))
        for name in _LATER:
            figures[name] = getattr(self, name)
            figures[f"{name}_ci"] = list(getattr(self, f"{name}_ci") or ()) or None
        return {
            **figures,
            "decisions": self.decisions.as_dict() if self.decisions else None,
            "scope": self.scope.as_dict() if self.scope else None,
            "per_label": [
                {**asdict(entry), "recall_ci": list(entry.recall_ci)} for entry in self.per_label
            ],
            "confusion": {"labels": list(self.labels), "matrix": self.confusion.tolist()},
            "confused_pairs": [asdict(pair) for pair in self.confused_pairs],
            "reliability": [asdict(group) for group in self.reliability],
            "risk_coverage": [list(point) for point in self.risk_coverage],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """The evaluation that :meth:`as_dict` wrote.

        Raises:
            KeyError, TypeError: the values are not such an evaluation.
        """
        figures: dict[str, Any] = {"n": values["n"], "unanswered": values.get("unanswered", 0)}
        for name in _FIGURES:
            figures[name] = values[name]
            figures[f"{name}_ci"] = tuple(values[f"{name}_ci"])
        for name in _LATER:
            interval = values.get(f"{name}_ci")
            figures[name] = values.get(name)
            figures[f"{name}_ci"] = tuple(interval) if interval else None
        decisions, scope = values.get("decisions"), values.get("scope")
        return cls(
            **figures,
            labels=tuple(values["confusion"]["labels"]),
            per_label=tuple(
                LabelScore(**{**entry, "recall_ci": tuple(entry["recall_ci"])})
                for entry in values["per_label"]
            ),
            confusion=_frozen(np.array(values["confusion"]["matrix"], dtype=np.int64)),
            confused_pairs=tuple(ConfusedPair(**pair) for pair in values["confused_pairs"]),
            reliability=tuple(ReliabilityBin(**group) for group in values["reliability"]),
            risk_coverage=tuple((x, y) for x, y in values.get("risk_coverage", ())),
            decisions=DecisionScore.from_dict(decisions) if decisions else None,
            scope=ScopeScore.from_dict(scope) if scope else None,
        )


def score(
    probabilities: np.ndarray, truth: Truth, labels: Sequence[str], *, seed: int = 0
) -> Evaluation:
    """Measure answers against the truth.

    Args:
        probabilities: shape ``(n, k)``, every row summing to 1. The answer is the most
            probable label; of equals, the first. A row of zeros is no answer, and wrong.
        truth: label numbers, shape ``(n,)``.
        labels: the ``k`` label names.
        seed: fixes the bootstrap; the figures themselves do not depend on it.

    Raises:
        ValueError: no rows, shapes that do not fit, rows that are no probabilities,
            label numbers out of range, a label name twice.
    """
    table, numbers = _checked(probabilities, truth)
    names = tuple(labels)
    if len(names) != table.shape[1]:
        raise ValueError(f"{table.shape[1]} columns of probabilities but {len(names)} labels")
    if len(set(names)) != len(names):
        raise ValueError("a label name stands twice in the labels")
    answers = _answers(table)
    confidence = table.max(axis=1)
    right = answers == numbers
    counts = _confusion(numbers, answers, len(names))
    f1, precision, recall = _macro(counts)
    macro = macro_intervals(counts, seed)
    confusion = counts[:, :-1].copy()
    groups = reliability(confidence, right)
    losses, squares = _losses(table, numbers), brier(table, numbers)
    gaps, curve = classwise_gaps(table, numbers), risk_coverage(confidence, right)
    return Evaluation(
        n=len(numbers),
        labels=names,
        accuracy=float(right.mean()),
        accuracy_ci=wilson(int(right.sum()), len(numbers)),
        macro_f1=f1,
        macro_f1_ci=macro.f1,
        precision=precision,
        precision_ci=macro.precision,
        recall=recall,
        recall_ci=macro.recall,
        ece=expected_calibration_error(groups),
        ece_ci=calibration_interval(confidence, right, seed),
        loss=float(losses.mean()),
        loss_ci=mean_interval(losses, highest=-math.log(_LEAST_PROBABILITY)),
        per_label=_per_label(counts, names),
        confusion=_frozen(confusion),
        confused_pairs=_confused_pairs(confusion, names),
        reliability=groups,
        unanswered=int(counts[:, -1].sum()),
        classwise_ece=gaps.error,
        classwise_ece_ci=classwise_interval(gaps, seed),
        brier=float(squares.mean()),
        brier_ci=mean_interval(squares, highest=2.0),
        aurc=curve.area,
        aurc_ci=area_interval(confidence, right, seed),
        risk_coverage=tuple(curve.points()),
    )


def quick(probabilities: np.ndarray, truth: Truth) -> dict[str, float]:
    """Loss, accuracy and macro F1, precision and recall, without intervals.

    Raises:
        ValueError: as :func:`score`.
    """
    table, numbers = _checked(probabilities, truth)
    confusion = _confusion(numbers, _answers(table), table.shape[1])
    f1, precision, recall = _macro(confusion)
    return {
        "loss": float(_losses(table, numbers).mean()),
        "accuracy": float(np.trace(confusion) / len(numbers)),
        "f1": f1,
        "precision": precision,
        "recall": recall,
    }


def _checked(probabilities: np.ndarray, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    table = np.asarray(probabilities, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"probabilities must have shape (rows, labels), not {table.shape}")
    numbers = np.asarray(truth)
    if numbers.shape != table.shape[:1]:
        raise ValueError(f"{len(table)} rows of probabilities but truth of shape {numbers.shape}")
    if len(table) == 0:
        raise ValueError("there are no rows to measure")
    if not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"truth must be label numbers, not {numbers.dtype}")
    if numbers.min() < 0 or numbers.max() >= table.shape[1]:
        raise ValueError(
            f"truth holds the label number {numbers.min() if numbers.min() < 0 else numbers.max()}"
            f", but there are only the labels 0 to {table.shape[1] - 1}"
        )
    # Written so that a NaN counts as wrong.
    sums = table.sum(axis=1)
    fine = (table >= 0).all(axis=1) & ((np.abs(sums - 1) <= _SUM_TOLERANCE) | (sums == 0))
    if not fine.all():
        row = int(np.flatnonzero(~fine)[0])
        raise ValueError(
            f"row {row} is not a row of probabilities: they must be 0 or more and sum to 1 "
            f"(or be 0 throughout for no answer), "
            f"these sum to {table[row].sum():.6g}"
        )
    return np.minimum(table, 1.0), numbers.astype(np.int64)


def _answers(table: np.ndarray) -> np.ndarray:
    """The label number answered in each row; the number of labels where there is no answer."""
    return np.where(table.any(axis=1), table.argmax(axis=1), table.shape[1])


def _confusion(truth: np.ndarray, answers: np.ndarray, labels: int) -> np.ndarray:
    """Counts of shape ``(labels, labels + 1)``; the last column is for rows without an answer."""
    wide = labels + 1
    counts = np.bincount(truth * wide + answers, minlength=labels * wide)
    return counts.reshape(labels, wide).astype(np.int64)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _losses(table: np.ndarray, truth: np.ndarray) -> np.ndarray:
    told = table[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(told, _LEAST_PROBABILITY, 1.0)))


def _macro(confusion: np.ndarray) -> tuple[float, float, float]:
    f1, precision, recall = macro_scores(
        np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)[:-1]
    )
    return float(f1), float(precision), float(recall)


def _per_label(confusion: np.ndarray, labels: tuple[str, ...]) -> tuple[LabelScore, ...]:
    hits = np.diag(confusion)
    support, answered = confusion.sum(axis=1), confusion.sum(axis=0)[:-1]
    return tuple(
        LabelScore(
            label=label,
            precision=float(hit / max(said, 1)),
            recall=float(hit / max(have, 1)),
            f1=float(2 * hit / max(have + said, 1)),
            support=int(have),
            answered=int(said),
            recall_ci=wilson(int(hit), int(have)),
        )
        for label, hit, have, said in zip(labels, hits, support, answered, strict=True)
    )


def _confused_pairs(confusion: np.ndarray, labels: tuple[str, ...]) -> tuple[ConfusedPair, ...]:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    rows, columns = np.nonzero(wrong)
    counts = wrong[rows, columns]
    # Most rows first; of equals, in the order of the labels.
    order = np.argsort(-counts, kind="stable")
    return tuple(
        ConfusedPair(labels[rows[place]], labels[columns[place]], int(counts[place]))
        for place in order
    )
