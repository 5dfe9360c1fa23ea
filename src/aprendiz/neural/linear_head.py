"""A regularised linear head on fixed sentence embeddings: its penalty, fit and temperature.

``probe`` is this head and nothing more; ``finetune`` starts from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from aprendiz.evaluation.calibration import fit_temperature, softmax

# Inverse penalties to choose from, about half a decade apart, strict to loose. On unit-length
# embeddings few examples of many labels want a loose one, noisy labels a strict one.
CANDIDATES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_FOLDS = 5
_ROWS_FOR_CHOICE = 2_000


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A fitted head.

    Attributes:
        weight: shape (labels, width), float32.
        bias: shape (labels,), float32.
        regularization: the inverse penalty C it was fitted with.
        temperature: divides its logits so that probabilities mean what they say.
    """

    weight: np.ndarray
    bias: np.ndarray
    regularization: float
    temperature: float


def fit_head(
    embeddings: np.ndarray,
    truth: np.ndarray,
    labels: int,
    *,
    regularization: float | Literal["auto"] = "auto",
    seed: int = 0,
) -> LinearHead:
    """Fit a multinomial logistic regression; choose its penalty and temperature out of fold.

    Args:
        embeddings: shape (rows, width), float32.
        truth: label numbers, shape (rows,), every label present.
        labels: how many labels.
        regularization: inverse penalty C, or ``auto`` for the one of ``CANDIDATES`` with
            the smallest out-of-fold loss after temperature scaling.
        seed: fixes the folds.

    With fewer than two rows of some label no fold can be made: C is then 10 and the
    temperature 1.
    """
    fitted = _out_of_fold(embeddings, truth, labels, regularization, seed)
    strength, temperature = fitted
    weight, bias = _fit(embeddings, truth, labels, strength)
    return LinearHead(weight, bias, strength, temperature)


def _out_of_fold(
    embeddings: np.ndarray,
    truth: np.ndarray,
    labels: int,
    regularization: float | Literal["auto"],
    seed: int,
) -> tuple[float, float]:
    rows = _subset(truth, labels, seed)
    folds = min(_FOLDS, int(np.bincount(truth[rows], minlength=labels).min()))
    if folds < 2:
        return (10.0 if regularization == "auto" else regularization), 1.0
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    parts = list(splitter.split(rows, truth[rows]))
    best = (np.inf, 10.0, 1.0)
    for strength in CANDIDATES if regularization == "auto" else (regularization,):
        logits = np.zeros((len(rows), labels))
        for fit, held_out in parts:
            weight, bias = _fit(embeddings[rows[fit]], truth[rows[fit]], labels, strength)
            logits[held_out] = embeddings[rows[held_out]] @ weight.T + bias
        temperature = fit_temperature(logits, truth[rows])
        told = softmax(logits, temperature)[np.arange(len(rows)), truth[rows]]
        loss = float(-np.log(np.clip(told, 1e-12, None)).mean())
        best = min(best, (loss, strength, temperature))
    return best[1], best[2]


def _subset(truth: np.ndarray, labels: int, seed: int) -> np.ndarray:
    """Rows to choose on: all, or enough of a large set, every label with at least ten."""
    if len(truth) <= _ROWS_FOR_CHOICE:
        return np.arange(len(truth))
    order = np.random.default_rng(seed).permutation(len(truth))
    each = max(10, _ROWS_FOR_CHOICE // labels)
    taken: list[int] = []
    counts = np.zeros(labels, dtype=int)
    for row in order:
        if counts[truth[row]] < each:
            counts[truth[row]] += 1
            taken.append(int(row))
    return np.array(sorted(taken))


def _fit(
    embeddings: np.ndarray, truth: np.ndarray, labels: int, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-4)
    # The products are small: threads would spend their time waiting for each other.
    with threadpool_limits(1, user_api="blas"):
        model.fit(embeddings, truth)
    weight, bias = model.coef_, model.intercept_
    if labels == 2:
        # scikit-learn keeps one row for two labels; as two rows the softmax is the same.
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight.astype(np.float32), bias.astype(np.float32)
