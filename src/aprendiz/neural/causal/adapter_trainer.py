"""TRL's ``SFTTrainer`` as this house runs it: quiet, offline, and on rows made beforehand.

The rows come tokenised and labelled from ``supervision.py``; TRL cuts, drops and guesses
nothing here. What to train and how often is for ``methods/lora/train.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from trl.trainer.sft_trainer import SFTTrainer

from aprendiz.neural.causal.supervision import SupervisedRow
from aprendiz.neural.finite import FiniteTrainer


class AdapterTrainer(FiniteTrainer, SFTTrainer):
    """An ``SFTTrainer`` that tells nobody about itself and writes no card of its own."""

    def _send_telemetry(self) -> None:
        """TRL would report each training to the hub."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """TRL would write one beside each checkpoint."""


def as_table(rows: Sequence[SupervisedRow]) -> Dataset:
    """Rows as TRL takes them when they need no more preparation."""
    return Dataset.from_dict(
        {
            "input_ids": [list(row.tokens) for row in rows],
            "labels": [row.labels for row in rows],
        }
    )
