"""The textbook: a random head on the pooled first token, everything tuned by the HF Trainer."""

from __future__ import annotations

import time

import numpy as np
import torch
from job import Job
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

EPOCHS, RATE, BATCH, LONGEST = 5, 1e-4, 32, 128


def main() -> None:
    """Train and answer."""
    job = Job.read()
    begin = time.perf_counter()
    set_seed(job.seed)
    tokenizer = AutoTokenizer.from_pretrained(job.encoder)
    model = AutoModelForSequenceClassification.from_pretrained(job.encoder, num_labels=job.classes)

    def rows(texts: list[str]) -> list[dict[str, object]]:
        encoded = tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"]
        return [{"input_ids": ids} for ids in encoded]

    train = [
        {**row, "labels": number} for row, number in zip(rows(job.texts), job.numbers, strict=True)
    ]
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(job.folder / "checkpoints"),
            num_train_epochs=EPOCHS,
            learning_rate=RATE,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=64,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            seed=job.seed,
        ),
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=train,  # type: ignore[arg-type]  # a list is a map-style dataset
    )
    trainer.train()
    seconds = time.perf_counter() - begin
    logits = np.asarray(trainer.predict(rows(job.asked)).predictions)  # type: ignore[arg-type]
    job.answer(
        torch.softmax(torch.from_numpy(logits), dim=-1).numpy(),
        seconds=seconds,
        schedule=f"{EPOCHS} epochs, rate {RATE:g}, batches of {BATCH}",
        steps=trainer.state.global_step,
    )


if __name__ == "__main__":
    main()
