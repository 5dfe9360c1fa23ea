"""An exported classifier: the same answers, no torch, and refusals that leave nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.cli.main import app
from aprendiz.errors import DataError, ExportError, MissingExtra, ModelFolderError
from aprendiz.interfaces import Silence
from aprendiz.neural import encoder
from aprendiz.neural.engine import choice, kinds, opening
from aprendiz.neural.engine.bench import bench
from aprendiz.neural.engine.export import export
from aprendiz.neural.engine.kinds import load_engine_classifier
from tests.conftest import EXAMPLES

TEXTS = ["hello my friend", "", "a refund " * 30, "¿qué tal? 日本語 🙂", "two coffees", "\ud800"]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    (folder / "examples.json").write_text(json.dumps(EXAMPLES))
    return folder


@pytest.fixture(scope="module")
def trained(home, tiny_encoder) -> Path:
    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    return workflow.train(
        home / "examples.json", out=home / "model", recipe=recipe, track=False
    ).folder


@pytest.fixture(scope="module")
def exported(home, trained):
    return export(trained, home / "light", data=[str(home / "examples.json")])


def torch_probabilities(folder: Path) -> np.ndarray:
    return encoder.load(folder, manifests.read(folder).labels).probabilities(TEXTS)


def test_a_trained_folder_answers_from_its_graph_as_torch_does(trained):
    model = workflow.load(trained)
    assert choice.read(trained).gates["onnxruntime"]["passed"]
    np.testing.assert_allclose(model.probabilities(TEXTS), torch_probabilities(trained), atol=1e-5)
    (trained / "model.onnx").stat()


def test_the_copy_says_the_same_and_tells_by_how_much(exported, trained):
    model = workflow.load(exported.place)
    expected = torch_probabilities(trained)
    np.testing.assert_allclose(model.probabilities(TEXTS), expected, atol=1e-5)
    assert model.labels == tuple(sorted(EXAMPLES))
    assert model.threshold == manifests.read(trained).threshold
    assert exported.verdicts[0].rows == 6  # what the default holdout keeps of thirty rows
    assert exported.verdicts[0].origin == "held-out rows of examples.json"
    assert "100.00% of 6 rows" in exported.in_words()
    assert exported.as_dict()["gates"][0]["worst"] < 1e-4


def test_the_copy_holds_what_it_needs_and_no_more(exported):
    names = {path.name for path in exported.place.iterdir()}
    assert names == {
        "README.md", "classifier.json", "decision.json", "engine.json", "evaluation.json",
        "manifest.json", "model.onnx", "recipe.yaml", "scope.safetensors", "split.json",
        "tokenizer.json",
    }  # fmt: skip
    manifests.verify(exported.place, manifests.read(exported.place))


def test_a_fresh_process_needs_no_torch(exported):
    code = (
        "import json, sys, aprendiz\n"
        f"answer = aprendiz.load({str(exported.place)!r}).predict(['hello my friend'])[0]\n"
        "assert answer.scope is not None\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy', 'onnx', 'threadpoolctl'}\n"
        "print(json.dumps([answer.label, answer.confidence, sorted(heavy & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    label, confidence, heavy = json.loads(done.stdout)
    here = workflow.load(exported.place).predict(["hello my friend"])[0]
    assert (label, confidence) == (here.label, here.confidence)
    assert heavy == []


@pytest.mark.parametrize("name", ["exported", "trained"])
def test_an_answer_reports_to_nobody(name, request, tmp_path):
    """ONNX Runtime would write a number for this device into the cache folder."""
    given = request.getfixturevalue(name)
    code = (
        "import os, aprendiz\n"
        f"model = aprendiz.load({str(given if name == 'trained' else given.place)!r})\n"
        "model.predict(['hello my friend'])\n"
        "print(model.runtime, os.environ.get('ORT_DISABLE_TELEMETRY'))"
    )
    for private in ("home", "cache"):
        (tmp_path / private).mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"},
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["onnxruntime", "1"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_code_on_the_card_gives_the_same_answer(exported):
    card = (exported.place / "README.md").read_text(encoding="utf-8")
    code = card.split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=exported.place, capture_output=True, text=True, check=True
    )
    answer = workflow.load(exported.place).predict(["a text of yours"])[0]
    told = done.stdout.split("-> ")[1].split()
    assert told[0] == answer.label
    assert float(told[1]) == pytest.approx(answer.confidence, abs=1e-5)


def test_encoding_and_answering_can_be_done_apart(exported):
    classifier = load_engine_classifier(exported.place, tuple(sorted(EXAMPLES)))
    rows = classifier.encode(TEXTS)
    assert all(1 <= len(row) <= classifier.max_tokens == 32 for row in rows)
    together = classifier.judge(TEXTS)
    for apart, whole in zip(classifier.judge_rows(rows), together, strict=True):
        np.testing.assert_array_equal(apart, whole)
    np.testing.assert_array_equal(classifier.probabilities(TEXTS), together[0])
    assert classifier.probabilities([]).shape == classifier.judge_rows([])[0].shape == (0, 3)
    assert classifier.judge([])[1].shape == (0,)
    outputs = classifier.outputs(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(outputs.embeddings, axis=1), 1, atol=1e-5)


def test_the_rules_of_a_copy_can_be_chosen_again(home, exported):
    copy = home / "again"
    shutil.copytree(exported.place, copy)
    before = workflow.load(copy)
    workflow.threshold(copy, home / "examples.json", coverage=0.9)
    after = workflow.load(copy)
    assert (after.decisions.answer.asked, after.decisions.answer.goal) == ("coverage", 0.9)
    assert after.version != before.version and after.runtime == before.runtime
    for found, wanted in zip(after.judge(TEXTS), before.judge(TEXTS), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_int8_takes_its_ranges_from_rows_it_has_learnt_from(home, trained):
    pytest.importorskip("onnx")
    copy = export(trained, home / "small", dtype="int8", data=[str(home / "examples.json")])
    assert copy.engine == choice.read(copy.place).engine == "onnxruntime-int8"
    assert [each.engine for each in copy.verdicts] == ["onnxruntime", "onnxruntime-int8"]
    model = workflow.load(copy.place)
    together = model.probabilities(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(model.probabilities([text])[0], row, atol=1e-5)
    np.testing.assert_allclose(together, torch_probabilities(trained), atol=0.15)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"dtype": "int8"}, "there are none"),
        ({"dtype": "f16"}, "f32, int8"),
        ({"out": None}, "the model itself"),
    ],
)
def test_what_cannot_be_done_is_said(home, trained, change, why):
    asked = {"out": home / "refused", **change}
    asked["out"] = asked["out"] or trained
    with pytest.raises(ExportError, match=why):
        export(trained, **asked)
    assert not (home / "refused").exists()


def test_rows_it_has_learnt_from_are_no_test(home, trained):
    learnt = home / "learnt.json"
    split = json.loads((trained / "split.json").read_text())
    assert split
    from aprendiz.data.frozen import Frozen

    frozen = Frozen.read(trained)
    learnt.write_text(
        json.dumps(
            {
                label: [text for text in texts if frozen.part_of(text) == "train"]
                for label, texts in EXAMPLES.items()
            }
        )
    )
    with pytest.raises(DataError, match="every one of the 24 rows"):
        export(trained, home / "refused", data=[str(learnt)])


def test_a_copy_that_says_something_else_is_not_kept(home, trained, monkeypatch):
    network = encoder.load_network(trained, 3)
    network.head.weight.data.neg_()
    monkeypatch.setattr(encoder, "load_network", lambda *_: network)
    from aprendiz.neural import onnx_file

    real = onnx_file.write

    def planted(network, folder):
        path = real(network, folder)
        network.head.weight.data.neg_()
        return path

    monkeypatch.setattr(onnx_file, "write", planted)
    with pytest.raises(ExportError, match=r"does not say what the model says.*of the rows have"):
        export(trained, home / "refused")
    assert not (home / "refused").exists()
    assert not list(home.glob(".refused*"))


def test_without_its_library_a_training_goes_without_a_graph(
    home, trained, tiny_encoder, monkeypatch
):
    from aprendiz.neural import onnx_file

    monkeypatch.setattr(onnx_file, "find_spec", lambda _: None)
    said: list[str] = []

    class Ear(Silence):
        def say(self, message: str) -> None:
            said.append(message)

    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    told = workflow.train(
        home / "examples.json", out=home / "bare", recipe=recipe, track=False, observer=Ear()
    )
    assert any("no model.onnx: " in line and "answers with torch" in line for line in said)
    model = workflow.load(told.folder)
    assert model.runtime == "probe", "no engine"
    np.testing.assert_allclose(model.probabilities(TEXTS), torch_probabilities(trained), atol=1e-5)
    with pytest.raises(MissingExtra, match="onnx"):
        export(told.folder, home / "refused")
    assert not (home / "refused").exists()


def test_a_graph_with_weights_elsewhere_is_not_loaded(home, exported):
    onnx = pytest.importorskip("onnx")
    folder = home / "outside"
    shutil.copytree(exported.place, folder)
    graph = onnx.load(folder / "model.onnx")
    onnx.save(
        graph, folder / "model.onnx", save_as_external_data=True, location="weights.bin",
        size_threshold=0,
    )  # fmt: skip
    with pytest.raises(ModelFolderError, match="another file"):
        load_engine_classifier(folder, tuple(sorted(EXAMPLES)))


def test_bench_measures_what_runs_and_says_why_the_others_do_not(exported):
    told = bench(exported.place, rounds=1, seconds=0.01)
    found = {each.engine: each for each in told.engines}
    assert set(found) == set(kinds.KINDS)
    assert found["torch"].missing == "the folder has no model.safetensors"
    assert found["onnxruntime"].may_answer
    assert all(speed.texts_per_second > 0 for speed in found["onnxruntime"].speeds)
    assert told.reference == told.chosen == "onnxruntime"


def test_a_choice_is_not_written_into_a_folder_that_changed_meanwhile(exported, home, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(exported.place, folder)

    class Meanwhile(Silence):
        def progress(self, task: str, done: int, total: int) -> None:
            workflow.threshold(folder, home / "examples.json", coverage=0.8)

    with pytest.raises(ModelFolderError, match="changed while it was measured"):
        bench(folder, rounds=1, seconds=0.01, write=True, observer=Meanwhile())
    assert workflow.load(folder).decisions.answer.goal == 0.8
    assert not choice.read(folder).measured


@pytest.mark.parametrize(
    ("model", "more", "why"),
    [
        ("exported", ["--agreement", "0.5"], "for chat models"),
        ("exported", ["--prompts", "p.jsonl"], "for chat models"),
        ("exported", ["--to", "gguf"], "a classifier cannot"),
        ("nowhere", [], "no such model folder"),
        ("nowhere", ["--to", "gguf", "--data", "rows.csv"], "for classifiers"),
    ],
)
def test_what_the_command_would_pass_over_is_refused(exported, home, model, more, why):
    place = exported.place if model == "exported" else home / model
    told = CliRunner().invoke(app, ["export", str(place), "--to", "onnx", *more])
    assert why in str(told.exception)


def test_an_engine_that_does_not_exist_is_refused(exported):
    with pytest.raises(ModelFolderError, match="no engine 'warp'"):
        load_engine_classifier(exported.place, tuple(sorted(EXAMPLES)), "warp")
    with pytest.raises(ModelFolderError, match=r"has no model\.int8\.onnx"):
        load_engine_classifier(exported.place, tuple(sorted(EXAMPLES)), "onnxruntime-int8")


@pytest.mark.parametrize(
    ("file", "change", "why"),
    [
        ("engine.json", {"engine": "torch"}, r"torch cannot run: the folder has no model\.safet"),
        ("classifier.json", {"temperature": 0}, "out of range"),
        ("classifier.json", {"temperature": float("nan")}, "out of range"),
        ("classifier.json", {"max_length": 0}, "out of range"),
        ("classifier.json", {"pad": -1}, "out of range"),
    ],
)
def test_what_a_changed_file_says_is_not_believed(exported, tmp_path, file, change, why):
    folder = tmp_path / "changed"
    shutil.copytree(exported.place, folder)
    told = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(told | change))
    with pytest.raises(ModelFolderError, match=why):
        opening.load(folder, tuple(sorted(EXAMPLES)))


def test_a_head_for_other_labels_is_refused(exported):
    with pytest.raises(ModelFolderError, match="made for 3 labels, the manifest has 2"):
        load_engine_classifier(exported.place, ("a", "b"))
