"""Arithmetic read and evaluated exactly: fractions as fractions, roots to 200 figures.

A recursive-descent reader over a list of signs; no text is ever run as code. Everything is
bounded (characters, nesting, the size of powers), so ``9^9^9`` is refused at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import DecimalException, localcontext
from fractions import Fraction

from aprendiz.evaluation.maths.functions import FUNCTIONS, apply, root
from aprendiz.evaluation.maths.numerals import Mark, read_numeral
from aprendiz.evaluation.maths.values import (
    CONTEXT,
    Unreadable,
    Value,
    both,
    equal,
    factorial,
    power,
)

LONGEST = 400
_DEEPEST = 40
_SAMPLES = (
    (Fraction(8191, 1009), Fraction(131, 97)),
    (Fraction(-4093, 811), Fraction(89, 61)),
    (Fraction(53, 3581), Fraction(-211, 127)),
    (Fraction(-37, 1543), Fraction(-173, 83)),
    (Fraction(7919, 13), Fraction(31, 101)),
    (Fraction(2, 7), Fraction(113, 29)),
)
_MIXED = re.compile(r"(\d{1,30}) +(\d{1,30})/(\d{1,30})(?![\d.,/^(])")
_NAME = re.compile(r"[^\W\d_]+")
_INDEX = re.compile(r"_(\w+)")


class Expression:
    """Arithmetic over numbers and unknowns, read under one decimal mark.

    Attributes:
        names: the unknowns in it.
        decimals: decimals shown when it is one plain number; ``None`` otherwise.

    Args:
        text: in plain notation (``notation.plain``).
        mark: the decimal mark.

    Raises:
        Unreadable: it is not arithmetic, or longer than 400 characters.
    """

    def __init__(self, text: str, mark: Mark) -> None:
        if len(text) > LONGEST:
            raise Unreadable("too long")
        self._tokens: list[Fraction | str] = []
        self.names: set[str] = set()
        self.decimals: int | None = None
        self._tokenise(text, mark)
        if not self._tokens:
            raise Unreadable("empty")
        # A dry run finds what does not add up; unknowns at 1 may meet 1/(x - 1).
        self._place = self._depth = 0
        if not self.names:
            self._constant: Value | None = self._whole({})
        else:
            self._constant = None
            self._check_with_unknowns()

    @property
    def value(self) -> Value | None:
        """What it is worth; ``None`` when it has unknowns."""
        return self._constant

    def at(self, values: Mapping[str, Value]) -> Value:
        """What it is worth with these values for its unknowns.

        Raises:
            Unreadable: an unknown has no value, or the value is not a (bounded) real number.
        """
        if self._constant is not None:
            return self._constant
        return self._whole(values)

    def _check_with_unknowns(self) -> None:
        for sample in range(len(_SAMPLES)):
            try:
                self._whole(sample_values(self.names, sample))
            except Unreadable as fault:
                last = fault
            else:
                return
        raise last

    def _tokenise(self, text: str, mark: Mark) -> None:
        place, plain_numbers = 0, []
        while place < len(text):
            sign = text[place]
            if mixed := _MIXED.match(text, place):
                whole, above, below = (int(part) for part in mixed.groups())
                if 0 < above < below:
                    self._tokens.append(whole + Fraction(above, below))
                    place = mixed.end()
                    continue
            if number := read_numeral(text, place, mark):
                if self._tokens and isinstance(self._tokens[-1], Fraction):
                    raise Unreadable("two numbers side by side")
                self._tokens.append(number[0])
                place = number[1]
                plain_numbers.append(number[2])
            elif name := _NAME.match(text, place):
                place = self._add_name(name[0], text, name.end())
            elif sign in "+-*/:^()!%|∞":
                if sign == "∞":
                    self.names.add(sign)
                self._tokens.append("/" if sign == ":" else sign)
                place += 1
            elif sign == " ":
                place += 1
            else:
                raise Unreadable(f"{sign!r} is no sign of arithmetic")
        if plain_numbers and len([t for t in self._tokens if t not in ("+", "-")]) == 1:
            self.decimals = plain_numbers[0]

    def _add_name(self, word: str, text: str, end: int) -> int:
        if word in FUNCTIONS or word == "pi":
            self._tokens.append(word)
            return end
        if word == "e" and text[end : end + 2].lstrip().startswith("^"):
            self._tokens.append("euler")  # any other e is an unknown like x
            return end
        if len(word) > 3:
            raise Unreadable(f"{word!r} is a word")
        if len(word) > 1 and not re.search(r"[\d+*/^=()-]", text):
            raise Unreadable(f"{word!r} is a word")
        for letter in word:
            self._tokens.append(letter)
        if index := _INDEX.match(text, end):
            self._tokens[-1] = f"{word[-1]}_{index[1]}"
            end = index.end()
        self.names |= {str(letter) for letter in self._tokens[-len(word) :]}
        return end

    # ------------------------------------------------------------------ evaluation

    def _whole(self, values: Mapping[str, Value]) -> Value:
        self._place = self._depth = 0
        self._values = values
        try:
            with localcontext(CONTEXT):
                value = self._sum()
        except (ArithmeticError, DecimalException, ValueError, OverflowError) as fault:
            raise Unreadable(str(fault)) from fault
        if self._place != len(self._tokens):
            raise Unreadable("something is left over")
        return value

    def _peek(self) -> Fraction | str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self, *wanted: str) -> str | None:
        token = self._peek()
        if isinstance(token, str) and token in wanted:
            self._place += 1
            return token
        return None

    def _sum(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("too deep")
        value = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            value = both(value, other, "add" if sign == "+" else "sub")
        self._depth -= 1
        return value

    def _product(self) -> Value:
        value = self._signed()
        while True:
            if sign := self._take("*", "/"):
                value = both(value, self._signed(), "mul" if sign == "*" else "div")
            elif self._begins_factor():
                value = both(value, self._power(), "mul")
            else:
                return value

    def _begins_factor(self) -> bool:
        token = self._peek()
        if isinstance(token, Fraction):
            # A number may follow a bracket or an unknown only with a sign between them.
            return False
        return token is not None and token not in ("+", "-", "*", "/", "^", ")", "!", "%", "|")

    def _signed(self) -> Value:
        negative = False
        for _ in range(3):
            if sign := self._take("+", "-"):
                negative ^= sign == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> Value:
        base = self._postfix()
        if not self._take("^"):
            return base
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("too deep")
        negative = self._take("-") is not None
        exponent = self._power()
        self._depth -= 1
        return power(base, -exponent if negative else exponent)

    def _postfix(self) -> Value:
        value = self._atom()
        while sign := self._take("!", "%"):
            value = factorial(value) if sign == "!" else both(value, Fraction(100), "div")
        return value

    def _atom(self) -> Value:
        token = self._peek()
        if token is None:
            raise Unreadable("something is missing")
        self._place += 1
        if isinstance(token, Fraction):
            return token
        if token == "(":
            value = self._sum()
            if not self._take(")"):
                raise Unreadable("a bracket is not closed")
            return value
        if token == "|":
            value = self._sum()
            if not self._take("|"):
                raise Unreadable("a bar is not closed")
            return -value if value < 0 else value
        if token in FUNCTIONS:
            return self._function(token)
        if token in ("pi", "euler"):
            return apply(token, Fraction(0))
        if token in self._values:
            return self._values[token]
        raise Unreadable(f"{token!r} has no value")

    def _function(self, name: str) -> Value:
        if name == "root":
            degree = self._atom()
            return root(self._atom(), degree)
        squared = self._postfix() if self._take("^") else None
        value = apply(name, self._postfix())
        return value if squared is None else power(value, squared)


def sample_values(names: set[str], sample: int) -> dict[str, Value]:
    """Values for the unknowns at which two expressions are compared; the same every time."""
    start, step = _SAMPLES[sample]
    return {name: start + step * (7 * n + n * n) for n, name in enumerate(sorted(names))}


def same_expression(one: Expression, other: Expression) -> bool:
    """Whether two expressions are the same function of their unknowns.

    Without unknowns the values decide. With unknowns both are evaluated at six fixed points
    of unlikely fractions, positive and negative; a difference that is zero at all of them is
    zero (Schwartz 1980, Zippel 1979). Where one has no value the other may have none either.
    """
    if one.value is not None and other.value is not None:
        return equal(one.value, other.value)
    if one.names != other.names:
        return False
    met = 0
    for sample in range(len(_SAMPLES)):
        values = sample_values(one.names, sample)
        first, second = _value_at(one, values), _value_at(other, values)
        if first is None and second is None:
            continue
        if first is None or second is None or not equal(first, second):
            return False
        met += 1
    return met > 1


def _value_at(expression: Expression, values: Mapping[str, Value]) -> Value | None:
    try:
        return expression.at(values)
    except Unreadable:
        return None
