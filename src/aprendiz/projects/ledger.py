"""What is already done in an output folder, so that a second run only does what changed.

``steps.json`` keeps, for each finished step, a fingerprint of everything it read and
the digest of everything it wrote. A step is still right while both are unchanged.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aprendiz.errors import ProjectError

NAME = "steps.json"
_FORMAT = 1
_LOCK = ".lock"


class Ledger:
    """The records of one output folder; each change is on disk before the call returns."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._records = _read(output / NAME)

    def fingerprint_of(self, step: str) -> str | None:
        """What the step had read when it last finished; ``None`` if it never has."""
        record = self._records.get(step)
        return str(record["fingerprint"]) if record else None

    def digests_of(self, step: str) -> dict[str, str]:
        """Digest of each output as the step left it; empty if it never finished."""
        record = self._records.get(step)
        return dict(record["outputs"]) if record else {}

    def seconds_of(self, step: str) -> float:
        """Wall time of the run that made the outputs; 0 if it never finished."""
        record = self._records.get(step)
        return float(record["seconds"]) if record else 0.0

    def intact(self, step: str) -> bool:
        """Whether every output of a finished step is still as the step left it."""
        digests = self.digests_of(step)
        return bool(digests) and all(
            digest_of(self._output / name) == digest for name, digest in digests.items()
        )

    def forget(self, step: str) -> None:
        """The step is about to run: what it left before no longer counts."""
        if self._records.pop(step, None) is not None:
            self._write()

    def record(
        self, step: str, fingerprint: str, outputs: Sequence[str], seconds: float
    ) -> list[str]:
        """The step has finished; returns the outputs that it promised but did not make."""
        digests = {name: digest_of(self._output / name) for name in outputs}
        missing = [name for name, digest in digests.items() if digest is None]
        if not missing:
            self._records[step] = {
                "fingerprint": fingerprint,
                "outputs": digests,
                "seconds": round(seconds, 3),
            }
            self._write()
        return missing

    def _write(self) -> None:
        write_json(self._output / NAME, {"format": _FORMAT, "steps": self._records})


def fingerprint(
    files: Sequence[str], settings: Mapping[str, object], needs: Mapping[str, object]
) -> str:
    """SHA-256 (hex) over everything a step reads.

    Args:
        files: local paths, whose content counts, or addresses such as ``hf://…``,
            of which only the address does.
        settings: plain values.
        needs: digests of the outputs of earlier steps.
    """
    contents = [_content(source) for source in files]
    told = json.dumps([contents, settings, needs], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(path: Path) -> str | None:
    """SHA-256 (hex) of a file, or of a folder's file names and contents; ``None`` if absent."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    if not path.is_dir():
        return None
    digest = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\x1f{digest_of(file)}\x1e".encode())
    return digest.hexdigest()


def write_json(path: Path, value: object) -> None:
    """Write a JSON file so that a reader sees the old content or the new, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=2, ensure_ascii=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Hold an output folder against other runs; the kernel lets go when a process dies.

    Raises:
        ProjectError: another run works in it, or it cannot be made.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = (output / _LOCK).open("w")
    except OSError as error:
        raise ProjectError(
            f"{output}: cannot be written to ({error.strerror})", "choose another --out"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ProjectError(
                f"{output}: another run of this project is writing here",
                "wait for it to end, or choose another --out",
            ) from None
        yield


def _content(source: str) -> str:
    if "://" in source:
        return source
    # A file that is not there yet is the business of the step that opens it.
    return digest_of(Path(source)) or f"no file {source}"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The records on disk; none if there are none or they make no sense (then all is redone)."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != _FORMAT:
            return {}
        return {
            str(step): {
                "fingerprint": str(record["fingerprint"]),
                "outputs": {str(k): str(v) for k, v in record["outputs"].items()},
                "seconds": float(record["seconds"]),
            }
            for step, record in values["steps"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
