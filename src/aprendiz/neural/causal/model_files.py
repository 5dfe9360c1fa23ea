"""What must lie in a language model's folder: weights in safetensors, and a configuration.

Looks at files, loads nothing. Which folder it is, is for ``base.py`` to find out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from aprendiz.errors import BaseModelError
from aprendiz.neural.base_models import sha256_of

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
#: The small files that go with the weights.
BESIDE = ("*.json", "*.txt", "*.model", "*.jinja")

_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_UNSTATED = 2048  # context of a model that does not state one
_WRITES = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


def context_of_config(config: Mapping[str, Any]) -> int:
    """Most tokens that a model reads, as its configuration says; 2,048 if it does not."""
    text = config.get("text_config", config)
    return int(text.get("max_position_embeddings") or text.get("n_positions") or _UNSTATED)


def read_checked(folder: Path) -> Mapping[str, Any]:
    """The configuration of a folder that holds a whole language model.

    Raises:
        BaseModelError: a file is missing or damaged, the weights are a pickle, or it is
            another kind of model.
    """
    if (folder / "adapter_config.json").is_file():
        raise BaseModelError(
            f"{folder}: an adapter, not a base model",
            "name the model that it was trained on; to use the adapter: aprendiz chat",
        )
    config = _config(folder)
    if not complete(folder):
        missing = [each for each in shards(folder) if not (folder / each).is_file()]
        if missing:
            raise BaseModelError(f"{folder}: {', '.join(missing)} missing", "fetch it again")
        raise _no_weights(str(folder), any((folder / each).is_file() for each in _PICKLED))
    _refuse_other_kinds(folder, config)
    return config


def weights_sha256(folder: Path) -> str:
    """SHA-256 of a folder's weights, hex.

    Of one file, the file's own. Of several (an index names them), that of the lines
    ``HASH  FILE`` in the order of the names, as ``sha256sum *.safetensors | sha256sum`` gives.
    """
    if (folder / WEIGHTS).is_file():
        return sha256_of(folder / WEIGHTS)
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in shards(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def shards(folder: Path) -> tuple[str, ...]:
    """The weight files that a folder's index names, sorted; empty without an index.

    Raises:
        BaseModelError: the index is damaged, or names a file outside the folder.
    """
    index = folder / INDEX
    if not index.is_file():
        return ()
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError):
        raise BaseModelError(f"{index}: cannot be read", "fetch the model again") from None
    if any(Path(name).name != name for name in names):
        raise BaseModelError(f"{index}: names files outside its folder", "fetch the model again")
    return tuple(names)


def weights_among(full: str) -> Callable[[Sequence[str]], list[str]]:
    """From the file names of a model on the hub to those that hold its weights.

    The function raises :class:`BaseModelError` when there are none that we read.
    """

    def weights(listed: Sequence[str]) -> list[str]:
        if WEIGHTS in listed:
            return [WEIGHTS]
        if INDEX in listed:
            return ["model-*.safetensors"]
        raise _no_weights(full, any(each in listed for each in _PICKLED))

    return weights


def complete(folder: Path) -> bool:
    """Whether configuration and every weight file are there."""
    if not (folder / "config.json").is_file():
        return False
    if (folder / WEIGHTS).is_file():
        return True
    named = shards(folder)
    return bool(named) and all((folder / each).is_file() for each in named)


def _no_weights(what: str, pickled: bool) -> BaseModelError:
    if pickled:
        return BaseModelError(
            f"{what}: its weights are a pickle (pytorch_model.bin), which can run code when read",
            "choose a model with model.safetensors, or convert a copy that you trust",
        )
    return BaseModelError(f"{what}: has no {WEIGHTS}", "choose a language model in safetensors")


def _config(folder: Path) -> Mapping[str, Any]:
    path = folder / "config.json"
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BaseModelError(
            f"{folder}: not a Hugging Face model (needs config.json and {WEIGHTS})",
            "give the folder of a language model",
        ) from None
    except (OSError, ValueError) as error:
        raise BaseModelError(f"{path}: cannot be read ({error})", "fetch the model again") from None
    if not isinstance(stated, dict):
        raise BaseModelError(f"{path}: holds no JSON object", "fetch the model again")
    return stated


def _refuse_other_kinds(folder: Path, config: Mapping[str, Any]) -> None:
    if "auto_map" in config and config.get("model_type") not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise BaseModelError(
            f"{folder}: brings Python code of its own, which aprendiz does not run",
            "choose a model of an architecture that transformers knows",
        )
    architectures = [str(each) for each in config.get("architectures") or ()]
    writes = any(each.endswith(_WRITES) for each in architectures)
    if architectures and not writes:
        raise BaseModelError(
            f"{folder}: {architectures[0]} is no language model that writes text",
            "an encoder or classifier answers with labels: use it with finetune or probe",
        )
