"""Small models with random weights that chat in ChatML, for the tests of export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers

from aprendiz.neural.causal.template import CHATML

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXT = [
    "Cuánto es 12 + 35? The answer is 47. La respuesta es 80 × 15 = 1200 euros.",
    "What is 20 % of 360? Resuelve x + 3 = 9, reparte caramelos entre niños.",
    "user system assistant Answer: 12 Respuesta: 12 first second third sentence",
]


def digit_tokenizer(text: list[str] = TEXT, size: int = 330) -> Any:
    """Byte pairs, each digit alone, ChatML: what llama.cpp calls `smollm`."""
    pairs = tokenizers.Tokenizer(tokenizers.models.BPE())
    pairs.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    pairs.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIAL,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pairs.train_from_iterator(text * 3, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pairs,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
    )
    tokenizer.chat_template = CHATML
    return tokenizer


SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    # Large enough that the most probable token is not nearly a tie.
    "initializer_range": 0.3,
}


def network(kind: str, tokenizer: Any, **more: Any) -> Any:
    """A network of a kind with random weights, biases too."""
    classes = {
        "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
        "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
        "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
        "gpt2": (transformers.GPT2Config, transformers.GPT2LMHeadModel),
    }
    config_class, network_class = classes[kind]
    torch.manual_seed(7)
    config = config_class(
        **{
            **SIZES,
            "vocab_size": len(tokenizer),
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            **more,
        }
    )
    made = network_class(config).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if name.endswith(".bias") or "norm" in name:
                weight.add_(torch.randn_like(weight) * 0.3)
    return made


def save(made: Any, tokenizer: Any, folder: Path) -> Path:
    """A folder as `from_pretrained` takes it, with a card that states a licence."""
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A tiny base\n")
    return folder


def adapter(base: Path, folder: Path) -> Path:
    """A plain PEFT adapter with random weights on a base folder."""
    import peft

    made = transformers.AutoModelForCausalLM.from_pretrained(base)
    torch.manual_seed(8)
    adapted = peft.get_peft_model(
        made, peft.LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                weight.copy_(torch.randn_like(weight) * 0.2)
    adapted.save_pretrained(folder)
    return folder
