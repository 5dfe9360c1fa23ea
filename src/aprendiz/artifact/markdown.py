"""Pieces of Markdown for the cards: tables, code, figures, and text that means nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are written as they are."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Text on one line in which Markdown and HTML mean nothing."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Text as a code span that survives backticks, pipes and line breaks."""
    line = " ".join(text.split()).replace("|", r"\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    inner = f" {line} " if "`" in line else line
    return f"{fence}{inner}{fence}"


def percent(share: float) -> str:
    """A share, 0 to 1, as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def figure(value: float) -> str:
    """A figure with three decimals."""
    return f"{value:.3f}"


def span(interval: Sequence[float]) -> str:
    """The two ends of an interval."""
    return f"{interval[0]:.3f} to {interval[1]:.3f}"
