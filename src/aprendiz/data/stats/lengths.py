"""How long texts are: percentiles of all, boxes by label, a histogram. And who counts tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aprendiz.data.checks.length import guess_wordpieces
from aprendiz.data.stats.words import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BARS = 40
_ENDS = 2  # tokens that a model puts around a text
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of many texts.

    Attributes:
        unit: ``characters``, ``words``, ``tokens`` or ``turns``.
        total: their sum.
        p50: half of the texts have at most so many.
        p90: nine in ten have.
        p99: ninety-nine in a hundred have.
        longest: the most.
    """

    unit: str
    total: int
    p50: int
    p90: int
    p99: int
    longest: int


@dataclass(frozen=True, slots=True)
class Box:
    """The lengths of one label's rows: what 5, 25, 50, 75 and 95 % have at most, and the most."""

    p5: int
    p25: int
    p50: int
    p75: int
    p95: int
    longest: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many texts have which length.

    Attributes:
        width: lengths that one bar stands for; the first begins at 0.
        rows: texts of each bar; the last holds everything longer as well.
        beyond: whether the last bar does.
    """

    width: int
    rows: tuple[int, ...]
    beyond: bool


@dataclass(frozen=True, slots=True)
class TextTokens:
    """Counts the tokens of texts as an encoder reads them, its two marks included.

    Attributes:
        name: whose tokens, for people.
        exact: whether the numbers are that model's own.
        count: the tokens of each of some texts.
    """

    name: str
    exact: bool
    count: Callable[[Sequence[str]], Sequence[int]]


def estimated_tokens(language: str | None = "en") -> TextTokens:
    """The counter where no tokenizer is installed: an estimate from words and letters.

    Args:
        language: of the texts, as in ``guess_wordpieces``.
    """

    def count(texts: Sequence[str]) -> list[int]:
        return [guess_wordpieces(text, language) + _ENDS for text in texts]

    return TextTokens("estimate for BERT's English WordPieces", False, count)


def count_tokens(
    texts: Sequence[str], tokens: TextTokens, progress: Progress = lambda *_: None
) -> NDArray[np.int64]:
    """The tokens of every text, shape ``(texts,)``."""
    import numpy as np

    counted = np.empty(len(texts), np.int64)
    for first in range(0, len(texts), _AT_ONCE):
        some = texts[first : first + _AT_ONCE]
        counted[first : first + len(some)] = tokens.count(some)
        progress(first + len(some), len(texts))
    return counted


def measure(unit: str, lengths: Sequence[int] | NDArray[np.int64]) -> Lengths:
    """Percentiles of lengths; each is a length that occurs. All 0 when there is none."""
    import numpy as np

    values = np.sort(np.asarray(lengths, np.int64))
    at = partial(_at_most, values)
    return Lengths(unit, int(values.sum()), at(50), at(90), at(99), at(100))


def boxes(lengths: NDArray[np.int64], group_of: NDArray[np.int64], groups: int) -> list[Box]:
    """The lengths of each group's texts."""
    import numpy as np

    order = np.lexsort((lengths, group_of))
    ends = np.cumsum(np.bincount(group_of, minlength=groups))
    parts = np.split(lengths[order], ends[:-1])
    return [Box(*(_at_most(part, share) for share in (5, 25, 50, 75, 95, 100))) for part in parts]


def histogram(lengths: Sequence[int] | NDArray[np.int64]) -> Histogram:
    """At most 40 bars; what is longer than 99.5 % of the texts falls into the last."""
    import numpy as np

    if not len(lengths):
        return Histogram(1, (), False)
    values = np.asarray(lengths, np.int64)
    usual = max(1, int(np.percentile(values, 99.5, method="inverted_cdf")))
    width = -(-(usual + 1) // _BARS)
    bar = np.minimum(values // width, usual // width)
    beyond = bool((values // width > usual // width).any())
    return Histogram(width, tuple(np.bincount(bar).tolist()), beyond)


def _at_most(ordered: NDArray[np.int64], share: int) -> int:
    """The smallest length that ``share`` % of the texts do not exceed."""
    if not len(ordered):
        return 0
    return int(ordered[max(0, -(-len(ordered) * share // 100) - 1)])
