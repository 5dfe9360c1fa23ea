"""What a measured accuracy may claim: a letter from its lower bound, and what is more than chance.

Knows counts of right and wrong answers and nothing else; which groups are compared, and
what is to be done about a difference, is decided by whoever asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval, wilson

#: Letter, and the least lower bound of the 95 % interval that earns it. Because the bound
#: counts, a letter says "at least this good", and few rows cannot earn a high one: with
#: every answer right it takes 73 rows for an A+, 35 for an A, 16 for a B, 9 for a C.
THRESHOLDS: tuple[tuple[str, float], ...] = (
    ("A+", 0.95),
    ("A", 0.90),
    ("B+", 0.85),
    ("B", 0.80),
    ("C+", 0.75),
    ("C", 0.70),
    ("D", 0.60),
    ("F", 0.00),
)
_Z = 1.959963984540054  # 97.5 % point of the normal distribution
_SHUFFLES = 2_000


@dataclass(frozen=True, slots=True)
class Grade:
    """A letter and what it rests on.

    Attributes:
        letter: ``A+``, ``A``, ``B+``, ``B``, ``C+``, ``C``, ``D`` or ``F``.
        correct: rows answered rightly.
        n: rows measured.
        low: lower bound of Wilson's 95 % interval; it alone decides the letter.
        high: upper bound.
    """

    letter: str
    correct: int
    n: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        """Share of rows answered rightly."""
        return self.correct / self.n

    def in_words(self) -> str:
        """The letter with its reason, in one sentence."""
        return (
            f"{self.letter}: {self.correct} of {self.n} right ({self.accuracy:.1%}); "
            f"the lower bound of the 95 % interval, {self.low:.1%}, decides"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "accuracy": self.accuracy, "thresholds": dict(THRESHOLDS)}


def grade(correct: int, n: int) -> Grade:
    """The letter that ``correct`` right answers out of ``n`` have earned (:data:`THRESHOLDS`).

    Raises:
        ValueError: no rows, or not between 0 and ``n`` right ones.
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(f"{correct} right of {n} rows is no result")
    low, high = wilson(correct, n)
    letter = next(letter for letter, least in THRESHOLDS if low >= least)
    return Grade(letter, correct, n, low, high)


def better(one: Grade) -> tuple[str, int] | None:
    """The next better letter and the right answers it takes on as many rows.

    ``None`` when there is no better letter, or when so few rows cannot earn it even if all
    are right.
    """
    for correct in range(one.correct + 1, one.n + 1):
        if (reached := grade(correct, one.n)).letter != one.letter:
            return reached.letter, correct
    return None


def rows_for(share: float, half_width: float) -> int:
    """Rows that make the 95 % interval of a share about ``± half_width`` (normal approximation)."""
    spread = max(share * (1 - share), 0.01)  # a share of 0 or 1 is never known that well
    return math.ceil(_Z**2 * spread / half_width**2)


def chance_of_difference(right: int, n: int, other_right: int, other_n: int) -> float:
    """Fisher's exact test, two-sided: how often chance alone separates two shares this much.

    Sums the hypergeometric probabilities of all tables with the same margins that are no
    more likely than the one met (Fisher 1922). 1 when a group is empty.
    """
    rows, hits = n + other_n, right + other_right
    ways = {
        k: math.comb(n, k) * math.comb(other_n, hits - k)
        for k in range(max(0, hits - other_n), min(n, hits) + 1)
    }
    return sum(way for way in ways.values() if way <= ways[right]) / math.comb(rows, hits)


def chance_of_shift(one: Sequence[float], other: Sequence[float], *, seed: int = 0) -> float:
    """Permutation test of two means, two-sided: how often shuffled values differ this much.

    The met order counts as one of the shuffles, so the answer is never 0. 1 when a group is
    empty.
    """
    if not one or not other:
        return 1.0
    values = np.array([*one, *other], dtype=np.float64)
    met = abs(values[: len(one)].mean() - values[len(one) :].mean())
    random = np.random.default_rng(seed)
    shuffled = random.permuted(np.tile(values, (_SHUFFLES, 1)), axis=1)
    means = shuffled[:, : len(one)].mean(axis=1) - shuffled[:, len(one) :].mean(axis=1)
    # Sums in another order differ in the last digits.
    as_far = int((np.abs(means) >= met * (1 - 1e-9)).sum())
    return (as_far + 1) / (_SHUFFLES + 1)


def spread_of(groups: Sequence[tuple[int, int]]) -> dict[str, float]:
    """How far the shares of several groups lie apart, beside what chance would do.

    Args:
        groups: right answers and rows of each, none empty.

    Returns:
        ``variance`` of the shares (population) and ``by_chance``, the variance to expect if
        every group had the same true share: the mean of p (1 - p) / n, times (k - 1) / k.
    """
    shares = np.array([right / n for right, n in groups])
    p = sum(right for right, _ in groups) / sum(n for _, n in groups)
    expected = float(np.mean([p * (1 - p) / n for _, n in groups])) * (1 - 1 / len(groups))
    return {"variance": float(shares.var()), "by_chance": expected}


def share(right: int, n: int) -> dict[str, Any]:
    """A share of right answers with its rows and its interval, as plain values."""
    interval: Interval = wilson(right, n)
    return {
        "n": n,
        "correct": right,
        "accuracy": right / n if n else None,
        "accuracy_ci": list(interval),
    }
