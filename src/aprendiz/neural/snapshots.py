"""Leaves a snapshot of the model in an album whenever the Trainer saves a checkpoint."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from aprendiz.interfaces import Album, WriteFiles

_FIGURES = (
    "loss",
    "mean_token_accuracy",
    "eval_loss",
    "eval_mean_token_accuracy",
    "eval_accuracy",
    "eval_f1",
)


class SnapshotCallback(TrainerCallback):
    """Stands before ``MarkComplete``: a checkpoint without its snapshot does not count as whole."""

    def __init__(self, album: Album, write: WriteFiles) -> None:
        self._album = album
        self._write = write

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Called by the Trainer after each epoch, once it is measured."""
        if not state.is_world_process_zero:
            return
        figures = {}
        for entry in state.log_history:
            figures.update({name: float(entry[name]) for name in _FIGURES if name in entry})
        self._album.keep(state.global_step, self._write, figures)
