"""Counting tokens with the embedded model's own tokenizer, where it is installed. Loads no torch.

For figures about data (``data/stats``). Training and answering tokenize with ``tokenize.py``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from aprendiz.data.stats.lengths import TextTokens
from aprendiz.neural.base_models import ALIASES, EMBEDDED, PACKAGED


def embedded_tokens() -> TextTokens | None:
    """The counter of the embedded model; None without its package or the tokenizers library."""
    package, inside, _ = PACKAGED[ALIASES[EMBEDDED]]
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    file = Path(next(iter(found.submodule_search_locations))) / inside / "tokenizer.json"
    if not file.is_file():
        return None
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def count(texts: Sequence[str]) -> list[int]:
        # A lone surrogate (half of an emoji) is no character; the tokenizer refuses it.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return [len(encoding) for encoding in tokenizer.encode_batch_fast(clean)]

    return TextTokens(EMBEDDED, True, count)
