"""How far a figure may be off because only so many rows were measured: 95 % intervals.

Shares of rows get Wilson's interval; figures that are no share (macro averages, the
calibration error) get a bootstrap that draws whole tables of counts instead of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aprendiz.evaluation.calibration import BINS, ClasswiseGaps, bin_of

Interval = tuple[float, float]

_Z = 1.959963984540054  # 97.5 % point of the normal distribution
_DRAWS = 1_000
# Counts drawn at once: bounds the memory of a thousand labels to tens of megabytes.
_COUNTS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class MacroIntervals:
    """95 % intervals of the three macro averages."""

    f1: Interval
    precision: Interval
    recall: Interval


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval for a share (Wilson 1927); ``(0, 1)`` when ``n`` is 0.

    Unlike the textbook interval it stays inside 0 to 1 and keeps a width when all rows
    (or none) are successes.
    """
    if n <= 0:
        return 0.0, 1.0
    share = successes / n
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    centre = share + _Z**2 / (2 * n)
    scale = 1 + _Z**2 / n
    low = 0.0 if successes <= 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if successes >= n else min(1.0, (centre + spread) / scale)
    # Rounding must never push the share itself out of its own interval.
    return min(low, share), max(high, share)


def mean_interval(values: np.ndarray, highest: float) -> Interval:
    """Normal interval of a mean of values from 0 to ``highest``; all of it for a single value."""
    if len(values) < 2:
        return 0.0, highest
    mean = float(values.mean())
    spread = _Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return max(0.0, mean - spread), min(highest, mean + spread)


