"""The promise of every model that can be exported: the copy gives the same predictions.

Labels, probabilities, what is out of scope, and what is done about it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from torch import nn

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.errors import DataError, ExportError
from aprendiz.methods import catalogue
from aprendiz.neural import encoder, onnx_file
from aprendiz.neural.engine import choice, kinds
from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.engine import BatchedEngine
from aprendiz.neural.engine.export import export
from aprendiz.neural.engine.kinds import load_engine_classifier
from aprendiz.neural.engine.rows import made_up
from aprendiz.neural.engine.writing import judged
from tests.conftest import EXAMPLES
from tests.planted_rows import rows_of_several, rows_with_strangers

TEXTS = ["hello my friend", "I want a refund please", "two coffees", "", "¿qué tal? 日本語 🙂"]
COMPANY = [*TEXTS, "word " * 50, "x"]

RECIPES = {
    "probe": {"method": "probe"},
    "finetune": {"method": "finetune", "epochs": 1},
    "finetune plain": {"method": "finetune", "epochs": 1, "plain": True},
}


def train(recipe: dict[str, object], folder: Path) -> Path:
    source = folder / "examples.json"
    source.write_text(json.dumps(EXAMPLES))
    return workflow.train(source, out=folder / "model", recipe=recipe).folder


@pytest.mark.parametrize("name", RECIPES)
def test_the_copy_predicts_what_the_model_predicts(name, tmp_path, tiny_encoder):
    recipe = {**RECIPES[name], "base_model": str(tiny_encoder), "max_length": 32}
    folder = train(recipe, tmp_path)
    copy = workflow.load(export(folder).place)
    original = encoder.load(folder, copy.labels).probabilities(COMPANY)
    found = copy.probabilities(COMPANY)
    np.testing.assert_allclose(found, original, atol=1e-5)
    assert (found.argmax(axis=1) == original.argmax(axis=1)).all()
    for text, row in zip(COMPANY, found, strict=True):
        np.testing.assert_allclose(copy.probabilities([text])[0], row, atol=1e-6)


def train_on(rows: list[dict[str, object]], folder: Path, recipe: dict[str, object]) -> Path:
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return workflow.train(source, out=folder / "model", recipe=recipe).folder


@pytest.mark.parametrize("name", ["probe", "finetune"])
def test_the_copy_judges_scope_as_torch_does(name, tmp_path, tiny_encoder):
    recipe = {**RECIPES[name], "base_model": str(tiny_encoder), "max_length": 32}
    folder = train_on(rows_with_strangers(), tmp_path, recipe)
    asked = [*COMPANY, "how old is the sea"]
    copied = export(folder)
    copy, whole = workflow.load(copied.place), workflow.load(folder)
    expected = encoder.load(folder, copy.labels).judge(asked)
    for model in (copy, whole):
        assert model.runtime == "onnxruntime"
        for found, wanted in zip(model.judge(asked), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-4)
        encoded = model.predict_encoded(asked, model.encode(asked))
        assert encoded == model.predict(asked)
    assert copy.decisions == whole.decisions
    assert copy.decisions.scope is not None and copy.decisions.oos_label == "oos"
    assert copied.verdicts[0].scope < 1e-4
    answers = [(each.decision, each.candidates) for each in copy.predict(asked)]
    assert answers == [(each.decision, each.candidates) for each in whole.predict(asked)]


@pytest.mark.parametrize("name", ["probe", "finetune"])
def test_several_labels_are_exported_with_a_threshold_each(
    name, tmp_path, tiny_encoder, monkeypatch
):
    recipe = {**RECIPES[name], "base_model": str(tiny_encoder), "max_length": 32}
    rows = rows_of_several()
    written = counted(monkeypatch)
    folder = train_on(rows, tmp_path, recipe)
    assert len(written) == 1, "a twin is not served"
    assert choice.read(folder).gates["onnxruntime"]["passed"]
    assert workflow.load(folder).runtime == "onnxruntime"
    copied = export(folder, data=[str(tmp_path / "rows.jsonl")])
    assert copied.verdicts[0].origin == "held-out rows of rows.jsonl"
    copy = workflow.load(copied.place)
    asked = [*COMPANY, *(str(row["text"]) for row in rows[::5])]
    expected, _ = encoder.load(folder, copy.labels).judge(asked)
    np.testing.assert_allclose(copy.judge(asked)[0], expected, atol=1e-5)
    assert np.abs(expected.sum(axis=1) - 1).max() > 0.01, "these are no distributions"
    rules = copy.decisions.several
    assert rules is not None
    for answer in copy.predict(asked):
        assert answer.labels == rules.given(answer.scores)
        assert answer.decision == rules.decide(answer.labels)
    assert len({answer.labels for answer in copy.predict(asked)}) > 1
    card = (copied.place / "README.md").read_text()
    assert "1 / (1 + np.exp(-logits))" in card

    workflow.threshold(copied.place, tmp_path / "rows.jsonl", threshold=0.25)
    again = workflow.load(copied.place)
    assert again.decisions.several is not None
    assert {rule.threshold for rule in again.decisions.several.each.values()} == {0.25}
    np.testing.assert_array_equal(again.judge(asked)[0], copy.judge(asked)[0])
    assert (copied.place / "README.md").read_text() == card, "it is still that of an export"
    with pytest.raises(DataError, match="thresholds were chosen anew"):
        workflow.report(copied.place)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that a graph is written into from now on."""
    written: list[Path] = []
    real = onnx_file.write

    def write(network: nn.Module, folder: Path) -> Path:
        written.append(folder)
        return real(network, folder)

    monkeypatch.setattr(onnx_file, "write", write)
    return written


