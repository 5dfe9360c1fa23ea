"""A loaded model folder: a classifier together with what its manifest says and its rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.manifest import Manifest
from aprendiz.interfaces import Classifier, Encoding, Prediction, ScopedClassifier, Token

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
        # Both are asked for with every request of a server, and take a while to find out.
        self._on_tokens = classifier if isinstance(classifier, Encoding) else None
        self._version = manifest.version
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
        return self._version

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
        return self._answers(texts, *self.judge(list(texts)), threshold)

    @property
    def encodes(self) -> bool:
        """Whether :meth:`encode` and :meth:`predict_encoded` can be used."""
        return self._on_tokens is not None

    @property
    def max_tokens(self) -> int | None:
        """Most tokens of a text that it reads; ``None`` where it does not work on tokens."""
        return getattr(self._classifier, "max_tokens", None)

    @property
    def runtime(self) -> str:
        """What runs it: the engine's name, or the method's library when there is none."""
        engine = getattr(self._classifier, "engine", None)
        return str(getattr(engine, "name", self.manifest.method))

    def tokens(self, text: str) -> list[Token] | None:
        """How a text is cut, for people; ``None`` where the model cannot show it."""
        return None if self._on_tokens is None else self._on_tokens.tokens(text)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The token numbers of each text, as the model reads it; from any thread.

        Raises:
            TypeError: this model does not work on tokens (see :attr:`encodes`).
        """
        return self._encoding().encode(texts)

    def predict_encoded(
        self,
        texts: Sequence[str],
        rows: Sequence[Sequence[int]],
        threshold: float | None = None,
    ) -> list[Prediction]:
        """What :meth:`predict` says of texts whose tokens are known already.

        Raises:
            TypeError: this model does not work on tokens (see :attr:`encodes`).
        """
        return self._answers(texts, *self._encoding().judge_rows(rows), threshold)

    def _encoding(self) -> Encoding:
        if self._on_tokens is None:
            raise TypeError(f"{self.manifest.method} models do not work on tokens")
        return self._on_tokens

    def _answers(
        self,
        texts: Sequence[str],
        probabilities: np.ndarray,
        scopes: np.ndarray | None,
        threshold: float | None,
    ) -> list[Prediction]:
        told = [None] * len(probabilities) if scopes is None else scopes.tolist()
        return [
            self._answer(text, row, scope, threshold)
            for text, row, scope in zip(texts, probabilities, told, strict=True)
        ]

    def _answer(
        self, text: str, row: np.ndarray, scope: float | None, threshold: float | None
    ) -> Prediction:
        # Ties are broken by label number, so that the same row always gives the same order.
        order = (-row).argsort(kind="stable")
        named = map(self.labels.__getitem__, order.tolist())
        scores = dict(zip(named, row[order].tolist(), strict=True))
        best, confidence = next(iter(scores.items()))
        if (rules := self.decisions.several) is not None:
            given = rules.given(scores, threshold)
            decision = rules.decide(given)
            return Prediction(text, best, confidence, scores, decision, labels=given)
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
