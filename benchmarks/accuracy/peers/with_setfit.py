"""SetFit at its documented schedule: one epoch over every pair, unless that takes too long.

The defaults of ``setfit.TrainingArguments`` are kept: pairs by oversampling, one epoch,
batches of 16, rate 2e-5, a logistic regression on top. The number of pairs grows with the
square of the rows. Where an epoch cannot end in the time allowed, the schedule is planned
for as many steps as can, its warm-up and decay with it, and the time of the whole schedule
is extrapolated from the time of a step.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from pathlib import Path

from datasets import Dataset
from job import Job
from setfit import SetFitModel, Trainer, TrainingArguments
from transformers import TrainerCallback

BATCH = 16
TRIED = 24  # steps to time before the training is planned
WARM = 4  # of them, not to be counted


class Clock(TrainerCallback):
    """Notes when each optimiser step ends."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: object, **__: object) -> None:
        """Called by the Trainer."""
        self.ends.append(time.perf_counter())

    def seconds(self) -> float:
        """Mean seconds of a step, the first few left out."""
        counted = self.ends[WARM:] or self.ends
        return (counted[-1] - counted[0]) / max(1, len(counted) - 1)


def pairs(numbers: list[int]) -> int:
    """Pairs that SetFit draws by oversampling: twice the commoner kind (a text with itself too)."""
    rows = len(numbers)
    alike = sum(count * (count + 1) // 2 for count in Counter(numbers).values())
    return 2 * max(alike, rows * (rows + 1) // 2 - alike)


def trained(job: Job, steps: int) -> tuple[SetFitModel, Clock]:
    """A model after so many steps; -1 for the whole epoch."""
    model = SetFitModel.from_pretrained(str(job.encoder))
    clock = Clock()
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(Path(job.folder) / "checkpoints"),
            max_steps=steps,
            seed=job.seed,
            report_to="none",
            save_strategy="no",
            show_progress_bar=False,
        ),
        train_dataset=Dataset.from_dict({"text": job.texts, "label": job.numbers}),
        callbacks=[clock],
    )
    trainer.train()
    return model, clock


def main() -> None:
    """Train and answer."""
    job = Job.read()
    whole = math.ceil(pairs(job.numbers) / BATCH)
    a_step = trained(job, min(TRIED, whole))[1].seconds()
    steps = min(whole, max(TRIED, int(job.minutes * 60 / a_step)))
    begin = time.perf_counter()
    model, clock = trained(job, -1 if steps == whole else steps)
    seconds = time.perf_counter() - begin
    facts: dict[str, object] = {"steps": len(clock.ends), "whole": whole}
    schedule = "one epoch over all pairs"
    if steps < whole:
        facts["extrapolated"] = seconds + (whole - steps) * clock.seconds()
        schedule = f"{steps:,} of {whole:,} steps, in the {job.minutes:g} minutes allowed"
    told = model.predict_proba(job.asked, batch_size=64, as_numpy=True)
    job.answer(told, seconds=seconds, schedule=schedule, **facts)


if __name__ == "__main__":
    main()
