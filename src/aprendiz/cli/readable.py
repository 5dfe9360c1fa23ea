"""What a model writes, as a terminal can show it: mathematics in Unicode, Markdown kept safe.

For the screen only. What is saved, graded or sent stays as the model wrote it. It is no TeX:
what is not known here is shown as it stands.
"""

from __future__ import annotations

import re

_SYMBOLS = {
    "times": "×", "div": "÷", "cdot": "·", "ast": "∗", "pm": "±", "mp": "∓",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "lt": "<", "gt": ">",
    "approx": "≈", "equiv": "≡", "sim": "∼", "propto": "∝",
    "to": "→", "rightarrow": "→", "Rightarrow": "⇒", "implies": "⇒", "iff": "⇔",
    "leftarrow": "←", "Leftarrow": "⇐", "Leftrightarrow": "⇔", "mapsto": "↦",
    "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩",
    "emptyset": "∅", "varnothing": "∅", "forall": "∀", "exists": "∃", "neg": "¬",
    "land": "∧", "lor": "∨", "therefore": "∴", "because": "∵", "mid": "|",
    "infty": "∞", "sum": "∑", "prod": "∏", "int": "∫", "partial": "∂", "nabla": "∇",
    "angle": "∠", "perp": "⊥", "parallel": "∥", "triangle": "△", "circ": "∘", "degree": "°",
    "ldots": "…", "dots": "…", "cdots": "⋯", "quad": "  ", "qquad": "    ", "prime": "′",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "sin": "sin", "cos": "cos", "tan": "tan", "log": "log", "ln": "ln", "exp": "exp",
    "min": "min", "max": "max", "gcd": "gcd", "lim": "lim", "bmod": "mod", "%": "%",
    "left": "", "right": "", "displaystyle": "", "limits": "", ",": " ", ";": " ", ":": " ",
    "!": "", " ": " ", "{": "{", "}": "}", "$": "$", "_": "_", "&": "&", "#": "#", "\\": "\n",
}  # fmt: skip
_SHOWN_AS_THEY_ARE = frozenset(
    {"text", "textbf", "textit", "textrm", "mathrm", "mathbf", "mathit", "mathsf", "mathbb"}
    | {"operatorname", "boxed", "fbox", "mbox", "overline", "underline"}
)
_FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac"})
_VULGAR = {
    ("1", "2"): "½", ("1", "3"): "⅓", ("2", "3"): "⅔", ("1", "4"): "¼", ("3", "4"): "¾",
    ("1", "5"): "⅕", ("2", "5"): "⅖", ("3", "5"): "⅗", ("4", "5"): "⅘", ("1", "6"): "⅙",
    ("5", "6"): "⅚", ("1", "8"): "⅛", ("3", "8"): "⅜", ("5", "8"): "⅝", ("7", "8"): "⅞",
}  # fmt: skip
_RAISED = dict(zip("0123456789+-−=()nixyab", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱˣʸᵃᵇ", strict=True))
_LOWERED = dict(zip("0123456789+-−=()nixaek", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₙᵢₓₐₑₖ", strict=True))
_ROOTS = {"2": "√", "3": "∛", "4": "∜"}

_COMMAND = re.compile(r"\\(?:([A-Za-z]+)|([,;:! %{}$_&#\\]))")
# Display maths, then inline maths: an inline dollar has no space inside it and no digit after
# it (Pandoc's rule), and something between the two that is no plain text.
_DELIMITED = re.compile(
    r"\\\[(?P<a>.+?)\\\]|\$\$(?P<b>.+?)\$\$|\\\((?P<c>.+?)\\\)"
    r"|(?<![\\\w$])\$(?=\S)(?P<d>[^$\n]*?[^$\s\\])\$(?![\d$])",
    re.DOTALL,
)
_RAISE = re.compile(r"(?<=[\w)\]}])\^(?:\{([^{}]*)\}|(-?\d+|[A-Za-z]))")
_LOWER = re.compile(r"(?<![A-Za-z0-9_])([A-Za-zα-ωΑ-Ω])_(?:\{([^{}]*)\}|(\d+|[A-Za-z])(?!\w))")
_DEGREES = re.compile(r"\^(?:\{\s*(?:\\circ|\\degree|∘)\s*\}|\\circ|\\degree|∘)(?![A-Za-z])")
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_FENCED = re.compile(r"(^```.*?(?:^```[^\n]*$|\Z))", re.DOTALL | re.MULTILINE)
# An asterisk between two factors: Markdown would take a pair of them for emphasis.
_FACTORS = re.compile(r"(?<=[\w)])(?<!\*)\*(?!\*)(?=[\w(])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def visible(text: str) -> str:
    """A text without what would drive the terminal instead of being shown."""
    return "".join(
        mark if mark.isprintable() or mark == "\n" else "    " if mark == "\t" else "·"
        for mark in text.replace("\r\n", "\n")
    )


def readable(text: str) -> str:
    r"""Mathematics in Unicode: ``\frac{1}{2} \times x^2`` becomes ``½ × x²``. Code is left alone."""
    parts = _CODE.split(text)
    return "".join(part if at % 2 else _maths(part) for at, part in enumerate(parts))


def as_markdown(text: str) -> str:
    """A readable text as Markdown that says the same: lines stay lines, factors stay factors."""
    parts = _FENCED.split(visible(readable(text)))
    return "".join(part if at % 2 else _markdown(part) for at, part in enumerate(parts))


def _markdown(text: str) -> str:
    pieces = _CODE.split(text)
    escaped = "".join(
        piece if at % 2 else _TAG.sub(r"\\<", _FACTORS.sub(r"\\*", piece))
        for at, piece in enumerate(pieces)
    )
    # Working is shown one step a line; in Markdown two spaces keep the end of a line.
    return re.sub(r"(?<=\S)\n(?=[^\n])", "  \n", escaped)


def _maths(text: str) -> str:
    if not any(mark in text for mark in "\\^_$"):
        return text
    text = _DELIMITED.sub(_inside, text)
    text = _commands(_DEGREES.sub("°", text))
    text = _RAISE.sub(lambda found: _shifted(found[1] or found[2], _RAISED, "^"), text)
    return _LOWER.sub(lambda found: found[1] + _shifted(found[2] or found[3], _LOWERED, "_"), text)


def _inside(found: re.Match[str]) -> str:
    """What stands between delimiters, if it is maths; a pair of prices is not."""
    inside = next(group for group in found.groups() if group is not None)
    if found["d"] is not None and not re.search(r"[\\^_=+*/<>\d]|^[A-Za-z]$", inside):
        return found[0]
    return inside.strip()


def _commands(text: str) -> str:
    r"""Every command replaced that is known; arguments may hold commands themselves."""
    shown: list[str] = []
    at = 0
    while found := _COMMAND.search(text, at):
        shown.append(text[at : found.start()])
        at = found.end()
        name = found[1] or found[2]
        if name in _FRACTIONS and (top := _argument(text, at)) and (low := _argument(text, top[1])):
            if shown[-1][-1:].isdigit() and (top[0], low[0]) not in _VULGAR:
                shown.append(" ")  # a mixed number: 2 3/7, not 23/7
            shown.append(_fraction(_commands(top[0]), _commands(low[0])))
            at = low[1]
        elif name == "sqrt" and (root := _root(text, at)):
            shown.append(root[0])
            at = root[1]
        elif name in _SHOWN_AS_THEY_ARE and (inside := _argument(text, at)):
            shown.append(_commands(inside[0]))
            at = inside[1]
        else:
            shown.append(_SYMBOLS.get(name, found[0]))
    return "".join(shown) + text[at:]


def _argument(text: str, at: int) -> tuple[str, int] | None:
    """What stands in braces (or the one character) at a place, and where it ends."""
    while text[at : at + 1] == " ":
        at += 1
    if text[at : at + 1] != "{":
        return (text[at], at + 1) if text[at : at + 1].isalnum() else None
    depth = 0
    for place in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[at + 1 : place].strip(), place + 1
    return None


def _root(text: str, at: int) -> tuple[str, int] | None:
    degree = "2"
    if named := re.match(r"\[(\w+)\]", text[at:]):
        degree, at = named[1], at + named.end()
    inside = _argument(text, at)
    if inside is None:
        return None
    sign = _ROOTS.get(degree) or _shifted(degree, _RAISED, "") + "√"
    return sign + _closed(_commands(inside[0])), inside[1]


def _fraction(top: str, low: str) -> str:
    return _VULGAR.get((top, low)) or f"{_closed(top)}/{_closed(low)}"


def _closed(text: str) -> str:
    """In parentheses, unless it is one number or name."""
    return text if re.fullmatch(r"[\w.,√°²³%]+|\(.*\)", text) else f"({text})"


def _shifted(text: str, marks: dict[str, str], sign: str) -> str:
    """Raised or lowered, if every character can be; else with the sign and parentheses."""
    compact = text.replace(" ", "")
    if compact and all(mark in marks for mark in compact):
        return "".join(marks[mark] for mark in compact)
    return sign + (_closed(text) if len(text) > 1 else text)
