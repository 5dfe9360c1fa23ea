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
    from aprendiz.errors import AprendizError
    from aprendiz.interfaces import Prediction
    from aprendiz.workflow import check, evaluate, load, train

__all__ = ["AprendizError", "Prediction", "__version__", "check", "evaluate", "load", "train"]

_HOME = {
    "AprendizError": "aprendiz.errors",
    "Prediction": "aprendiz.interfaces",
    "check": "aprendiz.workflow",
    "evaluate": "aprendiz.workflow",
    "load": "aprendiz.workflow",
    "train": "aprendiz.workflow",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'aprendiz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
