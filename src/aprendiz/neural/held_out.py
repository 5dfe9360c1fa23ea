"""From rows that no weight was fitted to: the detector's scale, and what thresholds are chosen on.

For a head on a frozen encoder those rows are every row in turn, out of fold; for a network that
was tuned they are rows it was not tuned on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aprendiz.evaluation.calibration import softmax
from aprendiz.interfaces import HeldOut
from aprendiz.neural.linear_head import LinearHead
from aprendiz.neural.scope import Detector, Views, spread_over


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as a network sees them.

    Attributes:
        vectors: embeddings, shape (n, width).
        logits: shape (n, labels); no temperature.
        truth: label numbers, shape (n,); -1 for rows about none of the labels.
    """

    vectors: np.ndarray
    logits: np.ndarray
    truth: np.ndarray

    def part(self, inside: bool) -> Rows:
        """Only the rows about one of the labels, or only the others."""
        keep = (self.truth >= 0) == inside
        return Rows(self.vectors[keep], self.logits[keep], self.truth[keep])


def out_of_fold(
    vectors: np.ndarray, outside: np.ndarray, head: LinearHead, seed: int
) -> tuple[Detector | None, HeldOut | None]:
    """Of a head on fixed embeddings.

    Args:
        vectors: embeddings of the training rows, shape (n, width).
        outside: embeddings of rows about none of the labels, shape (m, width).
        head: fitted to all of them, and out of fold.
        seed: fixes which of the rows outside are held out when.

    Returns:
        The detector fitted to all rows, on the scale of the held-out ones; and what heads and
        detectors said of rows they were not fitted to. Neither where no fold could be made.
    """
    told = head.out_of_fold
    if told is None:
        return None, None
    apart = spread_over(len(outside), len(told.folds), seed)
    seen: list[np.ndarray] = []
    logits, views = [], []
    at = 0
    for (fit, held), (weight, bias), away in zip(told.folds, told.heads, apart, strict=True):
        kept = np.setdiff1d(np.arange(len(outside)), away)
        view = Views.fit(vectors[fit], outside[kept])
        seen.append(view.look(vectors[held], told.logits[at : at + len(held)]))
        at += len(held)
        if len(away):
            logits.append((outside[away] @ weight.T + bias).astype(np.float64))
            views.append(view.look(outside[away], logits[-1]))
    inside = np.concatenate(seen)
    detector = Detector.of(Views.fit(vectors, outside), inside)
    every = np.concatenate([told.logits, *logits])
    numbers = np.concatenate([told.truth, np.full(len(every) - len(told.truth), -1)])
    scope = detector.told(np.concatenate([inside, *views])) if detector else None
    return detector, HeldOut(softmax(every, head.temperature), numbers, scope, "out of fold")


def of_tuned(
    learnt: Rows, held: Rows, temperature: float, name: str
) -> tuple[Detector | None, HeldOut | None]:
    """Of a network that was tuned.

    Args:
        learnt: rows it was tuned on, those outside among them although they taught it nothing.
        held: rows it was not tuned on.
        temperature: divides its logits.
        name: what to call the latter.
    """
    inside = held.part(True)
    if not len(inside.truth):
        return None, None
    known, outside = learnt.part(True), learnt.part(False)
    views = Views.fit(known.vectors, outside.vectors)
    detector = Detector.of(views, views.look(inside.vectors, inside.logits))
    scope = detector.scope(held.vectors, held.logits) if detector else None
    return detector, HeldOut(softmax(held.logits, temperature), held.truth, scope, name)
