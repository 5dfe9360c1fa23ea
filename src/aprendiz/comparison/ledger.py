"""Which trainings of a comparison are done: a file each, so that a kill loses only the running one.

A training counts as done while its rows, its filled recipe, the version of aprendiz and the
machine are those it was made with; the last because times are compared as well as scores.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aprendiz import recipe as recipes
from aprendiz._version import __version__
from aprendiz.comparison.cell import Record
from aprendiz.comparison.variants import Variant
from aprendiz.errors import ModelFolderError
from aprendiz.recipe import Recipe

MODELS, CELLS, NUMBERS = "models", "cells", "comparison.json"
_LOCK = ".lock"


def cell_name(variant: Variant, seed: int) -> str:
    """What one training is called, its model folder too."""
    return f"{variant.name}-{seed}"


class Ledger:
    """The finished trainings in a folder."""

    def __init__(self, folder: Path, data: str, machine: dict[str, Any]) -> None:
        self.folder = folder
        self._ground = json.dumps([data, __version__, machine], sort_keys=True)

    def model(self, cell: str) -> Path:
        """Where a training's model goes."""
        return self.folder / MODELS / cell

    def log(self, cell: str) -> Path:
        """Where a training's process writes what is not for us."""
        return self.folder / CELLS / f"{cell}.log"

    def kept(self, cell: str, recipe: Recipe, *, with_model: bool) -> Record | None:
        """A finished training of the same, or ``None``; its model may be wanted as well."""
        if with_model and not self.model(cell).is_dir():
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(self._path(cell).read_text(encoding="utf-8"))
            if told["fingerprint"] == self._fingerprint(recipe):
                return Record(**told["record"])
        return None

    def keep(self, cell: str, recipe: Recipe, record: Record) -> None:
        """Write a finished training down, whole or not at all."""
        values = {"fingerprint": self._fingerprint(recipe), "record": record.as_dict()}
        write_json(self._path(cell), values)

    def forget_model(self, cell: str) -> None:
        """Remove a model that has been measured and is not wanted."""
        shutil.rmtree(self.model(cell), ignore_errors=True)

    def _path(self, cell: str) -> Path:
        return self.folder / CELLS / f"{cell}.json"

    def _fingerprint(self, recipe: Recipe) -> str:
        return hashlib.sha256(f"{self._ground}\n{recipes.dump(recipe)}".encode()).hexdigest()


def write_json(path: Path, values: object) -> None:
    """Write a file; whoever reads it meanwhile sees the old one or the new one."""
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder and hold it against another comparison.

    Raises:
        ModelFolderError: something else is in it, or another comparison is writing to it.
    """
    if folder.exists() and (not folder.is_dir() or _strangers(folder)):
        raise ModelFolderError(
            f"{folder}: has other files in it, and is no comparison's", "choose another --out"
        )
    for name in (MODELS, CELLS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ModelFolderError(
                f"{folder}: another comparison is writing here",
                "wait for it to end, or choose another --out",
            ) from None
        yield


def _strangers(folder: Path) -> bool:
    return any(folder.iterdir()) and not (folder / CELLS).is_dir()
