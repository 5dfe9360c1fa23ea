"""From a peer's answers to the figures of one cell, and from cells to comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval, wilson
from aprendiz.evaluation.metrics import score
from aprendiz.evaluation.scope import FALSE_ALARMS, auroc

_DRAWS = 10_000


@dataclass(frozen=True)
class Answers:
    """What a peer handed back for the test rows and, after them, the rows outside.

    Attributes:
        probabilities: shape (rows, labels).
        answers: label numbers, shape (rows,).
        scope: higher is surer to fit a label, shape (rows,).
        truth: label numbers of the test rows only.
    """

    probabilities: np.ndarray
    answers: np.ndarray
    scope: np.ndarray
    truth: np.ndarray

    def figures(self, labels: tuple[str, ...]) -> dict[str, Any]:
        """Everything that the table shows, each with its 95 % interval."""
        n = len(self.truth)
        evaluation = score(self.probabilities[:n], self.truth, labels)
        right = self.answers[:n] == self.truth
        told: dict[str, Any] = {
            "n": n,
            "accuracy": float(right.mean()),
            "accuracy_ci": wilson(int(right.sum()), n),
            "macro_f1": evaluation.macro_f1,
            "macro_f1_ci": evaluation.macro_f1_ci,
            "ece": evaluation.ece,
            "ece_ci": evaluation.ece_ci,
            "right": pack(right),
        }
        if len(self.scope) > n:
            told |= out_of_scope(self.scope[:n], self.scope[n:])
        return told


def out_of_scope(inside: np.ndarray, outside: np.ndarray) -> dict[str, Any]:
    """How well a score tells rows that fit a label (high) from those that fit none (low).

    Beside the area under the ROC curve, the share of rows outside that is caught under the
    limit that a twentieth of these very rows inside is under too: nobody has that limit
    beforehand, but it is the same for every method.
    """
    area, interval = auroc(inside, outside)
    caught = int((outside < np.quantile(inside, FALSE_ALARMS)).sum())
    return {
        "outside": len(outside),
        "auroc": area,
        "auroc_ci": interval,
        "oos_recall": caught / len(outside),
        "oos_recall_ci": wilson(caught, len(outside)),
    }


def pack(right: np.ndarray) -> str:
    """Which rows are right, as hexadecimal digits: a thousandth of the probabilities' size."""
    return np.packbits(right).tobytes().hex()


def unpack(digits: str, n: int) -> np.ndarray:
    """The rows that :func:`pack` wrote down."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(digits), dtype=np.uint8))[:n].astype(bool)


def paired_difference(
    ours: list[np.ndarray], theirs: list[np.ndarray], seed: int = 0
) -> tuple[float, Interval]:
    """Difference of mean accuracies over seeds on the same rows, with its 95 % interval.

    Rows are drawn with replacement, each with all its seeds, so the interval is that of the
    rows; how much the seeds differ stands in the table's own column.

    Args:
        ours: for each seed, whether each row is right, shape (rows,).
        theirs: the same for the other method.
        seed: fixes the draws.
    """
    gaps = np.mean(ours, axis=0) - np.mean(theirs, axis=0)
    values, counts = np.unique(gaps, return_counts=True)
    n = len(gaps)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=_DRAWS) @ values / n
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(gaps.mean()), (float(low), float(high))
