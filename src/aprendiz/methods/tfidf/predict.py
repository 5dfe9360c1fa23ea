"""Read a ``tfidf`` model's arrays and answer with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from aprendiz.errors import ModelFolderError
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.platt import sigmoid
from aprendiz.evaluation.scope import Scale

ARRAYS = "tfidf.safetensors"
SETTINGS = "tfidf.json"
DETECTOR = "largest distance to a label's plane"

# A text longer than this is cut: its first pages decide, and a megabyte must not cost seconds.
_MOST_CHARACTERS = 20_000


def features(
    word_ngrams: int,
    character_ngrams: int,
    most: int | None = None,
    vocabulary: dict[str, list[str]] | None = None,
) -> FeatureUnion:
    """The vectorizers, to be fitted, or with a known vocabulary to be used."""
    known = vocabulary or {}
    kinds = [
        (
            "words",
            TfidfVectorizer(
                ngram_range=(1, word_ngrams),
                token_pattern=r"(?u)\b\w+\b",
                sublinear_tf=True,
                max_features=most,
                vocabulary=known.get("words"),
            ),
        )
    ]
    if character_ngrams:
        kinds.append(
            (
                "characters",
                TfidfVectorizer(
                    analyzer="char_wb",
                    ngram_range=(min(2, character_ngrams), character_ngrams),
                    sublinear_tf=True,
                    max_features=most,
                    vocabulary=known.get("characters"),
                ),
            )
        )
    return FeatureUnion(kinds)


class TfidfClassifier:
    """A loaded ``tfidf`` model; a :class:`aprendiz.interfaces.ScopedClassifier`.

    A text that no label's plane has well on its side is out of scope; what is kept for that is
    the scale of those distances, eight kilobytes at most. Where a text may have several labels,
    each label's distance goes through a sigmoid by itself and there is no scope.
    """

    def __init__(
        self,
        kinds: FeatureUnion,
        weight: np.ndarray,
        bias: np.ndarray,
        temperature: float,
        labels: Sequence[str],
        scale: Scale | None,
        several: bool = False,
    ) -> None:
        self._kinds = kinds
        self._scale = scale
        self._several = several
        self._weight = weight
        self._bias = bias
        self._temperature = temperature
        self._labels = tuple(labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the probabilities' columns."""
        return self._labels

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities, shape ``(len(texts), len(labels))``, float64."""
        return self.judge(texts)[0]

    def judge(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities, and the scope of each text, shape ``(len(texts),)``, or ``None``."""
        if not texts:
            return np.zeros((0, len(self._labels))), np.zeros(0) if self._scale else None
        matrix = self._kinds.transform([text[:_MOST_CHARACTERS] for text in texts])
        distances = np.asarray(matrix @ self._weight.T) + self._bias
        if self._several:
            return sigmoid(distances), None
        scope = self._scale.scope(distances.max(axis=1)) if self._scale else None
        return softmax(distances, self._temperature), scope


def load(folder: Path, labels: Sequence[str]) -> TfidfClassifier:
    """Load what ``train`` wrote.

    Raises:
        ModelFolderError: a file is missing or does not fit the labels.
    """
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        arrays = load_file(folder / ARRAYS)
        kinds = features(
            settings["word_ngrams"],
            settings["character_ngrams"],
            vocabulary=settings["vocabulary"],
        )
        for name, vectorizer in kinds.transformer_list:
            vectorizer.idf_ = arrays[f"idf.{name}"].astype(np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise ModelFolderError(f"{folder}: cannot be loaded ({error})", "train again") from None
    if arrays["weight"].shape[0] != len(labels):
        raise ModelFolderError(f"{folder}: the weights do not fit {len(labels)} labels")
    return TfidfClassifier(
        kinds,
        arrays["weight"].astype(np.float64),
        arrays["bias"].astype(np.float64),
        settings["temperature"],
        labels,
        Scale(arrays["scope.knots"], int(arrays["scope.rows"][0]))
        if "scope.knots" in arrays
        else None,
        bool(settings.get("several")),
    )
