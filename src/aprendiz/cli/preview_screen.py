"""``aprendiz train --preview``: the first conversations, with the trained tokens marked.

Trained text stands in «guillemets», so that it is told apart without colour too; with colour
it is green, and every second token is underlined to show where tokens end.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.text import Text

from aprendiz.assistants.preview import PreviewedRow

_OPEN, _CLOSE = "«", "»"
_TRAINED = "bold green"
_READ = "dim"


def show(rows: Sequence[PreviewedRow], console: Console | None = None) -> None:
    """Print rows on stdout, or on a console."""
    screen = console or Console(highlight=False, soft_wrap=True)
    screen.print(Group(*[draw(row) for row in rows], _legend(rows)))


def draw(row: PreviewedRow) -> Text:
    """One row: where it stands, its tokens, trained ones between guillemets."""
    left_out = ", left out: too long" if row.left_out else ""
    text = Text(
        f"{row.file}:{row.line}  {row.trained} of {len(row.tokens)} tokens trained{left_out}\n",
        style="bold",
    )
    trained, even = False, False
    for token in row.tokens:
        if token.trained != trained:
            text.append(_OPEN if token.trained else _CLOSE, style=_TRAINED)
            trained = token.trained
        style = f"not bold {_TRAINED if trained else _READ}" + (" underline" if even else "")
        text.append(_visible(token.text), style=style)
        even ^= bool(token.text)
    if trained:
        text.append(_CLOSE, style=_TRAINED)
    text.append("\n")
    return text


def _visible(text: str) -> str:
    """The text of a token without control characters that could steer a terminal."""
    return "".join(each if each in "\n\t" or each.isprintable() else "\ufffd" for each in text)


def _legend(rows: Sequence[PreviewedRow]) -> Text:
    trained, tokens = sum(row.trained for row in rows), sum(len(row.tokens) for row in rows)
    return Text(
        f"{_OPEN}trained{_CLOSE}: the model learns to write it; the rest it only reads. "
        f"{trained:,} of {tokens:,} tokens are trained."
    )
