"""A base model's tokenizer, and padded batches for torch with true lengths kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from aprendiz.errors import BaseModelError
from aprendiz.neural.text_encoder import TextEncoder

__all__ = ["TextEncoder", "batches_by_length", "load_tokenizer", "pad_batch"]


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer that lies in a model's folder.

    Raises:
        BaseModelError: no tokenizer files, or none with a fast form.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        if (folder / "vocab.txt").is_file():
            from transformers import BertTokenizer

            tokenizer = BertTokenizer.from_pretrained(folder, local_files_only=True)
        else:
            raise BaseModelError(f"{folder}: its tokenizer cannot be loaded ({error})") from None
    if not tokenizer.is_fast:
        raise BaseModelError(f"{folder}: its tokenizer has no fast form (tokenizer.json)")
    return tokenizer


def pad_batch(rows: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token numbers and attention mask, both int64 of shape ``(len(rows), longest)``."""
    longest = max(len(row) for row in rows)
    numbers = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for position, row in enumerate(rows):
        numbers[position, : len(row)] = torch.tensor(row)
        mask[position, : len(row)] = 1
    return numbers, mask


def batches_by_length(
    lengths: Sequence[int], *, tokens: int = 4096, most: int = 128
) -> Iterator[list[int]]:
    """Positions grouped so that rows of like length share a batch, longest first.

    Args:
        lengths: tokens in each row.
        tokens: most tokens in a batch, padding counted.
        most: most rows in a batch.
    """
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    start = 0
    while start < len(order):
        size = max(1, min(most, tokens // max(1, lengths[order[start]])))
        yield order[start : start + size]
        start += size
