"""What is asked: texts of about 12 tokens, of 128, and of mixed lengths, the same for everybody.

Made of the rows of a test file. Short texts are rows as they are. The others are rows one after
another, up to the length that was drawn: what they mean does not matter here, their length does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LENGTHS = ("short", "long", "mixed")
NUMBER = 256
LONGEST = 128
_SHORT = (10, 14)  # tokens, special ones counted
_MIXED_MEDIAN, _MIXED_SPREAD = 18.0, 0.78  # of a log-normal: mean about 24, 99 % up to 128

Count = Callable[[Sequence[str]], list[int]]
"""Tokens of each text, before anything is cut."""


@dataclass(frozen=True)
class Texts:
    """The texts of one length.

    Attributes:
        texts: in the order in which they are asked.
        tokens: of each.
    """

    texts: tuple[str, ...]
    tokens: tuple[int, ...]

    def in_words(self) -> str:
        """Their lengths."""
        ordered = sorted(self.tokens)
        return (
            f"{len(ordered)} texts, {sum(ordered) / len(ordered):.1f} tokens in the mean, "
            f"half of them up to {ordered[len(ordered) // 2]}, "
            f"the longest {ordered[-1]}"
        )


def texts_of(length: str, rows: Sequence[str], count: Count, number: int = NUMBER) -> Texts:
    """Draw the texts of a length; the same for the same rows.

    Args:
        length: one of ``LENGTHS``.
        rows: texts of a test file.
        count: counts tokens.
        number: how many.

    Raises:
        ValueError: no row is short enough.
    """
    chance = random.Random(f"{length} {number}")
    if length == "short":
        lengths = count(rows)
        fitting = [
            row
            for row, tokens in zip(rows, lengths, strict=True)
            if _SHORT[0] <= tokens <= _SHORT[1]
        ]
        if not fitting:
            raise ValueError(f"no row has {_SHORT[0]} to {_SHORT[1]} tokens")
        chosen = [chance.choice(fitting) for _ in range(number)]
    else:
        wanted = [LONGEST if length == "long" else _drawn(chance) for _ in range(number)]
        chosen = [_of_tokens(each, rows, count, chance) for each in wanted]
    return Texts(tuple(chosen), tuple(count(chosen)))


def _drawn(chance: random.Random) -> int:
    drawn = chance.lognormvariate(0.0, _MIXED_SPREAD) * _MIXED_MEDIAN
    return max(4, min(LONGEST, round(drawn)))


def _of_tokens(wanted: int, rows: Sequence[str], count: Count, chance: random.Random) -> str:
    """A text with so many tokens, or one or two fewer where a word does not divide."""
    words: list[str] = []
    while not words or count([" ".join(words)])[0] < wanted:
        words += chance.choice(rows).split()
    low, high = 1, len(words)
    while low < high:  # the most words that fit
        middle = (low + high + 1) // 2
        if count([" ".join(words[:middle])])[0] <= wanted:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[:low])
