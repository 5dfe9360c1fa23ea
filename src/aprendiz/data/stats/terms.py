"""Words and pairs of neighbouring words, and in how many rows of each label they stand.

A term that is said twice in a row counts once, so that one long row does not speak for its
label. Which terms tell a label from the others is for ``telling.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aprendiz.data.stats.words import NAMELESS, STOP_WORDS, NumberedWords, distinct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST_ROWS = 2  # a term of a single row tells about that row
_MOST_TERMS = 30_000
_MOST_CELLS = 30_000_000  # labels × terms; 4 bytes each
_MOST_PAIRS = 4_000_000  # candidates kept while they are counted; 16 bytes each
_LONG_NUMBER = 7  # digits from which a number may be somebody's


@dataclass(frozen=True)
class TermRows:
    """How many rows of each label have each term.

    Attributes:
        names: the terms, one or two words each.
        rows: shape ``(labels, terms)``, int32.
        worth_showing: terms that are more than words of any text, and no long numbers.
    """

    names: list[str]
    rows: NDArray[np.int32]
    worth_showing: NDArray[np.bool_]


def rows_with_word(words: NumberedWords) -> NDArray[np.int64]:
    """In how many rows each word stands, shape ``(names,)``; words without a name in none."""
    import numpy as np

    size = len(words.names)
    rows = np.zeros(size, np.int64)
    for row, number in words.chunks():
        keys, _ = distinct(row * size + number)
        rows += np.bincount(keys % size, minlength=size)
    rows[NAMELESS] = 0
    return rows


def count_terms(words: NumberedWords, label_of: NDArray[np.int64], labels: int) -> TermRows:
    """Count the rows of each label that have each of the commonest terms.

    Args:
        words: the words of every row.
        label_of: number of each row's label, shape ``(rows,)``.
        labels: how many labels there are.
    """
    import numpy as np

    rows = rows_with_word(words)
    singles = np.flatnonzero(rows >= _LEAST_ROWS)
    pairs, in_rows = _count_pairs(words, rows >= _LEAST_ROWS)
    keys = np.concatenate((singles, pairs))
    met = np.concatenate((rows[singles], in_rows))
    most = min(_MOST_TERMS, max(1, _MOST_CELLS // max(1, labels)))
    chosen = np.sort(keys[np.argsort(-met, kind="stable")[:most]])
    counted = np.zeros((labels, len(chosen)), np.int32)
    for row, key in _keys(words):
        at = np.searchsorted(chosen, key)
        known = at < len(chosen)
        known[known] = chosen[at[known]] == key[known]
        once, _ = distinct(row[known] * max(1, len(chosen)) + at[known])
        where = label_of[once // max(1, len(chosen))], once % max(1, len(chosen))
        np.add.at(counted, where, 1)
    names = _names(words, chosen)
    return TermRows(names, counted, np.fromiter(map(_tells, names), bool, len(names)))


def _keys(
    words: NumberedWords, common: NDArray[np.bool_] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Row and key of every word and every pair; of pairs of ``common`` words alone if given.

    A word's key is its number; a pair's is ``(first + 1) * size + second``.
    """
    import numpy as np

    size = len(words.names)
    for row, number in words.chunks():
        first, second = number[:-1], number[1:]
        beside = (row[1:] == row[:-1]) & (first != NAMELESS) & (second != NAMELESS)
        if common is not None:
            beside &= common[first] & common[second]
        keys = (first[beside] + 1) * size + second[beside]
        if common is not None:
            yield row[1:][beside], keys
        else:
            yield np.concatenate((row, row[1:][beside])), np.concatenate((number, keys))


def _count_pairs(
    words: NumberedWords, common: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs that stand in enough rows, and in how many.

    Where there are more pairs than memory is given for, those met once so far are forgotten
    at the end of a chunk (lossy counting, Manku and Motwani 2002).
    """
    import numpy as np

    kept, rows = np.empty(0, np.int64), np.empty(0, np.int64)
    for row, key in _keys(words, common):
        order = np.lexsort((key, row))
        row, key = row[order], key[order]
        first = np.concatenate(([True], (row[1:] != row[:-1]) | (key[1:] != key[:-1])))
        met, times = distinct(key[first[: len(key)]])
        both = np.concatenate((kept, met))
        order = np.argsort(both, kind="stable")
        both, counts = both[order], np.concatenate((rows, times))[order]
        starts = np.flatnonzero(np.concatenate(([True], both[1:] != both[:-1])))[: len(both)]
        kept = both[starts]
        rows = np.add.reduceat(counts, starts) if len(starts) else counts
        if len(kept) > _MOST_PAIRS:
            kept, rows = kept[rows > 1], rows[rows > 1]
    return kept[rows >= _LEAST_ROWS], rows[rows >= _LEAST_ROWS]


def _names(words: NumberedWords, keys: NDArray[np.int64]) -> list[str]:
    size, names = len(words.names), words.names
    return [
        names[key] if key < size else f"{names[key // size - 1]} {names[key % size]}"
        for key in keys.tolist()
    ]


def _tells(name: str) -> bool:
    said = name.split()
    if any(word.isdigit() and len(word) >= _LONG_NUMBER for word in said):
        return False
    return not STOP_WORDS.issuperset(said)
