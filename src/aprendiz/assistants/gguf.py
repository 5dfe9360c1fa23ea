"""A GGUF file to talk to: with llama.cpp where it is installed, else with transformers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from aprendiz.errors import BaseModelError, MissingExtra
from aprendiz.interfaces import ChatModel, Observer, Silence
from aprendiz.settings import set_library_default

Engine = Literal["auto", "llama.cpp", "transformers"]


def load_model_from_gguf(
    path: str | Path,
    *,
    observer: Observer | None = None,
    device: str | None = None,
    engine: Engine = "auto",
    exact: bool = False,
) -> ChatModel:
    """Load a GGUF file as a chat model.

    A file without a chat template, of a model that does not know ChatML, goes on with the
    text it is given.

    Args:
        path: the ``.gguf`` file.
        observer: told which of the two answers, and why.
        device: where transformers computes; naming one other than ``cpu`` means transformers.
        engine: ``auto`` is llama.cpp if llama-cpp-python is installed and can load the file,
            else transformers.
        exact: have llama.cpp keep what it read in float32, at twice the memory; transformers
            always does.

    Raises:
        BaseModelError: not a GGUF, cut off, or of an architecture that cannot be read.
        MissingExtra: a library is not installed.
    """
    tell = observer or Silence()
    file = Path(path).expanduser()
    if engine == "transformers" or (engine == "auto" and device not in {None, "cpu"}):
        return _with_transformers(file, device, tell)
    if engine == "llama.cpp":
        return _with_llama_cpp(file, exact, tell)
    try:
        return _with_llama_cpp(file, exact, tell)
    except MissingExtra:
        tell.say("llama-cpp-python is not installed: transformers reads the file")
    except BaseModelError as error:
        tell.say(f"{error.message}: transformers tries to read the file")
    return _with_transformers(file, device, tell)


def _with_llama_cpp(file: Path, exact: bool, tell: Observer) -> ChatModel:
    model: ChatModel = heavy("llama_cpp_chat").LlamaCppChat(file, exact=exact)
    tell.say(f"{file.name} answers with llama.cpp")
    return model


def _with_transformers(file: Path, device: str | None, tell: Observer) -> ChatModel:
    network, tokenizer = heavy("gguf.read").read_gguf(file)
    heavy("gguf.plain_text").with_plain_text(tokenizer)
    where = device or "cpu"
    tell.say(f"{file.name} answers with transformers on {where}")
    model: ChatModel = heavy("torch_chat").TorchChat(network, tokenizer, file.stem, device=where)
    return model


def heavy(module: str) -> Any:
    """A module of ``neural/causal``, which needs the libraries that learn.

    Raises:
        MissingExtra: one of them is not installed.
    """
    # Read once, when torch is first loaded; see methods/catalogue.py.
    set_library_default("GOMP_SPINCOUNT", "2000")
    try:
        return import_module(f"aprendiz.neural.causal.{module}")
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        if missing.split(".")[0] == "aprendiz":
            raise
        raise MissingExtra("lora", missing) from None
