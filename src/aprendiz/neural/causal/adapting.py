"""Fresh adapters on a frozen language model, and where the two are to compute.

What to learn with them is for ``methods/lora``; their files are for ``adapter.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import AutoConfig, AutoModelForCausalLM, set_seed

from aprendiz.neural import device
from aprendiz.neural.causal import base as bases
from aprendiz.neural.causal.base import CausalBase
from aprendiz.neural.causal.linear_layers import find_linear_layers
from aprendiz.neural.causal.notices import without_advance_notices

_WIDE = 384  # numbers a token; from here on bf16 pays on a CPU that computes it


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the adapters are to be like.

    Attributes:
        rank: of the two small matrices of each.
        alpha: their product is scaled by alpha / rank, by alpha / √rank in ``rslora``.
        dropout: share of their inputs that a training step leaves out.
        variant: ``lora``, ``rslora`` or ``dora``.
        seed: of their first values.
    """

    rank: int
    alpha: float
    dropout: float
    variant: str
    seed: int


def load(
    base: CausalBase, adapters: Adapters, *, precision: str, four_bit: bool
) -> tuple[PeftModel, device.Plan]:
    """The base with adapters on every linear layer but the head, and where it computes.

    On a GPU the frozen weights are held in bf16 where it computes so; on a CPU they stay as
    they are.

    Args:
        precision: ``auto``, ``bf16`` or ``fp32``, as the recipe says.
        four_bit: hold the frozen weights in 4 bits.

    Raises:
        BaseModelError: the files do not make a language model.
        RecipeError: bf16 or 4 bits where the hardware cannot.
    """
    hardware = device.plan(precision)
    weights = "bf16" if hardware.device == "cuda" and hardware.bf16 else "fp32"
    network = bases.load_network(base, precision=weights, device=hardware.device, four_bit=four_bit)
    adapted, chosen = adapt(network, adapters), plan_for(network, precision)
    if chosen.bf16:
        _leave_casts_to_autocast(adapted)
    return adapted, chosen


def sketch(
    base: CausalBase, adapters: Adapters, *, precision: str
) -> tuple[PeftModel, device.Plan]:
    """As :func:`load`, but without the numbers: only sizes, which take no memory.

    A ``.gguf`` file does not tell its sizes without being read, so it is.
    """
    hardware = device.plan(precision)
    weights = "bf16" if hardware.device == "cuda" and hardware.bf16 else "fp32"
    network: Any
    if base.origin == "gguf":
        network = bases.load_network(base, precision=weights)
    else:
        config = AutoConfig.from_pretrained(base.folder, local_files_only=True)
        with torch.device("meta"):
            network = AutoModelForCausalLM.from_config(
                config, dtype=torch.bfloat16 if weights == "bf16" else torch.float32
            )
    with torch.device("meta"):
        return adapt(network, adapters), plan_for(network, precision)


def adapt(network: Any, adapters: Adapters) -> PeftModel:
    """Put fresh adapters on a network; the same seed gives the same ones."""
    set_seed(adapters.seed)
    with without_advance_notices():
        adapted = _adapted(network, adapters)
    # With a name here PEFT would look on the hub, at every checkpoint, for a changed vocabulary.
    adapted.peft_config["default"].base_model_name_or_path = None
    return cast(PeftModel, adapted)


def _adapted(network: Any, adapters: Adapters) -> Any:
    return get_peft_model(
        network,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=adapters.rank,
            lora_alpha=cast(int, adapters.alpha),  # PEFT takes any number
            lora_dropout=adapters.dropout,
            target_modules=list(find_linear_layers(network)),
            use_rslora=adapters.variant == "rslora",
            use_dora=adapters.variant == "dora",
        ),
    )


def plan_for(network: Any, precision: str) -> device.Plan:
    """Device and arithmetic for training on a network.

    As :func:`device.plan` has it, but ``auto`` leaves bf16 alone where the CPU would spend on
    casts what it gains (``docs/explanation/lora.md`` has the measurement).
    """
    hardware = device.plan(precision)
    narrow = network.config.get_text_config().hidden_size < _WIDE
    if precision == "auto" and hardware.bf16 and hardware.device == "cpu" and narrow:
        return replace(hardware, precision="fp32", reason="bf16 does not pay in so small a network")
    return hardware


def _leave_casts_to_autocast(network: PeftModel) -> None:
    """Give adapters their input as it is.

    PEFT would cast it to the adapters' fp32 first, only for autocast to cast it back to bf16:
    two copies of every input, for nothing.
    """
    for module in network.modules():
        if isinstance(module, LoraLayer):
            module.cast_input_dtype_enabled = False
