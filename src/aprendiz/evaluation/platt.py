"""Scores of one label against the rest, turned into probabilities that mean what they say.

A sigmoid of an affine map of the score (Platt 1999), fitted by Newton's method with the
targets that he smoothed and the line search of Lin, Lin and Weng (2007). The map is folded
into a linear head, so that a folder needs nothing new to hold it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Held-out rows with the label, and without it, under which two numbers are not worth fitting.
LEAST_ROWS = 5
_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Platt:
    """One affine map a label.

    Attributes:
        slope: shape (labels,), all positive: the order of rows stays as it was.
        offset: shape (labels,).
    """

    slope: np.ndarray
    offset: np.ndarray

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Of scores (n, labels), likewise."""
        return sigmoid(scores * self.slope + self.offset)

    def folded(self, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The head (labels, width) and (labels,) whose sigmoid gives the same, float32."""
        scaled = np.ascontiguousarray(weight * self.slope[:, None], dtype=np.float32)
        return scaled, (bias * self.slope + self.offset).astype(np.float32)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), without overflow, float64."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(scores, dtype=np.float64))))


def fit_platt(scores: np.ndarray, truth: np.ndarray) -> Platt:
    """The maps for scores of rows that nothing was fitted to.

    Args:
        scores: shape (n, labels).
        truth: which row has which label, bool, same shape.

    A label with too few rows, or whose scores do not rise with it, keeps its scores as they are.
    """
    pairs = [_fit_one(scores[:, at], truth[:, at]) for at in range(scores.shape[1])]
    told = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return Platt(told[:, 0], told[:, 1])


def log_loss(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Mean negative log-likelihood over rows and labels, in nats."""
    right = np.where(truth, probabilities, 1 - probabilities)
    return float(-np.log(np.clip(right, 1e-12, None)).mean())


def _fit_one(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    have = int(truth.sum())
    lack = len(truth) - have
    if min(have, lack) < LEAST_ROWS:
        return 1.0, 0.0
    target = np.where(truth, (have + 1) / (have + 2), 1 / (lack + 2))
    x = np.stack([scores, np.ones_like(scores)], axis=1).astype(np.float64)
    at = np.array([0.0, np.log((have + 1) / (lack + 1))])

    def loss(values: np.ndarray) -> float:
        z = x @ values
        return float((np.logaddexp(0, z) - target * z).sum())

    best = loss(at)
    for _ in range(_STEPS):
        told = sigmoid(x @ at)
        slope = x.T @ (told - target)
        if np.abs(slope).max() < 1e-6:
            break
        bend = (x * (told * (1 - told))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while size > 1e-8 and loss(at - size * step) > best - 1e-4 * size * float(slope @ step):
            size /= 2
        if size <= 1e-8:
            break
        at = at - size * step
        best = loss(at)
    return (float(at[0]), float(at[1])) if at[0] > 0 else (1.0, 0.0)
