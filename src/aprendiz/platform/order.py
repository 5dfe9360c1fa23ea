"""What a job's training process is told: ``order.json`` in the job's folder, fixed at creation.

Also how the vendors' three hyper-parameters become a recipe of ours.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aprendiz.errors import RecipeError
from aprendiz.methods import catalogue
from aprendiz.methods.finetune.recipe import FinetuneRecipe, auto_epochs
from aprendiz.methods.lora.recipe import LoraRecipe, rows_a_step
from aprendiz.methods.lora.recipe import auto_epochs as lora_epochs
from aprendiz.platform.records import JobError, Refusal

AUTO = "auto"
NAME = "order.json"
TRAINING, VALIDATION = "training_file.jsonl", "validation_file.jsonl"

_MOST_BATCH = 256
_BOUNDS = {"n_epochs": (1, 50), "batch_size": (1, _MOST_BATCH)}
MULTIPLIER = "learning_rate_multiplier"
HYPERPARAMETERS = (*_BOUNDS, MULTIPLIER)


@dataclass(frozen=True, slots=True)
class Order:
    """A job, as far as its training process needs to know.

    Attributes:
        job: its id.
        model: the base model's name as shown to clients; the tokens are counted for it.
        recipe: the filled recipe; empty when the files are at fault.
        resolved: the hyper-parameters in force.
        ignored: hyper-parameters that were asked for and mean nothing to the method.
        steps: optimiser steps in all; 1 for a method that does not learn in steps.
        validated: there is a validation file.
        fault: what is wrong with the files, so that the job will fail; ``None`` for nothing.
        several_turns: the training file's conversations have several turns, so the model
            reads whole conversations; else it reads the user's last words only.
    """

    job: str
    model: str
    recipe: Mapping[str, Any]
    resolved: Mapping[str, float]
    ignored: tuple[str, ...]
    steps: int
    validated: bool
    fault: JobError | None = None
    several_turns: bool = False

    def write(self, folder: Path) -> None:
        """Put ``order.json`` into a job's folder, and see that it is on disk."""
        with (folder / NAME).open("w", encoding="utf-8") as out:
            json.dump(asdict(self), out, indent=1)
            out.flush()
            os.fsync(out.fileno())

    @classmethod
    def read(cls, folder: Path) -> Order:
        """The order in a job's folder."""
        values = json.loads((folder / NAME).read_text(encoding="utf-8"))
        fault = JobError(**values["fault"]) if values["fault"] else None
        return cls(**{**values, "ignored": tuple(values["ignored"]), "fault": fault})


@dataclass(frozen=True, slots=True)
class Plan:
    """Hyper-parameters made definite: see :class:`Order` for the fields."""

    recipe: Mapping[str, Any]
    resolved: Mapping[str, float]
    ignored: tuple[str, ...]
    steps: int


def check_hyperparameters(asked: Mapping[str, float | str]) -> None:
    """Hold hyper-parameters to the protocol's bounds.

    Raises:
        Refusal: 400, names the one at fault.
    """
    for name, value in asked.items():
        if name not in HYPERPARAMETERS or value == AUTO:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name == MULTIPLIER:
            words, fits = "a number above 0", number and 0 < float(value) < math.inf
        else:
            least, most = _BOUNDS[name]
            words = f"a whole number from {least} to {most}"
            fits = number and least <= float(value) <= most and float(value).is_integer()
        if not fits:
            raise _refusal(name, f"must be 'auto' or {words}, not {value!r}")


def plan(
    method: str, base_model: str, asked: Mapping[str, float | str], rows: int, seed: int
) -> Plan:
    """A recipe of ``method`` for so many rows, and the numbers that ``"auto"`` became.

    ``"auto"`` means our recipe's own default; automatic epochs may end early when the
    validation file shows that they no longer help, a number asked for is kept to.
    ``learning_rate_multiplier`` scales the learning rates of ``finetune`` and ``lora``. The
    other methods have no epochs, batches or rates: all rows are learnt at once, which is what
    is reported.

    Raises:
        Refusal: 400, a hyper-parameter is out of bounds, or makes a rate that is.
    """
    check_hyperparameters(asked)
    numbers = {name: float(v) for name, v in asked.items() if not isinstance(v, str)}
    recipe: dict[str, Any] = {"method": method, "seed": seed}
    if catalogue.find(method).abilities.uses_base_model:
        recipe["base_model"] = base_model
    if not catalogue.find(method).abilities.steps:
        at_once = {"n_epochs": 1, "batch_size": max(1, min(rows, _MOST_BATCH)), MULTIPLIER: 1.0}
        other = tuple(name for name in at_once if numbers.get(name, at_once[name]) != at_once[name])
        return Plan(_filled(method, recipe), at_once, other, steps=1)

    settings, resolved = _stepwise(method, numbers, rows)
    recipe |= settings
    if "n_epochs" in numbers:
        recipe["early_stopping"] = 0  # who asks for eight epochs gets eight
    epochs, batch = resolved["n_epochs"], resolved["batch_size"]
    return Plan(_filled(method, recipe), resolved, (), steps=int(epochs) * math.ceil(rows / batch))


def _stepwise(
    method: str, numbers: Mapping[str, float], rows: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Settings of a method that learns in steps, and the three numbers they come to."""
    factor = numbers.get(MULTIPLIER, 1.0)
    recipe: dict[str, Any]
    if method == "lora":
        adapters = LoraRecipe()
        batch = int(numbers.get("batch_size", rows_a_step(adapters, rows)))
        auto_passes = lora_epochs(rows, min(batch, rows))
        # Conversations that share rows would make other steps of a batch than those reported.
        recipe = {"packing": False, "learning_rate": adapters.learning_rate * factor}
    else:
        encoder = FinetuneRecipe()
        batch = int(numbers.get("batch_size", encoder.batch_size))
        auto_passes = auto_epochs(rows, batch)
        recipe = {
            "learning_rate": encoder.learning_rate * factor,
            "head_learning_rate": encoder.head_learning_rate * factor,
        }
    epochs = int(numbers.get("n_epochs", auto_passes))
    resolved = {"n_epochs": epochs, "batch_size": batch, MULTIPLIER: factor}
    return recipe | {"epochs": epochs, "batch_size": batch}, resolved


def _filled(method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return catalogue.choose_recipe(method, values).model_dump(mode="json")
    except RecipeError as error:
        # Everything else in the recipe is ours: only the multiplier can have done it.
        raise _refusal(MULTIPLIER, f"is too large: {error.message}") from None


def _refusal(name: str, fault: str) -> Refusal:
    return Refusal(
        400,
        f"The hyperparameter '{name}' {fault}.",
        code="invalid_hyperparameters",
        param=f"hyperparameters.{name}",
    )
