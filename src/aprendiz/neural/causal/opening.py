"""Language models made ready to chat: a whole model, or a plain PEFT adapter on its base.

Which of them a place on disk is has been decided before (``assistants/load.py``); the model
folders that aprendiz itself makes are for ``methods/lora/predict.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from aprendiz.errors import BaseModelError, MissingExtra
from aprendiz.interfaces import Observer
from aprendiz.neural import device as devices
from aprendiz.neural.causal import base as bases
from aprendiz.neural.causal.base import CausalBase
from aprendiz.neural.causal.notices import without_advance_notices
from aprendiz.neural.causal.torch_chat import TorchChat
from aprendiz.neural.encoder import quiet_transformers


def open_full(name: str, device: str | None, tell: Observer) -> TorchChat:
    """A whole language model: a folder, a packaged one, or one of the hub.

    Raises:
        BaseModelError: there is none, or it is not a language model.
        ProviderError: it is only on the hub, which cannot be reached.
    """
    base = bases.resolve(name, tell)
    where, precision, words = hardware(device)
    tell.say(f"full model {base.name} ({base.origin}) on {words}, {precision}")
    network = _network(base, where, precision)
    return TorchChat(
        network, bases.load_tokenizer(base), _short(base), context=base.context, device=where
    )


def open_adapter(folder: Path, device: str | None, tell: Observer) -> TorchChat:
    """An adapter folder as PEFT writes it, on the base model that it names.

    Raises:
        BaseModelError: the base is not named or cannot be found, or the adapter does not fit.
        MissingExtra: peft is not installed.
    """
    base = bases.resolve(base_of_adapter(folder), tell)
    try:
        from peft import PeftModel
    except ModuleNotFoundError:
        raise MissingExtra("lora", "peft") from None
    where, precision, words = hardware(device)
    tell.say(f"adapter {folder.name} on base {base.name} ({base.origin}), {words}, {precision}")
    try:
        with without_advance_notices():
            network = PeftModel.from_pretrained(_network(base, where, precision), str(folder))
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        raise BaseModelError(
            f"{folder}: the adapter does not fit {base.name} ({str(error).splitlines()[0]})",
            "use the base model that it was trained on",
        ) from None
    return TorchChat(
        network, _tokenizer(folder, base), folder.name, context=base.context, device=where
    )


def base_of_adapter(folder: Path) -> str:
    """The name of the base model in ``adapter_config.json``, with its revision if it has one.

    Raises:
        BaseModelError: the file is damaged or names none.
    """
    path = folder / "adapter_config.json"
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        name, revision = stated.get("base_model_name_or_path"), stated.get("revision")
    except (OSError, ValueError, AttributeError) as error:
        raise BaseModelError(
            f"{path}: cannot be read ({error})", "copy the adapter again"
        ) from None
    if not name:
        raise BaseModelError(
            f"{path}: does not say which base model it belongs to",
            'write its name there as "base_model_name_or_path"',
        )
    return f"{name}@{revision}" if revision and not Path(name).is_dir() else str(name)


def hardware(device: str | None) -> tuple[str, str, str]:
    """Where to answer and with which weights: device, precision, and both in words.

    A GPU answers in bf16 where it computes that; a CPU in fp32, so that the same question has
    the same greedy answer on every machine as far as arithmetic allows.
    """
    if device is None:
        plan = devices.plan("auto")
        return plan.device, plan.precision if plan.device == "cuda" else "fp32", plan.name
    bf16 = device.startswith("cuda") and torch.cuda.is_bf16_supported(False)
    return device, "bf16" if bf16 else "fp32", device


def _network(base: CausalBase, device: str, precision: str) -> Any:
    quiet_transformers()
    return bases.load_network(base, precision=precision, device=device)


def _tokenizer(folder: Path, base: CausalBase) -> Any:
    """The adapter's own tokenizer where it brings one (its template may differ), or the base's."""
    if (folder / "tokenizer_config.json").is_file():
        return bases.tokenizer_in(folder)
    return bases.load_tokenizer(base)


def _short(base: CausalBase) -> str:
    return base.folder.resolve().name if base.origin == "folder" else base.name
