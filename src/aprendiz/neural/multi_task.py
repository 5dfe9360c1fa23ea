"""The task of texts with any number of labels: a sigmoid a label, binary cross-entropy.

It starts from the head that ``probe`` fits to such rows. The counterpart of ``OneLabel`` in
``task.py``; its docstrings say what each method is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aprendiz.data.dataset import Dataset
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.records import Example
from aprendiz.evaluation.multi_metrics import quick_multi
from aprendiz.evaluation.multi_thresholds import threshold_for_f1
from aprendiz.evaluation.platt import fit_platt, sigmoid
from aprendiz.interfaces import HeldOut
from aprendiz.neural import multi_head
from aprendiz.neural.losses import Loss, binary_loss
from aprendiz.neural.task import Calibration, Head, Tuned


class SeveralLabels:
    """Each label is a question of its own: is it one of the text's?"""

    several = True

    def targets(self, dataset: Dataset, rows: Sequence[Example]) -> list[Any]:
        """Of each row 1.0 for the labels that it has and 0.0 for the others."""
        return [[float(has) for has in row] for row in _of(dataset).memberships(rows)]

    def loss(self, smoothing: float) -> Loss:
        """Binary cross-entropy, mean over rows and labels."""
        return binary_loss(smoothing)

    def first_head(self, vectors: np.ndarray, targets: list[Any], labels: int, seed: int) -> Head:
        """The one of ``probe``, its calibration folded in."""
        head = multi_head.fit_multi_head(vectors, _truth(targets), seed=seed)
        return head.weight, head.bias

    def calibration(self, logits: np.ndarray, targets: np.ndarray) -> Calibration:
        """Slope and offset of each label."""
        return Calibration(platt=fit_platt(logits, _truth(targets)))

    def figures(
        self, logits: np.ndarray, targets: np.ndarray, told: Calibration
    ) -> dict[str, float]:
        """By the thresholds that the model would have if it were finished now.

        At a flat half a rare label would be given to nobody for epochs, and every checkpoint
        would look as good as the first.
        """
        truth = _truth(targets)
        probabilities = told.platt.probabilities(logits) if told.platt else sigmoid(logits)
        limits = [threshold_for_f1(*pair) for pair in zip(probabilities.T, truth.T, strict=True)]
        return quick_multi(probabilities >= np.array(limits), truth)

    def on_rows(
        self, tuned: Tuned, inside: Sequence[Example], outside: Sequence[Example], name: str
    ) -> Calibration:
        """Slopes and offsets; such rows have no outside, since an empty list says as much."""
        if not inside:
            return Calibration()
        truth = _truth(_of(tuned.dataset).memberships(inside))
        logits = tuned.ask(inside)[1]
        platt = fit_platt(logits, truth)
        told = HeldOut(platt.probabilities(logits), truth, None, name)
        return Calibration(platt=platt, held_out=told)


def _of(dataset: Dataset) -> MultiDataset:
    assert isinstance(dataset, MultiDataset)
    return dataset


def _truth(targets: Any) -> np.ndarray:
    """Which row has which label, bool."""
    return np.asarray(targets) > 0.5
