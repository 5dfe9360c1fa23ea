"""Rows of token numbers cut into batches by their true length, and padded, for arrays.

The same for torch, while learning, is in ``tokenize.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

BATCH_TOKENS = 1024
"""Most tokens of a batch, padding counted: what lies between two layers of such a batch still fits
into a core's own cache."""

PADDING = 16
"""Tokens of padding that cost about as much as starting another batch."""


def cut(lengths: Sequence[int], budget: int, allowed: int = PADDING) -> Iterator[list[int]]:
    """Positions grouped so that rows of like length share a batch, longest first.

    A batch ends where the next row would not fit, or where padding it would cost more than
    starting another batch.

    Args:
        lengths: tokens in each row.
        budget: most tokens in a batch, padding counted; a longer row stands alone.
        allowed: tokens of padding for which no other batch is started.
    """
    batch: list[int] = []
    longest = padding = 0
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        padding += longest - lengths[place]
        if batch and ((len(batch) + 1) * longest > budget or padding > allowed):
            yield batch
            batch = []
        if not batch:
            longest, padding = lengths[place], 0
        batch.append(place)
    if batch:
        yield batch


def few_shapes(rows: int, width: int, longest: int) -> tuple[int, int]:
    """A batch's shape, rounded up to one of few, for a runtime that prepares for each.

    Args:
        rows: of the batch.
        width: tokens of its longest row.
        longest: tokens that the model can read; the width is not rounded beyond.
    """
    return _coarse(rows, 2), max(width, min(_coarse(width, 3), longest))


def _coarse(number: int, bits: int) -> int:
    """The next number with so few significant bits: for two of them 1, 2, 3, 4, 6, 8, 12, 16."""
    last = max(0, (number - 1).bit_length() - bits)
    return -(-number >> last) << last


def pad_rows(rows: Sequence[Sequence[int]], pad: int) -> tuple[np.ndarray, np.ndarray]:
    """Token numbers and attention mask, both int64 of shape ``(len(rows), longest)``."""
    longest = max(len(row) for row in rows)
    numbers = np.full((len(rows), longest), pad, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for place, row in enumerate(rows):
        numbers[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return numbers, mask
