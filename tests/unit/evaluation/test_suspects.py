"""Confident learning agrees with cleanlab; the order and the votes are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.suspects import confidently_wrong, rank_suspects, votes


def judged(seed: int, rows: int = 300, labels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that lean to the truth, and labels of which a tenth are wrong."""
    random = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(labels), random.integers(0, labels, rows - labels)])
    logits = random.normal(size=(rows, labels))
    logits[np.arange(rows), truth] += 2.5
    wrong = random.random(rows) < 0.1
    wrong[:labels] = False  # every label is given to a row
    return softmax(logits), np.where(wrong, (truth + 1) % labels, truth)


@pytest.mark.parametrize("seed", range(8))
def test_the_same_rows_as_cleanlab(seed: int) -> None:
    cleanlab = pytest.importorskip("cleanlab.filter")
    told, labels = judged(seed, rows=200 + 100 * seed, labels=2 + seed)
    theirs = cleanlab.find_label_issues(
        labels, told, filter_by="confident_learning", min_examples_per_class=0
    )
    ours = confidently_wrong(told, labels)
    assert ours.any()
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_order_as_cleanlab(seed: int) -> None:
    cleanlab = pytest.importorskip("cleanlab.rank")
    told, labels = judged(seed)
    quality = cleanlab.get_label_quality_scores(labels, told, method="self_confidence")
    ranking = rank_suspects(told, labels)
    assert np.allclose(ranking.support, quality)
    assert np.allclose(quality[ranking.order], np.sort(quality))


def test_a_plain_error_is_first_and_its_label_is_suggested() -> None:
    told = np.full((6, 3), 0.05)
    truth = np.array([0, 0, 1, 1, 2, 2])
    told[np.arange(6), truth] = 0.9
    labels = np.array([0, 0, 1, 1, 2, 0])
    ranking = rank_suspects(told, labels)
    assert ranking.order[0] == 5
    assert ranking.suggested[5] == 2
    assert list(np.flatnonzero(ranking.confident)) == [5]


def test_neighbours_can_clear_a_row_and_accuse_another() -> None:
    told = np.array([[0.30, 0.70], [0.35, 0.65]])
    labels = np.array([0, 0])
    assert list(rank_suspects(told, labels).order) == [0, 1]
    voted = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert list(rank_suspects(told, labels, voted).order) == [1, 0]


def test_votes_are_weighted_and_nobody_votes_against() -> None:
    labels = np.array([0, 1, 1, 2])
    neighbours = np.array([[1, 3], [0, -1], [3, 1], [-1, -1]])
    similarity = np.array([[0.6, 0.2], [0.5, 0.9], [-0.4, 0.5], [0.9, 0.9]])
    told = votes(neighbours, similarity, labels, 3)
    expected = [[0, 0.75, 0.25], [1, 0, 0], [0, 1, 0], [1 / 3] * 3]
    assert np.allclose(told, expected)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_the_order_is_one_of_all_rows(seed: int, labels: int) -> None:
    told, given_labels = judged(seed, rows=40, labels=labels)
    ranking = rank_suspects(told, given_labels, told[::-1])
    assert sorted(ranking.order) == list(range(40))
    assert (ranking.suggested != given_labels).all()
    assert (np.diff(ranking.support[ranking.order]) >= 0).all()
