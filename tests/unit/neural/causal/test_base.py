"""From names to a language model: folders, what aprendiz carries, the hub that is not there."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from aprendiz.errors import BaseModelError, ProviderError, RecipeError
from aprendiz.neural.base_models import sha256_of
from aprendiz.neural.causal import base as bases
from aprendiz.neural.causal import model_files


class Listening:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, task: str, done: int, total: int) -> None: ...


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Every connection is refused, and the hub's cache is empty."""

    def refuse(*_, **__):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def own(tiny_causal, tmp_path) -> Path:
    """A copy of the tiny model that a test may damage."""
    folder = tmp_path / "own"
    shutil.copytree(tiny_causal, folder)
    return folder


def changed(folder: Path, **values: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_a_folder_is_found_read_and_loaded(tiny_causal):
    found = bases.resolve(str(tiny_causal))
    assert (found.origin, found.context) == ("folder", 512)
    assert found.sha256 == sha256_of(tiny_causal / "model.safetensors")
    network = bases.load_network(found)
    assert not network.training
    assert next(network.parameters()).dtype == torch.float32
    assert bases.load_tokenizer(found).padding_side == "left"
    half = bases.load_network(found, precision="bf16")
    assert next(half.parameters()).dtype == torch.bfloat16


def test_a_list_is_tried_in_order_and_every_failure_is_said(tiny_causal, tmp_path, no_network):
    tell = Listening()
    names = [str(tmp_path / "nowhere"), "someone/model", str(tiny_causal), "never/asked"]
    assert bases.resolve(names, tell).folder == tiny_causal
    assert len(tell.said) == 2
    assert "nowhere" in tell.said[0] and tell.said[0].endswith("next: someone/model")
    assert "cannot be reached" in tell.said[1]


def test_if_none_can_be_used_the_error_has_every_reason(tmp_path, no_network):
    names = ["nowhere", "someone/model", str(tmp_path / "x.gguf")]
    with pytest.raises(BaseModelError) as caught:
        bases.resolve(names)
    for reason in ("no such folder", "cannot be reached", "x.gguf: there is no such file"):
        assert reason in caught.value.message
    assert "maths-tiny" in caught.value.hint


def test_no_name_at_all_is_refused():
    with pytest.raises(BaseModelError, match="no base model is named"):
        bases.resolve([])


def test_the_carried_model_is_refused_if_its_weights_are_others(own, monkeypatch):
    monkeypatch.setattr(bases, "BASES", own.parent)
    monkeypatch.setitem(bases.PACKAGED, "own", sha256_of(own / "model.safetensors"))
    assert bases.resolve("own").origin == "package"
    with (own / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x01")
    with pytest.raises(BaseModelError, match="SHA-256 differs"):
        bases.resolve("own")


def test_weights_in_several_files_work(tiny_causal, tmp_path):
    folder = tmp_path / "sharded"
    network = AutoModelForCausalLM.from_pretrained(tiny_causal)
    network.save_pretrained(folder, max_shard_size="40KB")
    for file in tiny_causal.glob("tokenizer*"):
        shutil.copy(file, folder)
    assert not (folder / "model.safetensors").exists()
    found = bases.resolve(str(folder))
    again = bases.load_network(found).state_dict()
    for name, values in network.state_dict().items():
        assert torch.equal(again[name], values)
    one = sorted(folder.glob("model-*.safetensors"))[0]
    assert len(model_files.shards(folder)) > 1
    before = found.sha256
    content = bytearray(one.read_bytes())
    content[-1] ^= 1
    one.write_bytes(content)
    assert bases.resolve(str(folder)).sha256 != before
    one.unlink()
    with pytest.raises(BaseModelError, match=f"{one.name} missing"):
        bases.resolve(str(folder))


def test_an_index_that_points_outside_its_folder_is_refused(own):
    (own / "model.safetensors").unlink()
    index = {"weight_map": {"a": "../elsewhere.safetensors"}}
    (own / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(BaseModelError, match="outside its folder"):
        bases.resolve(str(own))


def test_a_pickle_is_refused(own):
    (own / "model.safetensors").rename(own / "pytorch_model.bin")
    with pytest.raises(BaseModelError, match="pickle") as caught:
        bases.resolve(str(own))
    assert "safetensors" in caught.value.hint


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"architectures": ["BertForSequenceClassification"]}, "no language model that writes"),
        ({"architectures": ["BertModel"]}, "no language model that writes"),
        ({"model_type": "own-kind", "auto_map": {"AutoModelForCausalLM": "x.Y"}}, "Python code"),
    ],
)
def test_other_kinds_of_model_are_refused_by_name(own, values, why):
    changed(own, **values)
    with pytest.raises(BaseModelError, match=why):
        bases.resolve(str(own))


