"""From a place to a model that one can talk to: tells by itself what lies there.

Looks at file names and at the manifest only; the heavy work is for ``neural/causal`` and for
the methods. Classifiers are for ``workflow.load``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from aprendiz.artifact import manifest as manifests
from aprendiz.errors import MissingExtra, ModelFolderError
from aprendiz.interfaces import ChatModel, Observer, Silence
from aprendiz.methods import catalogue
from aprendiz.settings import set_library_default

Kind = Literal["assistant", "deployment", "adapter", "full", "gguf"]

_TAKEN = (
    "give a folder that `aprendiz train --method lora` made, a PEFT adapter, a Hugging Face "
    "language model, a .gguf file, a managed model folder, or a base model's name"
)


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at a place.

    Attributes:
        kind: ``assistant``: a model folder of the method ``lora``; ``deployment``: one of the
            method ``managed``; ``adapter``: a plain PEFT folder; ``full``: a whole language
            model, in a folder or by name; ``gguf``: a file.
        place: the folder, the file, or the name.
    """

    kind: Kind
    place: str


def identify(place: str | Path) -> Found:
    """What kind of chat model lies at a place; loads nothing.

    Raises:
        ModelFolderError: nothing is there, or nothing that can chat; says what it is.
    """
    path = Path(place).expanduser()
    if path.is_dir():
        return _in_folder(path)
    if path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise ModelFolderError(f"{place}: there is no such file", _TAKEN)
        return Found("gguf", str(path))
    if path.exists():
        raise ModelFolderError(f"{place}: a file, and not a .gguf one", _TAKEN)
    if _looks_like_a_path(str(place)):
        raise ModelFolderError(f"{place}: there is no such folder or file", _TAKEN)
    return Found("full", str(place))


def load_chat_model(
    place: str | Path, *, observer: Observer | None = None, device: str | None = None
) -> ChatModel:
    """Load whatever chat model lies at a place.

    Args:
        place: a model folder of the methods ``lora`` or ``managed``, a plain PEFT adapter's
            folder, a Hugging Face folder, a ``.gguf`` file, or a base model's name.
        observer: told in one sentence what was found and where it runs.
        device: ``cpu``, ``cuda`` …; by default a GPU where there is one.

    Raises:
        ModelFolderError: nothing is there, it is damaged, or it cannot chat.
        BaseModelError: a base model cannot be found or is not the one that is needed.
        MissingExtra: a library is not installed.
        ProviderError: the hub or a managed service cannot be reached.
    """
    found = identify(place)
    tell = observer or Silence()
    folder = Path(found.place)
    match found.kind:
        case "deployment":
            return _deployment(folder, tell)
        case "assistant":
            return _assistant(folder, tell, device)
        case "gguf":
            from aprendiz.assistants.gguf import load_model_from_gguf

            return load_model_from_gguf(folder, observer=tell, device=device)
        case "adapter":
            model: ChatModel = _opening().open_adapter(folder, device, tell)
            return model
    model = _opening().open_full(found.place, device, tell)
    return model


def _in_folder(folder: Path) -> Found:
    if (folder / manifests.NAME).is_file():
        return Found(_kind_of_method(folder), str(folder))
    if (folder / "adapter_config.json").is_file():
        return Found("adapter", str(folder))
    if (folder / "config.json").is_file():
        return Found("full", str(folder))
    files = sorted(folder.glob("*.gguf"))
    if len(files) == 1:
        return Found("gguf", str(files[0]))
    if files:
        raise ModelFolderError(
            f"{folder}: holds {len(files)} .gguf files", f"give one of them, such as {files[0]}"
        )
    raise ModelFolderError(
        f"{folder}: no model (it has no {manifests.NAME}, adapter_config.json, config.json "
        "or .gguf file)",
        _TAKEN,
    )


def _kind_of_method(folder: Path) -> Kind:
    manifest = manifests.read(folder)
    if manifest.method == "managed":
        return "deployment"
    method = catalogue.METHODS.get(manifest.method)
    if method is not None and method.abilities.learns == "conversations":
        return "assistant"
    raise ModelFolderError(
        f"{folder}: a {manifest.method} model, which answers with one of "
        f"{len(manifest.labels)} labels and cannot chat",
        f'aprendiz predict {folder} "a text of yours"',
    )


def _assistant(folder: Path, tell: Observer, device: str | None) -> ChatModel:
    manifest = manifests.read(folder)
    manifests.verify(folder, manifest)
    model: Any = catalogue.chat_loader(manifest.method)(folder, manifest.labels)
    if device is not None:
        model.to(device)
    base = manifest.training.get("base_model", "its base")
    tell.say(f"adapter {manifest.name} on base {base}, {model.device}")
    loaded: ChatModel = model
    return loaded


def _deployment(folder: Path, tell: Observer) -> ChatModel:
    from aprendiz.methods.managed.chat import load

    manifests.verify(folder, manifests.read(folder))
    model = load(folder)
    tell.say(f"deployment {model.name}, {model.device}")
    return model


def _opening() -> Any:
    # Read once, when torch is first loaded; see methods/catalogue.py.
    set_library_default("GOMP_SPINCOUNT", "2000")
    try:
        return import_module("aprendiz.neural.causal.opening")
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        if missing.split(".")[0] == "aprendiz":
            raise
        raise MissingExtra("lora", missing) from None


def _looks_like_a_path(place: str) -> bool:
    return place.startswith((".", "/", "~")) or place.count("/") > 1 or "\\" in place
