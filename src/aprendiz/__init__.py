"""aprendiz: from a file of examples to a specialist text model you can measure, trust and serve.

The names below are the public door; each is loaded when it is first used, so that
``import aprendiz`` costs nothing.

>>> import aprendiz
>>> aprendiz.__version__.count(".")
2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aprendiz._version import __version__

if TYPE_CHECKING:
    from aprendiz.assistants.gguf import load_model_from_gguf
    from aprendiz.assistants.load import load_chat_model
    from aprendiz.comparison.run import compare
    from aprendiz.data.chat.records import Message
    from aprendiz.errors import AprendizError
    from aprendiz.evaluation.maths.validate import validate_math_response
    from aprendiz.interfaces import Prediction, Reply, Sampling
    from aprendiz.trials.search import search
    from aprendiz.workflow import check, evaluate, load, train

__all__ = [
    "AprendizError",
    "Message",
    "Prediction",
    "Reply",
    "Sampling",
    "__version__",
    "check",
    "compare",
    "evaluate",
    "load",
    "load_chat_model",
    "load_model_from_gguf",
    "search",
    "train",
    "validate_math_response",
]

_HOME = {
    "AprendizError": "aprendiz.errors",
    "Message": "aprendiz.data.chat.records",
    "Prediction": "aprendiz.interfaces",
    "Reply": "aprendiz.interfaces",
    "Sampling": "aprendiz.interfaces",
    "check": "aprendiz.workflow",
    "compare": "aprendiz.comparison.run",
    "evaluate": "aprendiz.workflow",
    "load": "aprendiz.workflow",
    "load_chat_model": "aprendiz.assistants.load",
    "load_model_from_gguf": "aprendiz.assistants.gguf",
    "search": "aprendiz.trials.search",
    "train": "aprendiz.workflow",
    "validate_math_response": "aprendiz.evaluation.maths.validate",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'aprendiz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
