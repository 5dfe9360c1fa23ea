"""Paired tests, Holm's correction and the Pareto set, held against what defines them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.evaluation.compare import (
    Score,
    compare_pairs,
    holm,
    paired_test,
    pareto,
    smallest_seen,
)
from aprendiz.evaluation.paired import mcnemar, paired_change

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=10)


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values, level):
    """Holm (1979): from the smallest on, reject while p <= level / (tests left)."""
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    rejected = set()
    for rank, at in enumerate(order):
        # Compared as holm() multiplies, so that rounding cannot tell the two apart.
        if (len(p_values) - rank) * p_values[at] > level:
            break
        rejected.add(at)
    assert {at for at, p in enumerate(holm(p_values)) if p <= level} == rejected


@given(P_VALUES, st.randoms())
def test_holm_never_helps_and_does_not_see_the_order(p_values, random):
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert holm([p_values[at] for at in order]) == [corrected[at] for at in order]
    assert holm(p_values[:1]) == p_values[:1]


@given(POINTS)
def test_the_pareto_set_is_what_nobody_beats(points):
    costs, scores = zip(*points, strict=True)
    front = pareto(costs, scores)
    assert any(front)
    for at, (cost, score) in enumerate(points):
        beaten_by = [c <= cost and s >= score and (c, s) != (cost, score) for c, s in points]
        assert front[at] is not any(beaten_by)
    # Of the points that stand, one that costs more is worth more.
    standing = sorted({point for point, stands in zip(points, front, strict=True) if stands})
    assert [score for _, score in standing] == sorted({score for _, score in standing})


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 20))
def test_with_one_training_it_is_the_exact_mcnemar_test(gained, lost, same):
    steps = [1] * gained + [-1] * lost + [0] * same
    assert paired_test(steps) == pytest.approx(mcnemar(gained, lost), rel=1e-9)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=10))
def test_with_several_trainings_it_counts_the_signs(steps):
    """Every sign that the differences could have had, written out."""
    sums = [
        abs(sum(sign * step for sign, step in zip(signs, steps, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(steps))
    ]
    expected = sum(each >= abs(sum(steps)) for each in sums) / len(sums)
    assert paired_test(steps) == pytest.approx(expected, rel=1e-9)
    assert paired_test([3 * step for step in steps]) == pytest.approx(expected, rel=1e-9)


def test_for_very_many_rows_the_normal_distribution_agrees(monkeypatch):
    for gained in (520, 540, 560):
        steps = np.repeat([3, -3, 1, -1], [gained, 500, 700, 690])
        exact = paired_test(steps)
        with monkeypatch.context() as patch:
            patch.setattr("aprendiz.evaluation.compare._MOST_EXACT", 0)
            assert paired_test(steps) == pytest.approx(exact, abs=0.02)
            assert paired_test(steps) != exact


def test_pairs_say_what_the_paired_comparison_says():
    truth, first, second = _two_methods()
    [pair] = compare_pairs({"a": first, "b": second}, truth, labels=3)
    told = paired_change(first == truth, second == truth)
    assert (pair.first, pair.second, pair.n) == ("a", "b", 200)
    assert (pair.gained, pair.lost) == (told.gained, told.lost)
    assert pair.accuracy.value == pytest.approx(told.change)
    assert pair.accuracy.p_value == pytest.approx(told.p_value)
    assert pair.accuracy.ci == pytest.approx(told.change_ci, abs=0.01)
    assert pair.accuracy.p_holm == pair.accuracy.p_value  # one pair needs no correction


def test_macro_f1_is_that_of_scikit_learn_with_rows_without_answer():
    metrics = pytest.importorskip("sklearn.metrics")
    truth, first, second = _two_methods()
    second = np.where(np.arange(len(second)) % 17 == 0, -1, second)
    [pair] = compare_pairs({"a": first, "b": second}, truth, labels=3)
    scores = [
        metrics.f1_score(truth, told, labels=[0, 1, 2], average="macro") for told in (first, second)
    ]
    assert pair.macro_f1.value == pytest.approx(scores[1] - scores[0])
    assert pair.macro_f1.ci[0] < pair.macro_f1.value < pair.macro_f1.ci[1]


def test_a_method_against_itself_is_no_different():
    truth, first, _ = _two_methods()
    [pair] = compare_pairs({"a": first, "b": first}, truth, labels=3)
    assert pair.accuracy.value == pair.macro_f1.value == 0
    assert pair.accuracy.p_value == pair.macro_f1.p_value == 1
    assert pair.accuracy.ci[0] < 0 < pair.accuracy.ci[1]  # 200 rows are not all rows
    assert pair.smallest > 0


def test_a_clear_difference_is_found_in_both_figures_and_survives_the_correction():
    random = np.random.default_rng(3)
    truth = random.integers(0, 4, 400)
    told = {
        name: np.where(random.random(400) < share, truth, (truth + 1) % 4)
        for name, share in (("poor", 0.6), ("fair", 0.75), ("good", 0.9))
    }
    pairs = compare_pairs(told, truth, labels=4)
    assert [(pair.first, pair.second) for pair in pairs] == [
        ("poor", "fair"), ("poor", "good"), ("fair", "good"),
    ]  # fmt: skip
    for pair in pairs:
        assert pair.accuracy.ci[0] > 0 and pair.macro_f1.ci[0] > 0
        assert pair.accuracy.p_value <= pair.accuracy.p_holm < 0.01
        assert pair.macro_f1.p_holm < 0.01
    farthest = pairs[1].accuracy  # the smallest of three p-values
    assert farthest.p_holm == pytest.approx(3 * farthest.p_value)


def test_several_trainings_are_compared_as_their_mean():
    truth, first, second = _two_methods()
    twice = np.stack([second, second])
    [once] = compare_pairs({"a": first, "b": second}, truth, labels=3)
    [again] = compare_pairs({"a": first, "b": twice}, truth, labels=3)
    assert again.accuracy.value == pytest.approx(once.accuracy.value)
    assert again.accuracy.p_value == pytest.approx(once.accuracy.p_value)
    assert again.macro_f1.value == pytest.approx(once.macro_f1.value)
    assert (again.gained, again.lost) == (once.gained, once.lost)
    [mixed] = compare_pairs({"a": first, "b": np.stack([first, second])}, truth, labels=3)
    assert mixed.accuracy.value == pytest.approx(once.accuracy.value / 2)


def test_bootstrap_p_values_are_fair_where_nothing_differs():
    """Two equally good methods: about one comparison in twenty falls under 0.05."""
    random = np.random.default_rng(11)
    found = 0
    for _ in range(60):
        truth = random.integers(0, 3, 90)
        told = [np.where(random.random(90) < 0.8, truth, (truth + 1) % 3) for _ in range(2)]
        [pair] = compare_pairs({"a": told[0], "b": told[1]}, truth, labels=3)
        found += pair.macro_f1.p_value < 0.05
    assert found <= 8  # more than that in under one run of a hundred


def test_what_could_have_been_seen_shrinks_with_rows_and_agreement():
    few, many = np.repeat([1, -1, 0], [5, 5, 90]), np.repeat([1, -1, 0], [50, 50, 900])
    alike = np.repeat([1, -1, 0], [1, 1, 98])
    assert smallest_seen(many) < smallest_seen(few)
    assert smallest_seen(alike) < smallest_seen(few)
    assert smallest_seen(np.zeros(1)) == 1.0


def test_four_of_five_tests_see_the_difference_that_was_promised():
    random = np.random.default_rng(5)
    rows, differing = 400, 0.2
    sample = random.choice([1, -1, 0], size=rows, p=[differing / 2, differing / 2, 1 - differing])
    size = smallest_seen(sample)
    share = [(differing + size) / 2, (differing - size) / 2, 1 - differing]
    seen = [paired_test(random.choice([1, -1, 0], size=rows, p=share)) < 0.05 for _ in range(300)]
    assert 0.7 < np.mean(seen) < 0.92


def test_a_score_over_trainings_holds_its_mean():
    score = Score.over([0.8, 0.9], [(0.7, 0.88), (0.82, 0.95)])
    assert score.mean == pytest.approx(0.85)
    assert score.ci == pytest.approx((0.76, 0.915))
    assert (score.least, score.most) == (0.8, 0.9)
    with pytest.raises(ValueError, match="0 figures"):
        Score.over([], [])


@pytest.mark.parametrize("answers", [np.zeros(3), np.zeros((0, 4)), np.zeros((2, 3))])
def test_answers_of_another_shape_are_refused(answers):
    with pytest.raises(ValueError, match="4 rows"):
        compare_pairs({"a": answers, "b": np.zeros(4)}, np.zeros(4, dtype=int), labels=1)


def _two_methods() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    truth = random.integers(0, 3, 200)
    wrong = (truth + random.integers(1, 3, 200)) % 3
    first = np.where(random.random(200) < 0.7, truth, wrong)
    second = np.where(
        random.random(200) < 0.5, first, np.where(random.random(200) < 0.9, truth, wrong)
    )
    return truth, first, second
