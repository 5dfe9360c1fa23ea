"""Intervals: known values, edges, and whether they hold the truth as often as they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.evaluation.intervals import calibration_interval, macro_intervals, wilson


def test_wilson_gives_the_published_values():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_wilson_at_the_edges():
    assert wilson(0, 0) == (0, 1)
    assert wilson(20, 20)[1] == 1 and 0.8 < wilson(20, 20)[0] < 0.9
    assert wilson(0, 20)[0] == 0


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(pair):
    successes, n = pair
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_macro_intervals_hold_the_truth_also_with_many_rare_labels():
    # 40 labels, four rows each, right seven times in ten: resampling alone is far too low here.
    labels, rows, right, repeats = 40, 160, 0.7, 80
    random = np.random.default_rng(11)
    held = 0
    for seed in range(repeats):
        truth = random.integers(0, labels, rows)
        wrong = (truth + random.integers(1, labels, rows)) % labels
        answered = np.where(random.random(rows) < right, truth, wrong)
        confusion = np.zeros((labels, labels), dtype=np.int64)
        np.add.at(confusion, (truth, answered), 1)
        low, high = macro_intervals(confusion, seed).f1
        held += low <= right <= high  # symmetric errors: the true macro F1 is the accuracy
    assert held / repeats > 0.8


def test_a_calibrated_model_may_be_faultless_and_an_overconfident_one_not():
    random = np.random.default_rng(5)
    confidence = random.uniform(0.5, 1.0, 800)
    from_zero = 0
    for seed in range(40):
        correct = random.random(800) < confidence
        from_zero += calibration_interval(confidence, correct, seed)[0] == 0
    assert from_zero >= 34
    low, high = calibration_interval(confidence, random.random(800) < confidence - 0.2)
    assert 0.1 < low < 0.2 < high < 0.3
