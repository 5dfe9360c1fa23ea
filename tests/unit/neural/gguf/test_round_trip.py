"""What is written is what is read: the same numbers, the same tokens, the same stops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.errors import ExportError
from aprendiz.neural.causal.gguf.file import GgufFile
from aprendiz.neural.causal.gguf.read import read_gguf, read_tokenizer, stop_tokens
from aprendiz.neural.causal.gguf.write import About, plain_template, write_gguf
from tests.unit.neural.gguf import models

TALK = [{"role": "user", "content": "¿Cuánto es 12 + 35? " * 8}]
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 128,
}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "output tied to the embedding": ("llama", {"tie_word_embeddings": True}),
    "output of its own": ("llama", {"tie_word_embeddings": False}),
    "heads of another size": ("llama", {"head_dim": 24}),
    "biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "positions of Llama 3": ("llama", {"rope_parameters": LLAMA3}),
    "positions of YaRN": ("llama", {"rope_parameters": YARN}),
    "positions stretched": (
        "llama",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 4.0}},
    ),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {"head_dim": 24, "tie_word_embeddings": True}),
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return models.digit_tokenizer()


def logits(network: Any, tokenizer: Any) -> torch.Tensor:
    numbers = tokenizer.apply_chat_template(TALK, add_generation_prompt=True, return_dict=False)
    with torch.inference_mode():
        return network(torch.tensor([numbers])).logits


@pytest.mark.parametrize("name", KINDS)
def test_the_network_computes_the_same(name: str, tokenizer: Any, tmp_path: Path) -> None:
    kind, more = KINDS[name]
    network = models.network(kind, tokenizer, **more)
    write_gguf(network, tokenizer, tmp_path / "a.gguf", dtype="f32")
    back, its_tokenizer = read_gguf(tmp_path / "a.gguf")
    assert torch.equal(logits(back, its_tokenizer), logits(network, tokenizer))
    assert {path.name for path in tmp_path.iterdir()} == {"a.gguf"}


# Half a step of each form, as a share of the greatest number of a matrix. In 8 bits a block has
# 127 steps either way, and the size of a step is itself rounded to f16.
@pytest.mark.parametrize(
    ("dtype", "bits", "step"),
    [("f16", 16, 2**-11), ("bf16", 16, 2**-8), ("q8_0", 8.5, 1 / 254 + 2**-11)],
)
def test_fewer_bits_are_smaller_and_near(
    dtype: str, bits: float, step: float, tokenizer: Any, tmp_path: Path
) -> None:
    network = models.network("llama", tokenizer)
    write_gguf(network, tokenizer, tmp_path / "full.gguf", dtype="f32")
    write_gguf(network, tokenizer, tmp_path / "less.gguf", dtype=dtype)
    weights = sum(weight.numel() for weight in network.parameters())
    saved = (tmp_path / "full.gguf").stat().st_size - (tmp_path / "less.gguf").stat().st_size
    assert saved == pytest.approx(weights * (32 - bits) / 8, rel=0.02)
    back = dict(read_gguf(tmp_path / "less.gguf")[0].named_parameters())
    for name, weight in network.named_parameters():
        off = (back[name] - weight).abs().max()
        if weight.ndim == 1:
            assert off == 0
        else:
            assert 0 < off <= step * weight.abs().max()


def test_a_network_that_was_read_can_be_trained_and_saved(tokenizer: Any, tmp_path: Path) -> None:
    write_gguf(models.network("qwen3", tokenizer, head_dim=24), tokenizer, tmp_path / "a.gguf")
    back, _ = read_gguf(tmp_path / "a.gguf")
    loss = back(torch.tensor([[5, 6, 7]]), labels=torch.tensor([[5, 6, 7]])).loss
    loss.backward()
    assert back.get_input_embeddings().weight.grad.abs().sum() > 0
    back.save_pretrained(tmp_path / "hf")
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "hf")
    assert torch.equal(logits(again, tokenizer), logits(back, tokenizer))


def test_template_stops_and_origin_go_along(tokenizer: Any, tmp_path: Path) -> None:
    network = models.network("llama", tokenizer)
    network.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    write_gguf(
        network, tokenizer, tmp_path / "a.gguf", about=About("tiny", "apache-2.0", "its base")
    )
    file = GgufFile(tmp_path / "a.gguf")
    assert file.value("general.name") == "tiny"
    assert file.value("general.license") == "apache-2.0"
    assert file.value("general.base_model.0.name") == "its base"
    assert file.value("tokenizer.ggml.pre") == "smollm"
    assert "generation" not in file.value("tokenizer.chat_template").replace(
        "add_generation_prompt", ""
    )
    assert stop_tokens(file) == [tokenizer.eos_token_id, tokenizer.pad_token_id]
    back, its_tokenizer = read_gguf(tmp_path / "a.gguf")
    assert set(back.generation_config.eos_token_id) == set(stop_tokens(file))
    talk = [*TALK, {"role": "assistant", "content": "47"}, *TALK]
    assert its_tokenizer.apply_chat_template(talk, tokenize=False) == tokenizer.apply_chat_template(
        talk, tokenize=False
    )
    assert its_tokenizer.special_tokens_map == tokenizer.special_tokens_map


@pytest.mark.parametrize(
    "marks",
    [
        ("{% generation %}", "{% endgeneration %}"),
        ("{%- generation -%}", "{%- endgeneration -%}"),
        ("{%-generation %}\n", "{% endgeneration-%}"),
    ],
)
def test_without_its_marks_a_template_renders_the_same(marks: tuple[str, str]) -> None:
    tokenizer = models.digit_tokenizer(["a b"], 270)
    template = f"a \n{marks[0]}  {{{{ messages[0].content }}}} \n{marks[1]} \n z"
    tokenizer.chat_template = template
    before = tokenizer.apply_chat_template(TALK, tokenize=False)
    tokenizer.chat_template = plain_template(template)
    assert "generation" not in tokenizer.chat_template
    assert tokenizer.apply_chat_template(TALK, tokenize=False) == before


ROUND: dict[str, Any] = {}


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=60)
    | st.from_regex(r"[ \n0-9a-zñ.=×²']{0,40}")
)
def test_any_text_gives_the_same_tokens(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    if not ROUND:
        ours = models.digit_tokenizer()
        path = tmp_path_factory.mktemp("round") / "a.gguf"
        write_gguf(models.network("llama", ours), ours, path)
        ROUND.update(ours=ours, theirs=read_tokenizer(path))
    numbers = ROUND["ours"].encode(text)
    assert ROUND["theirs"].encode(text) == numbers
    assert ROUND["theirs"].decode(numbers) == ROUND["ours"].decode(numbers)


def sentence_pieces(scheme: str) -> Any:
    """A vocabulary as SentencePiece makes it: marks for spaces, bytes to fall back on."""
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=120, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False
    )
    pairs = tokenizers.Tokenizer(tokenizers.models.BPE())
    pairs.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    pairs.train_from_iterator(models.TEXT * 3, trainer)
    learnt = pairs.get_vocab()
    merges = [tuple(each) for each in json.loads(pairs.to_str())["model"]["merges"]]
    vocabulary = dict(sorted(learnt.items(), key=lambda item: item[1]))
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    tokenizer = transformers.LlamaTokenizer(vocab=vocabulary, merges=merges)
    tokenizer.backend_tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(
        prepend_scheme=scheme, split=False
    )
    tokenizer.pad_token = "</s>"
    tokenizer.chat_template = (
        "{{ bos_token }}{% for message in messages %}[{{ message['content'] }}]{% endfor %}"
    )
    return tokenizer


@pytest.mark.parametrize("scheme", ["always", "first", "never"])
def test_sentence_pieces_come_back_the_same(scheme: str, tmp_path: Path) -> None:
    ours = sentence_pieces(scheme)
    write_gguf(models.network("llama", ours), ours, tmp_path / "a.gguf")
    theirs = read_tokenizer(tmp_path / "a.gguf")
    for text in [*models.TEXT, "ñandú 🦙\n\ttab", "   spaces  inside ", ""]:
        talk = [{"role": "user", "content": text}]
        assert theirs.apply_chat_template(talk, return_dict=False) == ours.apply_chat_template(
            talk, return_dict=False
        )


def test_kinds_that_a_gguf_cannot_say_are_refused(tokenizer: Any, tmp_path: Path) -> None:
    goal = tmp_path / "a.gguf"
    with pytest.raises(ExportError, match="'gpt2' cannot be written"):
        write_gguf(models.network("gpt2", tokenizer), tokenizer, goal)
    sliding = models.network(
        "qwen2", tokenizer, use_sliding_window=True, sliding_window=4, max_window_layers=0
    )
    with pytest.raises(ExportError, match="sliding window"):
        write_gguf(sliding, tokenizer, goal)
    with pytest.raises(ExportError, match="'dynamic'"):
        dynamic = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}
        write_gguf(models.network("llama", tokenizer, rope_parameters=dynamic), tokenizer, goal)
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_llama_cpp_has_no_name_for_is_refused(tmp_path: Path) -> None:
    odd = models.digit_tokenizer()
    odd.backend_tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Punctuation(),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    with pytest.raises(ExportError, match=r"no name for.*smollm"):
        write_gguf(models.network("llama", odd), odd, tmp_path / "a.gguf")
    assert list(tmp_path.iterdir()) == []


def test_a_weight_too_large_for_f16_is_named(tokenizer: Any, tmp_path: Path) -> None:
    network = models.network("llama", tokenizer)
    with torch.no_grad():
        network.model.layers[1].mlp.up_proj.weight[0, 0] = 1e6
    with pytest.raises(ExportError, match=r"blk\.1\.ffn_up\.weight.*f16"):
        write_gguf(network, tokenizer, tmp_path / "a.gguf", dtype="f16")
    assert list(tmp_path.iterdir()) == []
    write_gguf(network, tokenizer, tmp_path / "a.gguf", dtype="bf16")
