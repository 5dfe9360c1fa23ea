"""Characters that are not what their author meant: finding them, and putting them right.

What is repaired here changes no meaning: control characters go, odd spaces become plain
ones, letters in two pieces become one (NFC), and UTF-8 that was read as Windows-1252 is
read again, where that is certain. The checks say what was found (``checks/texts.py``),
``mend.py`` writes the repaired file.
"""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 but for tab and line ends, and DEL.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Zero-width characters, the soft hyphen, marks of writing direction, a byte-order mark.
# Joiners (U+200C, U+200D) are left: Persian, Hindi and emoji need them.
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# Spaces that are neither U+0020 nor a line end, and runs of spaces.
ODD_SPACE = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\x85\u2028\u2029]|  +")

# UTF-8 of two or three bytes as it looks when each byte was taken for a Windows-1252 character.
_TAIL = "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xC0))
_TAIL_CLASS = f"[{re.escape(_TAIL)}\x81\x8d\x8f\x90\x9d]"
_MISREAD = re.compile(
    f"[ÂÃ]{_TAIL_CLASS}"  # Latin letters with accents, ¿ ¡ « »
    f"|[Ä-ÇÐ-ÓÎÏ]{_TAIL_CLASS}(?:[Ä-ÇÐ-ÓÎÏ]{_TAIL_CLASS})+"  # Greek, Cyrillic: at least two
    f"|â(?:€|‚|„){_TAIL_CLASS}"  # quotation marks, dashes, the euro
    f"|ð{_TAIL_CLASS}{{3}}"  # emoji
    f"|ï»¿"  # a byte-order mark
)
_CLOSING = "…“”‘’–—"  # may well follow a capital Ã or Â: AMANHÃ…


def misread(text: str) -> list[tuple[int, int]]:
    """Where UTF-8 was taken for Windows-1252, as ranges; empty for nearly every text."""
    if text.isascii():
        return []
    return [
        match.span()
        for match in _MISREAD.finditer(text)
        if not (match[0][1] in _CLOSING and text[: match.start()][-1:].isupper())
        and _reread(match[0]) is not None
    ]


def reread(text: str) -> str | None:
    """The text as it was meant, if it is certain that UTF-8 was read as Windows-1252.

    Certain when something was misread and the text, read again as a whole, is good UTF-8:
    then no character speaks against it. ``None`` otherwise.
    """
    if not misread(text):
        return None
    # Twice misread text is rare but real; a third time has not been seen.
    once = _reread(text)
    if once is None or not misread(once):
        return once
    return _reread(once) or once


def _reread(text: str) -> str | None:
    """Back to bytes as Windows-1252 (its five holes as Latin-1), and from them as UTF-8."""
    raw = bytearray()
    for character in text:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            raw.append(ord(character))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def composed(text: str) -> str:
    """The text in normal form C: a letter and its accent as one character where there is one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def tidy(text: str, *, keep_spaces: bool = False) -> str:
    """The text with every safe repair made; mending twice changes nothing more.

    Args:
        keep_spaces: leave spaces, tabs and indentation inside the text as they are, as a
            conversation with code in it needs.
    """
    text = reread(text) or text
    text = INVISIBLE.sub("", CONTROL.sub("", text))
    text = composed(text)
    if keep_spaces:
        return text.replace("\u00a0", " ")
    lines = (ODD_SPACE.sub(" ", line) for line in text.strip().split("\n"))
    return "\n".join(re.sub("  +", " ", line).strip(" ") for line in lines).strip()
