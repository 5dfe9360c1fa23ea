"""Where adapters go, whether rows may be shared, and the file that names the base."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from aprendiz.errors import BaseModelError, ModelFolderError, RecipeError
from aprendiz.neural.causal import adapter, adapting, base, linear_layers, packing
from aprendiz.neural.causal.adapting import Adapters
from aprendiz.neural.causal.assistant_file import AssistantFile

ADAPTERS = Adapters(rank=4, alpha=8, dropout=0.0, variant="lora", seed=1)
LLAMA = ("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj")


def tiny(tied: bool) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
            num_attention_heads=2, tie_word_embeddings=tied,
        )
    )  # fmt: skip


@pytest.mark.parametrize("tied", [True, False])
def test_every_linear_layer_but_the_head_is_a_target(tied):
    assert linear_layers.find_linear_layers(tiny(tied)) == LLAMA


def test_layers_of_another_architecture_are_found_without_a_list():
    config = GPT2Config(vocab_size=40, n_embd=16, n_layer=1, n_head=2, n_positions=32)
    assert linear_layers.find_linear_layers(GPT2LMHeadModel(config)) == ("c_attn", "c_fc", "c_proj")


def test_a_name_that_the_head_shares_is_written_out():
    network = tiny(tied=False)
    network.model.layers[0].mlp.lm_head = torch.nn.Linear(2, 2)
    found = linear_layers.find_linear_layers(network)
    assert "model.layers.0.mlp.lm_head" in found
    assert "lm_head" not in found


def test_the_head_is_never_adapted_and_the_base_is_frozen(tiny_causal):
    network, _ = adapting.load(
        base.resolve(str(tiny_causal)), ADAPTERS, precision="fp32", four_bit=False
    )
    names = [name for name, each in network.named_parameters() if each.requires_grad]
    assert names
    assert all("lora_" in name and "lm_head" not in name for name in names)
    total, trained = linear_layers.count_parameters(network)
    assert trained == sum(each.numel() for each in network.parameters() if each.requires_grad)
    assert 0 < trained < total
    assert linear_layers.adapted(network) == list(LLAMA)


def test_variants_are_what_their_names_say(tiny_causal):
    found = base.resolve(str(tiny_causal))
    for variant in ("lora", "rslora", "dora"):
        network, _ = adapting.sketch(found, replace(ADAPTERS, variant=variant), precision="fp32")
        names = [name for name, _ in network.named_parameters()]
        assert any("magnitude" in name for name in names) == (variant == "dora")
        layer = network.get_base_model().model.layers[0].mlp.up_proj
        assert layer.scaling["default"] == (4.0 if variant == "rslora" else 2.0)


def test_four_bits_without_a_gpu_are_refused_in_words(tiny_causal):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RecipeError, match="CUDA GPU and the library bitsandbytes"):
        adapting.load(base.resolve(str(tiny_causal)), ADAPTERS, precision="auto", four_bit=True)


def test_packing_is_judged_by_what_the_network_does():
    network = tiny(tied=True).eval()
    assert packing.keeps_apart(network)
    packed, why = packing.decide("auto", network, "cpu")
    assert not packed
    assert "sdpa" in why
    assert packing.decide(True, network, "cpu")[0]
    assert packing.decide(False, network, "cpu") == (False, "the recipe says so")


def test_a_network_that_looks_across_borders_is_caught():
    config = GPT2Config(vocab_size=40, n_embd=16, n_layer=1, n_head=2, n_positions=32)
    network = GPT2LMHeadModel(config).eval()
    blocks = network.transformer
    read = blocks.forward
    # With a mask over the whole row, transformers no longer finds the borders.
    blocks.forward = lambda input_ids, **how: read(
        input_ids=input_ids, **how | {"attention_mask": torch.ones_like(input_ids)}
    )
    assert not packing.keeps_apart(network)
    assert not packing.decide("auto", network, "cpu")[0]
    with pytest.raises(RecipeError, match="across the borders"):
        packing.decide(True, network, "cpu")


def test_an_adapter_folder_loads_with_peft_and_names_its_base(tiny_causal, tmp_path):
    from peft import PeftModel

    found = base.resolve(str(tiny_causal))
    network, _ = adapting.load(found, ADAPTERS, precision="fp32", four_bit=False)
    with torch.no_grad():
        for name, each in network.named_parameters():
            if "lora_B" in name:
                each.normal_(generator=torch.Generator().manual_seed(3))
    adapter.write(network, base.load_tokenizer(found), found, 256, tmp_path)
    again = PeftModel.from_pretrained(base.load_network(found), str(tmp_path))
    row = torch.arange(12)[None]
    torch.testing.assert_close(again(row).logits, network.eval()(row).logits)
    told = AssistantFile.read(tmp_path)
    assert told == AssistantFile(str(tiny_causal), found.sha256, 256)
    stated = json.loads((tmp_path / "adapter_config.json").read_text())
    assert stated["base_model_name_or_path"] == str(tiny_causal)
    assert stated["target_modules"] == list(LLAMA)
    assert not (tmp_path / "model.safetensors").exists()


def test_another_base_under_the_same_name_is_refused(tiny_causal):
    found = base.resolve(str(tiny_causal))
    AssistantFile("tiny", found.sha256, 256).refuse_another(found)
    with pytest.raises(BaseModelError, match="SHA-256"):
        AssistantFile("tiny", "0" * 64, 256).refuse_another(found)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"base_model": "x"}'])
def test_a_missing_or_damaged_assistant_file_is_said(content, tmp_path):
    if content is not None:
        (tmp_path / "assistant.json").write_text(content)
    with pytest.raises(ModelFolderError, match=r"assistant\.json"):
        AssistantFile.read(tmp_path)
