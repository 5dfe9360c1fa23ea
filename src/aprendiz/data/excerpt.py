"""How a value from a data file is quoted in a message. Not for whole rows.

What stands in a file is not ours: a text may be a megabyte long or hold terminal
escape codes. Everything quoted goes through :func:`excerpt`.
"""

from __future__ import annotations

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
    """The text in quotes, cut to about ``width`` characters, unprintable characters escaped."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")


def kind_of(value: object) -> str:
    """What a value is, for people: ``a list``, ``a number`` …"""
    return _NAMES.get(type(value).__name__, f"a value of type {type(value).__name__}")


def listing(names: tuple[str, ...], most: int = 12) -> str:
    """Column names in quotes, at most ``most`` of them."""
    shown = ", ".join(excerpt(name, 30) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
