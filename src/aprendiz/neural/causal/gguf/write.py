"""A network of the Llama or Qwen family, with its tokenizer, as one GGUF file for llama.cpp.

The counterpart of ``read.py``: what is written here is read back the same. The file is
written beside its goal and takes its name when it is whole. Whether the copy still gives the
same answers is for the parity gate in ``assistants/export.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from gguf import (
    GGML_QUANT_VERSION,
    MODEL_ARCH,
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
    get_tensor_name_map,
)
from gguf.quants import quant_shape_to_byte_shape, quantize
from transformers import PreTrainedTokenizerBase

from aprendiz.errors import ExportError
from aprendiz.neural.causal.gguf.rope import write_rope
from aprendiz.neural.causal.gguf.vocabulary import write_special_tokens, write_vocabulary
from aprendiz.neural.causal.template import end_of_turn
from aprendiz.neural.causal.torch_chat import context_of, end_tokens

Dtype = Literal["f32", "f16", "bf16", "q8_0"]

#: How each kind of file stores its matrices; vectors are always float32.
DTYPES: dict[str, tuple[GGMLQuantizationType, LlamaFileType]] = {
    "f32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "bf16": (GGMLQuantizationType.BF16, LlamaFileType.MOSTLY_BF16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}
_BLOCK = 32  # numbers that share a scale in q8_0

ARCHITECTURES = {
    "llama": MODEL_ARCH.LLAMA,
    "qwen2": MODEL_ARCH.QWEN2,
    "qwen3": MODEL_ARCH.QWEN3,
}

_GENERATION = re.compile(r"(\{%[-+]?\s*)(end)?generation(\s*[-+]?%\})")


@dataclass(frozen=True, slots=True)
class About:
    """What the file says of its model besides the network.

    Attributes:
        name: what to call it.
        license: SPDX name in lower case, as on the hub; empty when unknown.
        base_model: what it was tuned from; empty when nothing.
    """

    name: str
    license: str = ""
    base_model: str = ""


def write_gguf(
    network: Any,
    tokenizer: PreTrainedTokenizerBase,
    path: str | Path,
    *,
    dtype: str = "f16",
    about: About | None = None,
) -> None:
    """Write a network and its tokenizer as a GGUF file.

    Args:
        network: a causal network of the Llama, Qwen 2 or Qwen 3 kind, adapters merged.
        tokenizer: its tokenizer; the chat template goes along without generation marks.
        path: the file to make; one that is there is replaced when the new one is whole.
        dtype: how matrices are stored: ``f32``, ``f16``, ``bf16``, or ``q8_0`` in 8 bits.
        about: name and origin; the file's name if not given.

    Raises:
        ExportError: another kind of network or tokenizer, or something in either that a
            GGUF cannot say.
    """
    goal = Path(path)
    if dtype not in DTYPES:
        raise ExportError(f"dtype {dtype!r}: not one of {', '.join(DTYPES)}")
    architecture = _architecture(network.config)
    partial = goal.with_name(f".{goal.name}.partial")
    writer = GGUFWriter(partial, network.config.model_type)
    try:
        _write_about(writer, about or About(goal.stem), dtype)
        extra = _write_sizes(writer, network)
        write_vocabulary(writer, tokenizer, network.get_input_embeddings().weight.shape[0])
        write_special_tokens(writer, tokenizer, stops(network, tokenizer))
        if tokenizer.chat_template:
            writer.add_chat_template(plain_template(str(tokenizer.get_chat_template())))
        _write_tensors(writer, [*_weights(network, architecture), *extra.items()], dtype)
        writer.close()
        partial.replace(goal)
    finally:
        writer.close()
        partial.unlink(missing_ok=True)


def plain_template(template: str) -> str:
    """A chat template that renders the same without the marks that only training reads.

    llama.cpp does not know ``{% generation %}``. A condition that always holds takes its
    place, so that what the marks did to the white space around them stays.
    """
    return _GENERATION.sub(
        lambda found: f"{found[1]}{'endif' if found[2] else 'if true'}{found[3]}", template
    )


def stops(network: Any, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Tokens that end a reply: the end-of-text, then the end of a turn, then any others.

    llama.cpp adds those that it knows by name (``<|endoftext|>``, ``<|im_end|>`` …) whatever
    the file says; a model that goes on after one of them is found out by the parity gate.
    """
    ends = end_tokens(network, tokenizer)
    preferred = [tokenizer.eos_token_id, end_of_turn(tokenizer)]
    first = [int(number) for number in preferred if number in ends]
    return list(dict.fromkeys([*first, *sorted(ends)]))


