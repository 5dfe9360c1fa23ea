"""Texts to numbered words, and the words that say nothing. No n-grams, no weights.

A million rows are held as one array of word numbers (4 bytes a word), not as lists of
strings. The table of different words is bounded: what does not fit counts as a word without
a name.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_WORDS = 1_000_000
"""Different words that are kept apart, about 150 MB of them."""

NAMELESS = 0
"""The number of all words beyond :data:`MOST_WORDS`."""

_AT_ONCE = 500_000  # words of a chunk; its arrays take some 50 bytes for each
_TOLD_EVERY = 10_000  # rows

# Kana and ideographs are written without spaces: each sign counts as a word.
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+(?:'[^\W_{_SIGNS}]+)*")

# Words that stand in texts about anything.
_STOP_WORDS = {
    "English": (
        "a about an and are as at be been but by can could did do does for from had has have he her "
        "his i i'd i'll i'm i've if in into is it it's its just me my not of on or our please she so "
        "some than that the their them then there they this those to too up us was we were will with "
        "would you your"
    ),
    "Spanish": (
        "al algo ante como con de del desde donde el ella ellos en entre era es esa ese eso esta "
        "este esto está estoy favor fue ha han hasta hay he la las le les lo los me mi mis muy más "
        "ni o para pero por porque puede puedo que se ser si sin sobre son soy su sus te tengo tu "
        "tus un una unas uno unos y ya yo"
    ),
}
_QUESTION_WORDS = {
    "English": "how many much what what's when where which who whose why",
    "Spanish": "cómo cuál cuáles cuándo cuánta cuántas cuánto cuántos dónde qué quién",
}
STOP_WORDS = frozenset(word for some in _STOP_WORDS.values() for word in some.split())
QUESTION_WORDS = frozenset(word for some in _QUESTION_WORDS.values() for word in some.split())
"""They may tell labels apart, but make no two texts alike."""

Progress = Callable[[int, int], None]
"""Told how much is done and how much there is."""


def split(text: str) -> list[str]:
    """The words of a text, small letters: letters, digits and apostrophes between them."""
    return _WORD.findall(text.lower().replace("’", "'"))


@dataclass(frozen=True)
class NumberedWords:
    """The words of many texts, one text after the other.

    Attributes:
        names: the different words; ``names[0]`` is empty and stands for those beyond
            :data:`MOST_WORDS`.
        numbers: for each word its position in ``names``, shape ``(words,)``, int32.
        starts: where each text begins in ``numbers``, and the end, shape ``(texts + 1,)``.
    """

    names: list[str]
    numbers: NDArray[np.int32]
    starts: NDArray[np.int64]

    @property
    def full(self) -> bool:
        """Whether there were more different words than are kept apart."""
        return len(self.names) > MOST_WORDS

    def chunks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """The words of some texts at a time: the text's position and the word's number."""
        import numpy as np

        first, texts = 0, len(self.starts) - 1
        while first < texts:
            reach = self.starts[first] + _AT_ONCE
            end = int(np.searchsorted(self.starts, reach, side="right")) - 1
            end = min(max(end, first + 1), texts)
            sizes = np.diff(self.starts[first : end + 1])
            numbers = self.numbers[self.starts[first] : self.starts[end]]
            yield np.repeat(np.arange(first, end), sizes), numbers.astype(np.int64)
            first = end


def number_words(texts: Sequence[str], progress: Progress = lambda *_: None) -> NumberedWords:
    """Number the words of texts in the order in which they first appear.

    Args:
        texts: any texts.
        progress: told every few thousand texts.
    """
    import numpy as np

    index: dict[str, int] = {"": NAMELESS}
    numbers, starts = array("i"), array("q", [0])
    for done, text in enumerate(texts, start=1):
        for word in split(text):
            number = index.get(word)
            if number is None:
                number = NAMELESS
                if len(index) <= MOST_WORDS:
                    number = index[word] = len(index)
            numbers.append(number)
        starts.append(len(numbers))
        if done % _TOLD_EVERY == 0 or done == len(texts):
            progress(done, len(texts))
    return NumberedWords(
        list(index), np.frombuffer(numbers, np.int32), np.frombuffer(starts, np.int64)
    )


def distinct(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different keys, sorted, and how often each occurs."""
    import numpy as np

    # Sorted by hand: np.unique of NumPy 2.3 and later hashes, which is slower here.
    ordered = np.sort(keys)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    if not len(ordered):
        return ordered, ordered
    return ordered[starts], np.diff(np.append(starts, len(ordered)))
