"""Arithmetic found in prose: the longest that stands right before or behind an equals sign.

``He has $12 - $4 spent = $8 left`` holds ``12 - 4`` and ``8``. A number may carry a currency
and be followed by what it counts; other words end the arithmetic. Where words could change a
number (``half of``, ``less than``) nothing is read rather than something wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from aprendiz.evaluation.maths.functions import FUNCTIONS
from aprendiz.evaluation.maths.units import MULTIPLIERS, SCALING, Unit, split_unit, telling, unit

_TOKEN = re.compile(
    r"(?P<number>(?:\d{1,3}(?: \d{3})+(?![\d.,]*\d)|\d+(?:[.,']\d+)*|\.\d+)(?:⟨\d+⟩|\.\.\.)?"
    r"(?:[eE][+-]?\d+(?!\w))?)"
    r"|(?P<glued>(?<=\d)-[^\W\d_]{2}[\w-]*)"  # 36-minute
    r"|(?P<word>[^\W\d_]+(?:(?<=[A-Z])\d+(?!\w))?(?:['’-][^\W\d_]+)*(?:\^[23])?(?:/[^\W\d_]+(?:\^[23])?)?(?:_\w+)?)"
    r"|(?P<money>[$€£¥])"
    r"|(?P<post>[%!°¢])"
    r"|(?P<operator>[-+*/^]| : )"
    r"|(?P<ratio>(?<=\d):(?=\d))"
    r"|(?P<bracket>[()])"
    r"|(?P<space>\s+)"
    r"|(?P<edge>.)",
    re.DOTALL,
)
_MOST_WORDS = 5
_NEARLY_WORDS = "about approximately around roughly aproximadamente aprox approx unos unas casi"
_VERBS = frozenset({"is", "are", "was", "be", "has", "es", "son", "era", "tiene", "hay"})
_NEARLY = frozenset(_NEARLY_WORDS.split())


@dataclass(frozen=True, slots=True)
class Found:
    """Arithmetic as found.

    Attributes:
        written: as it stands in the text, units and all.
        bare: without units and words, ready for ``Expression``.
        scaled: the same with every unit as its factor, and *million* multiplied out.
        unit: the unit where it is one number with one.
        has_units: there is a known unit in it.
        multiplied: there is a *million* or a *dozen* in it.
        label: it is one number of things at the end of a sentence (``the 2 bathrooms``).
        nearly: it was said to be approximate (``about 3``).
    """

    written: str
    bare: str
    scaled: str
    unit: Unit | None
    has_units: bool
    multiplied: bool
    label: bool = False
    nearly: bool = False


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Run:
    """Arithmetic read from one place on: the tokens kept, and where it ends."""

    end: int
    bare: list[str]
    scaled: list[str]
    units: list[Unit]
    numbers: int = 0
    multiplied: bool = False


def behind(text: str) -> Found | None:
    """The arithmetic at the beginning of a text, the right side of a relation."""
    tokens = _tokens(text)
    start = 0
    while start < len(tokens) and tokens[start].kind == "word" and not _is_name(tokens, start):
        start += 1
    words = [token.text.lower() for token in tokens[:start]]
    if start > 3 or (telling([word for word in words if word not in _NEARLY]) is None):
        return None
    run = _run(tokens, start)
    if run is None:
        return None
    return replace(_found(text, tokens, start, run), nearly=bool(_NEARLY & set(words)))


def before(text: str) -> Found | None:
    """The arithmetic at the end of a text, the left side of a relation."""
    tokens = _tokens(text)
    for start in range(len(tokens)):
        ahead = tokens[start - 1].kind if start else ""
        signed = tokens[start].kind == "operator"
        if (ahead == "operator" and not signed) or (
            signed and ahead in ("word", "number", "bracket")
        ):
            continue  # not from the middle of what could not be read: "the bikes + 12"
        run = _run(tokens, start)
        if run is not None and run.end == len(tokens):
            if SCALING & set(_said_before(tokens, start)):
                return None
            found = _found(text, tokens, start, run)
            things = tokens[-1].kind == "word" and not _is_name(tokens, len(tokens) - 1)
            return replace(found, label=things and run.numbers == 1)
    return None


def _said_before(tokens: list[_Token], start: int) -> list[str]:
    """The last words before the arithmetic, from a verb on: ``double 5``, not ``the double is 5``."""
    words = [token.text.lower() for token in tokens[max(0, start - 3) : start]]
    for place in range(len(words), 0, -1):
        if words[place - 1] in _VERBS:
            return words[place:]
    return words


def _found(text: str, tokens: list[_Token], start: int, run: _Run) -> Found:
    single = run.numbers == 1 and len(run.units) == 1 and len(run.bare) <= 2
    return Found(
        written=text[tokens[start].start : tokens[run.end - 1].end].strip(),
        bare=" ".join(run.bare),
        scaled=" ".join(run.scaled),
        unit=run.units[0] if single else None,
        has_units=bool(run.units),
        multiplied=run.multiplied,
    )


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    for met in _TOKEN.finditer(text):
        kind = str(met.lastgroup)
        if kind == "space":
            continue
        token = _Token("word" if kind == "glued" else kind, met[0].strip(), met.start(), met.end())
        # "8 cm x 12": a sign between a thing and a number, spaces around it.
        after = text[met.end() : met.end() + 3]
        if token.text in ("x", "X") and found and re.match(r" ?(?:[\d$€£(]|\.\d)", after):
            token.kind, token.text = "operator", "*"
        if token.kind == "ratio":  # "12:4", but not "Day 2:21"
            labelled = len(found) > 1 and found[-2].kind == "word"
            token.kind = "edge" if labelled else "operator"
        found.append(token)
    return found


def _is_name(tokens: list[_Token], place: int) -> bool:
    """Whether a token is an unknown, a constant or a function rather than a word."""
    text = tokens[place].text
    return text in FUNCTIONS or text == "pi" or len(text.partition("_")[0].partition("^")[0]) == 1


def _run(tokens: list[_Token], start: int, depth: int = 0) -> _Run | None:
    """Operands with signs between them, as far as they go; ``None`` without a first operand."""
    run = _Run(start, [], [], [])
    if depth > 12 or not _operand(tokens, run, depth):
        return None
    while run.end < len(tokens) and tokens[run.end].kind == "operator":
        saved = (run.end, len(run.bare), len(run.scaled), len(run.units), run.numbers)
        sign = tokens[run.end].text.strip()
        run.end += 1
        _keep(run, "/" if sign == ":" else sign)
        if not _operand(tokens, run, depth):
            end, bare, scaled, units, run.numbers = saved
            run.end = end
            del run.bare[bare:], run.scaled[scaled:], run.units[units:]
            break
    return run


def _keep(run: _Run, text: str) -> None:
    run.bare.append(text)
    run.scaled.append(text)


def _operand(tokens: list[_Token], run: _Run, depth: int) -> bool:
    """One number, unknown, bracket or function with what belongs to it."""
    while run.end < len(tokens) and tokens[run.end].text in ("-", "+"):
        _keep(run, tokens[run.end].text)
        run.end += 1
    money = run.end < len(tokens) and tokens[run.end].kind == "money"
    if money:
        if known := unit(tokens[run.end].text):
            run.units.append(known)
        run.end += 1
        if run.end < len(tokens) and tokens[run.end].text == "-":
            _keep(run, "-")
            run.end += 1
    if run.end >= len(tokens):
        return False
    token = tokens[run.end]
    if token.kind == "number":
        run.end += 1
        run.numbers += 1
        _keep(run, token.text)
        _fraction(tokens, run)
    elif token.text == "(":
        if not _bracket(tokens, run, depth):
            return False
    elif token.kind == "word" and _is_name(tokens, run.end):
        run.end += 1
        _keep(run, token.text)
        if token.text in FUNCTIONS and not _operand(tokens, run, depth + 1):
            return False
    else:
        return False
    return _what_follows(tokens, run, depth, money=bool(money))


def _fraction(tokens: list[_Token], run: _Run) -> None:
    """A fraction kept as one piece: of a mixed number, or after a wide sign (``2 / 1/4``)."""
    slash = tokens[run.end : run.end + 2]
    tight = len(slash) > 1 and slash[0].text == "/" and slash[0].end == slash[1].start
    divided = run.bare[-2:-1] == ["/"] and tight and slash[0].start == tokens[run.end - 1].end
    if divided and slash[1].kind == "number":
        piece = f"({run.bare.pop()}/{slash[1].text})"
        run.scaled.pop()
        _keep(run, piece)
        run.end += 2
        return
    parts = tokens[run.end : run.end + 3]
    if [part.kind for part in parts] == ["number", "operator", "number"] and parts[1].text == "/":
        above, below = parts[0].text, parts[2].text
        if above.isdecimal() and below.isdecimal() and run.bare[-1].isdecimal():
            piece = f"{run.bare.pop()} {above}/{below}"
            run.scaled.pop()
            _keep(run, f"({piece})")
            run.end += 3


def _bracket(tokens: list[_Token], run: _Run, depth: int) -> bool:
    inner = _run(tokens, run.end + 1, depth + 1)
    if inner is None or inner.end >= len(tokens) or tokens[inner.end].text != ")":
        return False
    run.bare += ["(", *inner.bare, ")"]
    run.scaled += ["(", *inner.scaled, ")"]
    run.units += inner.units
    run.numbers += inner.numbers
    run.end = inner.end + 1
    return True


def _what_follows(tokens: list[_Token], run: _Run, depth: int, *, money: bool) -> bool:
    """Percent signs, factors without a sign, units and things counted."""
    while run.end < len(tokens):
        token = tokens[run.end]
        glued = token.start == tokens[run.end - 1].end
        if token.kind == "post":
            if token.text in "%!":
                _keep(run, token.text)
            elif known := unit(token.text):
                _scale(run, known)
            run.end += 1
        elif token.text == "(" and glued:
            if not _bracket(tokens, run, depth):
                return True
        elif token.kind == "money" and not money:
            if known := unit(token.text):
                _scale(run, known)
            run.end += 1
        elif token.kind == "word" and _is_factor(tokens, run.end):
            _keep(run, token.text)
            run.end += 1
            if token.text in FUNCTIONS and not _operand(tokens, run, depth + 1):
                return False
        elif token.kind == "word" or (
            token.text == "/"
            and tokens[run.end + 1 : run.end + 2]
            and tokens[run.end + 1].kind == "word"
            and not _is_name(tokens, run.end + 1)
        ):
            return _things(tokens, run)
        else:
            return True
    return True


def _is_factor(tokens: list[_Token], place: int) -> bool:
    """``3x``, ``3 x``, ``2 pi``: an unknown beside a number, but not ``3 m`` or ``3 a day``."""
    token = tokens[place]
    if not _is_name(tokens, place):
        return False
    if token.text in FUNCTIONS or token.text == "pi" or token.start == tokens[place - 1].end:
        return True
    if token.text.lower() in {"a", "e", "o", "u", "y", "i"} and place + 1 < len(tokens):
        return tokens[place + 1].kind not in ("word", "number")
    return unit(token.text) is None


def _things(tokens: list[_Token], run: _Run) -> bool:
    """Words after an operand: its unit, or what it counts. Not all of them need belong to it."""
    words: list[_Token] = []
    place = run.end
    while place < len(tokens) and len(words) <= _MOST_WORDS:
        slash = tokens[place].text == "/" and tokens[place + 1 : place + 2] != []
        if slash and tokens[place + 1].kind == "word":
            place += 1
        if tokens[place].kind != "word" or _ends_things(tokens, place, first=not words):
            break
        words.append(tokens[place])
        place += 1
    if not words:
        return True
    if words[0].text.lower() in MULTIPLIERS:
        run.scaled.append(f"* {MULTIPLIERS[words[0].text.lower()]}")
        run.multiplied = True
    else:
        told = split_unit(" ".join(word.text for word in words))
        if told is None:
            # Prose may follow the right side ("= 12 more than before"), but no sign may
            # follow such words.
            return place >= len(tokens) or tokens[place].kind != "operator"
        if told[0]:
            _scale(run, told[0])
    at_end = place == len(tokens) or tokens[place].kind == "operator" or tokens[place].text == ")"
    run.end = place if at_end else run.end + 1
    return True


def _ends_things(tokens: list[_Token], place: int, *, first: bool) -> bool:
    """A single letter that is neither a unit nor a little word: an unknown (``we get x``)."""
    text = tokens[place].text
    if not _is_name(tokens, place) or (first and unit(text)):
        return False
    little = text.lower() in {"a", "e", "o", "u", "y"}
    return not (little and place + 1 < len(tokens) and tokens[place + 1].kind == "word")


def _scale(run: _Run, known: Unit) -> None:
    run.units.append(known)
    if known.factor != 1:
        factor = Fraction(known.factor)
        run.scaled.append(f"* ({factor.numerator}/{factor.denominator})")