def _architecture(config: Any) -> MODEL_ARCH:
    kind = config.model_type
    if kind not in ARCHITECTURES:
        raise ExportError(
            f"a network of the kind {kind!r} cannot be written as a GGUF; "
            f"{', '.join(ARCHITECTURES)} can",
            "export it with --to hf and use llama.cpp's own converter",
        )
    sliding = "sliding_attention" in (getattr(config, "layer_types", None) or ())
    if sliding or config.hidden_act != "silu":
        what = "looks at a sliding window" if sliding else f"uses {config.hidden_act!r}"
        raise ExportError(
            f"the network {what}, which llama.cpp does not do for {kind!r}",
            "export it with --to hf",
        )
    return ARCHITECTURES[kind]


def _write_about(writer: GGUFWriter, about: About, dtype: str) -> None:
    writer.add_type("model")
    writer.add_name(about.name)
    if about.license:
        writer.add_license(about.license)
    if about.base_model:
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, about.base_model)
    writer.add_file_type(DTYPES[dtype][1])
    if dtype == "q8_0":
        writer.add_quantization_version(GGML_QUANT_VERSION)


def _write_sizes(writer: GGUFWriter, network: Any) -> dict[str, np.ndarray]:
    """Write the shape of the network; gives the tensors its positions need."""
    config = network.config
    head = head_size(config)
    writer.add_vocab_size(network.get_input_embeddings().weight.shape[0])
    writer.add_context_length(context_of(network))
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    return write_rope(writer, dict(config.rope_parameters), head)


def head_size(config: Any) -> int:
    """Numbers in a head."""
    return int(
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )


def _weights(network: Any, architecture: MODEL_ARCH) -> Iterator[tuple[str, torch.Tensor]]:
    """Every weight under llama.cpp's name, in llama.cpp's layout."""
    config = network.config
    names = get_tensor_name_map(architecture, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    # A tied output layer is the embedding itself and comes only once here.
    for ours, weight in network.named_parameters():
        theirs = names.get_name(ours, try_suffixes=(".weight", ".bias"))
        if theirs is None:
            raise ExportError(
                f"the network has weights that llama.cpp has no name for: {ours}",
                "merge or remove what was added to it",
            )
        projection = ours.split(".")[-2]
        if architecture is MODEL_ARCH.LLAMA and projection in heads:
            weight = to_pairs(weight, heads[projection])
        yield theirs, weight.detach()


def to_pairs(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a query or key projection in the order of neighbouring pairs.

    Hugging Face turns number *i* of a head together with number *i + half*; llama.cpp turns
    neighbours for ``llama`` (and halves for Qwen, whose rows stay as they are). Source:
    ``LlamaModel.permute`` in llama.cpp's converter.

    Args:
        weight: shape ``(heads * head, …)``.
        heads: of this projection.
    """
    halves = weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


def _write_tensors(
    writer: GGUFWriter, weights: list[tuple[str, torch.Tensor | np.ndarray]], dtype: str
) -> None:
    """Announce every tensor, then write them one at a time, so that one copy is in memory."""
    kinds = [_stored_as(tuple(weight.shape), dtype) for _, weight in weights]
    for (name, weight), kind in zip(weights, kinds, strict=True):
        shape = tuple(weight.shape)
        plain = kind in {GGMLQuantizationType.F32, GGMLQuantizationType.F16}
        stored = shape if plain else quant_shape_to_byte_shape(shape, kind)
        width = np.dtype(
            {GGMLQuantizationType.F32: np.float32, GGMLQuantizationType.F16: np.float16}.get(
                kind, np.uint8
            )
        )
        writer.add_tensor_info(
            name, stored, width, int(np.prod(stored)) * width.itemsize, None if plain else kind
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for (name, weight), kind in zip(weights, kinds, strict=True):
        writer.write_tensor_data(_stored(name, weight, kind))


def _stored_as(shape: tuple[int, ...], dtype: str) -> GGMLQuantizationType:
    if len(shape) < 2:
        return GGMLQuantizationType.F32
    if dtype == "q8_0" and shape[-1] % _BLOCK:
        return GGMLQuantizationType.F16
    return DTYPES[dtype][0]


def _stored(name: str, weight: torch.Tensor | np.ndarray, kind: GGMLQuantizationType) -> np.ndarray:
    if isinstance(weight, torch.Tensor):
        weight = weight.to(device="cpu", dtype=torch.float32).contiguous().numpy()
    with np.errstate(over="ignore"):
        stored = quantize(weight, kind)
    if kind is GGMLQuantizationType.F16 and not np.isfinite(stored).all():
        raise ExportError(f"{name}: has weights too large for f16", "export it with --dtype bf16")
    return stored
