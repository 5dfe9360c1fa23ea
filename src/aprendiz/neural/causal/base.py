"""From the name of a language model to its files, its tokenizer and its network.

A name is looked up as a ``.gguf`` file, as a folder, as a model that aprendiz itself
carries, then on the Hugging Face hub at a pinned revision (its cache first). Encoders are
for ``neural/base_models.py``; adapters on top of a base are for ``methods/lora``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from aprendiz.errors import AprendizError, BaseModelError, ProviderError, RecipeError
from aprendiz.interfaces import Observer, Silence
from aprendiz.neural import hub
from aprendiz.neural.base_models import sha256_of
from aprendiz.neural.causal import model_files
from aprendiz.neural.causal.model_files import WEIGHTS
from aprendiz.neural.causal.template import with_template
from aprendiz.settings import Settings, get_settings

MATHS_TINY = "maths-tiny"
MATHS_TINY_SHA256 = "40ce2e8551d0e87a2e99f7070f5e49c60032afe39115f3f14b385831b4fdca8d"

#: The models that aprendiz carries, with the SHA-256 of their weights.
PACKAGED = {MATHS_TINY: MATHS_TINY_SHA256}
BASES = Path(__file__).resolve().parents[1] / "bases"

# The commit of each model our recipes name, so that a hub's next commit changes nothing here.
PINNED = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": "12fd25f77366fa6b3b4b768ec3050bf629380bac",
}

_INSTEAD = (
    f"use the model that aprendiz carries ({MATHS_TINY}), a folder or .gguf file you copied "
    "here, or fill the hub's cache on a machine with a network"
)


@dataclass(frozen=True, slots=True)
class CausalBase:
    """A language model on this disk.

    Attributes:
        name: what the recipe called it, with the revision in force if it has one.
        folder: its files; for a ``.gguf`` file, the file itself.
        origin: ``folder``, ``package``, ``hub`` or ``gguf``.
        sha256: of its weights, hex; of several files, see :func:`model_files.weights_sha256`.
        context: most tokens it can read.
    """

    name: str
    folder: Path
    origin: str
    sha256: str
    context: int


def resolve(names: str | Sequence[str], tell: Observer | None = None) -> CausalBase:
    """Find the first usable of some language models.

    Args:
        names: each a folder, a ``.gguf`` file, ``maths-tiny`` or ``owner/name[@revision]``.
        tell: told why each was passed over.

    Raises:
        BaseModelError: none can be used; says why for each.
        ProviderError: the only one is on the hub, and the hub said no or nothing.
    """
    wanted = (names,) if isinstance(names, str) else tuple(names)
    if not wanted:
        raise BaseModelError("no base model is named", f"name one, for instance {MATHS_TINY}")
    settings = get_settings()
    told: list[AprendizError] = []
    for place, name in enumerate(wanted, start=1):
        try:
            return _find(name, settings)
        except (BaseModelError, ProviderError) as error:
            if len(wanted) == 1:
                raise
            told.append(error)
            then = f"; next: {wanted[place]}" if place < len(wanted) else ""
            (tell or Silence()).say(f"base model {name}: {error.message}{then}")
    reasons = "\n".join(
        f"  {name}: {error.message} ({error.hint})" if error.hint else f"  {name}: {error.message}"
        for name, error in zip(wanted, told, strict=True)
    )
    raise BaseModelError(f"none of the {len(wanted)} base models can be used:\n{reasons}", _INSTEAD)


def load_tokenizer(base: CausalBase) -> PreTrainedTokenizerBase:
    """The tokenizer of a base, with a chat template, padding on the left.

    Raises:
        BaseModelError: it cannot be loaded, or nothing could end an answer.
    """
    if base.origin == "gguf":
        from aprendiz.neural.causal.gguf.read import read_tokenizer

        return with_template(read_tokenizer(base.folder))
    return tokenizer_in(base.folder)


def tokenizer_in(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer that lies in a folder (a base's or an adapter's), as :func:`load_tokenizer`.

    Raises:
        BaseModelError: it cannot be loaded, or nothing could end an answer.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, padding_side="left"
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaseModelError(
            f"{folder}: its tokenizer cannot be loaded ({str(error).splitlines()[0]})",
            "copy the model again, or choose another",
        ) from None
    return with_template(tokenizer)


def load_network(
    base: CausalBase, *, precision: str = "fp32", device: str = "cpu", four_bit: bool = False
) -> Any:
    """The network of a base, in evaluation mode on a device.

    Args:
        base: from :func:`resolve`.
        precision: of the weights, ``fp32`` or ``bf16``.
        device: ``cpu``, ``cuda`` …
        four_bit: weights in 4 bits (NF4, double quantisation, QLoRA's), for training on top.

    Raises:
        BaseModelError: the files do not make a language model.
        RecipeError: ``four_bit`` where bitsandbytes or a GPU is lacking.
    """
    if base.origin == "gguf":
        from aprendiz.neural.causal.gguf.read import read_network

        network = read_network(base.folder).to(_DTYPES[precision])
    else:
        network = _from_folder(base, _DTYPES[precision], device, four_bit)
    return network.eval() if four_bit else network.to(device).eval()


_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def _from_folder(base: CausalBase, dtype: torch.dtype, device: str, four_bit: bool) -> Any:
    asked: dict[str, Any] = {}
    if four_bit:
        asked = {"quantization_config": _four_bits(device), "device_map": {"": device}}
    try:
        return AutoModelForCausalLM.from_pretrained(
            base.folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=dtype,
            **asked,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise BaseModelError(
            f"{base.name}: not a language model that can be loaded ({str(error).splitlines()[0]})",
            "choose another base model",
        ) from None


def _four_bits(device: str) -> Any:
    from importlib.util import find_spec

    if not device.startswith("cuda") or find_spec("bitsandbytes") is None:
        raise RecipeError(
            "4-bit weights need a CUDA GPU and the library bitsandbytes",
            "pip install bitsandbytes on a machine with a GPU, or turn 4 bits off",
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _find(name: str, settings: Settings) -> CausalBase:
    place = Path(name).expanduser()
    if place.suffix.lower() == ".gguf":
        return _gguf(name, place)
    if place.is_dir():
        return _describe(name, place, "folder")
    plain, _, revision = name.partition("@")
    if plain in PACKAGED and not revision:
        return _packaged(plain)
    if not hub.HUB_NAME.fullmatch(plain):
        raise BaseModelError(
            f"base_model {name!r}: there is no such folder, file or packaged model",
            f"give a folder, a .gguf file, {MATHS_TINY!r}, or owner/name",
        )
    commit = revision or PINNED.get(plain, "")
    folder = hub.snapshot(
        plain,
        commit,
        hub.Wanted(
            model_files.weights_among(plain), model_files.BESIDE, model_files.complete, _INSTEAD
        ),
        settings,
    )
    return _describe(hub.pinned_name(plain, folder), folder, "hub")


def _packaged(name: str) -> CausalBase:
    folder = BASES / name
    if not (folder / WEIGHTS).is_file() or sha256_of(folder / WEIGHTS) != PACKAGED[name]:
        raise BaseModelError(
            f"{folder / WEIGHTS}: not the weights that aprendiz was published with "
            "(SHA-256 differs)",
            "pip install --force-reinstall --no-deps aprendiz",
        )
    return _describe(name, folder, "package")


def _gguf(name: str, file: Path) -> CausalBase:
    if not file.is_file():
        raise BaseModelError(f"{file}: there is no such file")
    from aprendiz.neural.causal.gguf.read import context_of

    return CausalBase(name, file, "gguf", sha256_of(file), context_of(file))


def _describe(name: str, folder: Path, origin: str) -> CausalBase:
    config = model_files.read_checked(folder)
    return CausalBase(
        name=name,
        folder=folder,
        origin=origin,
        sha256=model_files.weights_sha256(folder),
        context=model_files.context_of_config(config),
    )
