"""Dividing examples: a frozen hold-out, stratified by label.

What goes where depends on the texts, their labels and the seed alone, so neither a
shuffled file nor another Python changes it. Nothing here is random: texts are ranked
by SHA-256 of the seed and the text.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from aprendiz.data.records import Example
from aprendiz.errors import RecipeError


def split(
    examples: Sequence[Example], holdout: float, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Divide examples into a part to learn from and a part held out.

    Of each label ``ceil(holdout * n)`` of its ``n`` distinct texts are held out, at most
    ``n - 1``; a label with a single text stays in training. Equal texts are always on
    the same side, whatever their labels. A text with two labels measures nothing, so it
    stays in training unless a label has no other text to hold out.

    Args:
        examples: the rows; both parts keep their order.
        holdout: share to hold out, 0 <= holdout < 1; 0 holds out nothing.
        seed: another seed, another choice.

    Returns:
        ``(train, held_out)``.

    Raises:
        RecipeError: the share is out of range.
    """
    if not 0 <= holdout < 1:
        raise RecipeError(f"holdout: {holdout} is not a share", "a number from 0 to under 1")
    if holdout == 0:
        return tuple(examples), ()
    labels_of: dict[str, set[str]] = {}
    texts_of: dict[str, set[str]] = {}
    for row in examples:
        labels_of.setdefault(row.text, set()).add(row.label)
        texts_of.setdefault(row.label, set()).add(row.text)
    share = Fraction(str(holdout))  # 0.07 of 100 is 7; in floats its ceiling is 8
    held: set[str] = set()
    for label in sorted(texts_of):
        texts = texts_of[label]
        wanted = min(math.ceil(share * len(texts)), len(texts) - 1)
        clear = [text for text in texts if len(labels_of[text]) == 1]
        held.update(sorted(clear, key=lambda text: rank(text, seed))[:wanted])
    for label in sorted(texts_of):
        if not texts_of[label] & held:
            held.update(_last_resort(label, texts_of, labels_of, held, seed))
    train = tuple(row for row in examples if row.text not in held)
    return train, tuple(row for row in examples if row.text in held)


def _last_resort(
    label: str,
    texts_of: dict[str, set[str]],
    labels_of: dict[str, set[str]],
    held: set[str],
    seed: int,
) -> Iterable[str]:
    """A text of this label to hold out although it has other labels too, if all can spare it."""
    for text in sorted(texts_of[label], key=lambda text: rank(text, seed)):
        if all(len(texts_of[other] - held) > 1 for other in labels_of[text]):
            return (text,)
    return ()


def describe_split(
    train: Sequence[Example],
    held_out: Sequence[Example],
    *,
    holdout: float,
    seed: int,
    name: str = "validation",
) -> str:
    """How a split came about, in one sentence.

    For example: ``20 % of each label held out with seed 42: 36 rows (4 labels, 9 each)
    to train, 12 rows (4 labels, 3 each) for validation.``
    """
    if not held_out:
        return f"Nothing held out: {_counted(train)} to train."
    return (
        f"{holdout * 100:g} % of each label held out with seed {seed}: "
        f"{_counted(train)} to train, {_counted(held_out)} for {name}."
    )


def _counted(rows: Sequence[Example]) -> str:
    counts = Counter(row.label for row in rows)
    if not counts:
        return "no rows"
    least, most = min(counts.values()), max(counts.values())
    labels = "1 label" if len(counts) == 1 else f"{len(counts)} labels"
    each = f"{least} each" if least == most else f"{least} to {most} each"
    number = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    return f"{number} ({labels}, {each})"


def rank(text: str, seed: int) -> bytes:
    """Where a text stands in the order that a seed gives: its place depends on nothing else."""
    return hashlib.sha256(f"{seed}\x1f{text}".encode("utf-8", "surrogatepass")).digest()
