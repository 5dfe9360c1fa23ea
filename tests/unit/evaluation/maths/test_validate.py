"""Working checked line by line: what holds, what does not, and what cannot be said."""

from __future__ import annotations

import pytest

from aprendiz.evaluation.maths.validate import validate_math_response


def holds(text: str) -> list[bool | None]:
    return [step.holds for step in validate_math_response(text).steps]


@pytest.mark.parametrize(
    "step",
    [
        "80 × 15 = 1200", "1200 / 100 = 12", "12 : 4 = 3", "12 ÷ 4 = 3", "3 · 4 = 12", "3 x 4 = 12",
        "2 + 3 = 5 = 10/2", "0,15 × 80 = 12", "1,5 × 2 = 3", "1.500 / 2 = 750", "1.5 / 2 = 0.75",
        "15 % de 80 = 12", "15% × 80 = 12", "1/2 of 30 = 15", "25% = 0.25 = 1/4",
        "15/60 × 100 = 25%", "½ + ¼ = ¾", "1 1/2 + 1/2 = 2", "√16 = 4", "2^10 = 1024", "5² = 25",
        "2/3 ≈ 0.67", "2/3 ≈ 0,667", "π ≈ 3.14", "√2 ≈ 1.414",
        "3 km = 3000 m", "5 km + 300 m = 5300 m", "2 h = 120 min", "5 cm × 3 cm = 15 cm²",
        "3 apples × 4 = 12 apples", "$2 * 9 = $18", "3,50 € × 2 = 7 €", "20 - 8 = 12 manzanas",
        "Natalia sold 48/2 = <<48/2=24>>24 clips in May.", "Total: 3 + 4 = 7", "- 3 + 4 = 7",
        "1. 3 + 4 = 7", "Day 1: 5 * 3 = 15", "He has $12 - $4 spent = $8 left.",
        "**3 + 4 = 7**", r"\frac{1}{2} + \frac{1}{3} = \frac{5}{6}", r"$3 \times 4 = 12$",
        "20(.30) = 6", "2 cups / 1/4 cup = 8", "6 * 2 = 12 dozen", "-3 - (-5) = 2", "3 × −2 = −6",
        "Área = 5 × 3 = 15 cm²", "She needs 5 times 3 = 15 eggs", "4 por 3 = 12",
    ],
)  # fmt: skip
def test_what_is_true_holds(step: str) -> None:
    assert holds(step) == [True]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("12 × 5 = 65", "12 * 5 is 60, not 65"),
        ("2/3 ≈ 0.66", "is 2/3 (about 0.666667), not 0.66"),
        ("2/3 = 0.67", "only nearly 0.67"),
        ("√2 = 1.414", "only nearly 1.414"),
        ("3 km = 3 m", "3 km = 3 m does not hold"),
        ("15% de 80 = 15", "is 12, not 15"),
        ("1/2 = 0.5%", "is 0.5, not 0.5%"),
        ("2 + 3 = 6 = 10/2", "2 + 3 is 5, not 6"),
        ("3 - 5 = 2", "is -2, not 2"),
        ("3 × −2 = 6", "is -6, not 6"),
        ("El doble es 2 × 7 = 15 manzanas.", "2 * 7 is 14, not 15 manzanas"),
        ("1 1/2 + 1/2 = 1", "is 2, not 1"),
        ("0,5 × 3 = 15", "is 1.5, not 15"),
        ("Natalia sold 48/2 = <<48/2=24>>25 clips.", "48/2 is 24, not 25 clips"),
    ],
)
def test_what_is_false_is_told_why(step: str, reason: str) -> None:
    (only,) = validate_math_response(step).steps
    assert only.holds is False
    assert reason in only.reason


@pytest.mark.parametrize(
    "step",
    [
        "9**9**9 = 3",
        "half of 24 = 12",
        "3x + 2 = 11",
        "A = b × h",
        "5 more than 3 = 8",
        "a = b = c",
    ],
)
def test_what_cannot_be_checked_is_said_to_be_so(step: str) -> None:
    told = validate_math_response(step).steps
    assert [each.holds for each in told] == [None]
    assert told[0].reason


@pytest.mark.parametrize("text", ["", "Hello!", "Let me think.", "La respuesta es 5", "3 > 2"])
def test_where_nothing_is_shown_there_are_no_steps(text: str) -> None:
    assert holds(text) == []


@pytest.mark.parametrize(
    ("working", "expected"),
    [
        ("3x + 2 = 11\n3x = 9\nx = 3", [None, True, True]),
        ("3x + 2 = 11\n3x = 8\nx = 3", [None, False, False]),
        ("3x + 2 = 11\nx = 4", [None, False]),
        ("2(x - 1) = x + 5\n2x - 2 = x + 5\nx = 7", [None, True, True]),
        ("x/4 = 2,5\nx = 10", [None, True]),
        ("x² = 9\nx = 3\nx = -3", [None, True, True]),
        ("x² = 9\nx = 4", [None, False]),
        ("x + y = 10\nx - y = 2\nx = 6\ny = 4", [None, None, None, True]),
        ("x + y = 10\nx - y = 2\nx = 6\ny = 5", [None, None, None, False]),
        ("b = 5\nh = 3\nA = b × h\nA = 15", [None, None, None, True]),
        ("3x = 9 → x = 3", [None, True]),
        ("3x + 2 = 11, so 3x = 11 - 2 = 9", [None, True]),
    ],
)
def test_an_unknown_must_satisfy_what_came_before(
    working: str, expected: list[bool | None]
) -> None:
    assert holds(working) == expected


def test_answer_and_steps_are_told_apart() -> None:
    right = validate_math_response("80 × 15 = 1200\n1200 / 100 = 12\nRespuesta: 12", "12")
    assert right.answer_right is True and right.holds
    assert [step.holds for step in right.steps] == [True, True]
    lucky = validate_math_response("80 × 15 = 1100\n1200 / 100 = 12\nRespuesta: 12", "12")
    assert lucky.answer_right is True and not lucky.holds
    wrong = validate_math_response("80 × 15 = 1200\nRespuesta: 1200", "12")
    assert wrong.answer_right is False and not wrong.holds
    alone = validate_math_response("3 + 4 = 7\nAnswer: 7")
    assert alone.answer_right is None and alone.found == "7" and alone.holds
