"""The manifest: the one file that says what a model folder is and what is in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from aprendiz.errors import ModelFolderError

NAME = "manifest.json"
FORMAT = 1


class FileEntry(BaseModel):
    """Size in bytes and SHA-256 (hex) of one file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """Everything about a model that is not a weight.

    Attributes:
        format: version of this layout; a reader refuses one it does not know.
        method: the method that made it, which is also the one that loads it.
        name: the folder's name when it was made.
        created: UTC time in ISO 8601.
        labels: label names; their position is their number everywhere.
        threshold: confidence under which an answer asks again.
        recipe: the filled recipe.
        data: fingerprint, sources, counts and split of the examples.
        scores: the figures on the held-out part, with ``part`` and ``n``.
        training: facts from the method, seconds, device.
        libraries: versions that were in use.
        files: every other file of the folder, by relative path.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    method: str
    name: str
    created: str
    labels: tuple[str, ...]
    threshold: float
    recipe: dict[str, Any]
    data: dict[str, Any]
    scores: dict[str, Any]
    training: dict[str, Any]
    libraries: dict[str, str]
    files: dict[str, FileEntry] = {}

    @property
    def version(self) -> str:
        """A short name for exactly these files and labels: 12 hex digits of a SHA-256."""
        told = {name: entry.sha256 for name, entry in sorted(self.files.items())}
        text = json.dumps([self.method, self.labels, told], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The manifest as it is written to disk."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read(folder: Path) -> Manifest:
    """Read a folder's manifest.

    Raises:
        ModelFolderError: no manifest, one that cannot be read, or another format.
    """
    path = folder / NAME
    if not folder.is_dir():
        raise ModelFolderError(
            f"{folder}: there is no such model folder", "aprendiz train --data FILE --out FOLDER"
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelFolderError(
            f"{folder}: not a model folder (it has no {NAME})",
            "give a folder that `aprendiz train --out FOLDER` made",
        ) from None
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{path}: cannot be read ({error})", "train again") from None
    found = values.get("format") if isinstance(values, dict) else None
    if found != FORMAT:
        raise ModelFolderError(
            f"{path}: written in format {found!r}, this version reads format {FORMAT}",
            "use the aprendiz version that made it, or train again",
        )
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        raise ModelFolderError(f"{path}: damaged ({error.errors()[0]['msg']})") from None


def digest(path: Path) -> FileEntry:
    """Size and SHA-256 of a file, read once."""
    with path.open("rb") as stream:
        told = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileEntry(bytes=path.stat().st_size, sha256=told)


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every listed file with its recorded size and hash.

    Raises:
        ModelFolderError: names the first file that is missing or differs.
    """
    for name, entry in manifest.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise ModelFolderError(f"{path}: listed in the manifest but not there", "train again")
        if path.stat().st_size != entry.bytes or digest(path) != entry:
            raise ModelFolderError(
                f"{path}: differs from its hash in {NAME}",
                "the folder was changed or damaged; copy it again or train again",
            )
