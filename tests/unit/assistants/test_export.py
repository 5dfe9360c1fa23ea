"""An export is kept if the copy says the same, and leaves nothing behind if it does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("peft")
pytest.importorskip("gguf")

from aprendiz.assistants.export import export
from aprendiz.assistants.export_prompts import built_in, read_prompts
from aprendiz.assistants.gguf import load_model_from_gguf
from aprendiz.assistants.load import load_chat_model
from aprendiz.assistants.parity import compare
from aprendiz.cli.main import app
from aprendiz.data.chat.records import Message
from aprendiz.errors import AprendizError, DataError, ExportError, ModelFolderError
from aprendiz.interfaces import Reply, Sampling
from aprendiz.neural.causal.gguf.file import GgufFile
from tests.unit.neural.gguf import models

ASKED = ["What is 12 + 35?", "¿Cuánto es 80 × 15?", "Resuelve x + 3 = 9."]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tokenizer = models.digit_tokenizer()
    base = models.save(models.network("llama", tokenizer), tokenizer, folder / "base")
    return models.adapter(base, folder / "sums")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.txt"
    file.write_text("\n".join(ASKED), encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def _short_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The full length is for tests/slow; what happens to a difference does not depend on it."""
    monkeypatch.setattr("aprendiz.assistants.parity.LONGEST_REPLY", 24)


def said(model: Any) -> list[str]:
    asked = [[Message("user", text)] for text in ASKED]
    return [reply.text for reply in model.replies(asked, Sampling(max_tokens=24))]


def test_a_gguf_of_an_adapter_says_the_same(adapter: Path, prompts: Path, tmp_path: Path) -> None:
    done = export(adapter, "gguf", tmp_path / "out", dtype="f32", prompts=prompts)
    assert done.parity.agreement == 1.0
    assert {file.name for file in done.place.iterdir()} == {
        "sums.gguf",
        "Modelfile",
        "README.md",
        "export.json",
    }
    copy = load_model_from_gguf(done.place / "sums.gguf", engine="transformers")
    assert said(copy) == said(load_chat_model(adapter, device="cpu"))
    file = GgufFile(done.place / "sums.gguf")
    assert file.value("general.license") == "mit"
    assert json.loads((done.place / "export.json").read_text())["identical"] == len(ASKED)


