"""The one file of a managed model: where the model is and how to ask it. Holds no key."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from aprendiz.errors import ModelFolderError
from aprendiz.methods.managed.endpoint import Kind

NAME = "managed.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a tuned model is and how to ask it.

    Attributes:
        provider: which interface it was trained over.
        address: as in :class:`Endpoint`.
        api_version: Azure's date; empty elsewhere.
        job: the job that made it.
        model: the tuned model's name at the provider.
        deployment: the name it answers under, as far as known when it was trained; empty
            when it was not deployed then.
        labels: what it answers with, in the order of the probabilities.
        system_prompt: the task it was taught with.
        concurrency: most questions under way at once.
    """

    provider: Kind
    address: str
    api_version: str
    job: str
    model: str
    deployment: str
    labels: tuple[str, ...]
    system_prompt: str
    concurrency: int

    def write(self, folder: Path) -> None:
        """Write it into a model folder."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / NAME).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Pointer:
    """Read a managed model's pointer.

    Raises:
        ModelFolderError: not a managed model, or the file is damaged.
    """
    path = folder / NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Pointer(**{**values, "labels": tuple(values["labels"])})
    except FileNotFoundError:
        raise ModelFolderError(
            f"{folder}: not a managed model (it has no {NAME})",
            "give a folder that `aprendiz train --method managed` made",
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelFolderError(f"{path}: cannot be read ({error})", "train again") from None
