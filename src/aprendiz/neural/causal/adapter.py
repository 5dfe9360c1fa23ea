"""An adapter's files: what PEFT reads, the tokenizer beside it, and which base it belongs to.

Writing only. Training adapters and loading them is for ``methods/lora``; melting one into its
base is for ``merge.py``.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import PreTrainedTokenizerBase

from aprendiz.neural.causal.assistant_file import AssistantFile
from aprendiz.neural.causal.base import CausalBase

WEIGHTS = "adapter_model.safetensors"


def write(
    network: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    base: CausalBase,
    context: int,
    folder: Path,
) -> None:
    """Put an adapter into a folder; ``PeftModel.from_pretrained(base, folder)`` reads it.

    Args:
        network: the base with its adapter.
        tokenizer: written beside it, with its chat template.
        base: what the adapter was trained on; named, not copied.
        context: most tokens of a conversation and its reply together.
        folder: an existing folder.
    """
    weights = get_peft_model_state_dict(network, save_embedding_layers=False)
    kept = {name: each.detach().cpu().contiguous() for name, each in sorted(weights.items())}
    save_file(kept, folder / WEIGHTS, metadata={"format": "pt"})
    config: Any = copy.deepcopy(network.peft_config["default"])
    name, _, revision = base.name.partition("@") if base.origin == "hub" else (base.name, "", "")
    config.base_model_name_or_path = name
    config.revision = revision or None
    config.inference_mode = True
    # PEFT keeps them in a set, whose order changes from one process to the next.
    config.target_modules = sorted(config.target_modules)
    config.save_pretrained(str(folder))
    tokenizer.save_pretrained(folder)
    AssistantFile(base.name, base.sha256, context).write(folder)
