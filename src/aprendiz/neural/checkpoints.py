"""Which checkpoint of the Trainer is whole, and telling so at the moment it is.

The Trainer writes a checkpoint file by file, so a kill in the middle leaves a folder
that looks like one. A marker, written after the last file is on disk, makes the
difference (the Trainer calls ``on_save`` then).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn
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


def state_of(checkpoint: Path) -> TrainerState:
    """What the Trainer knew when it wrote a checkpoint."""
    return TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))


def had_ended(state: TrainerState) -> bool:
    """Whether early stopping had already ended the training; the Trainer would go on."""
    kept: Any = state.stateful_callbacks or {}
    stopped = kept.get("TrainerControl", {}).get("args", {}).get("should_training_stop", False)
    return bool(stopped and state.best_model_checkpoint)


def load_best(network: nn.Module, state: TrainerState, folder: Path) -> None:
    """Give a network the weights of the best checkpoint, wherever ``folder`` now lies.

    A checkpoint of a PEFT model has those of the adapter alone.
    """
    best = folder / Path(str(state.best_model_checkpoint)).name
    adapter = best / "adapter_model.safetensors"
    if adapter.is_file():
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(network, load_file(adapter))
    else:
        network.load_state_dict(load_file(best / "model.safetensors"))
