"""LaTeX and Unicode to one plain notation: ``\\frac{1}{2}``, ``½`` and ``1⁄2`` all become 1/2.

Only spelling is changed here. What a number or an expression is worth is found in
``numerals`` and ``expression``, and nothing is ever evaluated as code.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 2_000
"""Characters that are read; what is longer is no answer and no step."""

UNREADABLE = "~"
"""Stands where the text could mean two things; no expression may contain it."""

REPEATING = "⟨⟩"
"""Hold the digits of a decimal that repeat for ever: ``0.⟨3⟩`` is 1/3."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SIGNS = str.maketrans(
    {
        "−": "-", "–": "-", "‒": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "•": "*",
        "÷": "/", "⁄": "/", "∕": "/", "’": "'", "≅": "≈", "≃": "≈", "≡": "=", "⩽": "≤", "⩾": "≥",
        "π": " pi ", "√": " sqrt ", "∛": " cbrt ", "º": "°", "“": '"', "”": '"',
    }
)  # fmt: skip
_WORDS = {
    "times": "*", "cdot": "*", "div": "/", "pm": "±", "le": "≤", "leq": "≤", "leqslant": "≤",
    "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "ne": "≠", "neq": "≠",
    "approx": "≈", "simeq": "≈", "pi": " pi ", "infty": "∞", "cup": "∪", "emptyset": "∅",
    "varnothing": "∅", "circ": "°", "degree": "°", "ldots": "...", "dots": "...", "cdots": "...",
    "quad": " ", "qquad": " ", "left": "", "right": "", "big": "", "Big": "", "displaystyle": "",
    "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "colon": ":", "euro": "€", "pounds": "£",
    "implies": "⇒", "Rightarrow": "⇒", "to": "→", "land": " and ", "lor": " or ",
}  # fmt: skip
# Commands that only say how their argument looks.
_LOOKS = {
    "text", "textbf", "textit", "textrm", "mathrm", "mathbf", "mathit", "mathsf", "operatorname",
    "boxed", "fbox", "mbox", "hbox", "underline", "bf", "rm", "textnormal", "ensuremath",
}  # fmt: skip
_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"}
# Private-use signs that hold a place while dollars and braces are sorted out.
_MONEY, _OPEN, _CLOSE = "\ue000", "\ue001", "\ue002"


def plain(text: str) -> str:
    """The text in plain notation, one line for each of its lines.

    Signs become ``+ - * / ^``, relations ``= ≈ ≠ < > ≤ ≥``, roots ``sqrt`` and ``root(n)``,
    braces are left for sets only. A mixed number keeps its space (``1 1/2``).
    """
    text = text[:LONGEST].replace("\\$", _MONEY).replace("\\%", "%").replace("{,}", ",")
    text = text.replace("\\{", _OPEN).replace("\\}", _CLOSE)
    text = re.sub(r"\\[,;:!> ]", " ", text)
    text = re.sub(r"\\[()\[\]]|\\\\", " ", text)
    # A closing dollar is not followed by a digit; the one of a price is.
    text = re.sub(r"(?<!\\)\$\$([^$]+)\$\$|(?<![\\\d])\$([^$\n]+)\$(?!\d)", r"\1\2", text)
    text = _unicode(_latex(text))
    text = text.replace(_MONEY, "$").replace(_OPEN, "{").replace(_CLOSE, "}")
    text = re.sub(r"(?<=[\d)])\s*\*\*\s*(?=[\d(-])", "^", text)
    text = text.replace("**", "").replace("`", "").replace("__", "")
    for written, sign in (("<=", "≤"), (">=", "≥"), ("!=", "≠"), ("~=", "≈"), ("+/-", "±")):
        text = text.replace(written, sign)
    # "3 x 4" is a product; "3x + 4" is not.
    text = re.sub(r"(?<=[\d)])\s*[xX]\s*(?=[\d(])", "*", text)
    text = re.sub(r"[ ]+\^", "^", text)
    return "\n".join(re.sub(r"[^\S\n]+", " ", line).strip() for line in text.split("\n"))