def test_the_graph_has_the_calibration_of_each_label_in_its_head(tmp_path, tiny_encoder):
    recipe = {**RECIPES["finetune"], "base_model": str(tiny_encoder), "max_length": 32}
    folder = train_on(rows_of_several(), tmp_path, recipe)
    labels = manifests.read(folder).labels
    classifier = load_engine_classifier(folder, labels)
    head = load_file(folder / "head.safetensors")
    told = classifier.outputs(COMPANY)
    expected = told.embeddings @ head["weight"].T + head["bias"]
    np.testing.assert_allclose(told.logits, expected, atol=1e-5)

    # The same graph before its calibration: slopes twice as steep, as of a network too sure.
    network = encoder.load_network(folder, len(labels))
    network.head.weight.data *= 2
    settings = TextSettings.read(folder)
    reference = kinds.open_engine(folder, "onnxruntime", labels=len(labels), pad=settings.pad)
    without = BatchedEngine(
        "onnxruntime", onnx_file.ServedNetwork(network).forward_arrays, pad=settings.pad
    )
    rows = made_up(settings.text_encoder(folder), labels)
    assert judged(reference, rows, reference, settings, None, 0.5).passed
    assert not judged(without, rows, reference, settings, None, 0.5).passed


def test_an_export_says_where_its_report_is(tmp_path, tiny_encoder):
    recipe = {**RECIPES["probe"], "base_model": str(tiny_encoder), "max_length": 32}
    folder = train(recipe, tmp_path)
    place = export(folder).place
    with pytest.raises(DataError, match="an export takes along") as refused:
        workflow.report(place)
    assert "exported from" in (refused.value.hint or "")
    assert workflow.report(folder).is_file()


def test_a_copy_can_be_copied(tmp_path, tiny_encoder):
    recipe = {**RECIPES["probe"], "base_model": str(tiny_encoder), "max_length": 32}
    first = export(train(recipe, tmp_path)).place
    second = export(first, tmp_path / "second").place
    for one, other in zip(
        *(workflow.load(each).judge(TEXTS) for each in (first, second)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_what_needs_no_export_says_so(tmp_path):
    with pytest.raises(ExportError, match="needs no torch as it is"):
        export(train({"method": "tfidf"}, tmp_path))


def test_every_method_that_learns_labels_is_exported_or_says_why():
    learns = {name for name, row in catalogue.METHODS.items() if row.abilities.learns == "labels"}
    assert learns == {recipe["method"] for recipe in RECIPES.values()} | {"tfidf", "managed"}
