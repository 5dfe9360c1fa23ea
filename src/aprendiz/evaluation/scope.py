"""In scope or out of it: the scale on which a detector's score is told, and how good it is.

A detector (``neural/scope.py``, or a method's own) gives any number that is larger for texts
like its examples. Here the number becomes a *scope*: the share of in-scope texts that look no
more in scope than this one. That is a conformal p-value (Bates et al. 2023, "Testing for
outliers with conformal p-values"): refusing what lies under 0.05 refuses about one in-scope
text in twenty, whatever the detector is and wherever the texts come from, as long as those it
was made from are like those to come. It promises nothing of the texts outside.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval, wilson

FALSE_ALARMS = 0.05
LEAST_ROWS = 19  # with fewer in-scope rows nobody can vouch for one alarm in twenty
_KNOTS = 1_000


@dataclass(frozen=True, eq=False)
class Scale:
    """From a detector's score to a scope.

    Attributes:
        knots: scores of in-scope rows that nothing was fitted to, rising, at most a thousand
            of them evenly spread; float64.
        n: how many rows they were taken from.
    """

    knots: np.ndarray
    n: int

    @classmethod
    def of(cls, scores: np.ndarray) -> Scale:
        """The scale of these in-scope scores, shape ``(n,)``.

        Raises:
            ValueError: none, or some that are not finite.
        """
        ordered = np.sort(np.asarray(scores, dtype=np.float64))
        if len(ordered) == 0 or not np.isfinite(ordered).all():
            raise ValueError("a scale needs finite scores of in-scope rows")
        if len(ordered) > _KNOTS:
            places = np.linspace(0, len(ordered) - 1, _KNOTS).round().astype(int)
            return cls(ordered[places], len(ordered))
        return cls(ordered, len(ordered))

    def scope(self, scores: np.ndarray) -> np.ndarray:
        """The scope of each score, 0 to 1, shape ``(m,)``; rising with the score.

        At the i-th smallest of the ``n`` scores it is ``(i + 1) / (n + 1)``, between two of
        them it is drawn straight, above the largest it is 1. Under the smallest it falls on
        from ``1 / (n + 1)`` towards 0, so that texts far outside can still be ranked: there
        it is no longer a share that the rows can vouch for.
        """
        told = np.asarray(scores, dtype=np.float64)
        least = 1 / (self.n + 1)
        places = np.linspace(2 * least, 1.0, len(self.knots)) if self.n > 1 else np.ones(1)
        inside = np.interp(told, self.knots, places)
        width = max(float(self.knots[-1] - self.knots[0]), 1e-12)
        under = np.maximum(self.knots[0] - told, 0.0) / width
        return np.asarray(np.where(told < self.knots[0], least * np.exp(-under), inside))


@dataclass(frozen=True, slots=True)
class ScopeScore:
    """How well texts about none of the labels are told apart; intervals are 95 % intervals.

    Attributes:
        inside: rows about one of the labels.
        outside: rows about none.
        auroc: how often a row inside gets a larger scope than one outside; of equals, half.
        auroc_ci: its interval (DeLong, DeLong and Clarke-Pearson 1988).
        threshold: under which the model calls a text out of scope.
        recall: share of the rows outside that it calls so.
        recall_ci: its interval (Wilson).
        false_alarms: share of the rows inside that it calls so.
        false_alarms_ci: its interval (Wilson).
        recall_at_5: recall at the threshold that refuses a twentieth of these very rows
            inside; for comparing detectors, since nobody has that threshold beforehand.
        answered: share of the rows outside that would have been answered with a label.
        answered_ci: its interval (Wilson).
        by: what ranks the texts: ``scope``, or ``confidence`` where there is no detector.
    """

    inside: int
    outside: int
    auroc: float
    auroc_ci: Interval
    threshold: float
    recall: float
    recall_ci: Interval
    false_alarms: float
    false_alarms_ci: Interval
    recall_at_5: float
    answered: float
    answered_ci: Interval
    by: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScopeScore:
        """The score that :meth:`as_dict` wrote."""
        read: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in values.items()
        }
        return cls(**read)

    def in_words(self) -> str:
        """The main figures in one line for a person."""
        low, high = self.auroc_ci
        return (
            f"out of scope: AUROC {self.auroc:.3f} ({low:.3f} to {high:.3f}) by {self.by}; finds "
            f"{self.recall:.3f} of {self.outside:,} rows at {self.false_alarms:.3f} false alarms"
        )


def score_scope(
    inside: np.ndarray,
    outside: np.ndarray,
    threshold: float,
    answered: np.ndarray,
    by: str = "scope",
) -> ScopeScore:
    """Measure a detector.

    Args:
        inside: scope (or confidence) of rows about one of the labels, shape ``(n,)``.
        outside: of rows about none, shape ``(m,)``.
        threshold: under which a text is called out of scope.
        answered: whether each row outside would have been answered, shape ``(m,)``.
        by: what the numbers are.

    Raises:
        ValueError: no rows inside or none outside.
    """
    if len(inside) == 0 or len(outside) == 0:
        raise ValueError("rows inside and outside are needed")
    found, alarms = int((outside < threshold).sum()), int((inside < threshold).sum())
    area, interval = auroc(inside, outside)
    slips = int(np.asarray(answered).sum())
    return ScopeScore(
        inside=len(inside),
        outside=len(outside),
        auroc=area,
        auroc_ci=interval,
        threshold=float(threshold),
        recall=found / len(outside),
        recall_ci=wilson(found, len(outside)),
        false_alarms=alarms / len(inside),
        false_alarms_ci=wilson(alarms, len(inside)),
        recall_at_5=float((outside < np.quantile(inside, FALSE_ALARMS)).mean()),
        answered=slips / len(outside),
        answered_ci=wilson(slips, len(outside)),
        by=by,
    )


def auroc(inside: np.ndarray, outside: np.ndarray) -> tuple[float, Interval]:
    """Area under the ROC curve and its 95 % interval.

    The area is the share of pairs in which the row inside has the larger number (Mann and
    Whitney); its variance is DeLong's, from how much each row's own share differs.
    """
    beats = _share_below(outside, inside)
    loses = 1 - _share_below(inside, outside)
    area = float(beats.mean())
    spread = sum(float(part.var(ddof=1)) / len(part) for part in (beats, loses) if len(part) > 1)
    if area in (0.0, 1.0) or len(beats) < 2 or len(loses) < 2:
        # No pair is the wrong way round, which is not certainty: the width of a share of
        # as many rows as the smaller side has stands in.
        fewest = min(len(beats), len(loses))
        return area, wilson(round(area * fewest), fewest)
    half = 1.959963984540054 * float(np.sqrt(spread))
    return area, (max(0.0, area - half), min(1.0, area + half))


def _share_below(others: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For each of ``rows`` the share of ``others`` under it; of equals, half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, rows, "left")
    equal = np.searchsorted(ordered, rows, "right") - below
    return np.asarray((below + equal / 2) / len(ordered))
