"""Written numbers to exact ones, with a decimal point or a decimal comma.

``1.234`` and ``1,234`` are each two numbers, depending on which sign is the decimal mark.
Nothing is guessed here: a numeral is read under a given mark, and whoever compares two
answers decides which marks are possible.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

Mark = Literal[".", ","]
MARKS: tuple[Mark, ...] = (".", ",")

MOST_DIGITS = 100
"""Digits of one numeral, and the highest power of ten of its exponent."""


def _pattern(mark: Mark) -> re.Pattern[str]:
    point, comma = re.escape(mark), re.escape("," if mark == "." else ".")
    grouped = rf"[1-9]\d{{0,2}}(?:(?:{comma}\d{{3}})+|(?:[ ]\d{{3}})+|(?:'\d{{3}})+)(?!\d)"
    return re.compile(
        rf"(?P<whole>{grouped}|\d+)?"
        rf"(?:{point}(?P<decimals>\d+)?(?:⟨(?P<repeating>\d+)⟩|(?P<dots>\.\.\.))?)?"
        r"(?:[eE](?P<exponent>[+-]?\d+)(?![\w]))?"
    )


_PATTERNS = {mark: _pattern(mark) for mark in MARKS}
_AMBIGUOUS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?![.,]?\d)")
_ENGLISH = re.compile(
    r"####|\b(?:answer|the|is|are|so|each|has|have|therefore|of|and|there|for|with)\b", re.I
)
_SPANISH = re.compile(
    r"\b(?:respuesta|es|son|el|la|los|las|de|por|cada|tiene|hay|soluci[oó]n|entonces|y|en)\b", re.I
)


def read_numeral(text: str, place: int, mark: Mark) -> tuple[Fraction, int, int] | None:
    """The number written at a place.

    Returns:
        Its value, where the text goes on, and how many decimals are shown (-1 when they
        repeat for ever); ``None`` when no number under this mark begins there.
    """
    met = _PATTERNS[mark].match(text, place)
    if met is None or not (met["whole"] or met["decimals"] or met["repeating"]):
        return None
    end = met.end()
    if re.compile(r"[.,]\d|\d|'\d").match(text, end):
        return None  # 1,5 under a point; 1.2.3 under any mark
    if text[end - 1] == mark and not met["dots"]:  # "12." ends a sentence
        end -= 1
    whole = re.sub(r"\D", "", met["whole"] or "")
    decimals = met["decimals"] or ""
    if len(whole) + len(decimals) > MOST_DIGITS or len(met["repeating"] or "") > MOST_DIGITS:
        return None
    value = Fraction(int(whole + decimals or "0"), 10 ** len(decimals))
    shown = len(decimals)
    if repeating := met["repeating"] or _repeated(met["dots"], decimals):
        value += Fraction(int(repeating), (10 ** len(repeating) - 1) * 10 ** len(decimals))
        shown = -1
    elif met["dots"]:
        return None
    if met["exponent"]:
        exponent = int(met["exponent"][:8])
        if abs(exponent) > MOST_DIGITS:
            return None
        value *= Fraction(10) ** exponent
    return value, end, shown


def _repeated(dots: str | None, decimals: str) -> str:
    """The digit that goes on for ever in ``0.1666...``; empty when it cannot be told."""
    return decimals[-1] if dots and len(decimals) > 1 and decimals[-1] == decimals[-2] else ""


def is_ambiguous(text: str) -> bool:
    """Whether a number in the text is another one under the other mark (``1.234``)."""
    return _AMBIGUOUS.search(text) is not None


def decimal_mark(text: str) -> Mark | None:
    """The decimal mark that the writer of a text uses; ``None`` when it does not show.

    Numbers tell best (``2.5``, ``1.234,50``). Without any, English prose means a point.
    Spanish prose means nothing: a comma in Spain, a point in Mexico.
    """
    counts = {
        mark: len(
            re.findall(
                rf"(?<![\d.,])(?:0|\d{{4,}}|\d+(?:{other}\d{{3}})+){sign}\d+(?![.,]?\d)"
                rf"|(?<![\d.,])\d+{sign}(?:\d{{1,2}}|\d{{4,}})(?![.,]?\d)",
                text,
            )
        )
        for mark, sign, other in ((".", r"\.", ","), (",", ",", r"\."))
    }
    if bool(counts["."]) != bool(counts[","]):
        return "." if counts["."] else ","
    if _ENGLISH.search(text) and not _SPANISH.search(text):
        return "."
    return None
