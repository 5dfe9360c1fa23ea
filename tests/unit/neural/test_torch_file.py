"""intent_classifier.pt opens with plain torch and answers as the model folder does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from aprendiz import workflow
from aprendiz.neural import torch_file
from tests.conftest import ROOT

LOADER = ROOT / "docs" / "how-to" / "plain_torch_loader.py"
TEXTS = ["hello my friend", "I want a refund please", "", "word " * 200, "日本語 🙂"]


def _loader():
    spec = importlib.util.spec_from_file_location("plain_torch_loader", LOADER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "recipe",
    [
        {"method": "probe"},
        {"method": "finetune", "epochs": 1},
        {"method": "finetune", "epochs": 1, "plain": True},
    ],
    ids=["probe", "finetune", "plain"],
)
def test_the_documented_loader_agrees(recipe, tiny_encoder: Path, examples_file, tmp_path):
    recipe = {**recipe, "base_model": str(tiny_encoder), "max_length": 32}
    folder = workflow.train(examples_file, out=tmp_path / "m", recipe=recipe).folder
    plain = _loader().IntentClassifier(folder / torch_file.NAME)
    for answer in workflow.load(folder).predict(TEXTS):
        assert plain.predict(answer.text) == pytest.approx(dict(answer.scores), abs=1e-5)


def test_the_loader_is_short_and_needs_only_torch_and_tokenizers():
    lines = LOADER.read_text().splitlines()
    assert len(lines) < 80
    imports = {
        line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))
    }
    assert imports == {"sys", "torch", "tokenizers"}


def test_the_file_holds_tensors_and_plain_values_only(tiny_encoder, examples_file, tmp_path):
    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    folder = workflow.train(examples_file, out=tmp_path / "m", recipe=recipe).folder
    saved = torch.load(folder / torch_file.NAME, weights_only=True)
    assert saved["id_to_intent"] == dict(enumerate(workflow.load(folder).labels))
    assert {"weights", "architecture", "tokenizer", "temperature"} <= saved.keys()
