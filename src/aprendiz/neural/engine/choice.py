"""``engine.json``: which engine a model folder answers with, and what that rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aprendiz.errors import ModelFolderError

NAME = "engine.json"
FORMAT = 1
DEFAULT = "onnxruntime"


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``engine.json`` says.

    Attributes:
        engine: the name of the engine that answers.
        gates: engine to what its gates measured when the graph was written.
        measured: what ``aprendiz bench --write`` measured; empty if it never ran.
    """

    engine: str = DEFAULT
    gates: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the file into a folder that is being built."""
        told = {
            "format": FORMAT,
            "engine": self.engine,
            "gates": dict(self.gates),
            "measured": dict(self.measured),
        }
        path = folder / NAME
        # The folder may share its files with an older one by hard links.
        path.unlink(missing_ok=True)
        path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(folder: Path) -> Choice:
    """The choice of a folder; the default one where nobody chose.

    Raises:
        ModelFolderError: the file is damaged or of another format.
    """
    path = folder / NAME
    if not path.is_file():
        return Choice()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']!r}, this version reads {FORMAT}")
        return Choice(str(told["engine"]), dict(told["gates"]), dict(told["measured"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(f"{path}: cannot be read ({error})", "export it again") from None
