"""A GGUF file as a network and a tokenizer of transformers, with what its own reader leaves out.

Transformers turns the tensors into weights and the vocabulary into a tokenizer. It passes
over the size of Qwen 3's heads, biases, stretched positions, the stop tokens beside the
end-of-text, and how the tokenizer cuts text under most of llama.cpp's names; for the Llama
and Qwen families this file puts all of that right, or refuses. Other architectures are as
transformers reads them. Nothing here looks at a hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import decoders, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedTokenizerBase,
    modeling_gguf_pytorch_utils,
)
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

from aprendiz.errors import BaseModelError
from aprendiz.neural.causal.gguf import pre_tokenizers as cutting
from aprendiz.neural.causal.gguf.file import GgufFile
from aprendiz.neural.causal.gguf.rope import FREQUENCIES, read_rope
from aprendiz.neural.encoder import quiet_transformers

#: The architectures that are read and written to the last field.
FAMILIES = ("llama", "qwen2", "qwen3")

#: Fields that name a token with which a reply ends.
STOPS = ("eos", "eot", "eom")

_WITH_LLAMA_CPP = "pip install llama-cpp-python, which may know it, or choose another file"

# It draws a bar of its own whatever transformers' progress setting says.
modeling_gguf_pytorch_utils.tqdm = lambda tensors, **_: tensors  # type: ignore[attr-defined]


def read_gguf(path: str | Path) -> tuple[Any, PreTrainedTokenizerBase]:
    """Network (float32, evaluation mode) and tokenizer of a GGUF file.

    The tokenizer has the file's chat template, or none if the file has none.

    Raises:
        BaseModelError: not a GGUF, cut off, of an architecture that transformers does not
            know, or with something in it that would be lost.
    """
    file = GgufFile(Path(path))
    return _network(file), _tokenizer(file)


def read_network(path: str | Path) -> Any:
    """The network alone; see :func:`read_gguf`."""
    return _network(GgufFile(Path(path)))


def read_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer alone; see :func:`read_gguf`."""
    return _tokenizer(GgufFile(Path(path)))


def context_of(path: str | Path) -> int:
    """Most tokens that the model in a GGUF file reads.

    Raises:
        BaseModelError: not a GGUF, cut off, or it does not say.
    """
    file = GgufFile(Path(path))
    length = file.of_architecture("context_length")
    if not length:
        raise BaseModelError(f"{path}: does not state how many tokens its model reads")
    return int(length)


def _network(file: GgufFile) -> Any:
    quiet_transformers()
    try:
        config = _config(file)
        network: Any = AutoModelForCausalLM.from_pretrained(
            file.path.parent,
            gguf_file=file.path.name,
            config=config,
            # Weights as plain numbers: they can be trained on, merged into and saved.
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
            local_files_only=True,
        )
    # Transformers says "not supported" with any of these, depending on where it notices.
    except (ValueError, NotImplementedError, KeyError, OSError, RuntimeError) as error:
        raise _unknown(file, error) from None
    if file.architecture in FAMILIES:
        _refuse_lost_weights(file, network)
    network.generation_config.eos_token_id = stop_tokens(file) or None
    network.generation_config.pad_token_id = file.value("tokenizer.ggml.padding_token_id")
    return network.eval()


def stop_tokens(file: GgufFile) -> list[int]:
    """Numbers of the tokens that end a reply, the end-of-text first."""
    found = (file.value(f"tokenizer.ggml.{each}_token_id") for each in STOPS)
    return list(dict.fromkeys(int(number) for number in found if number is not None))


def _config(file: GgufFile) -> Any:
    config: Any = AutoConfig.from_pretrained(
        file.path.parent, gguf_file=file.path.name, local_files_only=True
    )
    if file.architecture not in FAMILIES:
        return config
    head = file.of_architecture("attention.key_length") or file.of_architecture(
        "rope.dimension_count"
    )
    config.head_dim = int(head or config.hidden_size // config.num_attention_heads)
    config.rope_parameters = read_rope(file, config.head_dim)
    if file.architecture == "llama":
        config.attention_bias = "blk.0.attn_q.bias" in file.shapes
        config.mlp_bias = "blk.0.ffn_gate.bias" in file.shapes
    return config


def _refuse_lost_weights(file: GgufFile, network: Any) -> None:
    """Transformers leaves out, without a word, tensors it has no place for."""
    stored = sum(
        torch.Size(shape).numel() for name, shape in file.shapes.items() if name != FREQUENCIES
    )
    held = sum(weights.numel() for weights in network.parameters())
    if stored != held:
        raise BaseModelError(
            f"{file.path}: holds {stored:,} weights, of which transformers has places for {held:,}",
            _WITH_LLAMA_CPP,
        )


def _tokenizer(file: GgufFile) -> PreTrainedTokenizerBase:
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(
            file.path.parent,
            gguf_file=file.path.name,
            local_files_only=True,
            padding_side="left",
        )
    except (ValueError, NotImplementedError, KeyError, OSError) as error:
        raise _unknown(file, error) from None
    kind = file.value("tokenizer.ggml.model")
    if kind == "gpt2":
        _cut_as_stated(file, tokenizer)
    elif kind == "llama" and file.architecture in FAMILIES:
        _prefix_as_stated(file, tokenizer)
    tokenizer.model_max_length = file.of_architecture("context_length", 0) or int(1e30)
    return tokenizer


def _cut_as_stated(file: GgufFile, tokenizer: Any) -> None:
    name = str(file.value("tokenizer.ggml.pre", "default"))
    known = cutting.named(name)
    if known is not None:
        cutting.fit(tokenizer.backend_tokenizer, known)
    elif name not in GGUF_PRE_TOKENIZER_SPLITS:
        raise BaseModelError(
            f"{file.path}: its tokenizer cuts text in the way llama.cpp calls {name!r}, which "
            "transformers does not know: words and numbers would be read differently",
            _WITH_LLAMA_CPP,
        )


def _prefix_as_stated(file: GgufFile, tokenizer: Any) -> None:
    """A space before the first word after each control token, as llama.cpp does, or nowhere."""
    prefix = bool(file.value("tokenizer.ggml.add_space_prefix", True))
    backend = tokenizer.backend_tokenizer
    backend.normalizer = None
    backend.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement="▁", prepend_scheme="always" if prefix else "never", split=False
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if prefix:
        steps.append(decoders.Strip(content=" ", left=1))
    backend.decoder = decoders.Sequence(steps)


def _unknown(file: GgufFile, error: Exception) -> BaseModelError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return BaseModelError(
        f"{file.path}: a model of architecture {file.architecture!r}, which transformers cannot "
        f"read ({reason})",
        _WITH_LLAMA_CPP,
    )
