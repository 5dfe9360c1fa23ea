"""An adapter melted into its base, and the whole network as Hugging Face files.

Also opens what is to be exported: on the CPU and in float32, whatever the machine has, so
that the copy is made from the exact weights. Training and chatting open models for themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import PreTrainedTokenizerBase

from aprendiz.errors import ExportError
from aprendiz.interfaces import Observer
from aprendiz.neural.causal import base as bases
from aprendiz.neural.causal.assistant_file import NAME as ASSISTANT_FILE
from aprendiz.neural.causal.assistant_file import AssistantFile
from aprendiz.neural.causal.gguf.file import GgufFile
from aprendiz.neural.causal.gguf.write import stops
from aprendiz.neural.causal.opening import base_of_adapter, open_adapter, open_full
from aprendiz.neural.causal.torch_chat import TorchChat

_DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
_LICENSE = re.compile(r"^license:[ \t]*[\"']?([^\s\"']+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Original:
    """A model as it was before its export.

    Attributes:
        chat: answers with it; ``network`` and ``tokenizer`` are its parts.
        base_model: name of the base; empty where the place itself is one.
        license: of the base, as its card says; empty when it does not.
    """

    chat: TorchChat
    base_model: str
    license: str


def open_original(place: str, kind: Literal["full", "adapter", "gguf"], tell: Observer) -> Original:
    """Open a model for its export, on the CPU in float32.

    Args:
        place: a folder with an adapter or a whole model, a ``.gguf`` file, or a base's name.
        kind: which of them it is.
        tell: told what was opened.

    Raises:
        BaseModelError: the model or its base cannot be found, or the base is another one.
    """
    folder = Path(place)
    if kind == "adapter":
        name = base_of_adapter(folder)
        if (folder / ASSISTANT_FILE).is_file():
            told = AssistantFile.read(folder)
            name = told.base_model
            told.refuse_another(bases.resolve(name))
        chat = open_adapter(folder, "cpu", tell)
        return Original(chat, name, license_of(bases.resolve(name).folder))
    return Original(open_full(place, "cpu", tell), "", license_of(bases.resolve(place).folder))


def license_of(place: Path) -> str:
    """The licence that a folder's card or a GGUF file states; empty if neither does."""
    if place.suffix.lower() == ".gguf":
        return str(GgufFile(place).value("general.license", ""))
    try:
        text = (place / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    front = text.split("---", 2)[1] if text.startswith("---") and text.count("---") > 1 else ""
    found = _LICENSE.search(front)
    return found[1] if found else ""


def merged(network: Any) -> Any:
    """The network with its adapter's weights added into its own; any other as it is.

    The network given is the one that is changed: an adapter that was applied is used up.

    Raises:
        ExportError: the adapter's weights are not finite, or the base is in 4 bits.
    """
    if not hasattr(network, "merge_and_unload"):
        return network
    if getattr(network.get_base_model(), "is_quantized", False):
        raise ExportError(
            "an adapter cannot be merged into weights of 4 bits without changing its answers",
            "open it on the CPU, where the base is read in full",
        )
    try:
        return network.merge_and_unload(safe_merge=True).eval()
    except ValueError as error:
        raise ExportError(f"the adapter cannot be merged ({error})", "train it again") from None


def write_hf(
    network: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, *, dtype: str = "f32"
) -> None:
    """Write a whole network and its tokenizer for ``AutoModelForCausalLM.from_pretrained``.

    Every token that ends a reply goes into ``generation_config.json``, so that ``generate``
    stops where ``aprendiz chat`` does.

    Args:
        network: with its adapters merged; converted in place.
        tokenizer: with its chat template.
        folder: an existing folder.
        dtype: of the weights: ``f32``, ``f16`` or ``bf16``.

    Raises:
        ExportError: another dtype.
    """
    if dtype not in _DTYPES:
        raise ExportError(
            f"dtype {dtype!r}: Hugging Face files hold {', '.join(_DTYPES)}",
            "export 8 bits with --to gguf",
        )
    ends = stops(network, tokenizer)
    network.generation_config.eos_token_id = ends if len(ends) > 1 else ends[0]
    network.generation_config.pad_token_id = tokenizer.pad_token_id
    network.to(_DTYPES[dtype]).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
