"""``export --to onnx`` and ``bench`` as a person types them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aprendiz import workflow
from aprendiz.cli.main import app
from aprendiz.errors import ExportError


@pytest.fixture
def folder(tiny_encoder, examples_file, tmp_path):
    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    return workflow.train(examples_file, out=tmp_path / "model", recipe=recipe).folder


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_export_then_bench(folder, examples_file):
    told = json.loads(run("export", folder, "--to", "onnx", "--data", examples_file, "--json"))
    light = folder.with_name("model-onnx")
    assert told["place"] == str(light)
    assert told["gates"][0]["passed"] is True

    quick = ("--rounds", 1, "--seconds", 0.01)
    told = json.loads(run("bench", light, *quick, "--json"))
    assert told["best"] == "onnxruntime"
    shown = run("bench", light, *quick)
    assert "onnxruntime *" in shown
    assert "the folder has no model.safetensors" in shown
    assert "texts/s for rows × tokens" in shown


def test_a_classifier_is_no_gguf(folder):
    with pytest.raises(ExportError, match="--to gguf"):
        run("export", folder, "--to", "gguf")
