"""How a value from a data file is quoted in a message. Not for whole rows.

What stands in a file is not ours: a text may be a megabyte long, hold terminal escape
codes or somebody's card number. Everything quoted goes through :func:`excerpt`.
"""

from __future__ import annotations

from aprendiz.data.private import mask

_LONGEST_PRIVATE = 200  # looked at beyond the cut, so that half a number is not taken for none

_NAMES = {
    "NoneType": "nothing",
    "bool": "true/false",
    "bytes": "raw bytes",
    "dict": "an object",
    "float": "a decimal number",
    "int": "a number",
    "list": "a list",
    "str": "a text",
}


def excerpt(text: str, width: int = 60) -> str:
    """The text in quotes, cut to about ``width`` characters.

    Unprintable characters are escaped, personal data and secrets masked.
    """
    masked = mask(text[: width + _LONGEST_PRIVATE])
    return repr(masked if len(text) <= width else masked[: width - 1] + "…")


def around(text: str, place: int, width: int = 60) -> str:
    """The text in quotes, cut to about ``width`` characters in which ``place`` is seen.

    Masked and escaped like :func:`excerpt`.
    """
    if len(text) <= width:
        return excerpt(text, width)
    # Masking keeps the length, so places stay where they are.
    left = max(0, place - _LONGEST_PRIVATE)
    masked = mask(text[left : place + width + _LONGEST_PRIVATE])
    start = max(0, min(place - width // 3, len(text) - width))
    shown = masked[start - left : start - left + width]
    return repr(("…" if start else "") + shown + ("…" if start + width < len(text) else ""))


def kind_of(value: object) -> str:
    """What a value is, for people: ``a list``, ``a number`` …"""
    return _NAMES.get(type(value).__name__, f"a value of type {type(value).__name__}")


def listing(names: tuple[str, ...], most: int = 12) -> str:
    """Column names in quotes, at most ``most`` of them."""
    shown = ", ".join(excerpt(name, 30) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
