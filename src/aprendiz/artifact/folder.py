"""Building a model folder so that readers see the old one or the new one, never a half.

Work happens in ``.NAME.partial`` beside the goal. Only when every file is on disk
and hashed does the folder take its name, in one rename. After a ``kill -9`` the
partial folder is still there, so that a training can go on with its checkpoints.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.manifest import Manifest
from aprendiz.errors import JobStopped, ModelFolderError


class Build:
    """A model folder under construction; see :func:`building`."""

    def __init__(self, out: Path, partial: Path, resumed: bool) -> None:
        self.out = out
        self.partial = partial
        self.resumed = resumed
        self.files = partial / "model"
        self.checkpoints = partial / "checkpoints"

    def seal(self, manifest: Manifest) -> Manifest:
        """Hash and sync every file, write the manifest last, take the final name.

        Returns:
            The manifest with its ``files`` filled in.
        """
        entries = {}
        for path in sorted(self.files.rglob("*")):
            if path.is_file():
                # Some writers leave files that only their owner can read.
                path.chmod(0o644)
                entries[path.relative_to(self.files).as_posix()] = manifests.digest(path)
                _sync(path)
        sealed = manifest.model_copy(update={"files": entries})
        target = self.files / manifests.NAME
        target.write_text(sealed.to_json(), encoding="utf-8")
        _sync(target)
        for folder in [self.files, *(p for p in self.files.rglob("*") if p.is_dir())]:
            _sync(folder)
        _take_name(self.files, self.out)
        _sync(self.out.parent)
        return sealed


@contextmanager
def building(out: Path, *, fingerprint: str, resume: bool) -> Iterator[Build]:
    """Prepare the partial folder, hold it against other trainings, clean up after.

    Args:
        out: the folder to make. An older model folder there is replaced at the end;
            anything else that is not empty is refused.
        fingerprint: what is being trained (data and recipe); a resume must match it.
        resume: go on with an interrupted build instead of starting afresh.

    Raises:
        ModelFolderError: something else stands at ``out``, another training is
            writing to it, or there is nothing (or something else) to resume.
    """
    _refuse_strangers(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.parent / f".{out.name}.partial"
    state = partial / "state.json"
    partial.mkdir(exist_ok=True)
    with _held(partial):
        if resume:
            _same_work(state, fingerprint, out)
        else:
            _empty(partial)
            state.write_text(json.dumps({"fingerprint": fingerprint}), encoding="utf-8")
        build = Build(out, partial, resumed=resume)
        # Whatever a killed training had begun to write is made again from its checkpoint.
        shutil.rmtree(build.files, ignore_errors=True)
        build.files.mkdir()
        build.checkpoints.mkdir(exist_ok=True)
        try:
            yield build
        except BaseException:
            if not any(build.checkpoints.iterdir()):
                shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(partial, ignore_errors=True)


def can_resume(out: Path) -> bool:
    """Whether an interrupted training of ``out`` has left a checkpoint behind."""
    checkpoints = out.parent / f".{out.name}.partial" / "checkpoints"
    return checkpoints.is_dir() and any(checkpoints.iterdir())


def stopped(out: Path) -> JobStopped:
    """What to raise when a training of ``out`` was interrupted: it says how to go on."""
    if can_resume(out):
        return JobStopped(
            "training stopped before its end", "the same command with --resume goes on"
        )
    return JobStopped("training stopped before its first checkpoint; nothing was written")


def _refuse_strangers(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ModelFolderError(f"{out}: stands in the way and is not a folder", "choose another")
    if out.is_dir() and any(out.iterdir()) and not (out / manifests.NAME).is_file():
        raise ModelFolderError(
            f"{out}: has other files in it; a model folder is made whole or not at all",
            "choose a new or empty folder",
        )


def _same_work(state: Path, fingerprint: str, out: Path) -> None:
    try:
        found = json.loads(state.read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError):
        _drop_if_new(state.parent)
        raise ModelFolderError(
            f"{out}: there is no interrupted training to resume",
            "leave out --resume to train from the start",
        ) from None
    if found != fingerprint:
        raise ModelFolderError(
            f"{out}: the interrupted training had other examples or another recipe",
            "give the same files and settings, or leave out --resume to start again",
        )


def _drop_if_new(partial: Path) -> None:
    """Remove a partial folder that holds nothing but our lock."""
    if {path.name for path in partial.iterdir()} <= {"lock"}:
        shutil.rmtree(partial, ignore_errors=True)


def _empty(partial: Path) -> None:
    for path in partial.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def _held(partial: Path) -> Iterator[IO[str]]:
    """Hold the partial folder's lock; the kernel lets go of it when a process dies."""
    with (partial / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ModelFolderError(
                f"{partial}: another training is writing this model folder",
                "wait for it to end, or choose another --out",
            ) from None
        yield lock


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_name(made: Path, out: Path) -> None:
    """Give ``made`` the name ``out``; an older folder there is exchanged in one step."""
    if out.is_dir() and any(out.iterdir()):
        if _exchange(made, out):
            return  # the old folder now lies in the partial folder, which goes next
        old = out.parent / f".{out.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        made.rename(out)
        shutil.rmtree(old, ignore_errors=True)
        return
    made.rename(out)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names atomically with Linux' renameat2; false where that is not offered."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), swap) == 0)
