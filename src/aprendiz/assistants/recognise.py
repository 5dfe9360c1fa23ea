"""Whether something is a chat model, told from where it lies; nothing is loaded."""

from __future__ import annotations

from pathlib import Path

from aprendiz.artifact import manifest as manifests
from aprendiz.interfaces import ChatModel
from aprendiz.methods import catalogue

_OTHER_MODELS = ("config.json", "adapter_config.json")  # of Hugging Face and of PEFT


def converses(model: ChatModel | str | Path) -> bool:
    """Whether it is a chat model; of a place that is no model folder, whether it may be one."""
    if not isinstance(model, str | Path):
        return True
    place = Path(model)
    if (place / manifests.NAME).exists():
        method = catalogue.find(manifests.read(place).method)
        return method.abilities.learns == "conversations"
    return place.is_file() or any((place / name).is_file() for name in _OTHER_MODELS)
