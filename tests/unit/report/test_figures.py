"""Every picture is drawn as a PNG of a sensible size, or left out with the reason."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from matplotlib import image

from aprendiz.report.figures import draw
from tests.unit.report.measured import history, measured

BY_STEP = {"loss_function", "accuracy_evolution", "f1_evolution", "all_metrics_evolution"}
ALWAYS = {
    "final_metrics",
    "confusion_matrix",
    "per_label_f1",
    "confused_pairs",
    "reliability",
    "risk_coverage",
}


@pytest.mark.parametrize(
    ("labels", "rows"),
    [(2, 30), (8, 100), (77, 770), pytest.param(150, 1500, marks=pytest.mark.slow)],
)
def test_all_ten_are_drawn_with_few_labels_and_with_many(tmp_path: Path, labels, rows):
    evaluation, _ = measured(labels, rows)
    drawn, left_out = draw(evaluation, history(), tmp_path / "plots", validation_rows=40)
    assert {figure.name for figure in drawn} == BY_STEP | ALWAYS
    assert left_out == []
    for figure in drawn:
        assert figure.path == tmp_path / "plots" / f"{figure.name}.png"
        height, width = image.imread(figure.path).shape[:2]
        assert 300 <= width <= 4_000 and 150 <= height <= 5_000, figure.name
        assert figure.path.stat().st_size < 1_500_000
        assert figure.title and figure.caption and figure.alt
    sizes = {figure.name: image.imread(figure.path).shape for figure in drawn}
    if labels >= 77:
        # Each label's name needs room: ten pixels is the least that can be read.
        assert sizes["confusion_matrix"][0] > labels * 15
        assert sizes["per_label_f1"][0] > labels * 18


def test_the_captions_give_rows_and_intervals(tmp_path: Path):
    evaluation, _ = measured(4, 1234)
    drawn, _ = draw(evaluation, history(), tmp_path, part="test", validation_rows=567)
    for figure in drawn:
        rows = "567 rows" if figure.name in BY_STEP else "1,234 rows"
        assert rows in figure.caption, figure.name
    captions = {figure.name: figure.caption for figure in drawn}
    for name in ("final_metrics", "reliability", "per_label_f1", "accuracy_evolution"):
        assert "95 % interval" in captions[name]


def test_a_method_without_steps_has_no_curves_and_the_reason_is_said(tmp_path: Path):
    evaluation, _ = measured(3, 60)
    system_only = [{"step": 0, "system/cpu_percent": 12.0}]
    drawn, left_out = draw(evaluation, system_only, tmp_path)
    assert {figure.name for figure in drawn} == ALWAYS
    assert {missing.name for missing in left_out} == BY_STEP
    assert all("step by step" in missing.reason for missing in left_out)
    assert not (tmp_path / "loss_function.png").exists()


def test_training_without_validation_has_only_the_loss(tmp_path: Path):
    evaluation, _ = measured(3, 60)
    drawn, left_out = draw(evaluation, history(evaluated=False), tmp_path)
    assert "loss_function" in {figure.name for figure in drawn}
    assert {missing.name for missing in left_out} == BY_STEP - {"loss_function"}
    assert all("no validation rows" in missing.reason for missing in left_out)


def test_without_a_wrong_answer_there_are_no_confused_pairs(tmp_path: Path):
    evaluation, mistakes = measured(3, 60, mistakes=False)
    assert mistakes == []
    drawn, left_out = draw(evaluation, [], tmp_path)
    assert "confusion_matrix" in {figure.name for figure in drawn}
    assert "wrongly" in {m.name: m.reason for m in left_out}["confused_pairs"]


def test_one_evaluation_and_a_doubled_step_are_drawn(tmp_path: Path):
    evaluation, _ = measured(2, 20)
    entries = [{"step": 5, "eval_accuracy": 0.1}, {"step": 5, "eval_accuracy": 0.9}]
    drawn, _ = draw(evaluation, entries, tmp_path, validation_rows=10)
    told = {figure.name: figure.alt for figure in drawn}["accuracy_evolution"]
    assert "highest 0.900 at step 5" in told and "0.1" not in told


def test_the_average_over_the_run_is_not_a_point_of_the_loss(tmp_path: Path):
    evaluation, _ = measured(2, 20)
    closing = {"step": 40, "train_loss": 99.0, "train_runtime": 3.0}
    drawn, left_out = draw(evaluation, [closing], tmp_path)
    assert "loss_function" in {missing.name for missing in left_out}
    own_loop = [{"step": 1, "train_loss": 2.0}, {"step": 2, "train_loss": 1.0}, closing]
    drawn, _ = draw(evaluation, own_loop, tmp_path)
    assert "from 2 to 1" in {figure.name: figure.alt for figure in drawn}["loss_function"]


def test_drawing_leaves_the_global_style_alone(tmp_path: Path):
    before = dict(matplotlib.rcParams)
    evaluation, _ = measured(2, 20)
    draw(evaluation, history(), tmp_path)
    assert dict(matplotlib.rcParams) == before


def test_the_same_figures_give_the_same_bytes(tmp_path: Path):
    evaluation, _ = measured(5, 50)
    first, _ = draw(evaluation, history(), tmp_path / "a")
    second, _ = draw(evaluation, history(), tmp_path / "b")
    for one, other in zip(first, second, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes(), one.name
