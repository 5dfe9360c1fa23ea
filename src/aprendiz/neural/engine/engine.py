"""What an engine is: rows of token numbers in, logits and embeddings out, in their order.

Also the part that all of them share: running rows in batches. Which engines there are stands in
``kinds.py``; turning texts into rows is ``classifier.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aprendiz.neural.batches import BATCH_TOKENS, PADDING, cut, pad_rows

Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""A padded batch through a runtime: token numbers and mask, int64 of shape (rows, tokens), to
logits (rows, labels) and embeddings (rows, width)."""

_LEAST = 32  # tokens of a batch that is worth a thread of its own


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a model says of some rows.

    Attributes:
        logits: shape (rows, labels), float32, before the temperature.
        embeddings: shape (rows, width), float32: what the head looks at, pooled and
            normalised as the model declares.
    """

    logits: np.ndarray
    embeddings: np.ndarray


class Engine(Protocol):
    """A model in a runtime. One object may be used from several threads at once."""

    @property
    def name(self) -> str:
        """Which runtime and which arithmetic, as ``kinds.KINDS`` lists them."""
        ...

    def run(self, rows: Sequence[Sequence[int]]) -> Outputs:
        """The outputs of some rows of token numbers, at least one, none of them empty."""
        ...


class BatchedEngine:
    """An :class:`Engine` made of a runtime's forward pass.

    Args:
        name: what it is called.
        forward: safe to be called from several threads at once.
        pad: the number of the padding token.
        lanes: batches worked on at the same time; so many are made where there is work for them.
        budget: most tokens of a batch.
        padding: tokens of padding for which no other batch is started.
    """

    def __init__(
        self,
        name: str,
        forward: Forward,
        *,
        pad: int,
        lanes: int = 1,
        budget: int = BATCH_TOKENS,
        padding: int = PADDING,
    ) -> None:
        self._name = name
        self._forward = forward
        self._pad = pad
        self._budget = budget
        self._padding = padding
        self._lanes = lanes
        self._threads = ThreadPoolExecutor(lanes, "engine") if lanes > 1 else None

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    def padding_freely(self) -> BatchedEngine:
        """The same runtime, with rows of all lengths together in a batch: what gates look at."""
        return BatchedEngine(
            self._name, self._forward, pad=self._pad, budget=1 << 16, padding=1 << 16
        )

    def run(self, rows: Sequence[Sequence[int]]) -> Outputs:
        """See :class:`Engine`."""
        lengths = [len(row) for row in rows]
        batches = list(cut(lengths, self._share_of(lengths), self._padding))
        padded = (pad_rows([rows[place] for place in batch], self._pad) for batch in batches)
        if self._threads is None or len(batches) == 1:
            results = [self._forward(*batch) for batch in padded]
        else:
            results = list(self._threads.map(lambda batch: self._forward(*batch), padded))
        back = np.argsort(np.concatenate([np.asarray(batch) for batch in batches]))
        logits, embeddings = (np.concatenate(parts)[back] for parts in zip(*results, strict=True))
        return Outputs(logits.astype(np.float32), embeddings.astype(np.float32))

    def _share_of(self, lengths: Sequence[int]) -> int:
        """Tokens of a batch: the budget, or less where a lane would stand idle."""
        if self._lanes == 1:
            return self._budget
        # Half a row more than a share, or what rows do not fill would make a batch too many.
        share = -(-sum(lengths) // self._lanes) + max(lengths) // 2
        return min(self._budget, max(_LEAST, share))
