"""Read a ``tfidf`` model's arrays and answer with them. Needs no scikit-learn."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from aprendiz.errors import ModelFolderError
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.platt import sigmoid
from aprendiz.evaluation.scope import Scale
from aprendiz.methods.tfidf.terms import Weights, character_terms, word_terms

if TYPE_CHECKING:
    from sklearn.pipeline import FeatureUnion

ARRAYS = "tfidf.safetensors"
SETTINGS = "tfidf.json"
DETECTOR = "largest distance to a label's plane"

# A text longer than this is cut: its first pages decide, and a megabyte must not cost seconds.
_MOST_CHARACTERS = 20_000


def features(word_ngrams: int, character_ngrams: int, most: int | None = None) -> FeatureUnion:
    """scikit-learn's vectorizers, to be fitted; what they will say, ``terms.py`` says too."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    kinds = [
        (
            "words",
            TfidfVectorizer(
                ngram_range=(1, word_ngrams),
                token_pattern=r"(?u)\b\w+\b",
                sublinear_tf=True,
                max_features=most,
            ),
        )
    ]
    if character_ngrams:
        kinds.append(
            (
                "characters",
                TfidfVectorizer(
                    analyzer="char_wb",
                    ngram_range=(_shortest(character_ngrams), character_ngrams),
                    sublinear_tf=True,
                    max_features=most,
                ),
            )
        )
    return FeatureUnion(kinds)


def _shortest(character_ngrams: int) -> int:
    return min(2, character_ngrams)


class TfidfClassifier:
    """A loaded ``tfidf`` model; a :class:`aprendiz.interfaces.ScopedClassifier`, from any thread.

    A text that no label's plane has well on its side is out of scope; what is kept for that is
    the scale of those distances, eight kilobytes at most. Where a text may have several labels,
    each label's distance goes through a sigmoid by itself and there is no scope.

    Args:
        kinds: of terms.
        weight: shape (labels, terms of all kinds).
        bias: shape (labels,).
        temperature: divides the distances before the softmax.
        labels: label names in the order of the weights.
        scale: from the largest distance to a scope; ``None`` for no detector.
        several: a text may have any number of labels.
    """

    def __init__(
        self,
        kinds: Sequence[Weights],
        weight: np.ndarray,
        bias: np.ndarray,
        temperature: float,
        labels: Sequence[str],
        scale: Scale | None,
        several: bool = False,
    ) -> None:
        self._kinds = kinds
        # A text has few terms: their rows are taken, and lie together in memory.
        self._rows = np.ascontiguousarray(weight.T)
        self._scale = scale
        self._several = several
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
        distances = np.zeros((len(texts), len(self._labels)))
        for place, text in enumerate(texts):
            distances[place] = self._distances(text[:_MOST_CHARACTERS].lower())
        if self._several:
            return sigmoid(distances), None
        scope = self._scale.scope(distances.max(axis=1)) if self._scale else None
        return softmax(distances, self._temperature), scope

    def _distances(self, text: str) -> np.ndarray:
        found = [kind.of(text) for kind in self._kinds]
        columns = [column for columns, _ in found for column in columns]
        weights = [weight for _, weights in found for weight in weights]
        return np.asarray(weights) @ self._rows[np.asarray(columns, dtype=np.intp)] + self._bias


def load(folder: Path, labels: Sequence[str]) -> TfidfClassifier:
    """Load what ``train`` wrote.

    Raises:
        ModelFolderError: a file is missing, damaged or does not fit the labels.
    """
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        arrays = load_file(folder / ARRAYS)
        longest = settings["character_ngrams"]
        terms = {
            "words": word_terms(settings["word_ngrams"]),
            "characters": character_terms(_shortest(longest), longest),
        }
        kinds: list[Weights] = []
        first = 0
        for name, vocabulary in settings["vocabulary"].items():
            kinds.append(Weights(terms[name], vocabulary, arrays[f"idf.{name}"].tolist(), first))
            first += len(vocabulary)
        if not 0 < settings["temperature"] < math.inf:
            raise ValueError(f"temperature {settings['temperature']}")
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelFolderError(f"{folder}: cannot be loaded ({error})", "train again") from None
    if arrays["weight"].shape != (len(labels), first):
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
