"""What must hold for any number, however it is written, and for any text at all."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aprendiz.evaluation.maths.compare import same_answer
from aprendiz.evaluation.maths.extract import final_answer
from aprendiz.evaluation.maths.grade import grade_answer
from aprendiz.evaluation.maths.validate import validate_math_response

FRACTIONS = st.fractions(min_value=-5000, max_value=5000, max_denominator=60)
ENDING = st.builds(
    lambda n, places: Fraction(n, 10**places), st.integers(-(10**7), 10**7), st.integers(0, 4)
)


def as_decimal(value: Fraction, mark: str, group: str) -> str:
    """A fraction whose decimals end after four places at most, in full."""
    whole, rest = divmod(abs(value.numerator) * 10_000 // value.denominator, 10_000)
    decimals = f"{rest:04d}".rstrip("0")
    written = f"{whole:,}".replace(",", group) + (mark + decimals if decimals else "")
    return ("-" if value < 0 else "") + written


def as_fraction(value: Fraction, k: int = 1) -> str:
    return f"{value.numerator * k}/{value.denominator * k}"


def as_mixed(value: Fraction) -> str:
    whole, rest = divmod(abs(value), 1)
    sign = "-" if value < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole} {rest}" if whole else f"{sign}{rest}"


def ways(value: Fraction) -> list[str]:
    """Many ways to write one number."""
    minus = "−" if value < 0 else ""
    above, below = abs(value.numerator), value.denominator
    found = [
        as_fraction(value),
        as_fraction(value, 7),
        as_mixed(value),
        f"{minus}\\frac{{{above}}}{{{below}}}",
        f"$\\boxed{{{'-' if value < 0 else ''}\\dfrac{{{above}}}{{{below}}}}}$",
        f"x = {as_fraction(value)}",
        f"{minus}{above}⁄{below}",
        f"{as_fraction(value)} cm",
        f"{as_fraction(value * 100)} %",
    ]
    if 10_000 % below == 0:
        found += [
            as_decimal(value, ".", ","), as_decimal(value, ",", "."), as_decimal(value, ",", " "),
            as_decimal(value, ".", ""), as_decimal(value, ",", "").replace("-", "−"),
            f"{as_decimal(value, '.', '')} × 10^0", f"{as_decimal(value, '.', '')}e0",
        ]  # fmt: skip
    return found


@settings(max_examples=40)
@given(st.one_of(FRACTIONS, ENDING))
@example(Fraction(1234))
@example(Fraction(-1234567, 1000))
@example(Fraction(1, 3))
def test_a_number_is_itself_however_it_is_written(value: Fraction) -> None:
    plain = as_fraction(value)
    for way in ways(value):
        assert same_answer(way, plain), way
        assert same_answer(plain, way), way
        assert grade_answer(f"Respuesta: {way}", plain).right, way


@settings(max_examples=40)
@given(st.one_of(FRACTIONS, ENDING), st.one_of(FRACTIONS, ENDING))
@example(Fraction(1, 2), Fraction(-1, 2))
@example(Fraction(3, 2), Fraction(1, 2))
@example(Fraction(15), Fraction(3, 2))
def test_two_numbers_are_never_the_same(one: Fraction, other: Fraction) -> None:
    # What differs by a thousand may be written alike (1.234), by a hundred with a % too.
    assume(other not in (one, one * 1000, one / 1000, one * 100, one / 100))
    for way in ways(one):
        assert not same_answer(way, as_fraction(other)), way
        assert not same_answer(as_fraction(other), way), way


@settings(max_examples=40)
@given(st.sets(st.integers(-50, 50), min_size=2, max_size=5), st.data())
def test_sets_match_whole_and_in_any_order(numbers: set[int], data: st.DataObject) -> None:
    listed = data.draw(st.permutations(sorted(numbers)))
    written = "{" + ", ".join(map(str, listed)) + "}"
    assert same_answer(written, "; ".join(map(str, sorted(numbers))))
    assert not same_answer(written, "{" + ", ".join(map(str, listed[1:])) + "}")
    assert not same_answer(str(listed[0]), written)
    assert not same_answer(f"({', '.join(map(str, listed))})",
                           f"({', '.join(map(str, [*listed[1:], listed[0]]))})")  # fmt: skip


@given(st.text(max_size=200), st.text(max_size=60))
def test_nothing_raises_on_any_text(reply: str, expected: str) -> None:
    grade_answer(reply, expected)
    validate_math_response(reply, expected)


SIGNS = st.lists(
    st.sampled_from(
        [
            *"0123456789.,+-*/^()[]{}=<>≈%$ xyπ√½²!|:;\n",
            "\\frac",
            "\\boxed{",
            "Answer: ",
            "Respuesta: ",
            " and ",
            " y ",
            "±",
            "\\sqrt",
            " cm ",
        ]
    ),
    max_size=60,
).map("".join)


@given(SIGNS, SIGNS)
def test_nothing_raises_on_anything_that_looks_like_maths(reply: str, expected: str) -> None:
    grade_answer(reply, expected)
    validate_math_response(reply, expected)


@pytest.mark.parametrize(
    "bomb",
    [
        "9**9**9", "9^9^9^9^9", "2^(2^(2^(2^100)))", "((((" * 300, "[" * 400 + "1", "1e999999999",
        "10^(10^(10^10))", "200!!!!", "exp(exp(exp(9)))", "sin(10^99)", "x^" * 190 + "x",
        "\\frac{" * 150, "\\sqrt{" * 150 + "2", "\\boxed{" * 400, "1," * 5000, "9" * 20_000,
        "1/" * 199 + "1", "a=" * 2000, "Answer: " * 3000, "the answer " * 2000, "{" * 190 + "1",
        "-" * 5000 + "5", "3 " * 5000, "1 1/2 " * 2000, "the the " * 3000 + "is 5", "or " * 5000,
        "±" * 300, "|" * 399, "x = 1\n" * 4000, "5 m 5 " * 2000, "9^999999 = 3", "é " * 9000,
    ],
)  # fmt: skip
def test_nothing_hangs(bomb: str) -> None:
    begin = time.process_time()
    grade_answer(f"Answer: {bomb}", bomb)
    final_answer(bomb)
    validate_math_response(f"{bomb} = {bomb}", bomb)
    assert time.process_time() - begin < 5
