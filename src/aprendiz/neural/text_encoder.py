"""Texts to token numbers with the Rust tokenizer alone: no torch and no transformers.

What a served model needs of its tokenizer. Loading a base model's tokenizer, and padding for
torch, are for ``tokenize.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from aprendiz.interfaces import Token

# A text is cut to this many characters for each token the model can read before it is
# tokenised, so that a megabyte of text costs no more than the part that counts.
_CHARACTERS_A_TOKEN = 32


class TextEncoder:
    """Token numbers of texts, cut to a longest length.

    Its settings are made once and never changed, so that threads may share one: the Rust
    tokenizer refuses to be read only while somebody writes to it.

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

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text; never empty, since special tokens are added."""
        clean = [self._readable(text) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(clean)]

    def tokens(self, text: str) -> list[Token]:
        """The same of one text, for people: how each token is spelled, and where it is from."""
        encoding = self._tokenizer.encode(self._readable(text))
        return [
            Token(piece, *((0, 0) if special else offsets))
            for piece, offsets, special in zip(
                encoding.tokens, encoding.offsets, encoding.special_tokens_mask, strict=True
            )
        ]

    def _readable(self, text: str) -> str:
        # A lone surrogate (half of an emoji) is no character; the tokenizer refuses it.
        return text[: self._max_characters].encode("utf-8", "replace").decode("utf-8")
