"""What the Hugging Face Trainer tells on the way, passed on to a run and to an observer.

Only the main process speaks; in distributed training the others would say it again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from aprendiz.interfaces import Observer, Run
from aprendiz.neural.system_metrics import sample_system

TRAINING_FIGURES = ("loss", "learning_rate", "grad_norm", "epoch", "mean_token_accuracy")
EVALUATION_FIGURES = (
    "eval_loss",
    "eval_accuracy",
    "eval_f1",
    "eval_precision",
    "eval_recall",
    "eval_mean_token_accuracy",
)


class MetricsCallback(TrainerCallback):
    """Loss and learning rate at every log, the validation scores at every evaluation."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Pass on a training log; those of an evaluation come through ``on_evaluate``."""
        if state.is_world_process_zero and logs and "loss" in logs:
            self._run.metrics(_numbers(logs, TRAINING_FIGURES), state.global_step)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Pass on the scores of an evaluation."""
        figures = _numbers(metrics or {}, EVALUATION_FIGURES)
        if state.is_world_process_zero and figures:
            self._run.metrics(figures, state.global_step)


class ThroughputCallback(TrainerCallback):
    """Tokens per second at every log, evaluations and checkpoints between two logs left out."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tokens = 0.0
        self._seconds = 0.0
        self._since: float | None = None

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock."""
        self._since = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Stop it."""
        if self._since is not None:
            self._seconds += time.perf_counter() - self._since

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Record the mean since the last log; TRL counts the tokens, without padding."""
        if not (state.is_world_process_zero and logs and "loss" in logs and "num_tokens" in logs):
            return
        tokens = float(logs["num_tokens"])
        if self._seconds > 0:
            rate = (tokens - self._tokens) / self._seconds
            self._run.metrics({"tokens_per_second": rate}, state.global_step)
        self._tokens, self._seconds = tokens, 0.0


class SystemMetricsCallback(TrainerCallback):
    """Processor, memory and GPU at every log, at the same step as the loss beside them."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Look at the machine."""
        if state.is_world_process_zero:
            self._run.metrics(sample_system(), state.global_step)


class ObserverCallback(TrainerCallback):
    """How far the training has come, and each validation score, for whoever watches."""

    task = "training"

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._ended = False

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Move on by one step."""
        if state.is_world_process_zero:
            self._observer.progress(self.task, state.global_step, state.max_steps)
            self._ended = state.global_step >= state.max_steps

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Say the scores of an evaluation in one line."""
        figures = _numbers(metrics or {}, ("eval_accuracy", "eval_f1", "eval_loss"))
        if state.is_world_process_zero and figures:
            scores = ", ".join(f"{name[5:]} {value:.3f}" for name, value in figures.items())
            self._observer.say(f"epoch {state.epoch or 0:.0f}: validation {scores}")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """End the progress of a training that stopped early."""
        if state.is_world_process_zero and not self._ended:
            self._observer.progress(self.task, state.max_steps, state.max_steps)


def _numbers(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """The named figures that are there, as plain floats (the Trainer also sends tensors)."""
    return {name: float(values[name]) for name in names if values.get(name) is not None}