def _unicode(text: str) -> str:
    # An en dash between two figures is a range; a long dash ends a thought.
    text = re.sub(r"(?<=\d)[–—](?=\d)", UNREADABLE, text)
    text = re.sub(r"(?<=\S)\s*—\s*", f" {UNREADABLE} ", text).replace("—", "-")
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+", lambda met: f"^({met[0].translate(_SUPERSCRIPTS)})", text)
    text = re.sub(r"\^\((\d)\)", r"^\1", text)
    text = re.sub(r"[₀-₉]+", lambda met: "_" + met[0].translate(_SUBSCRIPTS), text)
    text = re.sub(r"(?<=\d)\s*(?=[¼½¾⅐-⅞])", " ", text)
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)


def _latex(text: str) -> str:
    """LaTeX commands resolved, innermost argument first."""
    written: list[str] = []
    place = 0
    while place < len(text):
        command = re.compile(r"\\([A-Za-z]+)\s*").match(text, place)
        if command:
            piece, place = _command(command[1], text, command.end(), "".join(written[-40:]))
            if piece.startswith("\b"):  # a mixed number: set apart from its whole part
                piece = " " + piece[1:]
            written.append(piece)
        elif text[place] in "^_" and text.startswith("{", place + 1):
            inner, after = _argument(text, place + 1)
            inner = _latex(inner).strip()
            if inner in {"°", ""}:
                written.append(inner)
            else:
                written.append(f"^({inner})" if text[place] == "^" else f"_{inner}")
            place = after
        elif text.startswith("^\\circ", place):
            written.append("°")
            place += len("^\\circ")
        else:
            written.append(text[place])
            place += 1
    return "".join(written)


def _command(name: str, text: str, place: int, before: str) -> tuple[str, int]:
    """What a command stands for, and where the text goes on."""
    if name in _LOOKS:
        inner, place = _argument(text, place)
        return f" {_latex(inner)} ", place
    if name in _FRACTIONS:
        above, place = _argument(text, place)
        below, place = _argument(text, place)
        return _fraction(_latex(above).strip(), _latex(below).strip(), before), place
    if name == "sqrt":
        degree = ""
        if text.startswith("[", place) and "]" in text[place:]:
            end = text.index("]", place)
            degree, place = text[place + 1 : end], end + 1
        inner, place = _argument(text, place)
        root = f"root({_latex(degree)})" if degree else "sqrt"
        return f" {root}({_latex(inner)})", place
    if name in {"overline", "bar", "overparen", "wideparen"}:
        inner, place = _argument(text, place)
        return (f"⟨{inner}⟩" if inner.isdigit() else UNREADABLE), place
    if name in _WORDS:
        return _WORDS[name], place
    return f" {name} ", place


def _fraction(above: str, below: str, before: str) -> str:
    if not above or not below:
        return UNREADABLE
    whole = re.search(r"(?:^|[^\w.,^)])\d+\s*$", before)
    if not whole:
        return f"(({above})/({below}))"
    if above.isdecimal() and below.isdecimal() and int(above[:50]) < int(below[:50]):
        return f"\b{above}/{below}"
    return f"*{UNREADABLE}"  # 2\frac{3}{2}: a product or a slip


def _argument(text: str, place: int) -> tuple[str, int]:
    """The braced group or the single character at a place, and where the text goes on.

    A group that is never closed is unreadable.
    """
    while place < len(text) and text[place] == " ":
        place += 1
    if not text.startswith("{", place):
        command = re.compile(r"\\[A-Za-z]+").match(text, place)
        end = command.end() if command else min(place + 1, len(text))
        return text[place:end], end
    depth = 0
    for end in range(place, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[place + 1 : end], end + 1
    return UNREADABLE, len(text)
