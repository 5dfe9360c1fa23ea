"""What a training of adapters will need: memory, time and disk, before it begins.

Estimates by formula, each with its source; nothing is trained to find out, and a look at the
speed of the machine takes a tenth of a second. They choose how many conversations are worked
on at once (:func:`fit`). What a training really took stands in its manifest.
"""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from aprendiz.neural.causal.linear_layers import count_parameters

_USABLE = 0.8  # share of the memory that a training may plan with
_PROCESS = 900_000_000  # bytes of Python, torch and transformers themselves, or a CUDA context
# Of the speed of plain matrix products; the rest is attention, norms and copies. Where a CPU
# multiplies bf16 in hardware the products are so fast that the rest decides.
_UTILISATION, _UTILISATION_CPU_BF16 = 0.4, 0.1
_HEAD_TOKENS, _HEAD_WORDS = 4096, 32_768  # TRL computes the head in tiles of this size
_HEAD_TILES = 4  # alive at once: logits, their exponentials, two in the backward pass
_CHECKPOINTS = 3  # two are kept while another is written
_CGROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a decoder network that decide what it needs.

    Attributes:
        parameters: all of them, adapters included.
        trained: those of the adapters.
        layers: transformer blocks.
        hidden: numbers a token has between blocks.
        inner: numbers a token has inside the feed-forward part.
        queries: query heads × numbers a head.
        keys: key (or value) heads × numbers a head.
        words: tokens in the vocabulary.
        weight_bytes: bytes of all frozen weights.
    """

    parameters: int
    trained: int
    layers: int
    hidden: int
    inner: int
    queries: int
    keys: int
    words: int
    weight_bytes: int

    @classmethod
    def of(cls, network: Any, *, four_bit: bool = False) -> Shape:
        """The sizes of a network with its adapters; its numbers may be missing (meta tensors).

        Args:
            four_bit: count frozen weights as if they were held in 4 bits: half a byte, and
                an eighth more for their scales (Dettmers et al. 2023, section 3).
        """
        parameters, trained = count_parameters(network)
        config = network.config.get_text_config()
        heads = int(config.num_attention_heads)
        head = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
        frozen = (each for each in network.parameters() if not each.requires_grad)
        return cls(
            parameters=parameters,
            trained=trained,
            layers=int(config.num_hidden_layers),
            hidden=int(config.hidden_size),
            inner=int(getattr(config, "intermediate_size", None) or 4 * config.hidden_size),
            queries=heads * head,
            keys=int(getattr(config, "num_key_value_heads", None) or heads) * head,
            words=int(config.vocab_size),
            weight_bytes=(parameters - trained) * 9 // 16
            if four_bit
            else sum(each.numel() * each.element_size() for each in frozen),
        )


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be worked through.

    Attributes:
        rows_a_step: conversations (packed: rows) in an optimiser step.
        longest: tokens of the longest row.
        tokens: of all rows, once.
        epochs: how often.
        rank: of the adapters.
        dropout: whether adapters leave inputs out, which takes copies of them.
        number_bytes: bytes of a number in the forward pass: 4 in fp32, 2 in bf16.
    """

    rows_a_step: int
    longest: int
    tokens: int
    epochs: int
    rank: int
    dropout: bool
    number_bytes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a training will need, as near as can be told beforehand.

    Attributes:
        rows_at_once: conversations in one forward pass.
        accumulation: forward passes in one optimiser step.
        checkpointing: activations are computed again in the backward pass, to save memory.
        memory: bytes at the peak.
        at_hand: bytes that the device has.
        seconds: of training, without evaluations.
        disk: bytes of the model and of the checkpoints on the way.
    """

    rows_at_once: int
    accumulation: int
    checkpointing: bool
    memory: int
    at_hand: int
    seconds: float
    disk: int

    @property
    def fits(self) -> bool:
        """Whether the device has as much memory as it takes."""
        return self.memory <= self.at_hand

    def in_words(self) -> str:
        """The estimate in one line for a person."""
        return (
            f"about {_gigabytes(self.memory)} of {_gigabytes(self.at_hand)} memory, "
            f"{_duration(self.seconds)} and {_gigabytes(self.disk)} of disk"
        )

    def batch_in_words(self) -> str:
        """How an optimiser step is made up."""
        passes = f" in {self.accumulation} passes" if self.accumulation > 1 else ""
        again = ", activations computed twice to save memory" if self.checkpointing else ""
        return f"{self.rows_at_once * self.accumulation} rows a step{passes}{again}"


def fit(shape: Shape, load: Load, device: str, *, rows_at_once: int | None = None) -> Footprint:
    """The largest forward pass that the memory has room for, and what the training will need.

    Without room for even one conversation, activations are computed again in the backward
    pass (gradient checkpointing: Chen et al. 2016), a quarter slower; that is never chosen
    otherwise. The answer depends on what the device has in all, not on what is free just
    now, so that the same training on the same machine goes the same way.

    Args:
        shape: the network with its adapters.
        load: what is to be worked through.
        device: ``cpu`` or ``cuda``.
        rows_at_once: keep to this many (a training that goes on).
    """
    at_hand = memory_of(device)
    sizes = [n for n in range(load.rows_a_step, 0, -1) if load.rows_a_step % n == 0]
    if rows_at_once in sizes:
        sizes = [rows_at_once]
    tries = [(size, False) for size in sizes] + [(size, True) for size in sizes]
    for size, checkpointing in tries:
        memory = peak_bytes(shape, load, size * load.longest, checkpointing)
        if memory <= _USABLE * at_hand:
            break
    return Footprint(
        rows_at_once=size,
        accumulation=load.rows_a_step // size,
        checkpointing=checkpointing,
        memory=memory,
        at_hand=at_hand,
        seconds=_seconds(shape, load, size, device, checkpointing),
        disk=shape.trained * (4 + _CHECKPOINTS * 12),
    )


def peak_bytes(shape: Shape, load: Load, tokens: int, checkpointing: bool = False) -> int:
    """Memory at the peak of a step: weights, adapters, activations and the tiles of the head.

    An adapter's parameter takes 16 bytes: itself, its gradient and Adam's two moments, all in
    fp32 (Rajbhandari et al. 2020, "ZeRO", section 3.1).

    Args:
        tokens: in one forward pass, padding included.
    """
    tile = min(tokens, _HEAD_TOKENS) * min(shape.words, _HEAD_WORDS) * 4
    # Under autocast, frozen fp32 weights are kept a second time, in bf16.
    in_fp32 = shape.weight_bytes == 4 * (shape.parameters - shape.trained)
    again = shape.weight_bytes // 2 if in_fp32 and load.number_bytes == 2 else 0
    return (
        _PROCESS
        + shape.weight_bytes
        + again
        + 16 * shape.trained
        + activation_bytes(shape, load, tokens, checkpointing)
        + _HEAD_TILES * tile
    )


def activation_bytes(shape: Shape, load: Load, tokens: int, checkpointing: bool = False) -> int:
    """What the forward pass keeps for the backward pass.

    Counted after Korthikanti et al. 2022 ("Reducing Activation Recomputation in Large
    Transformer Models", section 4.1), for a gated feed-forward part, attention that keeps no
    matrix of scores (Dao et al. 2022), frozen weights and an adapter on every linear layer.
    A block keeps, of each token, in fp32,

    - the inputs of both norms and of the adapters behind them: 4 × hidden;
    - queries, keys, values and what attention gives, twice: 3 × queries + 2 × keys;
    - gate, its activation, the other branch and their product: 4 × inner;
    - what lies between an adapter's two matrices: 7 × rank.

    In bf16 the norms still read fp32, and each adapter has a copy of its input. Dropout adds
    a mask for each adapter's input and, in fp32, the copies too. With checkpointing a block
    keeps only its own input, and one block at a time all the rest.
    """
    inputs = 5 * shape.hidden + shape.queries + shape.inner  # of the seven adapters
    inside = 3 * shape.queries + 2 * shape.keys + 4 * shape.inner + 7 * load.rank
    if load.number_bytes == 4:
        block = 4 * (4 * shape.hidden + inside)
        block += 4 * (3 * shape.hidden + inputs) * load.dropout
    else:
        block = 4 * 2 * shape.hidden + 2 * (5 * shape.hidden + inside)
        block += 4 * inputs * load.dropout
    if checkpointing:
        return tokens * (shape.layers * shape.hidden * load.number_bytes + block)
    return tokens * shape.layers * block


def flops_a_token(shape: Shape, length: int, checkpointing: bool = False) -> float:
    """Floating-point operations to learn from one token.

    A parameter that a token goes through costs 2 forward and 2 to carry the gradient back;
    the 2 for its own gradient fall away where it is frozen: 4 × parameters (6 where the
    forward pass is made twice). Attention adds 12 × layers × queries × length (Chowdhery et
    al. 2022, "PaLM", appendix B).
    """
    each = 6 if checkpointing else 4
    return each * shape.parameters + 12.0 * shape.layers * shape.queries * length


def memory_of(device: str) -> int:
    """All memory that a device has, in bytes; for the CPU, what this process may take."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info()[1])
    limits = [psutil.virtual_memory().total]
    for path in _CGROUPS:
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return min(limits)


def free_disk(folder: Path) -> int:
    """Bytes that are free where a folder lies."""
    return shutil.disk_usage(folder).free


def _seconds(shape: Shape, load: Load, size: int, device: str, checkpointing: bool) -> float:
    mean = load.longest / 2  # good enough for the part that attention has
    work = load.tokens * load.epochs * flops_a_token(shape, int(mean), checkpointing)
    speed = _matmul_speed(shape, size * load.longest, load.number_bytes, device)
    on_cpu_bf16 = device == "cpu" and load.number_bytes == 2
    return work / ((_UTILISATION_CPU_BF16 if on_cpu_bf16 else _UTILISATION) * speed)


def _matmul_speed(shape: Shape, tokens: int, number_bytes: int, device: str) -> float:
    """FLOP/s of matrix products of the sizes that this network has, in a tenth of a second."""
    kind = torch.bfloat16 if number_bytes == 2 else torch.float32
    left = torch.ones(min(tokens, 4096), shape.hidden, dtype=kind, device=device)
    right = torch.ones(shape.hidden, shape.inner, dtype=kind, device=device)
    _ = left @ right  # the first call sets things up
    # The fastest of several counts: others may be using the machine.
    best, end, times = math.inf, time.perf_counter() + 0.1, 0
    while time.perf_counter() < end or times < 3:
        times += 1
        begin = time.perf_counter()
        _ = left @ right
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return 2.0 * left.shape[0] * shape.hidden * shape.inner / best


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
