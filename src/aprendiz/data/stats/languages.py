"""Which languages the rows are in, by their small words or their script; many rows are left open.

The rule is that of ``data/checks/language.py``, done on numbered words: at least two different
words that one language alone has, and no other language with as many.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from aprendiz.data.checks.language import NAMES, TELLING
from aprendiz.data.stats.words import NumberedWords, distinct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LAST_LATIN = "\u024f"
_LEAST_WORDS = 2
_SCRIPTS = {
    "CJK": "Chinese or Japanese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
}


def count_languages(words: NumberedWords) -> dict[str, int]:
    """Rows of each language or script, by its English name, most first.

    Rows whose language cannot be told are in none of them.
    """
    import numpy as np

    language_of, names = _language_of_words(words.names)
    if not names:
        return {}
    found = np.zeros(len(names), np.int64)
    size = len(words.names)
    for row, number in words.chunks():
        telling = language_of[number] >= 0
        keys, _ = distinct(row[telling] * size + number[telling])
        if not len(keys):
            continue
        row = keys // size
        row -= row[0]
        cells = row * len(names) + language_of[keys % size]
        scores = np.bincount(cells, minlength=(int(row[-1]) + 1) * len(names))
        scores = scores.reshape(-1, len(names))
        best = scores.max(axis=1)
        alone = (scores == best[:, None]).sum(axis=1) == 1
        clear = alone & (best >= _LEAST_WORDS)
        found += np.bincount(scores[clear].argmax(axis=1), minlength=len(names))
    order = np.argsort(-found, kind="stable")
    return {names[at]: int(found[at]) for at in order.tolist() if found[at]}


def _language_of_words(words: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """For each word the position of its language in the list, -1 for words of any language."""
    import numpy as np

    telling = {word: NAMES[code] for code, some in TELLING.items() for word in some}
    index: dict[str, int] = {}
    places = np.full(len(words), -1)
    for at, word in enumerate(words):
        name = telling.get(word) or _script(word)
        if name:
            places[at] = index.setdefault(name, len(index))
    return places, list(index)


def _script(word: str) -> str:
    """The script of a word's first letter where that is not Latin; empty otherwise."""
    if word.isascii():
        return ""
    letter = next((mark for mark in word if mark.isalpha()), "a")
    if letter <= _LAST_LATIN:
        return ""
    name = unicodedata.name(letter, "").split(" ")[0]
    return _SCRIPTS.get(name, f"{name.capitalize()} script" if name else "")