def test_hugging_face_files_of_an_adapter_say_the_same(
    adapter: Path, prompts: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    done = export(adapter, "hf", tmp_path / "out", prompts=prompts)
    assert said(load_chat_model(done.place, device="cpu")) == said(
        load_chat_model(adapter, device="cpu")
    )
    network = AutoModelForCausalLM.from_pretrained(done.place)
    tokenizer = AutoTokenizer.from_pretrained(done.place)
    assert not any("lora" in name for name, _ in network.named_parameters())
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": ASKED[0]}], add_generation_prompt=True, return_tensors="pt"
    )
    drawn = network.generate(**prompt, max_new_tokens=24, do_sample=False)
    text = tokenizer.decode(drawn[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert text == said(load_chat_model(adapter, device="cpu"))[0]
    card = (done.place / "README.md").read_text()
    assert "license: mit" in card
    assert "AutoModelForCausalLM.from_pretrained" in card


def test_a_copy_that_says_something_else_leaves_nothing(
    adapter: Path, prompts: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"of 3 prompts.*99\.0%.*\n.*token \d+") as caught:
        export(adapter, "gguf", tmp_path / "out", dtype="q8_0", prompts=prompts)
    assert "--dtype f32" in caught.value.hint
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    done = export(adapter, "gguf", tmp_path / "out", dtype="q8_0", prompts=prompts, agreement=0.0)
    assert done.parity.agreement < 0.99
    assert done.required == 0.0


def test_the_least_agreement_is_a_setting(
    adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompts: Path
) -> None:
    monkeypatch.setenv("APRENDIZ_EXPORT_AGREEMENT", "0.25")
    assert export(adapter, "hf", tmp_path / "out", prompts=prompts).required == 0.25


def test_one_file_with_a_modelfile_beside_it(adapter: Path, prompts: Path, tmp_path: Path) -> None:
    done = export(adapter, "gguf", tmp_path / "x" / "mine.gguf", dtype="f32", prompts=prompts)
    assert done.place == tmp_path / "x" / "mine.gguf"
    assert {file.name for file in done.place.parent.iterdir()} == {"mine.gguf", "Modelfile"}
    ollama = (done.place.parent / "Modelfile").read_text()
    assert re.search(r"^FROM \./mine\.gguf$", ollama, re.MULTILINE)
    assert re.search(r'^PARAMETER stop "<\|im_end\|>"$', ollama, re.MULTILINE)
    assert re.search(r"^PARAMETER num_ctx 512$", ollama, re.MULTILINE)
    assert "<|im_start|>{{ .Role }}" in ollama


def test_what_stands_in_the_way_is_kept_and_an_earlier_export_replaced(
    adapter: Path, prompts: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="in the way"):
        export(adapter, "hf", mine, prompts=prompts)
    assert (mine / "notes.txt").read_text() == "mine"
    first = export(adapter, "hf", tmp_path / "out", prompts=prompts)
    (first.place / "left.txt").write_text("of the first")
    export(adapter, "gguf", tmp_path / "out", dtype="f32", prompts=prompts)
    assert not (tmp_path / "out" / "left.txt").exists()
    assert not list(tmp_path.glob(".out*"))


def test_a_gguf_is_a_model_to_export(adapter: Path, prompts: Path, tmp_path: Path) -> None:
    file = export(adapter, "gguf", tmp_path / "a.gguf", dtype="f32", prompts=prompts).place
    back = export(file, "hf", tmp_path / "back", prompts=prompts)
    assert said(load_chat_model(back.place, device="cpu")) == said(
        load_chat_model(adapter, device="cpu")
    )


@pytest.mark.parametrize(
    ("to", "more", "words"),
    [
        ("zip", {}, "--to zip"),
        ("hf", {"dtype": "q8_0"}, "--dtype q8_0"),
        ("hf", {"out": "x.gguf"}, "not a .gguf file"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    to: str, more: dict[str, Any], words: str, adapter: Path
) -> None:
    with pytest.raises(ExportError, match=re.escape(words)):
        export(adapter, to, **more)


def test_what_is_no_chat_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="no such"):
        export(tmp_path / "nothing", "gguf")


def test_the_command_answers_in_json(adapter: Path, prompts: Path, tmp_path: Path) -> None:
    asked = ["export", str(adapter), "--to", "hf", "--out", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(app, [*asked, "--prompts", str(prompts)])
    told = json.loads(result.stdout)
    assert (told["to"], told["prompts"], told["agreement"]) == ("hf", len(ASKED), 1.0)
    assert told["place"] == str(tmp_path / "out")


def test_errors_are_of_our_family_with_exit_code_2(adapter: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(adapter), "--to", "nothing"])
    assert isinstance(result.exception, AprendizError)
    assert result.exception.exit_code == 2


def test_prompts_are_conversations_or_lines(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    talk = {
        "messages": [
            {"role": "system", "content": "brief"},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "left out"},
        ]
    }
    file.write_text(json.dumps(talk) + "\n\nplain question\n", encoding="utf-8")
    assert read_prompts(file) == [
        (Message("system", "brief"), Message("user", "hi")),
        (Message("user", "plain question"),),
    ]
    file.write_text('{"messages": 3}\n')
    with pytest.raises(DataError, match=r"p\.jsonl:1: not a conversation"):
        read_prompts(file)
    file.write_text("\n")
    with pytest.raises(DataError, match="nothing to ask"):
        read_prompts(file)


def test_the_built_in_prompts_are_a_hundred_different_ones() -> None:
    assert len(set(built_in())) == 100
    assert built_in() == built_in()


def test_every_kind_of_difference_counts() -> None:
    prompts = [(Message("user", f"q{number}"),) for number in range(5)]
    same = Reply("a b c", 3, 4, "stop")
    ours = [same] * 5
    copy = [
        same,
        Reply("a x c", 3, 4, "stop"),
        Reply("a b c d", 3, 5, "stop"),
        Reply("a b c", 4, 4, "stop"),
        Reply("a b c", 3, 4, "length"),
    ]
    parity = compare(prompts, ours, copy, str.split)
    assert (parity.identical, parity.agreement) == (1, 0.2)
    told = [(each.prompt, each.token, each.expected, each.found) for each in parity.differences]
    assert told == [
        ("q1", 1, "b", "x"),
        ("q2", 3, "", "d"),
        ("q3", None, "", ""),
        ("q4", None, "", ""),
    ]
    assert "4 tokens, not 3" in parity.differences[2].why
