"""Names are cut in the middle to a width, and nothing else is done to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.report.style import columns, elide, percent, percent_span


@given(st.text(max_size=80), st.integers(3, 40))
def test_a_name_fits_on_one_line(name, width):
    short = elide(name, width)
    assert 1 <= columns(short) <= max(width, len("(blank)"))
    assert "\n" not in short


@given(st.text(alphabet="abcdefg_ 日本", min_size=30, max_size=60))
def test_both_ends_of_a_long_name_are_kept(name):
    line = " ".join(name.split())
    if columns(line) > 20:
        front, _, back = elide(line, 20).partition("…")
        assert front and back
        assert line.startswith(front) and line.endswith(back)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("weather", "weather"),
        ("balance_not_updated_after_bank_transfer", "balance_no…_transfer"),
        ("two\nlines", "two lines"),
        ("\u200b", "(blank)"),
    ],
)
def test_examples(name, short):
    assert elide(name, 20) == short


def test_shares_are_written_as_percentages():
    assert percent(0.873) == "87.3 %"
    assert percent_span((0.861, 0.884)) == "86.1–88.4 %"
