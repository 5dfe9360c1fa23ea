"""A loaded model folder: a classifier together with what its manifest says and its rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.manifest import Manifest
from aprendiz.interfaces import Classifier, Prediction, ScopedClassifier

if TYPE_CHECKING:
    import numpy as np


class Model:
    """What ``aprendiz.load(folder)`` gives.

    Attributes:
        folder: where it was loaded from.
        manifest: what the folder says of itself.
        decisions: the rules it answers by; those of ``decision.json``.
    """

    def __init__(
        self,
        classifier: Classifier,
        manifest: Manifest,
        folder: Path,
        decisions: Decisions | None = None,
    ) -> None:
        self._classifier = classifier
        self.manifest = manifest
        self.folder = folder
        self.decisions = decisions or Decisions.of_threshold(manifest.threshold)

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
        """Confidence from which on a text that is in scope is answered."""
        return self.decisions.answer.threshold

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probability of every label, shape ``(len(texts), len(labels))``.

        Rows sum to 1, or are all zero where the model gave no answer.
        """
        return self._classifier.probabilities(texts)

    def judge(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """The same, and the scope of each text, shape ``(len(texts),)``.

        Scope is ``None`` where the model has no detector.
        """
        if isinstance(self._classifier, ScopedClassifier):
            return self._classifier.judge(texts)
        return self._classifier.probabilities(texts), None

    def predict(self, texts: Sequence[str], threshold: float | None = None) -> list[Prediction]:
        """Answer each text, in order.

        Args:
            texts: any strings, also empty or very long ones (cut to the model's length).
            threshold: confidence from which on a text that is in scope is answered; the
                model's own when not given.

        Raises:
            TypeError: given one string instead of a sequence of them.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts; for one text write predict([text])")
        probabilities, scopes = self.judge(list(texts))
        told = [None] * len(probabilities) if scopes is None else [float(each) for each in scopes]
        return [
            self._answer(text, row, scope, threshold)
            for text, row, scope in zip(texts, probabilities, told, strict=True)
        ]

    def _answer(
        self, text: str, row: np.ndarray, scope: float | None, threshold: float | None
    ) -> Prediction:
        # Ties are broken by label number, so that the same row always gives the same order.
        order = sorted(range(len(row)), key=lambda number: (-row[number], number))
        scores = {self.labels[number]: float(row[number]) for number in order}
        best = self.labels[order[0]]
        if (rules := self.decisions.several) is not None:
            given = rules.given(scores, threshold)
            decision = rules.decide(given)
            return Prediction(text, best, scores[best], scores, decision, labels=given)
        confidence = scores[best]
        return Prediction(
            text,
            best if confidence > 0 else "",
            confidence,
            scores,
            self.decisions.decide(confidence, scope, threshold),
            scope,
            self.decisions.candidates(tuple(scores.items())),
        )

    def __repr__(self) -> str:
        return (
            f"<aprendiz model {self.name!r}: {self.manifest.method}, "
            f"{len(self.labels)} labels, version {self.version}>"
        )
