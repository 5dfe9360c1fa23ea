"""Two models on the same rows: the change in accuracy, and whether chance would do as much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval

_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class PairedChange:
    """A paired comparison.

    Attributes:
        n: rows that both answered.
        before: accuracy of the first.
        after: accuracy of the second.
        change: ``after - before``.
        change_ci: its 95 % interval, rows drawn in pairs.
        gained: rows that only the second has right.
        lost: rows that only the first has right.
        p_value: exact McNemar test: how often chance alone would divide the rows on which
            they differ as unevenly as this.
    """

    n: int
    before: float
    after: float
    change: float
    change_ci: Interval
    gained: int
    lost: int
    p_value: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "n": self.n,
            "before": self.before,
            "after": self.after,
            "change": self.change,
            "change_ci": list(self.change_ci),
            "gained": self.gained,
            "lost": self.lost,
            "p_value": self.p_value,
        }

    def in_words(self) -> str:
        """The comparison in two lines for a person."""
        low, high = self.change_ci
        return (
            f"accuracy: {self.before:.3f} → {self.after:.3f} on the same {self.n:,} rows, "
            f"{self.change:+.3f} (95 % interval {low:+.3f} to {high:+.3f})\n"
            f"rows that differ: {self.gained} gained, {self.lost} lost "
            f"(McNemar p = {self.p_value:.3f})"
        )


def paired_change(before: np.ndarray, after: np.ndarray, seed: int = 0) -> PairedChange:
    """Compare two models row by row.

    Args:
        before: whether the first has each row right, shape ``(n,)``.
        after: the same for the second, on the same rows.
        seed: fixes the bootstrap.

    Raises:
        ValueError: no rows, or not as many for both.
    """
    first, second = np.asarray(before, dtype=bool), np.asarray(after, dtype=bool)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(f"not the same rows: {first.shape} and {second.shape}")
    n = len(first)
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    # A bootstrap of pairs draws the three counts; which rows they are does not matter. One
    # pseudo-row gained and one lost keep a width where the two never differ.
    chances = np.array([gained + 0.5, lost + 0.5, n - gained - lost], dtype=np.float64)
    drawn = np.random.default_rng(seed).multinomial(n, chances / chances.sum(), size=_DRAWS)
    changes = (drawn[:, 0] - drawn[:, 1]) / n
    low, high = (float(end) for end in np.quantile(changes, (0.025, 0.975)))
    change = (gained - lost) / n
    return PairedChange(
        n=n,
        before=float(first.mean()),
        after=float(second.mean()),
        change=change,
        change_ci=(min(low, change), max(high, change)),
        gained=gained,
        lost=lost,
        p_value=mcnemar(gained, lost),
    )


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact McNemar test (McNemar 1947): a fair coin for each row that differs."""
    differing, fewer = gained + lost, min(gained, lost)
    tail = sum(math.comb(differing, count) for count in range(fewer + 1))
    return min(1.0, 2 * tail / 2**differing)
