"""Losses that the Hugging Face ``Trainer`` is given in place of a network's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional

Loss = Callable[..., torch.Tensor]
"""The ``Trainer``'s ``compute_loss_func``."""


def cross_loss(smoothing: float) -> Loss:
    """Mean cross-entropy of logits (batch, labels) and label numbers (batch,).

    The ``Trainer``'s own smoothing is for networks of Hugging Face only.

    Args:
        smoothing: probability taken from the right label and spread over all.
    """

    def loss(
        outputs: Mapping[str, torch.Tensor], truth: torch.Tensor, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        logits = outputs["logits"].float()
        return functional.cross_entropy(logits, truth, label_smoothing=smoothing)

    return loss


def binary_loss(smoothing: float) -> Loss:
    """Mean binary cross-entropy of logits and truth, both (batch, labels).

    Args:
        smoothing: share of each truth that is spread over yes and no alike.
    """

    def loss(
        outputs: Mapping[str, torch.Tensor], truth: torch.Tensor, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        softer = truth * (1 - smoothing) + smoothing / 2
        return functional.binary_cross_entropy_with_logits(outputs["logits"].float(), softer)

    return loss
