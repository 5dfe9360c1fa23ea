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

Fold = tuple[np.ndarray, np.ndarray]
"""Rows to fit on, rows held out."""


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """What heads said of rows they were not fitted to.

    Attributes:
        folds: the rows each head was fitted to, and those it was asked about.
        heads: weight and bias of each.
        logits: of the rows asked about, fold after fold, shape (m, labels); no temperature.
        truth: their label numbers, shape (m,).
    """

    folds: tuple[Fold, ...]
    heads: tuple[tuple[np.ndarray, np.ndarray], ...]
    logits: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """A fitted head.

    Attributes:
        weight: shape (labels, width), float32.
        bias: shape (labels,), float32.
        regularization: the inverse penalty C it was fitted with.
        temperature: divides its logits so that probabilities mean what they say.
        out_of_fold: what the temperature was fitted to; ``None`` where no fold can be made.
    """

    weight: np.ndarray
    bias: np.ndarray
    regularization: float
    temperature: float
    out_of_fold: OutOfFold | None = None


def fit_head(
    embeddings: np.ndarray,
    truth: np.ndarray,
    labels: int,
    *,
    regularization: float | Literal["auto"] = "auto",
    seed: int = 0,
    calibrate: bool = False,
) -> LinearHead:
    """Fit a multinomial logistic regression; choose its penalty and temperature out of fold.

    Args:
        embeddings: shape (rows, width), float32.
        truth: label numbers, shape (rows,), every label present.
        labels: how many labels.
        regularization: inverse penalty C, or ``auto`` for the one of ``CANDIDATES`` with
            the smallest out-of-fold loss after temperature scaling.
        seed: fixes the folds.
        calibrate: of many rows the penalty is chosen on a part. Then fit one more head to
            four fifths of them all, and take the temperature from the last fifth: a head
            that has seen more rows is surer of itself, and more often right. Without it the
            temperature is that of the part.

    With fewer than two rows of some label no fold can be made: C is then 10 and the
    temperature 1.
    """
    strength, temperature, told = _out_of_fold(embeddings, truth, labels, regularization, seed)
    if calibrate and told is not None and len(told.truth) < len(truth):
        back = _held_back(truth, labels, seed)
        if len(back[1]):
            told = _ask(embeddings, truth, labels, strength, (back,))
            temperature = fit_temperature(told.logits, told.truth)
    weight, bias = _fit(embeddings, truth, labels, strength)
    return LinearHead(weight, bias, strength, temperature, told)


def _out_of_fold(
    embeddings: np.ndarray,
    truth: np.ndarray,
    labels: int,
    regularization: float | Literal["auto"],
    seed: int,
) -> tuple[float, float, OutOfFold | None]:
    """The penalty with the smallest loss, its temperature, and what it said out of fold."""
    rows = _subset(truth, labels, seed)
    count = min(_FOLDS, int(np.bincount(truth[rows], minlength=labels).min()))
    if count < 2:
        return (10.0 if regularization == "auto" else regularization), 1.0, None
    splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
    folds = tuple((rows[fit], rows[held]) for fit, held in splitter.split(rows, truth[rows]))
    best: tuple[float, float, float, OutOfFold] | None = None
    for strength in CANDIDATES if regularization == "auto" else (regularization,):
        told = _ask(embeddings, truth, labels, strength, folds)
        temperature = fit_temperature(told.logits, told.truth)
        right = softmax(told.logits, temperature)[np.arange(len(told.truth)), told.truth]
        loss = float(-np.log(np.clip(right, 1e-12, None)).mean())
        if best is None or loss < best[0]:
            best = (loss, strength, temperature, told)
    assert best is not None
    return best[1:]


def _ask(
    embeddings: np.ndarray,
    truth: np.ndarray,
    labels: int,
    strength: float,
    folds: tuple[Fold, ...],
) -> OutOfFold:
    heads, logits = [], []
    for fit, held in folds:
        weight, bias = _fit(embeddings[fit], truth[fit], labels, strength)
        heads.append((weight, bias))
        logits.append(embeddings[held] @ weight.T + bias)
    numbers = np.concatenate([truth[held] for _, held in folds])
    told = np.concatenate(logits).astype(np.float64)
    return OutOfFold(folds, tuple(heads), told, numbers)


def _held_back(truth: np.ndarray, labels: int, seed: int) -> Fold:
    """A share of every label's rows apart from the others, at most a fifth."""
    share = min(1 / _FOLDS, _ROWS_FOR_CHOICE / len(truth))
    random = np.random.default_rng(seed)
    held: list[int] = []
    for label in range(labels):
        rows = random.permutation(np.flatnonzero(truth == label))
        held += [int(row) for row in rows[: int(share * len(rows))]]
    apart = np.zeros(len(truth), dtype=bool)
    apart[held] = True
    return np.flatnonzero(~apart), np.flatnonzero(apart)


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
