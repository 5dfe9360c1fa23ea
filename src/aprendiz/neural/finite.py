"""Numbers that are none any more end a training, before they reach a checkpoint.

The Hugging Face Trainer leaves such losses out of its logs and goes on with weights that are no
numbers either. Here the training stops, and what was saved before it stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from aprendiz.errors import BaseModelError, RecipeError
from aprendiz.neural import checkpoints

_HINT = "a lower learning_rate, or precision: fp32"


class FiniteTrainer(Trainer):
    """A ``Trainer`` that stops at the first loss that is infinite or not a number.

    Nothing has been learnt from that loss yet. Its arguments should turn
    ``logging_nan_inf_filter`` off, which would look at each loss a second time.
    """

    def training_step(self, *given: Any, **named: Any) -> torch.Tensor:
        """The step of the Trainer, and a look at its loss.

        Raises:
            RecipeError: it is not finite; says at which step.
        """
        loss: torch.Tensor = super().training_step(*given, **named)
        if not torch.isfinite(loss).all():
            at = self.state.global_step + 1
            raise _diverged(f"the loss of step {at} is {loss.item():g}", at, self.args)
        return loss


class FiniteWeights(TrainerCallback):
    """Looks at the weights before they are judged or saved: a finite loss can ruin them."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **named: Any
    ) -> None:
        """Look, if this step's weights are asked for.

        Raises:
            RecipeError: a weight is not finite; says after which step.
        """
        if control.should_evaluate or control.should_save:
            _look(named["model"], args, state.global_step)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **named: Any
    ) -> None:
        """The same where epochs are judged and saved."""
        self.on_step_end(args, state, control, **named)


def check_embeddings(vectors: np.ndarray) -> None:
    """Look at a frozen encoder's embeddings of training rows before a head is fitted to them.

    Raises:
        BaseModelError: one of them is not finite.
    """
    if not np.isfinite(vectors).all():
        raise BaseModelError(
            "the base model makes embeddings that are not numbers, so nothing can be learnt",
            "its weights may be damaged: fetch it again, or choose another base_model",
        )


def _look(network: nn.Module, args: TrainingArguments, step: int) -> None:
    for name, weight in network.named_parameters():
        if weight.requires_grad and not torch.isfinite(weight).all():
            raise _diverged(f"after step {step} the weights {name} are not finite", step, args)


def _diverged(what: str, step: int, args: TrainingArguments) -> RecipeError:
    kept = checkpoints.latest_complete(Path(args.output_dir or "."))
    rest = f" (the last good checkpoint: {kept.name})" if kept else ""
    damaged = "; or the base model's weights are damaged" if step == 1 else ""
    return RecipeError(f"{what}, so training stopped{rest}", _HINT + damaged)
