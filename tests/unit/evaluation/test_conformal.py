"""Label sets hold the true label as often as they promise, and no promise is made of thin air."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.errors import RecipeError
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.conformal import fit_sets, holding, least_rows


def answers(rows: int, seed: int, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that is surer of itself than it should be."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, 6)) * 1.5
    truth = (random.random((rows, 1)) > softmax(logits).cumsum(axis=1)).sum(axis=1).clip(max=5)
    return softmax(logits * sharpness), truth


@given(alpha=st.sampled_from([0.02, 0.05, 0.1, 0.3]), seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_the_promise_holds_however_wrong_the_probabilities_are(alpha, seed):
    told = fit_sets(*answers(1_000, seed), alpha)
    held = holding(*answers(20_000, seed + 1), told.threshold).mean()
    # Over calibration rows the coverage has a Beta distribution with a spread of about 0.015.
    assert held >= 1 - alpha - 4 * np.sqrt(alpha * (1 - alpha) / 1_000)


def test_the_promise_holds_on_average_over_small_calibration_sets():
    new = answers(2_000, 99)
    held = [
        holding(*new, fit_sets(*answers(39, seed), 0.1).threshold).mean() for seed in range(300)
    ]
    assert np.mean(held) >= 0.9 - 0.01


def test_the_rank_is_the_one_of_the_theorem():
    probabilities = np.column_stack([np.arange(1, 20) / 20, 1 - np.arange(1, 20) / 20])
    truth = np.zeros(19, dtype=int)
    assert fit_sets(probabilities, truth, 0.05).threshold == 1 / 20  # the smallest of 19
    assert fit_sets(probabilities, truth, 0.1).threshold == 2 / 20


def test_nineteen_rows_are_the_fewest_for_a_twentieth():
    assert [least_rows(alpha) for alpha in (0.5, 0.1, 0.05, 0.01)] == [1, 9, 19, 99]
    with pytest.raises(ValueError, match="too few"):
        fit_sets(np.full((18, 2), 0.5), np.zeros(18, dtype=int), 0.05)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.6, 1.0, float("nan")])
def test_an_error_rate_without_sense_is_refused(alpha):
    with pytest.raises(RecipeError, match="no error rate"):
        fit_sets(np.full((100, 2), 0.5), np.zeros(100, dtype=int), alpha)


def test_a_set_is_never_empty():
    told = fit_sets(np.full((9, 2), [0.9, 0.1]), np.zeros(9, dtype=int), 0.1)
    assert told.mean_size >= 1
    assert holding(np.array([[0.51, 0.49]]), np.array([0]), threshold=0.8).all()
