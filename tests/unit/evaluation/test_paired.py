"""A paired comparison: exact where it can be computed by hand, honest where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.evaluation.paired import mcnemar, paired_change

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 0) == 2 / 32
    assert mcnemar(1, 3) == pytest.approx(2 * (1 + 4) / 16)
    assert mcnemar(3, 1) == mcnemar(1, 3)


def test_mcnemar_as_scipy_has_it() -> None:
    stats = pytest.importorskip("scipy.stats")
    for gained, lost in [(1, 9), (12, 20), (200, 260), (7, 7)]:
        exact = stats.binomtest(gained, gained + lost, 0.5).pvalue
        assert mcnemar(gained, lost) == pytest.approx(exact)


@given(PAIRS)
def test_what_holds_for_any_two_models(pairs) -> None:
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    there, back = paired_change(first, second), paired_change(second, first)
    low, high = there.change_ci
    assert low <= there.change <= high and low < high
    assert there.change == pytest.approx(there.after - there.before)
    assert (there.gained, there.lost) == (back.lost, back.gained)
    assert there.p_value == back.p_value


def test_a_large_change_is_seen_and_a_small_one_is_not() -> None:
    before = np.array([True] * 60 + [False] * 40)
    after = np.array([True] * 58 + [False] * 2 + [True] * 30 + [False] * 10)
    assert paired_change(before, after).change_ci[0] > 0.15
    assert paired_change(before, after).p_value < 0.001
    once = before.copy()
    once[60] = True
    low, high = paired_change(before, once).change_ci
    assert low <= 0 < high


def test_pairs_tell_more_than_two_shares() -> None:
    """The interval of the difference is narrower than if the rows were drawn anew."""
    before = np.arange(400) % 4 != 0
    after = before.copy()
    after[:24:4] = True
    low, high = paired_change(before, after).change_ci
    assert high - low < 0.05  # two independent shares of 400 would give 0.12


@pytest.mark.parametrize(("one", "other"), [([], []), ([True], [True, False])])
def test_not_the_same_rows(one, other) -> None:
    with pytest.raises(ValueError, match="same rows"):
        paired_change(np.array(one, dtype=bool), np.array(other, dtype=bool))
