"""Mathematics as a model writes it, shown in Unicode; everything else shown as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.markdown import Markdown

from aprendiz.cli.readable import as_markdown, readable, visible


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"\frac{1}{2} \times x^2 = \sqrt{x+1}", "½ × x² = √(x+1)"),
        (r"$\dfrac{3}{7}$ y $x^{10}$", "3/7 y x¹⁰"),
        (r"\[ \boxed{\frac{12}{x+1}} \]", "12/(x+1)"),
        (r"2\frac{3}{7} and 2\frac{1}{2}", "2 3/7 and 2½"),
        (r"x_1 + x_{12} + a^n", "x₁ + x₁₂ + aⁿ"),
        (r"90^\circ y 45^{\circ}", "90° y 45°"),
        (r"\sqrt[3]{8} \le \pi r^2 \text{ cm}", "∛8 ≤ π r² cm"),
        (r"\frac{\sqrt{2}}{\frac{1}{3}}", "√2/⅓"),
        (r"10^{-3}, 5\% and e^{x/2}", "10⁻³, 5% and e^(x/2)"),
        (r"\(a \div b\) \approx 3", "a ÷ b ≈ 3"),
    ],
)
def test_latex_becomes_unicode(written, shown):
    assert readable(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "80 × 15 = 1200\nRespuesta: 12",
        "I have $5 and you have $7.",
        "snake_case_2 and file_1.txt",
        r"`x^2` and ```\frac{1}{2}```",
        r"\unknown{3} \frac{1",
        r"C:\temp",
    ],
)
def test_what_is_no_maths_stays_as_it_is(text):
    assert readable(text) == text


def drawn(text: str, width: int = 60) -> list[str]:
    console = Console(width=width, no_color=True, color_system=None)
    with console.capture() as capture:
        console.print(Markdown(as_markdown(text)))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_each_step_of_the_working_keeps_its_line():
    assert drawn("80 × 15 = 1200\n1200 ÷ 100 = 12\nAnswer: 12") == [
        "80 × 15 = 1200",
        "1200 ÷ 100 = 12",
        "Answer: 12",
    ]


def test_factors_and_comparisons_are_not_taken_for_markup():
    assert drawn("2*3*4 = 24 and a*b*c") == ["2*3*4 = 24 and a*b*c"]
    assert drawn("if x <y and y> z, then <b>not bold</b>") == [
        "if x <y and y> z, then <b>not bold</b>"
    ]
    assert drawn("**bold** and `2*3*4`") == ["bold and 2*3*4"]


@given(st.text(max_size=60))
def test_nothing_that_drives_the_terminal_is_shown(text):
    assert not any(ord(mark) < 32 and mark != "\n" for mark in visible(text))
    assert "\x1b" not in as_markdown(text)


@given(st.text("\\{}^_$[]()abfrcsqt12 *`<\n", max_size=40))
def test_no_text_is_too_odd_to_be_shown(text):
    drawn(text)
