"""Stretched rotary positions (linear, YaRN, Llama 3's) between a config and a GGUF.

Transformers writes them into its config and does not read them from a GGUF; llama.cpp has
fields for linear and YaRN, and for Llama 3's a tensor of one factor a frequency.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gguf import GGUFWriter, RopeScalingType

from aprendiz.errors import BaseModelError, ExportError
from aprendiz.neural.causal.gguf.file import GgufFile

FREQUENCIES = "rope_freqs.weight"

# What Llama 3.1 and later were trained with (the ``rope_scaling`` of their config.json). The
# factor is 8, or 32 in the small ones, and is the greatest of the stored factors.
_LLAMA3 = {
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
_YARN = {
    "attention_factor": GGUFWriter.add_rope_scaling_yarn_attn_factor,
    "beta_fast": GGUFWriter.add_rope_scaling_yarn_beta_fast,
    "beta_slow": GGUFWriter.add_rope_scaling_yarn_beta_slow,
}


def write_rope(writer: GGUFWriter, parameters: dict[str, Any], head: int) -> dict[str, np.ndarray]:
    """Write a config's ``rope_parameters``.

    Args:
        writer: takes the fields.
        parameters: ``rope_theta``, ``rope_type`` and what belongs to that type.
        head: numbers in a head.

    Returns:
        The tensors that belong to it, by name; most often none.

    Raises:
        ExportError: a type that llama.cpp has no field for.
    """
    writer.add_rope_freq_base(float(parameters["rope_theta"]))
    kind = parameters.get("rope_type", "default")
    if kind == "default":
        return {}
    if kind == "llama3":
        return {FREQUENCIES: llama3_factors(parameters, head)}
    if kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(parameters["factor"]))
    elif kind == "yarn":
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(float(parameters["factor"]))
        writer.add_rope_scaling_orig_ctx_len(int(parameters["original_max_position_embeddings"]))
        for name, add in _YARN.items():
            if parameters.get(name) is not None:
                add(writer, float(parameters[name]))
    else:
        raise ExportError(
            f"the model stretches its positions with {kind!r}, which a GGUF of this "
            "architecture cannot say",
            "export it with --to hf",
        )
    return {}


def llama3_factors(parameters: dict[str, Any], head: int) -> np.ndarray:
    """What each frequency is divided by, shape ``(head / 2,)``, float32.

    Source: the rotary scaling of Llama 3.1 (``apply_scaling`` in Meta's llama-models): long
    waves are stretched by ``factor``, short ones not, those between in part.
    """
    theta = float(parameters["rope_theta"])
    factor = float(parameters["factor"])
    low, high = float(parameters["low_freq_factor"]), float(parameters["high_freq_factor"])
    trained = float(parameters["original_max_position_embeddings"])
    waves = 2 * math.pi * theta ** (np.arange(0, head, 2, dtype=np.float64) / head)
    share = np.clip((trained / waves - low) / (high - low), 0.0, 1.0)
    return (1.0 / ((1.0 - share) / factor + share)).astype(np.float32)


def read_rope(file: GgufFile, head: int) -> dict[str, Any]:
    """The ``rope_parameters`` that a file states.

    Raises:
        BaseModelError: its stretching cannot be put into a config.
    """
    parameters: dict[str, Any] = {
        "rope_type": "default",
        "rope_theta": float(file.of_architecture("rope.freq_base", 10_000.0)),
    }
    if FREQUENCIES in file.shapes:
        return _llama3(file, parameters, head)
    kind = file.of_architecture("rope.scaling.type", "none")
    if kind == "none":
        return parameters
    if kind not in {"linear", "yarn"}:
        raise _unreadable(file, f"{kind} scaling")
    parameters |= {"rope_type": kind, "factor": float(file.of_architecture("rope.scaling.factor"))}
    if kind == "yarn":
        stated = {
            "original_max_position_embeddings": "original_context_length",
            "attention_factor": "yarn_attn_factor",
            "beta_fast": "yarn_beta_fast",
            "beta_slow": "yarn_beta_slow",
        }
        for name, key in stated.items():
            value = file.of_architecture(f"rope.scaling.{key}")
            if value is not None:
                parameters[name] = value
    return parameters


def _llama3(file: GgufFile, parameters: dict[str, Any], head: int) -> dict[str, Any]:
    """The parameters that give the stored factors; they are tried, not believed."""
    stored = np.asarray(file.tensor(FREQUENCIES), dtype=np.float32)
    found = {
        **parameters,
        **_LLAMA3,
        "rope_type": "llama3",
        "factor": float(stored.max()),
    }
    for trained in (8192, *(2**power for power in range(5, 18))):
        found["original_max_position_embeddings"] = trained
        factors = llama3_factors(found, head)
        if factors.shape == stored.shape and np.allclose(factors, stored, rtol=1e-4):
            return found
    raise _unreadable(file, "factors a frequency that are not Llama 3's")


def _unreadable(file: GgufFile, what: str) -> BaseModelError:
    return BaseModelError(
        f"{file.path}: stretches its positions in a way transformers cannot be told ({what})",
        "pip install llama-cpp-python, which can",
    )
