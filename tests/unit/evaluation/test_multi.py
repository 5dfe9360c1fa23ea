"""Figures, calibration and thresholds of models that give several labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aprendiz.errors import RecipeError
from aprendiz.evaluation.decide import Wishes
from aprendiz.evaluation.multi_metrics import MultiEvaluation, score_multi
from aprendiz.evaluation.multi_thresholds import best_f1, choose_multi
from aprendiz.evaluation.platt import fit_platt, sigmoid
from aprendiz.evaluation.thresholds import Target
from aprendiz.interfaces import HeldOut

DEFAULT = Target("confidence", 0.7)


def planted(n: int = 4_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that mean what they say, of a common and of a rare label; and the truth."""
    random = np.random.default_rng(seed)
    probabilities = np.stack([random.beta(1, 1, n), random.beta(0.3, 3, n)], axis=1)
    return probabilities, random.random(probabilities.shape) < probabilities


@given(arrays(bool, (12, 3)), arrays(bool, (12, 3)))
def test_figures_are_what_their_names_say(answers, truth) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    told = score_multi(answers, truth, "abc", [0.5] * 3)
    zero = {"zero_division": 0}
    assert told.micro_f1 == pytest.approx(sklearn.f1_score(truth, answers, average="micro", **zero))
    each = sklearn.f1_score(truth, answers, average=None, **zero)
    assert [one.f1 for one in told.per_label] == pytest.approx(list(each))
    occur = (answers | truth).any(axis=0)
    assert told.macro_f1 == pytest.approx(each[occur].mean() if occur.any() else 0)
    assert told.hamming_loss == pytest.approx(sklearn.hamming_loss(truth, answers))
    assert told.subset_accuracy == pytest.approx(sklearn.accuracy_score(truth, answers))
    for name in ("micro_f1", "macro_f1", "hamming_loss", "subset_accuracy"):
        low, high = getattr(told, f"{name}_ci")
        assert 0 <= low <= getattr(told, name) <= high <= 1
    assert MultiEvaluation.from_dict(json.loads(json.dumps(told.as_dict()))) == told


def test_nothing_wrong_is_not_certainty() -> None:
    truth = np.eye(2, dtype=bool)[[0, 1] * 10]
    told = score_multi(truth, truth, "ab", [0.5, 0.5])
    assert told.micro_f1 == 1 and told.micro_f1_ci[0] < 0.9 and told.hamming_loss_ci[1] > 0.1


def test_thresholds_for_f1_beat_a_half_on_new_rows() -> None:
    probabilities, truth = planted()
    held_out = HeldOut(probabilities, truth, None, "out of fold")
    rules = choose_multi(Wishes.of(DEFAULT), held_out, "ab", some_have_none=True).decisions.several
    assert rules is not None and rules.asked == "f1"
    fresh, known = planted(seed=1)
    limits = np.array([rules.each[name].threshold for name in "ab"])
    ours = score_multi(fresh >= limits, known, "ab", limits)
    half = score_multi(fresh >= 0.5, known, "ab", [0.5, 0.5])
    assert ours.macro_f1 > half.macro_f1 + 0.02
    # Lipton et al. 2014: nothing does better than half the best F1.
    for at, one in enumerate(ours.per_label):
        assert one.f1 > best_f1(fresh[:, at], known[:, at]) - 0.03


def test_a_precision_is_kept_by_each_label() -> None:
    probabilities, truth = planted()
    held_out = HeldOut(probabilities, truth, None, "out of fold")
    wishes = Wishes.of(DEFAULT, precision=0.8)
    rules = choose_multi(wishes, held_out, "ab", some_have_none=False).decisions.several
    assert rules is not None
    fresh, known = planted(seed=1)
    limits = [rules.each[name].threshold for name in "ab"]
    told = score_multi(fresh >= np.array(limits), known, "ab", limits)
    assert all(one.precision_ci[1] >= 0.8 for one in told.per_label)
    assert rules.decide(()) == "needs_clarification"


@pytest.mark.parametrize("wish", [{"sets": 0.1}, {"coverage": 0.9}, {"cost": 5}])
def test_what_means_nothing_is_refused(wish: dict[str, float]) -> None:
    with pytest.raises(RecipeError):
        choose_multi(Wishes.of(DEFAULT, **wish), None, "ab", some_have_none=False)


def test_without_rows_a_half_stands() -> None:
    rules = choose_multi(Wishes.of(DEFAULT), None, "ab", some_have_none=False).decisions.several
    assert rules is not None and {rule.threshold for rule in rules.each.values()} == {0.5}


@given(st.floats(0.3, 4), st.floats(-2, 2), st.integers(0, 50))
def test_platt_finds_the_map_that_was_planted(slope: float, offset: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(size=(4_000, 1))
    truth = random.random(scores.shape) < sigmoid(slope * scores + offset)
    told = fit_platt(scores, truth)
    assert told.slope[0] == pytest.approx(slope, abs=0.5)
    assert told.offset[0] == pytest.approx(offset, abs=0.5)
    weight, bias = told.folded(np.ones((1, 1)), np.zeros(1))
    folded = sigmoid(scores @ weight.T + bias)
    assert np.allclose(folded, told.probabilities(scores), atol=1e-5)


def test_a_label_that_its_scores_say_nothing_of_keeps_them() -> None:
    truth = np.array([[True], [False]] * 20)
    told = fit_platt(-truth.astype(float), truth)
    assert (told.slope[0], told.offset[0]) == (1.0, 0.0)
