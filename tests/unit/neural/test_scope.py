"""The detector: it tells planted strangers apart, keeps its alarm rate, and survives the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aprendiz.errors import ModelFolderError
from aprendiz.evaluation.scope import LEAST_ROWS, auroc
from aprendiz.neural import scope
from aprendiz.neural.held_out import Rows, of_tuned, out_of_fold
from aprendiz.neural.linear_head import fit_head
from aprendiz.neural.scope import Detector
from tests.unit.neural.test_linear_head import clouds

LABELS = 4


def strangers(rows: int, seed: int) -> np.ndarray:
    """Unit vectors around centres that no label has."""
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(3, 16))
    points = centres[np.arange(rows) % 3] + generator.normal(size=(rows, 16))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def learnt(outside: int = 0) -> tuple[Detector, object]:
    points, truth = clouds(200, LABELS, noise=1.0)
    head = fit_head(points, truth, LABELS)
    detector, held_out = out_of_fold(points, strangers(outside, 5), head, seed=0)
    assert detector is not None and held_out is not None
    return detector, (head, held_out)


def asked(detector: Detector, head, points: np.ndarray) -> np.ndarray:
    return detector.scope(points, points @ head.weight.T + head.bias)


@pytest.mark.parametrize("outside", [0, 40])
def test_strangers_are_told_apart_and_friends_are_let_in(outside):
    detector, (head, _) = learnt(outside)
    friends = asked(detector, head, clouds(2_000, LABELS, noise=1.0, seed=3)[0])
    others = asked(detector, head, strangers(2_000, 9))
    assert auroc(friends, others)[0] > (0.93 if outside else 0.8)
    assert (friends < 0.05).mean() < 0.09
    assert (detector.views.plane is not None) == bool(outside)
    assert ("rows outside" in detector.name) == bool(outside)


def test_what_is_held_out_are_rows_the_heads_had_not_seen():
    _, (_, held_out) = learnt(outside=40)
    inside = held_out.truth >= 0
    assert inside.sum() == 200 and (~inside).sum() == 40
    np.testing.assert_allclose(held_out.probabilities.sum(axis=1), 1)
    assert (held_out.scope[inside] < 0.05).mean() == pytest.approx(0.05, abs=0.011)
    assert (held_out.scope[~inside] < 0.05).mean() > 0.5
    assert held_out.rows == "out of fold"


def test_on_disk_and_in_any_company_it_says_the_same(tmp_path: Path):
    detector, (head, _) = learnt(outside=40)
    detector.save(tmp_path)
    again = scope.load(tmp_path)
    points = clouds(64, LABELS, noise=1.0, seed=4)[0]
    together = asked(again, head, points)
    np.testing.assert_array_equal(together, asked(detector, head, points))
    alone = np.concatenate([asked(again, head, points[at : at + 1]) for at in range(64)])
    np.testing.assert_allclose(alone, together, atol=1e-9)
    assert (tmp_path / scope.FILE).stat().st_size < 20_000
    assert scope.load(tmp_path / "elsewhere") is None


def test_a_damaged_file_is_refused(tmp_path: Path):
    (tmp_path / scope.FILE).write_bytes(b"not tensors")
    with pytest.raises(ModelFolderError, match=scope.FILE):
        scope.load(tmp_path)


def test_too_few_rows_make_no_detector_but_hold_out_all_the_same():
    points, truth = clouds(LEAST_ROWS - 1, 3, noise=0.5)
    head = fit_head(points, truth, 3)
    detector, held_out = out_of_fold(points, points[:0], head, seed=0)
    assert detector is None
    assert held_out.scope is None and len(held_out.truth) == LEAST_ROWS - 1


def test_labels_with_a_single_row_hold_nothing_out():
    points, truth = clouds(9, 9, noise=0.1)
    head = fit_head(points, truth, 9)
    assert out_of_fold(points, points[:0], head, seed=0) == (None, None)


def test_a_tuned_network_is_judged_by_rows_it_was_not_tuned_on():
    points, truth = clouds(200, LABELS, noise=1.0)
    head = fit_head(points, truth, LABELS)

    def seen(inside: np.ndarray, numbers: np.ndarray, outside: np.ndarray) -> Rows:
        vectors = np.concatenate([inside, outside])
        every = np.append(numbers, np.full(len(outside), -1))
        return Rows(vectors, vectors @ head.weight.T + head.bias, every)

    held = seen(*clouds(100, LABELS, noise=1.0, seed=2), strangers(10, 1))
    detector, told = of_tuned(seen(points, truth, strangers(40, 5)), held, 1.0, "validation")
    assert detector.scale.n == 100 and told.rows == "validation"
    assert told.truth[-10:].tolist() == [-1] * 10
    nothing = seen(points[:0], truth[:0], points[:0])
    assert of_tuned(held, nothing, 1.0, "validation") == (None, None)
