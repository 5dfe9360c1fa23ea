"""Exact match and its comparison: counts by hand, groups kept apart, pairs used as pairs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.evaluation.answers import compare_answers, score_answers
from aprendiz.evaluation.intervals import wilson
from aprendiz.evaluation.paired import mcnemar

ROWS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from("abc")), min_size=1, max_size=40
)


def test_counts_by_hand() -> None:
    score = score_answers([True, False, True, True], ["sums", "sums", "areas", "areas"])
    assert (score.n, score.correct, score.exact_match) == (4, 3, 0.75)
    assert score.exact_match_ci == wilson(3, 4)
    assert list(score.by_group) == ["sums", "areas"]
    assert score.by_group["sums"].exact_match == 0.5
    assert score.by_group["areas"].exact_match_ci == wilson(2, 2)
    assert json.loads(json.dumps(score.as_dict()))["by_group"]["sums"]["n"] == 2


def test_the_same_rows_are_compared_in_pairs() -> None:
    base = [True] * 5 + [False] * 15
    tuned = [False] + [True] * 19
    told = compare_answers(base, tuned, ["known"] * 5 + ["unseen"] * 15)
    assert told.difference == pytest.approx(0.7)
    assert (told.overall.gained, told.overall.lost) == (15, 1)
    assert told.p_value == mcnemar(15, 1) < 0.001
    low, high = told.difference_ci
    assert 0.3 < low < 0.7 < high < 1
    assert told.by_group["known"].change == pytest.approx(-0.2)
    assert told.by_group["unseen"].change == 1
    assert "exact match: 0.250 → 0.950 on the same 20 rows" in told.in_words()
    assert json.loads(json.dumps(told.as_dict()))["by_group"]["known"]["lost"] == 1


@given(ROWS)
def test_groups_add_up(rows: list[tuple[bool, bool, str]]) -> None:
    base, tuned, groups = (list(column) for column in zip(*rows, strict=True))
    score, told = score_answers(tuned, groups), compare_answers(base, tuned, groups)
    assert sum(each.correct for each in score.by_group.values()) == score.correct
    assert sum(each.n for each in score.by_group.values()) == score.n
    assert sum(each.gained for each in told.by_group.values()) == told.overall.gained
    assert told.overall.after == pytest.approx(score.exact_match)


@pytest.mark.parametrize(("right", "groups"), [([], []), ([True], []), ([True], ["a", "b"])])
def test_rows_without_a_group_are_refused(right: list[bool], groups: list[str]) -> None:
    with pytest.raises(ValueError, match="one group a row"):
        score_answers(right, groups)
    with pytest.raises(ValueError, match="one group a row"):
        compare_answers(right, right, groups)
