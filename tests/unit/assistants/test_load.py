"""What lies at a place is told apart by itself, and what cannot chat is refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aprendiz.assistants.load import identify, load_chat_model
from aprendiz.data.chat.records import Message
from aprendiz.errors import BaseModelError, ModelFolderError
from aprendiz.interfaces import ChatModel, Sampling
from aprendiz.methods.managed.pointer import Pointer


class Listening:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, task: str, done: int, total: int) -> None: ...


def manifest(folder: Path, method: str, labels: tuple[str, ...] = ()) -> Path:
    """A folder that says of itself what a training would."""
    folder.mkdir()
    told = {
        "format": 1, "method": method, "name": folder.name, "created": "now", "labels": labels,
        "threshold": 0.7, "recipe": {}, "data": {}, "scores": {}, "training": {}, "libraries": {},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(told))
    return folder


def test_a_whole_model_is_found_loaded_and_said(tiny_causal):
    tell = Listening()
    model = load_chat_model(tiny_causal, observer=tell, device="cpu")
    assert isinstance(model, ChatModel)
    assert model.context == 512
    assert tell.said == [f"full model {tiny_causal} (folder) on cpu, fp32"]
    assert model.replies([[Message("user", "x")]], Sampling(max_tokens=3))[0].completion_tokens <= 3


@pytest.mark.parametrize(
    ("file", "kind"),
    [("adapter_config.json", "adapter"), ("config.json", "full"), ("model.gguf", "gguf")],
)
def test_a_folder_is_told_by_its_files(tmp_path, file, kind):
    (tmp_path / file).write_text("{}")
    found = identify(tmp_path)
    assert found.kind == kind
    assert found.place == str(tmp_path / file if kind == "gguf" else tmp_path)


def test_an_adapter_beside_a_config_is_an_adapter(tmp_path):
    for file in ("adapter_config.json", "config.json"):
        (tmp_path / file).write_text("{}")
    assert identify(tmp_path).kind == "adapter"


@pytest.mark.parametrize(("method", "kind"), [("lora", "assistant"), ("managed", "deployment")])
def test_a_model_folder_is_told_by_its_manifest(tmp_path, method, kind):
    assert identify(manifest(tmp_path / "m", method)).kind == kind


def test_a_name_is_a_base_model():
    assert identify("maths-tiny").kind == "full"
    assert identify("HuggingFaceTB/SmolLM2-135M-Instruct@main").kind == "full"


def test_a_classifier_is_sent_to_predict(tmp_path):
    folder = manifest(tmp_path / "labels", "tfidf", ("a", "b", "c"))
    with pytest.raises(ModelFolderError, match="answers with one of 3 labels") as caught:
        load_chat_model(folder)
    assert caught.value.hint.startswith("aprendiz predict")


def test_an_encoder_is_refused_as_one(tiny_encoder):
    with pytest.raises(BaseModelError, match="BertModel is no language model") as caught:
        load_chat_model(tiny_encoder)
    assert "labels" in caught.value.hint


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("./nowhere", "no such folder or file"),
        ("nowhere.gguf", "no such file"),
        ("a/b/c", "no such folder or file"),
    ],
)
def test_what_is_not_there_is_said(place, why):
    with pytest.raises(ModelFolderError, match=why):
        load_chat_model(place)


def test_a_folder_with_nothing_or_too_much_in_it_is_refused(tmp_path):
    with pytest.raises(ModelFolderError, match="no model"):
        identify(tmp_path)
    (tmp_path / "a.gguf").touch()
    (tmp_path / "b.gguf").touch()
    with pytest.raises(ModelFolderError, match=r"2 \.gguf files"):
        identify(tmp_path)
    with pytest.raises(ModelFolderError, match=r"not a \.gguf"):
        identify(__file__)


def test_a_changed_deployment_folder_is_refused(tmp_path):
    folder = manifest(tmp_path / "m", "managed", ("a",))
    values = {
        "provider": "openai", "address": "http://127.0.0.1:9/v1", "api_version": "", "job": "j",
        "model": "ft", "deployment": "ft", "labels": ("a",), "system_prompt": "s",
        "concurrency": 1,
    }  # fmt: skip
    Pointer(**values).write(folder)
    tell = Listening()
    model = load_chat_model(folder, observer=tell)
    assert model.name == "ft"
    assert "the service on this machine at http://127.0.0.1:9/v1" in tell.said[0]
    told = json.loads((folder / "manifest.json").read_text())
    told["files"] = {"managed.json": {"bytes": 1, "sha256": "0" * 64}}
    (folder / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(ModelFolderError, match="differs from its hash"):
        load_chat_model(folder)


def test_an_adapter_without_a_base_is_refused(tmp_path, tiny_causal):
    pytest.importorskip("peft")
    shutil.copy(tiny_causal / "config.json", tmp_path)
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": null}')
    with pytest.raises(BaseModelError, match="does not say which base model"):
        load_chat_model(tmp_path)
