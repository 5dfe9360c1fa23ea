"""A loaded model folder: a classifier together with what its manifest says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.artifact.manifest import Manifest
from aprendiz.interfaces import Classifier, Prediction

if TYPE_CHECKING:
    import numpy as np


class Model:
    """What ``aprendiz.load(folder)`` gives.

    Attributes:
        folder: where it was loaded from.
        manifest: what the folder says of itself.
    """

    def __init__(self, classifier: Classifier, manifest: Manifest, folder: Path) -> None:
        self._classifier = classifier
        self.manifest = manifest
        self.folder = folder

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names; their position is their number."""
        return self.manifest.labels

    @property
    def name(self) -> str:
        """The folder's name when it was made."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any file of the model."""
        return self.manifest.version

    @property
    def threshold(self) -> float:
        """Confidence under which an answer is marked as abstained."""
        return self.manifest.threshold

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probability of every label, shape ``(len(texts), len(labels))``.

        Rows sum to 1, or are all zero where the model gave no answer.
        """
        return self._classifier.probabilities(texts)

    def predict(self, texts: Sequence[str], threshold: float | None = None) -> list[Prediction]:
        """Answer each text, in order.

        Args:
            texts: any strings, also empty or very long ones (cut to the model's length).
            threshold: confidence under which an answer is marked as abstained; the
                model's own when not given.

        Raises:
            TypeError: given one string instead of a sequence of them.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts; for one text write predict([text])")
        limit = self.threshold if threshold is None else threshold
        return [
            self._answer(text, row, limit)
            for text, row in zip(texts, self.probabilities(list(texts)), strict=True)
        ]

    def _answer(self, text: str, row: np.ndarray, limit: float) -> Prediction:
        # Ties are broken by label number, so that the same row always gives the same order.
        order = sorted(range(len(row)), key=lambda number: (-row[number], number))
        scores = {self.labels[number]: float(row[number]) for number in order}
        best = self.labels[order[0]]
        if scores[best] == 0:
            return Prediction(text, "", 0.0, scores, abstained=True)
        return Prediction(text, best, scores[best], scores, abstained=scores[best] < limit)

    def __repr__(self) -> str:
        return (
            f"<aprendiz model {self.name!r}: {self.manifest.method}, "
            f"{len(self.labels)} labels, version {self.version}>"
        )
