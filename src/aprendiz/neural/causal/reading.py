"""A causal network reading several prompts at once, and then one token more of each at a time.

What it has computed is kept (the key/value cache), so that a token costs one step. Prompts
of different lengths are padded on the left. What the tokens are is for the caller.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel


class Reading:
    """What a network has read of a batch of prompts.

    Args:
        network: a causal language model of transformers, or a PEFT model around one.
        prompts: token numbers, one sequence a row, none empty.
        pad: any token number to fill up with; it is masked.
    """

    def __init__(self, network: Any, prompts: Sequence[Sequence[int]], pad: int) -> None:
        self._network = network
        self._device = next(network.parameters()).device
        longest = max(map(len, prompts))
        rows = [[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
        self._unread = torch.tensor(rows, device=self._device)
        self._mask: torch.Tensor | None = None  # one row, or rows of one length, need none
        self._positions: torch.Tensor | None = None
        if any(len(prompt) != longest for prompt in prompts):
            real = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
            self._mask = torch.tensor(real, device=self._device)
            self._positions = (self._mask.cumsum(dim=-1) - 1).clamp(min=0)
        self._cache = DynamicCache(config=network.config)
        self._understands = _parameters(network)

    @torch.inference_mode()
    def next_logits(self) -> torch.Tensor:
        """Figures for the token after what was read, float32, shape ``(rows, vocabulary)``."""
        asked: dict[str, Any] = {
            "input_ids": self._unread,
            "past_key_values": self._cache,
            "use_cache": True,
        }
        if self._mask is not None:
            asked["attention_mask"] = self._mask
            if "position_ids" in self._understands:
                asked["position_ids"] = self._positions
        if "logits_to_keep" in self._understands:
            asked["logits_to_keep"] = 1  # the figures of a long prompt's other tokens are large
        return self._network(**asked).logits[:, -1].float()

    @torch.inference_mode()
    def go_on(self, tokens: Sequence[int], rows: Sequence[int]) -> None:
        """Append a token to each of some rows; the others are read no further.

        Args:
            tokens: one for each of ``rows``.
            rows: positions in the present batch, ascending; they become the batch.
        """
        if len(rows) != len(self._unread):
            kept = torch.tensor(rows, device=self._device)
            self._cache.batch_select_indices(kept)
            if self._mask is not None and self._positions is not None:
                self._mask, self._positions = self._mask[kept], self._positions[kept]
        self._unread = torch.tensor(tokens, device=self._device).unsqueeze(-1)
        if self._mask is not None and self._positions is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(len(rows), 1)], dim=-1)
            self._positions = self._positions[:, -1:] + 1


def _parameters(network: Any) -> frozenset[str]:
    """Names of what the network's own ``forward`` takes, an adapter around it looked through."""
    inner: PreTrainedModel = (
        network.get_base_model() if hasattr(network, "get_base_model") else network
    )
    return frozenset(inspect.signature(inner.forward).parameters)
