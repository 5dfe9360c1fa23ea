"""How every figure looks: colours, marks, sizes, and how names and numbers are written.

Colours are Okabe and Ito's (2008, "Color Universal Design"), which people with the common
kinds of colour blindness tell apart; lines differ in mark and dash as well, for print.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aprendiz.evaluation.intervals import Interval

BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
)
INK = "#222222"
QUIET = "#767676"
GRID = "#D9D9D9"
# Dark at the far end and light at 0: empty cells stay white on paper. Perceptually uniform.
HEAT = "cividis_r"

# Colour, mark and dash of up to four lines in one picture.
LINES = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
)

DPI = 120
TITLE, TEXT, SMALL, TINY = 12.0, 9.5, 8.0, 6.0


def elide(name: str, width: int) -> str:
    """A name on one line, at most ``width`` columns wide, with ``…`` in its middle if cut.

    Both ends are kept because label names often differ only at one of them. Letters of
    East Asian scripts take two columns.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "(blank)"
    if columns(line) <= width:
        return line
    back = (width - 1) // 2
    front = width - 1 - back
    return f"{_fit(line, front)}…{_fit(line[::-1], back)[::-1]}"


def columns(text: str) -> int:
    """How many columns a text takes in print."""
    return sum(_width(letter) for letter in text)


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _fit(text: str, width: int) -> str:
    taken = 0
    for place, letter in enumerate(text):
        taken += _width(letter)
        if taken > width:
            return text[:place]
    return text


def percent(share: float, digits: int = 1) -> str:
    """0.873 → ``87.3 %``."""
    return f"{100 * share:.{digits}f} %"


def percent_span(interval: Interval, digits: int = 1) -> str:
    """(0.861, 0.884) → ``86.1–88.4 %``."""
    return f"{100 * interval[0]:.{digits}f}–{100 * interval[1]:.{digits}f} %"


def span(interval: Interval) -> str:
    """(0.861, 0.884) → ``0.861–0.884``."""
    return f"{interval[0]:.3f}–{interval[1]:.3f}"


def rows(count: int) -> str:
    """1 → ``1 row``, 3080 → ``3,080 rows``."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
