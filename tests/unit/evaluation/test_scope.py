"""A scope is the share of in-scope texts that look no more in scope; its figures are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aprendiz.evaluation.scope import LEAST_ROWS, Scale, ScopeScore, auroc, score_scope

scores = hnp.arrays(float, st.integers(1, 80), elements=st.floats(-1e6, 1e6))


@given(made_from=scores, asked=scores)
@settings(deadline=None)
def test_it_rises_with_the_score_and_stays_a_share(made_from, asked):
    told = Scale.of(made_from).scope(np.sort(asked))
    assert ((told >= 0) & (told <= 1)).all()
    assert (np.diff(told) >= 0).all()


@pytest.mark.parametrize("rows", [LEAST_ROWS, 200, 5_000])
@pytest.mark.parametrize("alarm", [0.05, 0.2])
def test_a_threshold_refuses_that_share_of_new_texts_at_most(rows, alarm):
    random = np.random.default_rng(rows)
    refused = [
        (Scale.of(random.gumbel(size=rows)).scope(random.gumbel(size=400)) < alarm).mean()
        for _ in range(60)
    ]
    assert np.mean(refused) <= alarm + 0.01
    if rows > 1_000:
        assert np.mean(refused) >= alarm - 0.01  # and a large set refuses no fewer either


def test_its_own_rows_get_the_shares_of_the_theorem():
    made_from = np.array([3.0, 1.0, 2.0])
    np.testing.assert_allclose(Scale.of(made_from).scope(made_from), [4 / 4, 2 / 4, 3 / 4])


def test_texts_far_outside_are_still_ranked():
    scale = Scale.of(np.linspace(0, 1, 30))
    near, far, further = scale.scope(np.array([-0.1, -1.0, -2.0]))
    assert near > far > further > 0


def test_many_rows_are_kept_as_a_thousand_and_say_the_same():
    random = np.random.default_rng(0)
    made_from = random.normal(size=20_000)
    scale = Scale.of(made_from)
    assert len(scale.knots) == 1_000 and scale.n == 20_000
    asked = random.normal(size=500)
    exact = (made_from[:, None] <= asked).mean(axis=0)
    np.testing.assert_allclose(scale.scope(asked), exact, atol=2e-3)


@pytest.mark.parametrize("bad", [[], [1.0, np.nan]])
def test_a_scale_needs_finite_scores(bad):
    with pytest.raises(ValueError, match="finite scores"):
        Scale.of(np.array(bad))


@given(inside=scores, outside=scores)
@settings(deadline=None)
def test_the_area_is_that_of_all_pairs(inside, outside):
    area, (low, high) = auroc(inside, outside)
    pairs = np.sign(inside[:, None] - outside[None, :])
    assert area == pytest.approx((pairs.mean() + 1) / 2, abs=1e-9)
    assert 0 <= low <= area + 1e-12 and area - 1e-12 <= high <= 1


def test_the_interval_of_the_area_holds_it_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    true = auroc(random.normal(1.5, 1, 100_000), random.normal(0, 1, 100_000))[0]
    held = 0
    for _ in range(300):
        _, (low, high) = auroc(random.normal(1.5, 1, 200), random.normal(0, 1, 60))
        held += low <= true <= high
    assert held >= 270  # nominally 285


def test_the_score_counts_what_is_found_and_what_is_sent_away():
    inside, outside = np.array([0.01, 0.3, 0.6, 0.9]), np.array([0.02, 0.04, 0.5])
    told = score_scope(inside, outside, 0.05, np.array([False, False, True]))
    assert (told.recall, told.false_alarms) == (pytest.approx(2 / 3), 0.25)
    assert told.answered == pytest.approx(1 / 3)
    assert told.auroc == pytest.approx(8 / 12)
    assert ScopeScore.from_dict(told.as_dict()) == told
    with pytest.raises(ValueError, match="outside"):
        score_scope(inside, outside[:0], 0.05, np.zeros(0, dtype=bool))
