"""Settings of the ``tfidf`` method."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aprendiz.recipe import Choice, Range, Recipe


class TfidfRecipe(Recipe):
    """Word and character n-grams, weighted by TF-IDF, into a linear support vector machine."""

    SEARCHED: ClassVar = {
        "regularization": Range(0.05, 50, log=True),
        "word_ngrams": Choice((1, 2, 3)),
        "character_ngrams": Choice((0, 4, 5, 6)),
    }

    method: Literal["tfidf"] = "tfidf"
    """Which method learns."""

    word_ngrams: int = Field(default=2, ge=1, le=4)
    """Longest run of words that counts as one feature."""

    character_ngrams: int = Field(default=5, ge=0, le=8)
    """Longest run of characters inside a word that counts as one feature; 0 for none."""

    max_features: int = Field(default=200_000, ge=100)
    """Most features kept of each kind, the commonest first."""

    regularization: float = Field(default=1.0, gt=0)
    """Inverse strength (scikit-learn's C): smaller is stricter."""


RECIPE = TfidfRecipe
