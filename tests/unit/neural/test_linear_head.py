"""The linear head: what it learns, how it chooses its penalty, that its confidence is honest."""

from __future__ import annotations

import numpy as np
import pytest

from aprendiz.evaluation.calibration import softmax
from aprendiz.neural.linear_head import CANDIDATES, fit_head


def clouds(rows: int, labels: int, noise: float, seed: int = 0, width: int = 16):
    """Unit vectors around one centre a label, so that the right answer is known."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(labels, width))
    truth = np.arange(rows) % labels
    points = centres[truth] + noise * generator.normal(size=(rows, width))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points.astype(np.float32), truth


@pytest.mark.parametrize("labels", [2, 3, 12])
def test_it_separates_what_can_be_separated(labels):
    points, truth = clouds(labels * 20, labels, noise=0.2)
    head = fit_head(points, truth, labels)
    assert head.weight.shape == (labels, 16)
    assert head.bias.shape == (labels,)
    assert ((points @ head.weight.T + head.bias).argmax(1) == truth).all()


def test_noise_asks_for_a_stricter_penalty():
    clean = fit_head(*clouds(200, 4, noise=0.3), 4)
    noisy = fit_head(*clouds(200, 4, noise=6.0), 4)
    assert noisy.regularization < clean.regularization
    assert {clean.regularization, noisy.regularization} <= set(CANDIDATES)


def test_confidence_on_new_rows_is_about_right():
    head = fit_head(*clouds(400, 4, noise=1.5, seed=1), 4)
    points, truth = clouds(4000, 4, noise=1.5, seed=2)
    told = softmax(points @ head.weight.T + head.bias, head.temperature)
    right = (told.argmax(1) == truth).mean()
    assert told.max(1).mean() == pytest.approx(right, abs=0.05)


def test_a_label_with_one_row_leaves_nothing_to_choose_on():
    points, _ = clouds(9, 3, noise=0.1)
    head = fit_head(points[:7], np.array([0, 1, 2, 0, 1, 0, 1]), 3)
    assert (head.regularization, head.temperature) == (10.0, 1.0)


def test_a_given_penalty_is_kept():
    assert fit_head(*clouds(60, 3, noise=0.5), 3, regularization=2.5).regularization == 2.5


def test_many_rows_are_chosen_on_in_part_and_fitted_in_full():
    points, truth = clouds(5000, 5, noise=1.0)
    one, two = (fit_head(points, truth, 5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.weight, two.weight)