def macro_scores(
    hits: np.ndarray, support: np.ndarray, answered: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Macro F1, precision and recall over the labels that occur in truth or answers.

    This is what scikit-learn does by default (``average="macro"``, ``zero_division=0``).

    Args:
        hits: rows of a label that were answered with it, shape ``(..., k)``.
        support: rows that have the label, same shape.
        answered: rows that were answered with the label, same shape.

    Returns:
        Three arrays of shape ``(...)``.
    """
    met = support + answered
    occurring = np.maximum((met > 0).sum(axis=-1), 1)
    f1 = (2 * hits / np.maximum(met, 1)).sum(axis=-1) / occurring
    precision = (hits / np.maximum(answered, 1)).sum(axis=-1) / occurring
    recall = (hits / np.maximum(support, 1)).sum(axis=-1) / occurring
    return f1, precision, recall


def macro_intervals(confusion: np.ndarray, seed: int = 0) -> MacroIntervals:
    """Bootstrap intervals of the macro averages.

    Drawing n rows with replacement is the same as drawing the filled cells of the
    confusion matrix from a multinomial distribution, which is what this does.

    Args:
        confusion: counts, shape ``(k, k)``, row = truth, column = answer; a further column
            counts the rows without an answer.
        seed: fixes the draws.
    """
    truth, answer = np.nonzero(confusion)
    cells = confusion[truth, answer]
    labels = len(confusion)
    drawn: list[np.ndarray] = []
    for counts in _drawn_tables(cells, seed):
        on_diagonal = truth == answer
        hits = np.zeros((len(counts), labels), dtype=np.int64)
        hits[:, truth[on_diagonal]] = counts[:, on_diagonal]
        support = _sum_by(counts, truth, labels)
        answered = _sum_by(counts, answer, confusion.shape[1])[:, :labels]
        drawn.append(np.stack(macro_scores(hits, support, answered)))
    columns = confusion.sum(axis=0)[:labels]
    points = macro_scores(np.diag(confusion), confusion.sum(axis=1), columns)
    right, total = int(np.trace(confusion)), int(confusion.sum())
    f1, precision, recall = (
        _around(float(point), draws, right, total)
        for point, draws in zip(points, np.concatenate(drawn, axis=1), strict=True)
    )
    return MacroIntervals(f1, precision, recall)


def calibration_interval(confidence: np.ndarray, correct: np.ndarray, seed: int = 0) -> Interval:
    """Bootstrap interval of the expected calibration error.

    Draws how many rows of each bin are right and wrong; the mean confidence of a bin's
    right and of its wrong rows is held, being nearly constant inside a narrow bin. The
    error is never measured as 0 even where it is 0, because chance alone opens gaps:
    when a perfectly calibrated model would often show as much (consistency resampling,
    Bröcker and Smith 2007), the interval begins at 0.

    Args:
        confidence: probability of the label answered, shape ``(n,)``.
        correct: whether it was right, shape ``(n,)``.
        seed: fixes the draws.
    """
    group = 2 * bin_of(confidence) + correct.astype(np.int64)
    counts = np.bincount(group, minlength=2 * BINS)
    sums = np.bincount(group, weights=confidence, minlength=2 * BINS)
    filled = np.flatnonzero(counts)
    # What one row of the group adds to its bin's (accuracy minus confidence).
    gap = filled % 2 - sums[filled] / counts[filled]
    total = len(confidence)
    point = float(np.abs(np.bincount(filled // 2, weights=gap * counts[filled])).sum() / total)
    draws = [
        np.abs(_sum_by(tables * gap, filled // 2, BINS)).sum(axis=1) / total
        for tables in _drawn_tables(counts[filled], seed)
    ]
    low, high = _around(point, np.concatenate(draws), int(correct.sum()), total)
    return (0.0 if point <= _by_chance(counts, sums, seed) else low), high


def classwise_interval(gaps: ClasswiseGaps, seed: int = 0) -> Interval:
    """Bootstrap interval of the classwise calibration error.

    Each cell's gap is drawn from a normal distribution around what was met, cells apart: a
    resampling of rows would say the same and cost rows times labels. As for the calibration
    error, the interval begins at 0 where a perfectly calibrated model would often show as
    much by chance.
    """
    random = np.random.default_rng(seed)
    scale = 1 / (gaps.n * len(gaps.gap))
    cells = gaps.expected > 0
    gap, spread, expected = gaps.gap[cells], gaps.spread[cells], gaps.expected[cells]
    draws, chance = np.zeros(_DRAWS), np.zeros(_DRAWS)
    for at in range(_DRAWS):
        noise = random.standard_normal(len(gap))
        draws[at] = np.abs(gap + noise * np.sqrt(spread)).sum() * scale
        chance[at] = np.abs(noise * np.sqrt(expected)).sum() * scale
    point = gaps.error
    low, high = (float(end) for end in np.quantile(draws, (0.025, 0.975)))
    low, high = max(0.0, min(point, 2 * point - high)), min(1.0, max(point, 2 * point - low))
    return (0.0 if point <= float(np.quantile(chance, 0.975)) else low), high


def _by_chance(counts: np.ndarray, sums: np.ndarray, seed: int) -> float:
    """The error that a perfectly calibrated model would show in one of 40 such measurements."""
    rows = counts.reshape(BINS, 2).sum(axis=1)
    expected = sums.reshape(BINS, 2).sum(axis=1)
    share = np.clip(expected / np.maximum(rows, 1), 0.0, 1.0)
    right = np.random.default_rng(seed).binomial(rows, share, size=(_DRAWS, BINS))
    errors = np.abs(right - expected).sum(axis=1) / rows.sum()
    return float(np.quantile(errors, 0.975))


def _drawn_tables(cells: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Tables as likely as the one met, shape ``(draws at once, cells)``, _DRAWS in all."""
    random = np.random.default_rng(seed)
    total = int(cells.sum())
    at_once = max(1, min(_DRAWS, _COUNTS_AT_ONCE // len(cells)))
    for begin in range(0, _DRAWS, at_once):
        yield random.multinomial(total, cells / total, size=min(at_once, _DRAWS - begin))


def _sum_by(counts: np.ndarray, keys: np.ndarray, size: int) -> np.ndarray:
    """Sum the columns of ``counts`` that share a key: shape ``(draws, size)``."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    sums = np.zeros((len(counts), size), dtype=counts.dtype)
    sums[:, ordered[starts]] = np.add.reduceat(counts[:, order], starts, axis=1)
    return sums


def _around(point: float, draws: np.ndarray, right: int, total: int) -> Interval:
    """The basic (reflected) bootstrap interval, holding the point and inside 0 to 1.

    Resampling lowers a macro average with many rare labels and raises a calibration error,
    so its plain percentiles miss the truth: with 77 labels on 300 rows they held the true
    macro F1 in 39 of 100 simulated measurements, the reflected ones in 90.
    """
    if right in (0, total):
        # Without a single wrong (or right) row resampling shows no spread, which is not
        # certainty: Wilson's width for the accuracy stands in.
        low, high = wilson(right, total)
        return max(0.0, point - (high - low)), min(1.0, point + (high - low))
    low, high = (float(end) for end in np.quantile(draws, (0.025, 0.975)))
    return max(0.0, min(point, 2 * point - high)), min(1.0, max(point, 2 * point - low))
