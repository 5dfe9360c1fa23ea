"""A linear head for texts with any number of labels: one logistic regression a label.

Its penalty is chosen and its probabilities are calibrated out of fold, as in
``linear_head.py``; the calibration is folded into the weights, so that a plain sigmoid of the
logits gives the probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from aprendiz.evaluation.platt import Platt, fit_platt, log_loss
from aprendiz.interfaces import HeldOut
from aprendiz.neural.linear_head import CANDIDATES

_FOLDS = 5
_ROWS_FOR_CHOICE = 2_000
_WITHOUT_FOLDS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class MultiHead:
    """A fitted head.

    Attributes:
        weight: shape (labels, width), float32, calibration folded in.
        bias: shape (labels,), float32, likewise.
        regularization: the inverse penalty C.
        held_out: what it says of rows out of fold; ``None`` with fewer than ten rows.
    """

    weight: np.ndarray
    bias: np.ndarray
    regularization: float
    held_out: HeldOut | None


def fit_multi_head(
    embeddings: np.ndarray,
    truth: np.ndarray,
    *,
    regularization: float | Literal["auto"] = "auto",
    seed: int = 0,
) -> MultiHead:
    """Fit one logistic regression a label; one penalty for all of them.

    Args:
        embeddings: shape (rows, width), float32.
        truth: whether each row has each label, bool, shape (rows, labels).
        regularization: inverse penalty C, or ``auto`` for the one of ``CANDIDATES`` with the
            smallest loss out of fold after calibration; of many rows 2,000 choose it.
        seed: fixes the folds.
    """
    strengths = CANDIDATES if regularization == "auto" else (regularization,)
    if len(truth) < 2 * _FOLDS:
        strength = _WITHOUT_FOLDS if regularization == "auto" else regularization
        return MultiHead(*_fit(embeddings, truth, strength), strength, None)
    rows = np.random.default_rng(seed).permutation(len(truth))[:_ROWS_FOR_CHOICE]
    vectors, known = embeddings[rows], truth[rows]
    best: tuple[float, float, np.ndarray, Platt] | None = None
    for strength in strengths:
        scores = _out_of_fold(vectors, known, strength, seed)
        platt = fit_platt(scores, known)
        loss = log_loss(platt.probabilities(scores), known)
        if best is None or loss < best[0]:
            best = (loss, strength, scores, platt)
    assert best is not None
    _, strength, scores, platt = best
    held_out = HeldOut(platt.probabilities(scores), known, None, "out of fold")
    weight, bias = platt.folded(*_fit(embeddings, truth, strength))
    return MultiHead(weight, bias, strength, held_out)


def _out_of_fold(vectors: np.ndarray, truth: np.ndarray, strength: float, seed: int) -> np.ndarray:
    """Scores of each row from a head that has not seen it, shape (rows, labels)."""
    scores = np.zeros(truth.shape)
    for fit, held in KFold(_FOLDS, shuffle=True, random_state=seed).split(vectors):
        weight, bias = _fit(vectors[fit], truth[fit], strength)
        scores[held] = vectors[held] @ weight.T + bias
    return scores


def _fit(vectors: np.ndarray, truth: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Weight (labels, width) and bias (labels,). Of a label that all rows have or none has
    nothing can be learnt but that: its weight is 0."""
    rows, labels = truth.shape
    weight = np.zeros((labels, vectors.shape[1]), dtype=np.float32)
    bias = np.zeros(labels, dtype=np.float32)
    # The products are small: threads would spend their time waiting for each other.
    with threadpool_limits(1, user_api="blas"):
        for at in range(labels):
            have = int(truth[:, at].sum())
            if have in (0, rows):
                bias[at] = np.log((have + 1) / (rows - have + 1))
                continue
            model = LogisticRegression(C=strength, max_iter=1000, tol=1e-4)
            model.fit(vectors, truth[:, at])
            weight[at], bias[at] = model.coef_[0], model.intercept_[0]
    return weight, bias
