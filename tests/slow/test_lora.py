"""``lora`` trained for real on a tiny model: what is learnt, how it stops, how it goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from aprendiz.data.chat.dataset import ChatDataset
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.errors import DataError
from aprendiz.interfaces import Silence, Workspace
from aprendiz.methods.lora.recipe import LoraRecipe
from aprendiz.methods.lora.train import train
from aprendiz.tracking.memory import MemoryRun
from tests.unit.methods.lora.conftest import MASKS_THE_END, say


def additions(count: int, start: int = 0) -> tuple[Conversation, ...]:
    return tuple(
        say(f"{n} + 3?", f"{n} + 3 = {n + 3}", line=n + 1) for n in range(start, start + count)
    )


DATA = ChatDataset(additions(24), validation=additions(6, start=24))


@dataclass
class Heard(Silence):
    said: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def quick(tiny_causal: Path):
    def recipe(**changes: object) -> LoraRecipe:
        values: dict = {
            "base_model": str(tiny_causal),
            "rank": 4,
            "epochs": 3,
            "batch_size": 8,
            "learning_rate": 0.01,
            "dropout": 0.1,
        }
        return LoraRecipe.model_validate(values | changes)

    return recipe


@pytest.fixture
def learn(tmp_path: Path):
    """Train into a folder by name; gives what was said of it, its diary and its adapter."""

    def run(recipe: LoraRecipe, name: str = "a", data: ChatDataset = DATA, resume: bool = False):
        place = tmp_path / name
        for part in ("files", "checkpoints"):
            (place / part).mkdir(parents=True, exist_ok=True)
        diary, heard = MemoryRun(), Heard()
        told = train(
            data, recipe, Workspace(place / "files", place / "checkpoints", resume, diary, heard)
        )
        return told.facts, diary.history, load_file(place / "files" / "adapter_model.safetensors")

    return run


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_it_learns_and_tells_what_it_did(quick, learn, tiny_causal):
    facts, history, adapter = learn(quick(epochs=8))
    losses = [entry["loss"] for entry in history if "loss" in entry]
    assert losses[-1] < 0.95 * losses[0]
    assert facts["loss"] == losses[-1]
    assert facts["eval_loss"] == min(e["eval_loss"] for e in history if "eval_loss" in e)
    assert facts["trainable_parameters"] == sum(each.numel() for each in adapter.values())
    assert facts["base_model_sha256"]
    assert "lm_head" not in facts["targets"]
    assert facts["steps"] == 8 * 3
    assert facts["peak_memory_bytes"] > 0
    assert 0.5 < facts["estimated_memory_bytes"] / facts["peak_memory_bytes"] < 3
    assert any(entry.get("tokens_per_second", 0) > 0 for entry in history)
    assert any("learning_rate" in entry for entry in history)


def test_gradients_do_not_depend_on_how_a_step_is_cut_up(quick, learn, monkeypatch):
    from aprendiz.neural.causal import footprint

    recipe = quick(dropout=0.0, epochs=2)
    _, _, whole = learn(recipe, "whole")
    fit = footprint.fit
    monkeypatch.setattr(
        footprint, "fit", lambda *given, rows_at_once=None: fit(*given, rows_at_once=2)
    )
    facts, _, parts = learn(recipe, "parts")
    assert facts["rows_at_once"] == 2
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name], atol=2e-4, rtol=2e-2)


def test_packed_rows_teach_the_same_as_single_ones(quick, learn):
    # One step over all rows: the mean over their trained tokens, however they are laid out.
    recipe = quick(dropout=0.0, epochs=1, batch_size=24, max_length=512, early_stopping=0)
    data = ChatDataset(DATA.train)
    facts, single, _ = learn(recipe, "single", data)
    assert facts["packing"] is False
    packed_facts, packed, _ = learn(recipe.model_copy(update={"packing": True}), "packed", data)
    assert packed_facts["packing"] is True
    first = [next(e["loss"] for e in diary if "loss" in e) for diary in (single, packed)]
    # Not all rows need to fit into the first step's packed rows, so the means are near, not equal.
    assert first[1] == pytest.approx(first[0], rel=0.02)


def test_checkpointing_changes_memory_and_not_the_result(quick, learn, monkeypatch):
    from dataclasses import replace

    from aprendiz.neural.causal import footprint

    recipe = quick(dropout=0.0, epochs=1)
    _, _, plain = learn(recipe, "plain")
    fit = footprint.fit
    monkeypatch.setattr(
        footprint, "fit", lambda *given, **how: replace(fit(*given, **how), checkpointing=True)
    )
    _, _, again = learn(recipe, "again")
    for name in plain:
        torch.testing.assert_close(again[name], plain[name], atol=1e-5, rtol=1e-3)


def test_early_stopping_keeps_the_best_adapter(quick, learn):
    facts, history, adapter = learn(quick(epochs=12, learning_rate=1.0, early_stopping=2))
    losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    assert len(losses) < 12
    assert facts["eval_loss"] == min(losses)
    assert all(torch.isfinite(each).all() for each in adapter.values())


def test_going_on_from_the_end_gives_the_same_files(quick, learn):
    facts, _, adapter = learn(quick())
    again, _, same_adapter = learn(quick(), resume=True)
    assert same(adapter, same_adapter)
    assert again["loss"] == facts["loss"]
    assert again["eval_loss"] == facts["eval_loss"]


def test_a_masked_end_is_refused_before_anything_is_loaded(quick, learn, tiny_causal, tmp_path):
    from shutil import copytree

    folder = copytree(tiny_causal, tmp_path / "masked")
    (folder / "chat_template.jinja").write_text(MASKS_THE_END)
    with pytest.raises(DataError, match=r"chats\.jsonl:1: .*never learn to stop"):
        learn(quick(base_model=str(folder)))


def test_a_message_of_weight_0_leaves_the_adapter_as_if_unsaid(quick, learn):
    turns = [say(f"{n}?", "yes", f"{n}!", f"{n}", line=n + 1, weights=(0, 1)) for n in range(8)]
    other = [say(f"{n}?", "yes", f"{n}!", f"{n}", line=n + 1) for n in range(8)]
    recipe = quick(dropout=0.0, epochs=1)
    _, _, without = learn(recipe, "without", ChatDataset(tuple(turns)))
    _, _, with_it = learn(recipe, "with", ChatDataset(tuple(other)))
    assert not same(without, with_it)


@pytest.mark.parametrize("variant", ["rslora", "dora"])
def test_variants_train(variant, quick, learn):
    facts, _, adapter = learn(quick(variant=variant, epochs=1))
    assert facts["steps"] == 3
    assert any("magnitude" in name for name in adapter) == (variant == "dora")


def test_no_socket_is_opened(quick, learn, monkeypatch):
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a training reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    learn(quick(epochs=1))


def test_the_adapter_is_read_by_peft_alone(quick, learn, tiny_causal, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    learn(quick(epochs=1))
    network = AutoModelForCausalLM.from_pretrained(tiny_causal)
    adapted = PeftModel.from_pretrained(network, str(tmp_path / "a" / "files"))
    row = torch.arange(5, 20)[None]
    with adapted.disable_adapter():
        plain = adapted(row).logits
    assert not torch.allclose(adapted(row).logits, plain)
    told = json.loads((tmp_path / "a" / "files" / "assistant.json").read_text())
    assert told["context"] == 512


def test_roles_are_the_users_own(quick, learn):
    rows = tuple(
        Conversation(
            (Message("system", "be brief"), Message("user", f"{n}?"), Message("assistant", "ok")),
            "f.jsonl",
            n + 1,
        )
        for n in range(4)
    )
    facts, _, _ = learn(quick(epochs=1, batch_size="auto"), data=ChatDataset(rows))
    assert facts["rows_at_once"] == 4
