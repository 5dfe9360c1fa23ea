"""The words and pieces of words of a text, and their weights: TF-IDF without scikit-learn.

``train.py`` learns with scikit-learn's ``TfidfVectorizer``; this says of a text what that says
(lower case, ``\\w+`` words, ``char_wb`` pieces, 1 + log of the count, Euclidean length 1), so that
a finished model needs neither it nor SciPy, and answers a single text several times sooner.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

_WORD = re.compile(r"(?u)\b\w+\b")


def word_terms(longest: int) -> Callable[[str], Iterator[str]]:
    """Runs of one to ``longest`` words of a lower-case text."""

    def terms(text: str) -> Iterator[str]:
        words = _WORD.findall(text)
        for size in range(1, longest + 1):
            for start in range(len(words) - size + 1):
                yield " ".join(words[start : start + size])

    return terms


def character_terms(shortest: int, longest: int) -> Callable[[str], Iterator[str]]:
    """Pieces of the words of a lower-case text, each word with a space on both sides.

    A word shorter than a piece is one piece, once.
    """

    def terms(text: str) -> Iterator[str]:
        for word in text.split():
            padded = f" {word} "
            for size in range(shortest, longest + 1):
                if size >= len(padded):
                    yield padded
                    break
                for start in range(len(padded) - size + 1):
                    yield padded[start : start + size]

    return terms


class Weights:
    """The weights that the terms of one kind have in a text.

    Args:
        terms: gives the terms of a lower-case text, as often as they occur.
        vocabulary: the terms that count; the place of each is its column.
        idf: the inverse document frequency of each.
        first: added to every column.
    """

    def __init__(
        self,
        terms: Callable[[str], Iterator[str]],
        vocabulary: Sequence[str],
        idf: Sequence[float],
        first: int,
    ) -> None:
        self._terms = terms
        self._columns = {term: column for column, term in enumerate(vocabulary)}
        self._idf = idf
        self._first = first

    def of(self, text: str) -> tuple[list[int], list[float]]:
        """Columns and their weights, which have Euclidean length 1 together; maybe none."""
        find = self._columns.get
        counts = Counter(find(term) for term in self._terms(text))
        counts.pop(None, None)
        columns = [column for column in counts if column is not None]
        weights = [(1 + math.log(counts[column])) * self._idf[column] for column in columns]
        length = math.sqrt(math.fsum(weight * weight for weight in weights)) or 1.0
        return [self._first + column for column in columns], [each / length for each in weights]
