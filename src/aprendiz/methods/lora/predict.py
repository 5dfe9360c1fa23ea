"""Read a ``lora`` model: the adapter in the folder, on the base model that it names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from peft import PeftModel

from aprendiz.errors import ModelFolderError
from aprendiz.interfaces import ChatModel
from aprendiz.neural.causal import base
from aprendiz.neural.causal.assistant_file import AssistantFile
from aprendiz.neural.causal.notices import without_advance_notices
from aprendiz.neural.causal.opening import hardware
from aprendiz.neural.causal.torch_chat import TorchChat
from aprendiz.neural.encoder import quiet_transformers


def load(folder: Path, labels: Sequence[str]) -> ChatModel:
    """A chat model that needs the folder and its base model; it has no labels.

    Raises:
        BaseModelError: the base is not to be found, or its weights are not the ones that
            were adapted.
        ProviderError: the base is only on the hub, which cannot be reached.
        ModelFolderError: the folder does not say which base it needs, or its adapter is
            damaged.
    """
    quiet_transformers()
    told = AssistantFile.read(folder)
    found = base.resolve(told.base_model)
    told.refuse_another(found)
    device, precision, _ = hardware(None)
    network = base.load_network(found, precision=precision, device=device)
    try:
        with without_advance_notices():
            adapted = PeftModel.from_pretrained(network, str(folder))
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        raise ModelFolderError(
            f"{folder}: its adapter cannot be read ({str(error).splitlines()[0]})", "train again"
        ) from None
    return TorchChat(
        adapted,
        base.tokenizer_in(folder),
        folder.resolve().name,
        context=told.context,
        device=device,
    )
