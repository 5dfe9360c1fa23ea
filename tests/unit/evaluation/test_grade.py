"""The grade: earned by the lower bound, never by luck on few rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.evaluation.grade import THRESHOLDS, better, chance_of_difference, grade, rows_for
from aprendiz.evaluation.intervals import wilson

ORDER = [letter for letter, _ in THRESHOLDS]


@pytest.mark.parametrize(
    ("correct", "n", "letter"),
    [(73, 73, "A+"), (72, 72, "A"), (35, 35, "A"), (16, 16, "B"), (3, 3, "F"), (27, 60, "F")],
)
def test_letters(correct, n, letter):
    assert grade(correct, n).letter == letter


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_lower_bound_decides(pair):
    correct, n = pair
    told = grade(correct, n)
    assert told.low == wilson(correct, n)[0]
    assert told.low >= dict(THRESHOLDS)[told.letter]
    if correct < n:
        assert ORDER.index(grade(correct + 1, n).letter) <= ORDER.index(told.letter)
    if further := better(told):
        letter, needed = further
        assert grade(needed, n).letter == letter != told.letter
        assert grade(needed - 1, n).letter != letter


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (-1, 3), (4, 3)])
def test_no_result_has_no_grade(correct, n):
    with pytest.raises(ValueError, match="no result"):
        grade(correct, n)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_chance_is_fishers_exact_test(right, wrong, other_right, other_wrong):
    stats = pytest.importorskip("scipy.stats")
    told = chance_of_difference(right, right + wrong, other_right, other_right + other_wrong)
    assert told == pytest.approx(
        stats.fisher_exact([[right, wrong], [other_right, other_wrong]]).pvalue, abs=1e-9
    )


def test_rows_for_an_interval():
    assert rows_for(0.45, 0.05) == 381
    low, high = wilson(171, 381)
    assert (high - low) / 2 == pytest.approx(0.05, abs=0.001)
