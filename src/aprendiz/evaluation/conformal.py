"""Sets of labels that hold the true one at a rate that was asked for: split conformal prediction.

The score of a label is one minus its probability (LAC: Sadinle, Lei and Wasserman 2019, "Least
Ambiguous Set-Valued Classifiers with Bounded Error Levels"), which gives the smallest
sets on average. The promise: where new rows are exchangeable with the rows the threshold was
chosen on, and the model was not fitted to those, the true label is in the set with
probability at least 1 - alpha, over rows and calibration rows together (Vovk et al. 2005).
It is a promise about all rows, not about each label; for out-of-fold rows it is proven only
with 1 - 2 alpha (Barber et al. 2021), and usual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aprendiz.errors import RecipeError

_LEAST_ALPHA, _MOST_ALPHA = 0.0001, 0.5


@dataclass(frozen=True, slots=True)
class Sets:
    """A threshold for label sets.

    Attributes:
        alpha: share of sets that may miss the true label.
        threshold: a label is in the set when its probability is at least this.
        n: rows it was chosen on.
        mean_size: labels in a set on average over those rows, never counted as less than one.
    """

    alpha: float
    threshold: float
    n: int
    mean_size: float


def check_alpha(alpha: float) -> None:
    """Refuse what is no error rate.

    Raises:
        RecipeError: it is not from 0.0001 to 0.5.
    """
    if not _LEAST_ALPHA <= alpha <= _MOST_ALPHA:
        raise RecipeError(f"sets: {alpha:g} is no error rate", "a share such as 0.1 or 0.05")


def least_rows(alpha: float) -> int:
    """Rows without which no threshold can promise ``alpha``."""
    return math.ceil(round(1 / alpha, 9)) - 1


def fit_sets(probabilities: np.ndarray, truth: np.ndarray, alpha: float) -> Sets:
    """The threshold whose sets miss the true label in at most ``alpha`` of new rows.

    Args:
        probabilities: shape ``(n, k)``, on rows that no weight was fitted to.
        truth: label numbers, shape ``(n,)``.
        alpha: from 0.0001 to 0.5.

    Raises:
        RecipeError: another alpha.
        ValueError: fewer rows than :func:`least_rows`.
    """
    check_alpha(alpha)
    n = len(truth)
    if n < least_rows(alpha):
        raise ValueError(f"{n} rows are too few for an error rate of {alpha:g}")
    told = probabilities[np.arange(n), truth]
    # The (n + 1)(1 - alpha)-th smallest score is the floor((n + 1) alpha)-th smallest probability.
    rank = math.floor(round((n + 1) * alpha, 9))
    threshold = float(np.sort(told)[rank - 1])
    return Sets(float(alpha), threshold, n, mean_size(probabilities, threshold))


def mean_size(probabilities: np.ndarray, threshold: float) -> float:
    """Labels in a set on average; the most probable label always stands in it."""
    return float(np.maximum((probabilities >= threshold).sum(axis=1), 1).mean())


def holding(probabilities: np.ndarray, truth: np.ndarray, threshold: float) -> np.ndarray:
    """Whether each row's set holds its true label, shape ``(n,)``."""
    rows = np.arange(len(truth))
    told = probabilities[rows, truth]
    return np.asarray((told >= threshold) | (probabilities.argmax(axis=1) == truth))
