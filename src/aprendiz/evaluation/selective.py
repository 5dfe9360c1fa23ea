"""Answering some rows and leaving others: what is gained in precision, what is lost in coverage.

A rule that answers when confidence is at or above a threshold is a selective classifier
(El-Yaniv and Wiener 2010). Risk is the share of wrong answers among those given, coverage
the share of rows that get one. Thresholds are chosen in ``thresholds.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aprendiz.evaluation.intervals import Interval, wilson

_POINTS = 100
_DRAWS = 200


@dataclass(frozen=True, slots=True)
class Selected:
    """What answering from one threshold on means; intervals are Wilson's 95 % intervals.

    Attributes:
        threshold: the least confidence that is answered.
        n: rows.
        answered: rows with at least that confidence.
        right: of those, the rightly answered.
    """

    threshold: float
    n: int
    answered: int
    right: int

    @property
    def coverage(self) -> float:
        """Share of rows that are answered."""
        return self.answered / self.n if self.n else 0.0

    @property
    def coverage_ci(self) -> Interval:
        """Its interval."""
        return wilson(self.answered, self.n)

    @property
    def precision(self) -> float:
        """Share of the answers that are right; 0 where nothing is answered."""
        return self.right / self.answered if self.answered else 0.0

    @property
    def precision_ci(self) -> Interval:
        """Its interval."""
        return wilson(self.right, self.answered)

    def as_dict(self) -> dict[str, float | int | list[float]]:
        """Plain values for JSON."""
        return {
            "threshold": self.threshold,
            "n": self.n,
            "answered": self.answered,
            "right": self.right,
            "coverage": self.coverage,
            "coverage_ci": list(self.coverage_ci),
            "precision": self.precision,
            "precision_ci": list(self.precision_ci),
        }


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Risk at every coverage, from the surest row to all of them.

    Attributes:
        threshold: the confidence of each step, falling, shape ``(s,)``; rows of equal
            confidence are one step, since no threshold can part them.
        answered: rows answered at it, shape ``(s,)``.
        right: of those, the rightly answered, shape ``(s,)``.
        n: all rows.
        area: area under the curve, 0 to 1, lower is better (AURC, Geifman et al. 2019): the
            mean risk over the coverages 1/n, 2/n … 1. Rows of equal confidence share
            their mean, as if their order were drawn at random.
    """

    threshold: np.ndarray
    answered: np.ndarray
    right: np.ndarray
    n: int
    area: float

    def points(self) -> list[tuple[float, float]]:
        """At most a hundred pairs (coverage, risk), evenly spread, for drawing and for JSON."""
        places = np.unique(np.linspace(0, len(self.answered) - 1, _POINTS).round().astype(int))
        return [
            (float(self.answered[at] / self.n), float(1 - self.right[at] / self.answered[at]))
            for at in places
        ]


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> RiskCoverage:
    """The risk–coverage curve.

    Args:
        confidence: of the answer, shape ``(n,)``. Rows that may never be answered have
            ``-inf``: they count in ``n`` and never come into the curve.
        correct: whether it was right, shape ``(n,)``.

    Raises:
        ValueError: no rows, or shapes that do not fit.
    """
    sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=bool)
    if sure.ndim != 1 or sure.shape != right.shape or len(sure) == 0:
        raise ValueError(f"confidence {sure.shape} and correct {right.shape}: one of each a row")
    order = np.argsort(-sure, kind="stable")
    order = order[np.isfinite(sure[order])]
    if len(order) == 0:
        empty = np.zeros(0, dtype=np.int64)
        return RiskCoverage(np.zeros(0), empty, empty, len(sure), 1.0)
    ends = np.flatnonzero(np.append(np.diff(sure[order]) != 0, True))
    answered = ends + 1
    hits = np.cumsum(right[order])[ends]
    return RiskCoverage(sure[order][ends], answered, hits, len(sure), _area(answered, hits))


def area_interval(confidence: np.ndarray, correct: np.ndarray, seed: int = 0) -> Interval:
    """Bootstrap interval of the area under the risk–coverage curve.

    Rows are drawn by how often each one occurs, so the surest-first order is made once. Rows
    of equal confidence count with their mean.
    """
    sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    order = np.argsort(-sure, kind="stable")
    order = order[np.isfinite(sure[order])]
    n = len(order)
    if n < 2 or right.min() == right.max():
        low, high = wilson(round(float(1 - right.mean()) * len(right)), len(right))
        return low, high
    _, group = np.unique(-sure[order], return_inverse=True)
    hits = (np.bincount(group, right[order]) / np.bincount(group))[group]
    random = np.random.default_rng(seed)
    areas = np.zeros(_DRAWS)
    for at in range(_DRAWS):
        times = random.multinomial(n, np.full(n, 1 / n))
        answered = np.cumsum(times)
        risk = 1 - np.cumsum(times * hits) / np.maximum(answered, 1)
        areas[at] = (risk * times).sum() / n
    point = risk_coverage(confidence, correct).area
    low, high = (float(end) for end in np.quantile(areas, (0.025, 0.975)))
    return min(low, point), max(high, point)


def _area(answered: np.ndarray, right: np.ndarray) -> float:
    """Mean risk over every number of answers, hits spread evenly within a step."""
    counts = np.arange(1, answered[-1] + 1)
    hits = np.interp(counts, np.append(0, answered), np.append(0, right))
    return float((1 - hits / counts).mean())


def selected(confidence: np.ndarray, correct: np.ndarray, threshold: float) -> Selected:
    """What one threshold does to these rows; arguments as for :func:`risk_coverage`."""
    answered = np.asarray(confidence) >= threshold
    return Selected(
        float(threshold),
        len(answered),
        int(answered.sum()),
        int(np.asarray(correct)[answered].sum()),
    )
