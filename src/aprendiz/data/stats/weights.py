"""TF-IDF weights of texts, their means, and which labels lie nearest to each other.

The weights are those of scikit-learn's ``TfidfVectorizer`` with its defaults: the count of a
word times ``ln((1 + rows) / (1 + rows with it)) + 1``, each row scaled to length 1. Words that
make no two texts alike are left out (:func:`says_something`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aprendiz.data.stats.terms import rows_with_word
from aprendiz.data.stats.words import QUESTION_WORDS, STOP_WORDS, NumberedWords, distinct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST_ROWS = 2  # a word of a single row makes nothing alike
_MOST_FEATURES = 20_000
_MOST_CELLS = 30_000_000  # labels × features; 4 bytes each
_MOST_COMPARED = 2_000  # labels; the commonest are compared
_SHARED_SHOWN = 3
_LEAST_SIMILARITY = 0.05  # under this two labels have next to no words in common


@dataclass(frozen=True)
class Features:
    """The words that are weighed.

    Attributes:
        names: the words.
        place: for each numbered word its position in ``names``, -1 if it is not weighed.
        idf: the weight of one occurrence, shape ``(names,)``.
        rows: rows that have the word, shape ``(names,)``.
    """

    names: list[str]
    place: NDArray[np.int64]
    idf: NDArray[np.float64]
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NearLabels:
    """Two labels whose texts use the same words.

    Attributes:
        left: the label that comes first in the alphabet.
        right: the other one.
        similarity: cosine of their centroids, 0 to 1.
        shared: the words that make them alike, strongest first.
    """

    left: str
    right: str
    similarity: float
    shared: tuple[str, ...]


def says_something(word: str) -> bool:
    """Whether two texts with this word have a subject in common: no small word, no number."""
    return not (word.isdigit() or word in STOP_WORDS or word in QUESTION_WORDS)


def choose_features(words: NumberedWords, groups: int, most: int = _MOST_FEATURES) -> Features:
    """The commonest words that stand in two rows or more.

    Args:
        words: the words of every row.
        groups: how many centroids there will be; the more, the fewer words are weighed.
        most: how many words at most.
    """
    import numpy as np

    rows = rows_with_word(words)
    worth = np.fromiter(map(says_something, words.names), bool, len(words.names))
    common = np.where(worth, rows, 0)
    most = min(most, max(1, _MOST_CELLS // max(1, groups)))
    chosen = np.argsort(-common, kind="stable")[:most]
    chosen = np.sort(chosen[common[chosen] >= _LEAST_ROWS])
    place = np.full(len(words.names), -1)
    place[chosen] = np.arange(len(chosen))
    texts = len(words.starts) - 1
    idf = np.log((1 + texts) / (1 + rows[chosen])) + 1
    return Features([words.names[at] for at in chosen.tolist()], place, idf, rows[chosen])


def weigh(
    words: NumberedWords, features: Features
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Row, feature and weight of every word that is weighed, some rows at a time."""
    import numpy as np

    size = max(1, len(features.names))
    for row, number in words.chunks():
        feature = features.place[number]
        known = feature >= 0
        keys, times = distinct(row[known] * size + feature[known])
        if not len(keys):
            continue
        row, feature = keys // size, keys % size
        weight = times * features.idf[feature]
        first = int(row[0])
        length = np.sqrt(np.bincount(row - first, weight**2))
        yield row, feature, weight / length[row - first]


def centroids(
    words: NumberedWords, features: Features, group_of: NDArray[np.int64], groups: int
) -> NDArray[np.float32]:
    """The mean of the rows of each group, scaled to length 1, shape ``(groups, features)``.

    Rows without a word that is weighed change nothing but the length, so a group of such
    rows alone is all zero.
    """
    import numpy as np

    sums = np.zeros((groups, len(features.names)), np.float32)
    for row, feature, weight in weigh(words, features):
        np.add.at(sums, (group_of[row], feature), weight.astype(np.float32))
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.divide(sums, length, out=sums, where=length > 0)


def nearest_labels(
    labels: Sequence[str], rows: Sequence[int], middles: NDArray[np.float32],
    features: Features, most: int,
) -> tuple[NearLabels, ...]:  # fmt: skip
    """The pairs of labels with the most similar centroids, most similar first.

    Args:
        labels: their names.
        rows: rows of each; of more than 2,000 labels only the commonest are compared.
        middles: their centroids, from :func:`centroids`.
        features: what the columns of ``middles`` are.
        most: how many pairs to give.
    """
    import numpy as np

    compared = np.sort(np.argsort(-np.asarray(rows), kind="stable")[:_MOST_COMPARED])
    alike = middles[compared] @ middles[compared].T
    one, other = np.triu_indices(len(compared), 1)
    scores = alike[one, other]
    order = np.argsort(-scores, kind="stable")[:most]
    pairs = []
    for at in order[scores[order] >= _LEAST_SIMILARITY].tolist():
        left, right = sorted(
            (int(compared[one[at]]), int(compared[other[at]])), key=labels.__getitem__
        )
        common = middles[left] * middles[right]
        best = np.argsort(-common, kind="stable")[:_SHARED_SHOWN]
        shared = tuple(features.names[place] for place in best.tolist() if common[place] > 0)
        pairs.append(NearLabels(labels[left], labels[right], float(scores[at]), shared))
    return tuple(pairs)


def beside_each_other(alike: NDArray[np.float32]) -> list[int]:
    """An order of the labels in which near ones mostly stand side by side.

    Begins with the label that is nearest to another and always goes on with the nearest one
    that is left.

    Args:
        alike: similarities, shape ``(labels, labels)``.
    """
    import numpy as np

    left = alike.astype(np.float64)
    np.fill_diagonal(left, -1.0)
    at = int(left.max(axis=1).argmax())
    order = [at]
    while len(order) < len(left):
        left[:, at] = -2.0
        at = int(left[at].argmax())
        order.append(at)
    return order
