"""What conversations are about: groups of texts with like words, and the words themselves.

Topics are found with spherical k-means (Dhillon and Modha 2001, "Concept decompositions for
large sparse text data") on TF-IDF weights. They are a first look, not a truth: another
number of groups gives other groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aprendiz.data.stats.telling import most_telling
from aprendiz.data.stats.terms import count_terms
from aprendiz.data.stats.weights import Features, choose_features, weigh
from aprendiz.data.stats.words import NumberedWords

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_TOPICS = 8
_TEXTS_A_TOPIC = 10  # fewer are no group
_LEARNT_FROM = 2_000  # texts; the others are given to the nearest group
_FEATURES = 1_000
_TRIES, _ROUNDS = 3, 15
_WORDS_SHOWN = 5
_SEED = 13


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word and what it weighs: its mean TF-IDF over all texts, and the texts that have it."""

    word: str
    weight: float
    rows: int


@dataclass(frozen=True, slots=True)
class Topic:
    """Texts with like words.

    Attributes:
        rows: how many.
        share: of all texts, 0 to 1.
        words: what they say and the others do not, strongest first.
    """

    rows: int
    share: float
    words: tuple[str, ...]


def find_keywords(words: NumberedWords, most: int = 15) -> tuple[Keyword, ...]:
    """The words with the greatest mean TF-IDF, greatest first."""
    import numpy as np

    features = choose_features(words, 1)
    sums = np.zeros(len(features.names))
    for _, feature, weight in weigh(words, features):
        sums += np.bincount(feature, weight, minlength=len(sums))
    best = np.argsort(-sums, kind="stable")[:most].tolist()
    texts = len(words.starts) - 1
    return tuple(
        Keyword(features.names[at], float(sums[at]) / texts, int(features.rows[at])) for at in best
    )


def find_topics(words: NumberedWords) -> tuple[Topic, ...]:
    """Groups of texts with like words, largest first; none where there are too few texts.

    Texts without a word that another text has too are in no topic.
    """
    import numpy as np

    texts = len(words.starts) - 1
    count = min(_MOST_TOPICS, math.isqrt(texts // _TEXTS_A_TOPIC))
    if count < 2:
        return ()
    features = choose_features(words, 1, most=_FEATURES)
    sample = _dense_sample(words, features, texts)
    if len(sample) < count:
        return ()
    topic_of = _assign(words, features, _middles(sample, count), texts)
    terms = count_terms(words, topic_of, count + 1)  # the last group has no topic
    telling = most_telling(terms, _WORDS_SHOWN)
    sizes = np.bincount(topic_of, minlength=count + 1)[:count]
    order = np.argsort(-sizes, kind="stable").tolist()
    return tuple(
        Topic(int(sizes[at]), int(sizes[at]) / texts, tuple(each.term for each in telling[at]))
        for at in order
        if sizes[at]
    )


def _dense_sample(words: NumberedWords, features: Features, texts: int) -> NDArray[np.float32]:
    """The weights of evenly spaced texts that have any, shape ``(sample, features)``."""
    import numpy as np

    step = max(1, texts // _LEARNT_FROM)
    sample = np.zeros((-(-texts // step), len(features.names)), np.float32)
    for row, feature, weight in weigh(words, features):
        chosen = row % step == 0
        sample[row[chosen] // step, feature[chosen]] = weight[chosen]
    return sample[sample.any(axis=1)]


def _middles(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The centroids of the best of some tries, shape ``(count, features)``, each of length 1."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(_SEED))
    best, closest = sample[:count], -1.0
    for _ in range(_TRIES):
        middles = _spread(sample, count, random)
        for _ in range(_ROUNDS):
            group = (sample @ middles.T).argmax(axis=1)
            sums = np.eye(count, dtype=np.float32)[group].T @ sample
            length = np.linalg.norm(sums, axis=1, keepdims=True)
            moved = np.where(length > 0, sums / np.maximum(length, 1e-9), middles)
            if np.allclose(moved, middles, atol=1e-4):
                break
            middles = moved
        near = float((sample @ middles.T).max(axis=1).sum())
        if near > closest:
            best, closest = middles, near
    return best


def _spread(
    sample: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Texts to begin with, far from each other (k-means++, Arthur and Vassilvitskii 2007)."""
    import numpy as np

    chosen = [int(random.integers(len(sample)))]
    nearest = sample @ sample[chosen[0]]
    while len(chosen) < count:
        away = np.maximum(1.0 - nearest, 0.0).astype(np.float64)
        if not away.any():
            away += 1.0
        chosen.append(int(random.choice(len(sample), p=away / away.sum())))
        nearest = np.maximum(nearest, sample @ sample[chosen[-1]])
    return sample[chosen]


def _assign(
    words: NumberedWords, features: Features, middles: NDArray[np.float32], texts: int
) -> NDArray[np.int64]:
    """The nearest centroid of every text; ``len(middles)`` for texts near none."""
    import numpy as np

    topic_of = np.full(texts, len(middles))
    for row, feature, weight in weigh(words, features):
        first = int(row[0])
        near = np.stack(
            [np.bincount(row - first, weight * middle[feature]) for middle in middles], axis=1
        )
        some = np.flatnonzero(near.any(axis=1))
        topic_of[first + some] = near[some].argmax(axis=1)
    return topic_of
