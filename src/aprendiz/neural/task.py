"""What tuning a network to one label a text, and to any number of them, does differently.

The method ``finetune`` asks a task; its steps, checkpoints and files are the same for both. The
task of several labels is in ``multi_task.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from aprendiz.data.dataset import Dataset
from aprendiz.data.records import Example
from aprendiz.evaluation import metrics
from aprendiz.evaluation.calibration import fit_temperature, softmax
from aprendiz.evaluation.platt import Platt
from aprendiz.interfaces import HeldOut
from aprendiz.neural import linear_head
from aprendiz.neural.encoder import PooledClassifier, run_batched
from aprendiz.neural.held_out import Rows, of_tuned
from aprendiz.neural.losses import Loss, cross_loss
from aprendiz.neural.scope import Detector
from aprendiz.neural.tokenize import TextEncoder

Head = tuple[np.ndarray, np.ndarray]
"""Weight (labels, width) and bias (labels,), float32."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is known of a network's confidence.

    Attributes:
        temperature: divides its logits; 1 where there were no rows to fit it to.
        platt: slope and offset of each label's logit, where a text may have several labels and
            there were rows to fit them to.
        detector: of texts about none of the labels; ``None`` without rows for its scale.
        held_out: what was said of rows that no weight was fitted to.
    """

    temperature: float = 1.0
    platt: Platt | None = None
    detector: Detector | None = None
    held_out: HeldOut | None = None


@dataclass(frozen=True, eq=False)
class Tuned:
    """A network that has learnt, and what it has learnt from."""

    network: PooledClassifier
    dataset: Dataset
    texts: TextEncoder
    device: str

    def ask(self, rows: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings (n, width), float32, and logits (n, labels), float64, of some rows."""
        ids = self.texts.encode([row.text for row in rows])
        told = run_batched(self.network.both, ids, self.texts.pad, self.device)
        labels = len(self.dataset.labels)
        return told[:, labels:], told[:, :labels].astype(np.float64)


class Task(Protocol):
    """What is learnt of a text."""

    several: bool
    """A text may have any number of labels."""

    def targets(self, dataset: Dataset, rows: Sequence[Example]) -> list[Any]:
        """What the network should say of each row, as its loss takes it."""
        ...

    def loss(self, smoothing: float) -> Loss | None:
        """The ``Trainer``'s ``compute_loss_func``; ``None`` for the network's own loss."""
        ...

    def first_head(self, vectors: np.ndarray, targets: list[Any], labels: int, seed: int) -> Head:
        """A head fitted to the frozen encoder's embeddings (rows, width), to go on from."""
        ...

    def calibration(self, logits: np.ndarray, targets: np.ndarray) -> Calibration:
        """What makes probabilities of these logits mean what they say."""
        ...

    def figures(
        self, logits: np.ndarray, targets: np.ndarray, told: Calibration
    ) -> dict[str, float]:
        """Accuracy, F1, precision and recall on validation rows."""
        ...

    def on_rows(
        self, tuned: Tuned, inside: Sequence[Example], outside: Sequence[Example], name: str
    ) -> Calibration:
        """Calibrate on rows that no weight was fitted to.

        Args:
            tuned: the network.
            inside: rows about its labels; none give no calibration.
            outside: rows about none of them.
            name: what to call the rows.
        """
        ...


class OneLabel:
    """Each text has one label: softmax, cross-entropy, one temperature, a detector."""

    several = False

    def targets(self, dataset: Dataset, rows: Sequence[Example]) -> list[Any]:
        """The number of each row's label."""
        return dataset.numbers(rows)

    def loss(self, smoothing: float) -> Loss | None:
        """Cross-entropy; the network's own where nothing is smoothed."""
        return cross_loss(smoothing) if smoothing else None

    def first_head(self, vectors: np.ndarray, targets: list[Any], labels: int, seed: int) -> Head:
        """The one of ``probe``."""
        head = linear_head.fit_head(vectors, np.array(targets), labels, seed=seed)
        return head.weight, head.bias

    def calibration(self, logits: np.ndarray, targets: np.ndarray) -> Calibration:
        """One temperature."""
        return Calibration(fit_temperature(logits, targets))

    def figures(
        self, logits: np.ndarray, targets: np.ndarray, told: Calibration
    ) -> dict[str, float]:
        """Of the most probable label; F1, precision and recall are means over labels."""
        figures = metrics.quick(softmax(logits), targets)
        figures.pop("loss", None)  # the Trainer reports its own
        return figures

    def on_rows(
        self, tuned: Tuned, inside: Sequence[Example], outside: Sequence[Example], name: str
    ) -> Calibration:
        """Temperature, and a detector on the scale of these rows."""
        if not inside:
            return Calibration()
        asked = self._see(tuned, inside, outside)
        temperature = fit_temperature(asked.part(True).logits, asked.part(True).truth)
        learnt = self._see(tuned, tuned.dataset.train, tuned.dataset.outside.train)
        detector, held_out = of_tuned(learnt, asked, temperature, name)
        return Calibration(temperature, None, detector, held_out)

    def _see(self, tuned: Tuned, inside: Sequence[Example], outside: Sequence[Example]) -> Rows:
        vectors, logits = tuned.ask((*inside, *outside))
        numbers = [*tuned.dataset.numbers(inside), *(-1 for _ in outside)]
        return Rows(vectors, logits, np.array(numbers, dtype=np.int64))
