"""What the Hugging Face ``Trainer`` is told: the recipe in its own words, and how to judge rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aprendiz.interfaces import Workspace
from aprendiz.methods.finetune.recipe import FinetuneRecipe, epochs_apart
from aprendiz.neural import device
from aprendiz.neural.task import Calibration, Task

if TYPE_CHECKING:
    from transformers import EvalPrediction, TrainingArguments


def arguments(
    recipe: FinetuneRecipe,
    workspace: Workspace,
    hardware: device.Plan,
    epochs: int,
    rows: int,
    validated: bool,
) -> TrainingArguments:
    """The recipe as ``TrainingArguments``.

    Args:
        recipe: the settings.
        workspace: where checkpoints go.
        hardware: what it runs on.
        epochs: passes over the rows.
        rows: how many rows are learnt from.
        validated: there are validation rows, which choose the checkpoint.
    """
    from transformers import TrainingArguments

    an_epoch = math.ceil(rows / recipe.batch_size)
    steps = epochs * an_epoch
    apart = epochs_apart(rows, recipe.batch_size) if recipe.epochs == "auto" else 1
    rhythm = "epoch" if apart == 1 else "steps"
    return TrainingArguments(
        output_dir=str(workspace.checkpoints),
        num_train_epochs=epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.scheduler,
        warmup_steps=math.ceil(recipe.warmup * steps),
        weight_decay=recipe.weight_decay,
        label_smoothing_factor=recipe.label_smoothing if recipe.plain else 0.0,
        max_grad_norm=1.0,
        train_sampling_strategy="group_by_length",
        bf16=hardware.bf16,
        use_cpu=hardware.device == "cpu",
        eval_strategy=rhythm if validated else "no",
        eval_steps=apart * an_epoch,
        save_strategy=rhythm,
        save_steps=apart * an_epoch,
        save_total_limit=2,
        load_best_model_at_end=validated,
        restore_callback_states_from_checkpoint=True,  # how patient early stopping still is
        metric_for_best_model=recipe.metric if validated else None,
        greater_is_better=(recipe.metric != "loss") if validated else None,
        logging_steps=max(1, steps // 50),
        logging_first_step=True,
        logging_nan_inf_filter=False,  # FiniteTrainer stops instead
        seed=recipe.seed,
        data_seed=recipe.seed,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=hardware.device == "cuda",
    )


class Judge:
    """Measures the held-out rows for the Trainer, and calibrates on the way.

    No weight was fitted to these rows. As long as there were none, nothing is calibrated.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self.told = Calibration()

    def __call__(self, predicted: EvalPrediction) -> dict[str, float]:
        """The figures of one evaluation."""
        logits = np.asarray(predicted.predictions, dtype=np.float64)
        truth = np.asarray(predicted.label_ids)
        self.told = self._task.calibration(logits, truth)
        return self._task.figures(logits, truth, self.told)
