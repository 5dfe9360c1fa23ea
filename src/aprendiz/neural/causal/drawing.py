"""Choosing the next token from the network's figures: the most probable one, or a draw."""

from __future__ import annotations

import torch

from aprendiz.interfaces import Sampling


class Draw:
    """Chooses the tokens of one reply. Has a generator of its own: the global one is left alone.

    The same seed draws the same tokens on every device and in every batch, as far as the
    figures are the same.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = sampling.top_p
        self._generator = torch.Generator()  # on the CPU, wherever the network is
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed % 2**63)

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is always taken."""
        return self._temperature <= 0

    def __call__(self, logits: torch.Tensor) -> int:
        """A token number.

        Args:
            logits: one row, shape ``(vocabulary,)``.
        """
        if self.greedy:
            return int(logits.argmax())
        # Scaled about the maximum, so that a temperature near 0 does not overflow.
        scaled = (logits.double() - logits.max().double()) / self._temperature
        chances, tokens = torch.softmax(scaled, dim=-1).cpu().sort(descending=True, stable=True)
        below = chances.cumsum(dim=-1)
        # Nucleus sampling: the fewest tokens that together have the probability top_p.
        kept = int((below < self._top_p).sum()) + 1
        below = below[:kept]
        chance = torch.rand((), generator=self._generator, dtype=torch.float64)
        place = int(torch.searchsorted(below, chance * below[-1], right=True))
        return int(tokens[min(place, len(below) - 1)])
