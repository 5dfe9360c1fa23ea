"""Which checkpoint of the Trainer is whole, and telling so at the moment it is.

The Trainer writes a checkpoint file by file, so a kill in the middle leaves a folder
that looks like one. A marker, written after the last file is on disk, makes the
difference (the Trainer calls ``on_save`` then).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

MARKER = "complete"


class MarkComplete(TrainerCallback):
    """Syncs a finished checkpoint to disk, then puts the marker into it."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Called by the Trainer once every file of a checkpoint is written."""
        folder = Path(args.output_dir or ".") / f"checkpoint-{state.global_step}"
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        (folder / MARKER).touch()


def latest_complete(folder: Path) -> Path | None:
    """The newest checkpoint that carries the marker, or none."""
    whole = [path.parent for path in folder.glob(f"checkpoint-*/{MARKER}")]
    return max(whole, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)
