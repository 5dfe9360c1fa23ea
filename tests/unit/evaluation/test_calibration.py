"""Temperature scaling finds the planted temperature; softmax and bins keep their promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aprendiz.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    expected_calibration_error,
    fit_temperature,
    reliability,
    softmax,
)


def loss(logits: np.ndarray, truth: np.ndarray, temperature: float) -> float:
    told = softmax(logits, temperature)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(told, 1e-300)).mean())


@given(planted=st.floats(0.2, 5.0), labels=st.integers(2, 12), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_it_recovers_a_planted_temperature(planted, labels, seed):
    random = np.random.default_rng(seed)
    honest = random.normal(size=(6_000, labels)) * 1.5
    chances = softmax(honest).cumsum(axis=1)
    truth = (random.random((6_000, 1)) > chances).sum(axis=1).clip(max=labels - 1)
    assert fit_temperature(honest * planted, truth) == pytest.approx(planted, rel=0.12)


@given(seed=st.integers(0, 1000), other=st.floats(COLDEST, HOTTEST))
@settings(deadline=None, max_examples=40)
def test_no_other_temperature_has_a_smaller_loss(seed, other):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(50, 4)) * 3
    truth = random.integers(0, 4, 50)
    fitted = fit_temperature(logits, truth)
    assert loss(logits, truth, fitted) <= loss(logits, truth, other) + 1e-9


def test_the_search_is_bounded_where_the_likelihood_is_not():
    truth = np.arange(9) % 3
    assert fit_temperature(5 * np.eye(3)[truth], truth) == COLDEST  # every row right
    assert fit_temperature(-5 * np.eye(3)[truth], truth) == HOTTEST  # every row wrong
    assert fit_temperature(np.zeros((9, 3)), truth) == 1  # nothing to scale


def test_huge_logits_do_not_overflow():
    logits = np.array([[1e6, 0.0], [0.0, 1e6], [1e6, 0.0]])
    assert fit_temperature(logits, [0, 1, 1]) == HOTTEST
    assert np.isfinite(softmax(logits)).all()


@pytest.mark.parametrize(
    ("logits", "truth", "said"),
    [
        (np.zeros((0, 3)), np.zeros(0, dtype=int), "without rows"),
        (np.zeros((2, 3)), [0], "do not fit"),
        (np.zeros(3), [0, 1, 2], "do not fit"),
        (np.array([[np.inf, 0.0]]), [0], "not finite"),
        (np.zeros((1, 3)), [3], "0 to 2"),
        (np.zeros((1, 3)), [0.5], "label numbers"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits, truth, said):
    with pytest.raises(ValueError, match=said):
        fit_temperature(logits, truth)


@given(
    hnp.arrays(np.float64, (4, 5), elements=st.floats(-1e4, 1e4)),
    st.floats(0.05, 20),
    st.floats(-1e3, 1e3),
)
def test_softmax_sums_to_one_and_ignores_a_shift(logits, temperature, shift):
    told = softmax(logits, temperature)
    assert told.sum(axis=1) == pytest.approx(np.ones(4))
    assert (told >= 0).all()
    assert softmax(logits + shift, temperature) == pytest.approx(told, abs=1e-6)


def test_softmax_of_no_rows_is_no_rows():
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


def test_bins_count_every_row_once_and_the_error_is_the_weighted_gap():
    confidence = np.array([0.0, 0.05, 0.95, 0.95, 1.0])
    correct = np.array([False, False, True, False, True])
    groups = reliability(confidence, correct, bins=10)
    assert [group.count for group in groups] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert groups[1].confidence is None and groups[1].accuracy is None
    assert groups[9].accuracy == pytest.approx(2 / 3)
    expected = (2 * 0.025 + 3 * (2.9 / 3 - 2 / 3)) / 5
    assert expected_calibration_error(groups) == pytest.approx(expected)
    assert expected_calibration_error(reliability(np.zeros(0), np.zeros(0))) == 0
