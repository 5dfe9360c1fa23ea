"""Whether confidences mean what they say: softmax, temperature scaling, reliability bins.

Source: Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks".
Plain arrays in, plain values out; no model is loaded here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 15
COLDEST, HOTTEST = 0.05, 20.0
# Each halving of the bracket (log 400 wide) doubles the precision: 32 of them leave 1e-9.
_HALVINGS = 32


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The rows whose confidence lies in one stretch.

    Attributes:
        lower: lowest confidence of the stretch.
        upper: highest confidence; it belongs to the next stretch, except 1 to the last.
        count: how many rows.
        confidence: their mean confidence; ``None`` without rows.
        accuracy: the share of them that was right; ``None`` without rows.
    """

    lower: float
    upper: float
    count: int
    confidence: float | None
    accuracy: float | None


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities of finite logits, shape ``(n, k)`` in and out, float64, rows sum to 1."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if scaled.size == 0:
        return np.zeros_like(scaled)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fit_temperature(logits: np.ndarray, truth: Sequence[int] | np.ndarray) -> float:
    """The temperature that makes the truth most likely: the minimum of the mean NLL.

    The NLL is convex in 1/T, so its slope changes sign once and halving a bracket in
    log T finds the place. The slope at inverse temperature b is the mean over rows of
    (expected logit under softmax(b z)) minus (logit of the true label).

    Args:
        logits: shape ``(n, k)``, on rows that no weight was fitted to.
        truth: label numbers, shape ``(n,)``.

    Returns:
        A temperature from 0.05 to 20. The low end is reached when every row is right (the
        likelihood then has no maximum), the high end when the logits tell nothing. When
        the logits do not differ at all every temperature is the same and 1 is returned.

    Raises:
        ValueError: no rows, shapes that do not fit, logits that are not finite.
    """
    scores, numbers = _checked_logits(logits, truth)
    shifted = scores - scores.max(axis=1, keepdims=True)
    if not shifted.any():
        return 1.0
    told = shifted[np.arange(len(numbers)), numbers].mean()

    def too_cold(temperature: float) -> bool:
        expected = (softmax(shifted, temperature) * shifted).sum(axis=1).mean()
        return bool(expected > told)

    if not too_cold(COLDEST):
        return COLDEST
    if too_cold(HOTTEST):
        return HOTTEST
    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if too_cold(math.exp(middle)):
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def _checked_logits(
    logits: np.ndarray, truth: Sequence[int] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.asarray(logits, dtype=np.float64)
    numbers = np.asarray(truth)
    if scores.ndim != 2 or numbers.shape != scores.shape[:1]:
        raise ValueError(
            f"logits of shape {scores.shape} and truth of shape {numbers.shape} do not fit: "
            "one row of logits for each true label"
        )
    if scores.size == 0:
        raise ValueError("a temperature cannot be fitted without rows")
    if not np.isfinite(scores).all():
        raise ValueError("a temperature cannot be fitted to logits that are not finite")
    if not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"truth must be label numbers, not {numbers.dtype}")
    if numbers.min() < 0 or numbers.max() >= scores.shape[1]:
        raise ValueError(f"truth must be label numbers from 0 to {scores.shape[1] - 1}")
    return scores, numbers


def bin_of(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin number of each confidence, shape ``(n,)``; bins have equal width."""
    numbers = np.floor(np.asarray(confidence) * bins).astype(np.int64)
    return np.clip(numbers, 0, bins - 1)


def reliability(
    confidence: np.ndarray, correct: np.ndarray, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Rows grouped by how sure the model was.

    Args:
        confidence: probability of the label answered, shape ``(n,)``.
        correct: whether that label was right, shape ``(n,)``.
    """
    numbers = bin_of(confidence, bins)
    counts = np.bincount(numbers, minlength=bins)
    sure = np.bincount(numbers, weights=confidence, minlength=bins)
    right = np.bincount(numbers, weights=correct, minlength=bins)
    return tuple(
        ReliabilityBin(
            lower=number / bins,
            upper=(number + 1) / bins,
            count=int(count),
            confidence=float(sure[number] / count) if count else None,
            accuracy=float(right[number] / count) if count else None,
        )
        for number, count in enumerate(counts)
    )


def expected_calibration_error(groups: Sequence[ReliabilityBin]) -> float:
    """Mean gap between confidence and accuracy, each bin weighted by its rows; 0 to 1."""
    total = sum(group.count for group in groups)
    gaps = (
        group.count * abs(group.accuracy - group.confidence)
        for group in groups
        if group.accuracy is not None and group.confidence is not None
    )
    return min(1.0, sum(gaps) / total) if total else 0.0


def brier(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The Brier score of each row (Brier 1950), 0 to 2, shape ``(n,)``: lower is better.

    The squared distance between the probabilities and the certainty of the true label; unlike
    the calibration error it also rewards telling the rows apart.
    """
    told = probabilities[np.arange(len(truth)), truth]
    return np.asarray((probabilities**2).sum(axis=1) - 2 * told + 1)


@dataclass(frozen=True, eq=False)
class ClasswiseGaps:
    """For each label and stretch of its probability: how far hits and promises are apart.

    Attributes:
        gap: hits less the sum of probabilities, shape ``(k, bins)``.
        spread: variance of that sum as the rows show it, same shape.
        expected: its variance if the probabilities were right, same shape.
        n: rows.
    """

    gap: np.ndarray
    spread: np.ndarray
    expected: np.ndarray
    n: int

    @property
    def error(self) -> float:
        """Classwise expected calibration error (Kull et al. 2019), 0 to 1.

        The calibration error of each label's probability on all rows, whether it was the answer
        or not, averaged over the labels.
        """
        return float(np.abs(self.gap).sum() / (self.n * len(self.gap)))


def classwise_gaps(probabilities: np.ndarray, truth: np.ndarray, bins: int = BINS) -> ClasswiseGaps:
    """What the classwise calibration error is made of; shapes ``(n, k)`` and ``(n,)``."""
    n, labels = probabilities.shape
    cells = np.arange(labels) * bins + bin_of(probabilities, bins)
    residual = -probabilities.copy()
    residual[np.arange(n), truth] += 1

    def summed(values: np.ndarray) -> np.ndarray:
        told = np.bincount(cells.ravel(), weights=values.ravel(), minlength=labels * bins)
        return told.reshape(labels, bins)

    gap = summed(residual)
    spread = np.maximum(summed(residual**2) - gap**2 / n, 0.0)
    return ClasswiseGaps(gap, spread, summed(probabilities * (1 - probabilities)), n)
