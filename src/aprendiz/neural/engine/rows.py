"""The rows that gates look at, and those that ranges are taken from.

Held-out rows of the user's data are best. A folder keeps no texts, so without a data file the
gates get made-up ones: label names, and words drawn from the tokenizer's own vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aprendiz.data.frozen import NAME as SPLIT
from aprendiz.data.frozen import Frozen
from aprendiz.data.multi_rows import Several
from aprendiz.data.read import read_examples
from aprendiz.errors import DataError
from aprendiz.neural.text_encoder import TextEncoder

MOST = 512
_MADE_UP = 96
_FIRST_WORD = 5  # tokens before it are special ones, as a rule


@dataclass(frozen=True, slots=True)
class Rows:
    """Token numbers of some texts.

    Attributes:
        held_out: rows that the model has not learnt from, for the gates.
        learnt: rows that it has learnt from, for ranges; may be empty.
        origin: what the first are, in words.
    """

    held_out: Sequence[Sequence[int]]
    learnt: Sequence[Sequence[int]]
    origin: str


def made_up(texts: TextEncoder, labels: Sequence[str], seed: int = 0) -> Rows:
    """Rows for a model of which no data is at hand: same model, same rows."""
    random = np.random.default_rng(seed)
    vocabulary = texts.vocabulary
    rows = texts.encode(list(labels[: _MADE_UP // 2]))
    while len(rows) < _MADE_UP:
        # Mostly short ones, a few as long as the model reads.
        tokens = int(min(texts.max_length, 3 + random.exponential(texts.max_length / 6)))
        words = random.integers(min(_FIRST_WORD, vocabulary - 1), vocabulary, tokens)
        rows.append([int(word) for word in words])
    return Rows(rows, (), "made-up rows")


def from_data(
    sources: Sequence[str],
    folder: Path,
    texts: TextEncoder,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    seed: int = 0,
) -> Rows:
    """Rows of data files, divided as they were when the model was trained.

    A row that the folder's ``split.json`` does not know was not learnt from. At most ``MOST``
    of each are taken, drawn at random.

    Raises:
        DataError: no row can be read, or none was held out.
    """
    frozen = Frozen.read(folder) if (folder / SPLIT).is_file() else None
    held_out: list[str] = []
    learnt: list[str] = []
    for source in sources:
        # Only the texts count here, whichever and however many labels they have.
        reading = read_examples(source, text=text_column, label=label_column, several=Several())
        if not reading.examples:
            raise DataError(
                f"{source}: has no rows that can be used",
                f"aprendiz data check {source}",
                reading.findings,
            )
        for row in reading.examples:
            part = frozen.part_of(row.text) if frozen else None
            (learnt if part == "train" else held_out).append(row.text)
    names = ", ".join(Path(source).name for source in sources)
    if not held_out:
        raise DataError(
            f"{names}: the model has learnt from every one of the {len(learnt):,} rows",
            "add a file with rows it has not seen (--data can be given several times)",
        )
    return Rows(
        texts.encode(_draw(held_out, seed)),
        texts.encode(_draw(learnt, seed)),
        f"held-out rows of {names}",
    )


def _draw(texts: list[str], seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(texts))[:MOST]
    return [texts[place] for place in order]
