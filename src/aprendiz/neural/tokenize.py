"""Texts to token numbers and padded batches, with true lengths kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from aprendiz.errors import BaseModelError

# A text is cut to this many characters for each token the model can read before it is
# tokenised, so that a megabyte of text costs no more than the part that counts.
_CHARACTERS_A_TOKEN = 32


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


class TextEncoder:
    """Token numbers of texts, cut to a longest length.

    Uses the Rust tokenizer directly. One object belongs to one thread at a time: its
    truncation settings are shared state.

    Args:
        tokenizer: the Rust tokenizer, as ``tokenizer.json`` describes it.
        max_length: most tokens a text keeps, special tokens counted.
        pad: the number of the padding token.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, pad: int) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)
        self._max_characters = max_length * _CHARACTERS_A_TOKEN
        self.max_length = max_length
        self.pad = pad

    @classmethod
    def from_file(cls, path: Path, max_length: int, pad: int) -> TextEncoder:
        """Read a ``tokenizer.json``."""
        return cls(Tokenizer.from_file(str(path)), max_length, pad)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text; never empty, since special tokens are added."""
        # A lone surrogate (half of an emoji) is no character; the tokenizer refuses it.
        clean = [
            text[: self._max_characters].encode("utf-8", "replace").decode("utf-8")
            for text in texts
        ]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(clean)]


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
