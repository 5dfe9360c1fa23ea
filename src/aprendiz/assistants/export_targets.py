"""The forms that a chat model can be exported to: how each is written and opened again.

One row a form. The story of an export, the same for all, is in ``export.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.assistants.gguf import heavy, load_model_from_gguf
from aprendiz.interfaces import ChatModel, Observer

MODELFILE = "Modelfile"


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be written.

    Attributes:
        network: adapters merged.
        tokenizer: with its chat template.
        name: of the model.
        base_model: what it was tuned from; may be empty.
        license: of that base; may be empty.
    """

    network: Any
    tokenizer: Any
    name: str
    base_model: str
    license: str


@dataclass(frozen=True, slots=True)
class Target:
    """One form.

    Attributes:
        words: what it is, for people.
        dtypes: how it can store weights, the usual one first.
        write: puts a content's files into an empty folder, stored in a given way.
        open: opens what was written for the comparison.
    """

    words: str
    dtypes: tuple[str, ...]
    write: Callable[[Content, Path, str], None]
    open: Callable[[Path, Observer], ChatModel]


def gguf_in(folder: Path) -> Path:
    """The one GGUF file of an export."""
    return next(folder.glob("*.gguf"))


def _write_hf(content: Content, folder: Path, dtype: str) -> None:
    heavy("merge").write_hf(content.network, content.tokenizer, folder, dtype=dtype)


def _open_hf(folder: Path, observer: Observer) -> ChatModel:
    model: ChatModel = heavy("opening").open_full(str(folder), "cpu", observer)
    return model


def _write_gguf(content: Content, folder: Path, dtype: str) -> None:
    write = heavy("gguf.write")
    file = folder / f"{content.name}.gguf"
    about = write.About(content.name, content.license, content.base_model)
    write.write_gguf(content.network, content.tokenizer, file, dtype=dtype, about=about)
    text = heavy("gguf.modelfile").modelfile(content.network, content.tokenizer, file.name)
    (folder / MODELFILE).write_text(text, encoding="utf-8")


def _open_gguf(folder: Path, observer: Observer) -> ChatModel:
    return load_model_from_gguf(gguf_in(folder), observer=observer, exact=True)


TARGETS = {
    "hf": Target("Hugging Face files, adapter merged", ("f32", "bf16", "f16"), _write_hf, _open_hf),
    "gguf": Target(
        "a GGUF file for llama.cpp and Ollama",
        ("f16", "f32", "bf16", "q8_0"),
        _write_gguf,
        _open_gguf,
    ),
}
