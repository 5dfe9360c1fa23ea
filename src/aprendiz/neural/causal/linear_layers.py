"""Where adapters go: the linear layers of a network, found by looking at it.

No list of architectures: whatever multiplies by a matrix and is not the output head is a
target, as Dettmers et al. 2023 (QLoRA, section 4) found best. Finding only; ``methods/lora``
puts the adapters there.
"""

from __future__ import annotations

from typing import Any

from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from aprendiz.errors import BaseModelError

# Quantised layers of bitsandbytes by name, since the library is not always there.
_QUANTISED = {"Linear4bit", "Linear8bitLt"}


def find_linear_layers(network: PreTrainedModel) -> tuple[str, ...]:
    """The names that PEFT's ``target_modules`` needs to adapt every linear layer but the head.

    Args:
        network: a causal language model, in full precision or quantised.

    Returns:
        Last parts of module names (``down_proj``, ``q_proj`` …), in alphabetical order; whole
        names where a last part also names something that is not to be adapted.

    Raises:
        BaseModelError: the network has no linear layer besides its head.
    """
    head = network.get_output_embeddings()
    whole = [
        name
        for name, module in network.named_modules()
        if _is_linear(module) and module is not head
    ]
    if not whole:
        raise BaseModelError(
            f"{type(network).__name__} has no linear layer that an adapter could be put on",
            "choose another base model",
        )
    last = {name.rpartition(".")[2] for name in whole}
    by_last_part = {name for name, _ in network.named_modules() if name.rpartition(".")[2] in last}
    return tuple(sorted(last)) if by_last_part == set(whole) else tuple(sorted(whole))


def adapted(network: PeftModel) -> list[str]:
    """The names of the layers that an adapter was put on, in alphabetical order."""
    config: Any = network.peft_config["default"]
    return sorted(config.target_modules)


def count_parameters(network: nn.Module) -> tuple[int, int]:
    """All parameters of a network and, of these, the ones that are trained.

    A 4-bit layer packs two numbers into one byte; they count as the numbers they stand for.
    """
    total = trained = 0
    for parameter in network.parameters():
        packed = type(parameter).__name__ == "Params4bit"
        size = parameter.numel() * (2 * parameter.element_size() if packed else 1)
        total += size
        trained += size if parameter.requires_grad else 0
    return total, trained


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | Conv1D) or type(module).__name__ in _QUANTISED
