"""Which labels are likely wrong: confident learning, joined with what the neighbours say.

Plain arrays in and out. Probabilities must be out of fold (no row was judged by a model that
had learnt it) and should be calibrated; no model is loaded here.

Sources: Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in
Dataset Labels" (thresholds, confident joint); the same authors' library cleanlab for the
order by self-confidence. What is added is a vote of the nearest neighbours, with a tenth of
the weight. That weight was chosen on errors planted in Banking77, CLINC150, SNIPS and the
Spanish dialogues, with ``probe``: it cost no recall within the first 8 % of rows and brought
up to 0.017 within the first 5 %; more weight lost errors that the neighbours find plausible.
``benchmarks/suspects.py`` measures the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VOTERS = 10
VOTE = 0.1
"""Weight of the neighbours' vote beside the out-of-fold probability."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows from the likeliest wrong label to the least.

    Attributes:
        order: positions of all rows, shape ``(n,)``.
        support: how well the given label is supported, 0 to 1, shape ``(n,)``.
        suggested: the best supported other label, shape ``(n,)``.
        confident: confident learning counts the row among the wrong ones, shape ``(n,)``.
    """

    order: NDArray[np.int64]
    support: NDArray[np.float64]
    suggested: NDArray[np.int64]
    confident: NDArray[np.bool_]


def confidently_wrong(
    probabilities: NDArray[np.float64], given: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Rows off the diagonal of the confident joint.

    A label's threshold is the mean probability it gets on the rows that are given it. A
    row is confidently of the likeliest label among those that reach their threshold, and
    wrong if that is another than its own and is what the model would answer.

    Args:
        probabilities: out of fold, shape ``(n, k)``.
        given: label numbers, shape ``(n,)``.

    Returns:
        Shape ``(n,)``; the rows that cleanlab finds with ``filter_by="confident_learning"``.
    """
    rows = np.arange(len(given))
    labels = probabilities.shape[1]
    counts = np.bincount(given, minlength=labels)
    sums = np.bincount(given, weights=probabilities[rows, given], minlength=labels)
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    # A hair under the threshold still counts, so that a label whose rows all have the
    # same probability reaches its own mean in floating point.
    reached = probabilities >= thresholds - 1e-6
    confident = np.where(reached, probabilities, -1.0).argmax(axis=1)
    answer = probabilities.argmax(axis=1)
    return reached.any(axis=1) & (confident != given) & (answer != given)


def votes(
    neighbours: NDArray[np.int64],
    similarity: NDArray[np.float64],
    given: NDArray[np.int64],
    labels: int,
) -> NDArray[np.float64]:
    """What share of its neighbours' votes each label gets, a vote weighted by similarity.

    Args:
        neighbours: positions of each row's neighbours, -1 for none, shape ``(n, m)``.
        similarity: cosine similarity to each, same shape; a negative one has no vote.
        given: label numbers, shape ``(n,)``.
        labels: how many labels there are.

    Returns:
        Shape ``(n, labels)``; rows sum to 1, evenly spread where nobody votes.
    """
    weight = np.where(neighbours >= 0, np.clip(similarity, 0.0, None), 0.0)
    rows = np.broadcast_to(np.arange(len(given))[:, None], neighbours.shape)
    cells = rows * labels + given[np.maximum(neighbours, 0)]
    told = np.bincount(cells.ravel(), weights=weight.ravel(), minlength=len(given) * labels)
    told = told.reshape(len(given), labels)
    total = told.sum(axis=1, keepdims=True)
    return np.where(total > 0, told / np.where(total > 0, total, 1.0), 1.0 / labels)


def rank_suspects(
    probabilities: NDArray[np.float64],
    given: NDArray[np.int64],
    voted: NDArray[np.float64] | None = None,
) -> Ranking:
    """Order rows by how little supports their label.

    Args:
        probabilities: out of fold, shape ``(n, k)``.
        given: label numbers, shape ``(n,)``.
        voted: what the neighbours say (:func:`votes`), same shape; the support of a label
            is then its probability with ``VOTE`` parts of theirs. Without it the order is
            cleanlab's by self-confidence.
    """
    rows = np.arange(len(given))
    mixed = probabilities if voted is None else (1 - VOTE) * probabilities + VOTE * voted
    others = mixed.copy()
    others[rows, given] = -1.0
    support = mixed[rows, given]
    return Ranking(
        order=np.argsort(support, kind="stable"),
        support=support,
        suggested=others.argmax(axis=1),
        confident=confidently_wrong(probabilities, given),
    )
