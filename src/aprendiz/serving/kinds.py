"""What kind of model lies at a place, told without loading it: one that labels, or one that speaks.

What is damaged or not there counts as a classifier's, whose loading says what is wrong.
"""

from __future__ import annotations

from pathlib import Path

from aprendiz.assistants.load import identify
from aprendiz.errors import ModelFolderError
from aprendiz.methods.lora.recipe import LoraRecipe


def speaks(place: Path) -> bool:
    """Whether a language model lies there, which goes on with conversations.

    True for a folder that a method learning from conversations made, a PEFT adapter, a Hugging
    Face language model, a ``.gguf`` file, and the name of a base model: the one that aprendiz
    carries, or ``owner/name`` on the hub. A managed deployment is served as a classifier.
    """
    try:
        kind = identify(place).kind
    except ModelFolderError:
        return False
    if place.exists():
        return kind != "deployment"
    # A single word that is no folder is a folder's name mistyped, unless we carry it.
    return str(place) == LoraRecipe().base_model or "/" in place.as_posix()