def test_an_adapter_is_no_base(own):
    (own / "adapter_config.json").write_text("{}")
    with pytest.raises(BaseModelError, match="an adapter, not a base"):
        bases.resolve(str(own))


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("config.json", "{", "cannot be read"),
        ("config.json", "[]", "no JSON object"),
        ("config.json", None, "needs config.json"),
        ("model.safetensors", None, "has no model.safetensors"),
    ],
)
def test_a_damaged_folder_is_refused(own, file, content, why):
    (own / file).unlink() if content is None else (own / file).write_text(content)
    with pytest.raises(BaseModelError, match=why):
        bases.resolve(str(own))


def test_weights_that_are_cut_off_are_refused_when_loaded(own):
    weights = own / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BaseModelError, match="not a language model that can be loaded"):
        bases.load_network(bases.resolve(str(own)))


def test_a_tokenizer_that_is_missing_is_refused(own):
    for file in own.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(BaseModelError, match="its tokenizer cannot be loaded"):
        bases.load_tokenizer(bases.resolve(str(own)))


def test_four_bits_need_a_gpu(tiny_causal):
    with pytest.raises(RecipeError, match="CUDA GPU"):
        bases.load_network(bases.resolve(str(tiny_causal)), four_bit=True)


def test_without_a_network_it_is_said_at_once(no_network):
    begin = time.monotonic()
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        bases.resolve("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert time.monotonic() - begin < 5  # the connection itself waits 0.9 s at most
    assert "maths-tiny" in caught.value.hint


def test_what_lies_in_the_hubs_cache_is_used_at_its_pinned_revision(
    tiny_causal, tmp_path, no_network
):
    name = "HuggingFaceTB/SmolLM2-135M-Instruct"
    commit = bases.PINNED[name]
    cache = tmp_path / "cache" / "models--HuggingFaceTB--SmolLM2-135M-Instruct"
    shutil.copytree(tiny_causal, cache / "snapshots" / commit)
    found = bases.resolve(name)
    assert (found.origin, found.name) == ("hub", f"{name}@{commit}")


class Hub(BaseHTTPRequestHandler):
    """The hub's answers for a gated, a private and a pickled model, as huggingface.co gives them."""

    def do_GET(self) -> None:
        gated = "gated" in self.path
        status, code, body = 401, "GatedRepo" if gated else "RepoNotFound", b"{}"
        if "/api/models/" in self.path and ("gated" in self.path or "pickled" in self.path):
            files = ["config.json", "model.safetensors" if gated else "pytorch_model.bin"]
            told: object = {"id": "a/b", "sha": "0" * 40}
            if "/tree/" in self.path:
                told = [{"type": "file", "path": f, "size": 1, "oid": "0" * 40} for f in files]
            status, code, body = 200, "", json.dumps(told).encode()
        self.send_response(status)
        if code:
            self.send_header("x-error-code", code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(monkeypatch, tmp_path) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    yield
    server.shutdown()
    server.server_close()


def test_a_gated_model_tells_how_to_log_in(hub):
    with pytest.raises(ProviderError, match="is gated") as caught:
        bases.resolve("meta/gated-model")
    for way in ("accept the licence on http://", "/meta/gated-model", "hf auth login", "HF_TOKEN"):
        assert way in caught.value.hint


def test_a_name_that_the_hub_does_not_show_is_said(hub):
    with pytest.raises(ProviderError, match="the hub has no nobody/nothing"):
        bases.resolve("nobody/nothing")


def test_a_pickled_model_on_the_hub_is_not_fetched(hub, tmp_path):
    with pytest.raises(BaseModelError, match="pickle"):
        bases.resolve("someone/pickled")
    assert not list((tmp_path / "cache").rglob("*.bin"))
