"""A file of labelled texts in figures: the order of the work.

The parts are in the files beside this one, the values in ``text_values.py``. Every figure
is about the usable rows; how many are not stands beside them, and ``aprendiz data check``
says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aprendiz.data.body import Told, nobody
from aprendiz.data.checks.language import NAMES
from aprendiz.data.excerpt import excerpt
from aprendiz.data.near import clusters
from aprendiz.data.read import Reading
from aprendiz.data.records import Example
from aprendiz.data.stats.languages import count_languages
from aprendiz.data.stats.lengths import (
    TextTokens,
    boxes,
    count_tokens,
    estimated_tokens,
    histogram,
    measure,
)
from aprendiz.data.stats.telling import most_telling
from aprendiz.data.stats.terms import count_terms
from aprendiz.data.stats.text_values import (
    Balance,
    Copies,
    FileRows,
    Label,
    Matrix,
    TextStatistics,
    Vocabulary,
)
from aprendiz.data.stats.weights import (
    NearLabels,
    beside_each_other,
    centroids,
    choose_features,
    nearest_labels,
)
from aprendiz.data.stats.words import NumberedWords, Progress, number_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TELLING_KEPT = 8
_NEAREST_KEPT = 25
_DRAWN = 30  # labels of the matrix


def describe_texts(
    readings: Sequence[Reading], *, tokens: TextTokens | None = None, tell: Told = nobody
) -> TextStatistics:
    """Describe the examples of some files together.

    A million rows of 13 words take one to two minutes and, examples included, 0.9 GB.

    Args:
        readings: what was read; files without a usable row are only named.
        tokens: who counts tokens; an estimate if not given.
        tell: told of the longer parts.
    """
    import numpy as np

    examples = [row for reading in readings for row in reading.examples]
    counts = Counter(row.label for row in examples).most_common()
    index = {label: number for number, (label, _) in enumerate(counts)}
    label_of = np.fromiter((index[row.label] for row in examples), np.int64, len(examples))
    texts = [row.text for row in examples]
    words = number_words(texts, partial(tell, "counting words"))
    languages = count_languages(words)
    counter = tokens or estimated_tokens(_code(languages))
    token_lengths = count_tokens(texts, counter, partial(tell, "counting tokens"))
    word_lengths = np.diff(words.starts)
    telling = most_telling(count_terms(words, label_of, len(counts)), _TELLING_KEPT)
    shapes = boxes(word_lengths, label_of, len(counts)) if counts else []
    nearest, matrix = _compare(words, label_of, counts)
    return TextStatistics(
        files=tuple(
            FileRows(each.source, each.format, each.rows, len(each.examples)) for each in readings
        ),
        rows=len(examples),
        labels=tuple(
            Label(name, rows, rows / len(examples), telling[at], shapes[at])
            for at, (name, rows) in enumerate(counts)
        ),
        balance=_balance([rows for _, rows in counts]),
        lengths=(
            measure("characters", [len(text) for text in texts]),
            measure("words", word_lengths),
            measure("tokens", token_lengths),
        ),
        tokens=counter.name,
        tokens_exact=counter.exact,
        histogram=histogram(token_lengths),
        vocabulary=describe_vocabulary(words),
        copies=_copies(examples, texts, partial(tell, "looking for near copies")),
        languages=languages,
        nearest=nearest,
        matrix=matrix,
    )


def _code(languages: Mapping[str, int]) -> str:
    """The code of the commonest language; English where none can be told."""
    first = next(iter(languages), "English")
    return next((code for code, name in NAMES.items() if name == first), "")


def describe_vocabulary(words: NumberedWords) -> Vocabulary:
    """How many words there are, and how many different ones."""
    import numpy as np

    times = np.bincount(words.numbers, minlength=len(words.names))[1:]
    return Vocabulary(len(words.numbers), len(times), int((times == 1).sum()), words.full)


def _balance(rows: Sequence[int]) -> Balance:
    import numpy as np

    if not rows:
        return Balance(0, 0, 0.0)
    shares = np.array(rows) / sum(rows)
    return Balance(min(rows), max(rows), float(np.exp(-(shares * np.log(shares)).sum())))


def _copies(examples: Sequence[Example], texts: Sequence[str], progress: Progress) -> Copies:
    cluster_of = clusters(texts, progress=progress)
    if not cluster_of:
        return Copies(0, 0, 0, "", "", 0)
    sizes = Counter(cluster_of)
    different, groups = len(set(texts)), len(sizes)
    (number, largest), = sizes.most_common(1)  # fmt: skip
    exact, near = len(texts) - different, different - groups
    if largest == 1:
        return Copies(exact, near, 1, "", "", 0)
    first = examples[cluster_of.index(number)]
    return Copies(exact, near, largest, excerpt(first.text), first.file, first.line)


def _compare(
    words: NumberedWords, label_of: NDArray[np.int64], counts: Sequence[tuple[str, int]]
) -> tuple[tuple[NearLabels, ...], Matrix]:
    """The nearest pairs of labels, and the matrix of those that occur in them."""
    if len(counts) < 2:
        return (), Matrix((), ())
    names, rows = [name for name, _ in counts], [count for _, count in counts]
    features = choose_features(words, len(counts))
    middles = centroids(words, features, label_of, len(counts))
    nearest = nearest_labels(names, rows, middles, features, _NEAREST_KEPT)
    index = {name: at for at, name in enumerate(names)}
    in_pairs = dict.fromkeys(_flat((pair.left, pair.right) for pair in nearest))
    drawn = [index[name] for name in dict.fromkeys([*in_pairs, *names])][:_DRAWN]
    alike = middles[drawn] @ middles[drawn].T
    order = beside_each_other(alike)
    cosines = tuple(tuple(float(alike[one, other]) for other in order) for one in order)
    return nearest, Matrix(tuple(names[drawn[at]] for at in order), cosines)


def _flat(pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (name for pair in pairs for name in pair)
