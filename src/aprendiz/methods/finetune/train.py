"""``finetune``: tune the whole encoder with the Hugging Face Trainer.

The default is LP-FT (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and
Underperform Out-of-Distribution"): fit a linear head on the frozen encoder, then train
encoder and head together from there. ``plain: true`` is the textbook recipe.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from aprendiz.data.dataset import Dataset
from aprendiz.data.records import Example
from aprendiz.evaluation import calibration, metrics
from aprendiz.interfaces import Trained, Workspace
from aprendiz.methods.finetune.recipe import FinetuneRecipe, auto_epochs
from aprendiz.neural import (
    base_models,
    checkpoints,
    device,
    encoder,
    linear_head,
    tokenize,
    torch_file,
)
from aprendiz.neural.base_models import BaseModel
from aprendiz.neural.callbacks import MetricsCallback, ObserverCallback, SystemMetricsCallback
from aprendiz.neural.optimizer import adamw
from aprendiz.neural.snapshots import SnapshotCallback
from aprendiz.neural.tokenize import TextEncoder

Rows = list[dict[str, Any]]


def train(dataset: Dataset, recipe: FinetuneRecipe, workspace: Workspace) -> Trained:
    """Learn from ``dataset.train``; ``dataset.validation``, if any, chooses the checkpoint."""
    tell = workspace.observer
    base = base_models.resolve(recipe.base_model)
    hardware = device.plan(recipe.precision)
    tell.say(
        f"encoder {base.name} ({base.origin}) on {hardware.name}, "
        f"{hardware.precision} because {hardware.reason}"
    )
    encoder.quiet_transformers()
    set_seed(recipe.seed)

    tokenizer = tokenize.load_tokenizer(base.folder)
    max_length = min(recipe.max_length, base.longest)
    pad = int(tokenizer.pad_token_id or 0)
    texts = TextEncoder(tokenizer.backend_tokenizer, max_length, pad)
    rows = _rows(dataset, dataset.train, texts)
    held_out = _rows(dataset, dataset.validation, texts)
    checkpoint = checkpoints.latest_complete(workspace.checkpoints) if workspace.resume else None

    network: nn.Module
    if recipe.plain:
        network = _plain_network(base, dataset)
    else:
        network = _probed_network(base, dataset, rows, texts, recipe, workspace, checkpoint is None)

    epochs = recipe.epochs if recipe.epochs != "auto" else auto_epochs(len(rows), recipe.batch_size)
    optimizer = adamw(
        network,
        rate=recipe.learning_rate,
        head_rate=recipe.learning_rate if recipe.plain else recipe.head_learning_rate,
        weight_decay=recipe.weight_decay,
    )
    judge = _Judge()
    trainer = Trainer(
        model=network,
        args=_arguments(recipe, workspace, hardware, epochs, len(rows), bool(held_out)),
        data_collator=lambda batch: _collate(batch, pad),
        train_dataset=rows,
        eval_dataset=held_out or None,
        compute_metrics=judge,
        optimizers=(optimizer, None),
        callbacks=[
            MetricsCallback(workspace.run),
            SystemMetricsCallback(workspace.run),
            ObserverCallback(tell),
        ],
    )
    trainer.remove_callback(PrinterCallback)

    def write(folder: Path) -> None:
        encoder.save(
            network, tokenizer, folder, max_length=max_length, temperature=judge.temperature
        )

    if workspace.album:
        trainer.add_callback(SnapshotCallback(workspace.album, write))
    trainer.add_callback(checkpoints.MarkComplete())
    if held_out and recipe.early_stopping:
        trainer.add_callback(EarlyStoppingCallback(recipe.early_stopping))
    _learn(trainer, network, checkpoint, workspace)

    if held_out:
        trainer.predict(held_out)  # type: ignore[arg-type]  # the judge sees the chosen weights
    network.to("cpu").eval()
    write(workspace.files)
    torch_file.write(workspace.files, dataset.labels)
    return Trained(
        {
            "base_model": base.name,
            "base_model_sha256": base.sha256,
            "device": hardware.name,
            "precision": f"{hardware.precision}: {hardware.reason}",
            "parameters": sum(tensor.numel() for tensor in network.parameters()),
            "epochs": round(float(trainer.state.epoch or 0), 2),
            "steps": trainer.state.global_step,
            "temperature": round(judge.temperature, 4),
            "torch_threads": torch.get_num_threads(),
        },
        chose_on_validation=bool(held_out),
        huggingface=recipe.plain,
    )


def _learn(
    trainer: Trainer, network: nn.Module, checkpoint: Path | None, workspace: Workspace
) -> None:
    """Train, or go on with an interrupted training, or take what a finished one has left."""
    if checkpoint is None:
        trainer.train()
        return
    state = checkpoints.state_of(checkpoint)
    workspace.observer.say(f"going on from step {state.global_step}")
    if checkpoints.had_ended(state):
        checkpoints.load_best(network, state, workspace.checkpoints)
        trainer.state = state
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint))


def _rows(dataset: Dataset, examples: tuple[Example, ...], texts: TextEncoder) -> Rows:
    numbers = dataset.numbers(examples)
    encoded = texts.encode([example.text for example in examples])
    return [
        {"input_ids": ids, "labels": number} for ids, number in zip(encoded, numbers, strict=True)
    ]


def _collate(batch: Rows, pad: int) -> dict[str, torch.Tensor]:
    """Pad to the longest row of this batch only."""
    numbers, mask = tokenize.pad_batch([row["input_ids"] for row in batch], pad)
    labels = torch.tensor([row["labels"] for row in batch])
    return {"input_ids": numbers, "attention_mask": mask, "labels": labels}


def _plain_network(base: BaseModel, dataset: Dataset) -> nn.Module:
    """A fresh head on what the architecture pools itself, as the textbook has it."""
    config = encoder.load_config(base.folder)
    config.num_labels = len(dataset.labels)
    config.id2label = dict(enumerate(dataset.labels))
    config.label2id = dict(dataset.index)
    network: nn.Module = AutoModelForSequenceClassification.from_pretrained(
        base.folder, config=config, local_files_only=True, dtype=torch.float32
    )
    return network


def _probed_network(
    base: BaseModel,
    dataset: Dataset,
    rows: Rows,
    texts: TextEncoder,
    recipe: FinetuneRecipe,
    workspace: Workspace,
    fresh: bool,
) -> encoder.PooledClassifier:
    """Encoder and head; a fresh start fits the head, a resumed one gets it from the checkpoint."""
    network = encoder.PooledClassifier(
        encoder.load_encoder(base.folder), len(dataset.labels), base.pooling, base.normalize
    )
    if not fresh:
        return network
    embeddings = encoder.run_batched(
        network.eval().embed,
        [row["input_ids"] for row in rows],
        texts.pad,
        "cpu",
        lambda done, total: workspace.observer.progress("embedding", done, total),
    )
    truth = np.array([row["labels"] for row in rows])
    head = linear_head.fit_head(embeddings, truth, len(dataset.labels), seed=recipe.seed)
    network.set_head(head.weight, head.bias)
    return network


def _arguments(
    recipe: FinetuneRecipe,
    workspace: Workspace,
    hardware: device.Plan,
    epochs: int,
    rows: int,
    validated: bool,
) -> TrainingArguments:
    steps = epochs * math.ceil(rows / recipe.batch_size)
    return TrainingArguments(
        output_dir=str(workspace.checkpoints),
        num_train_epochs=epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.scheduler,
        warmup_steps=math.ceil(recipe.warmup * steps),
        weight_decay=recipe.weight_decay,
        label_smoothing_factor=recipe.label_smoothing,
        max_grad_norm=1.0,
        train_sampling_strategy="group_by_length",
        bf16=hardware.bf16,
        use_cpu=hardware.device == "cpu",
        eval_strategy="epoch" if validated else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=validated,
        restore_callback_states_from_checkpoint=True,  # how patient early stopping still is
        metric_for_best_model=recipe.metric if validated else None,
        greater_is_better=(recipe.metric != "loss") if validated else None,
        logging_steps=max(1, steps // 50),
        logging_first_step=True,
        seed=recipe.seed,
        data_seed=recipe.seed,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=hardware.device == "cuda",
    )


class _Judge:
    """Measures the held-out rows for the Trainer, and fits the temperature on the way.

    No weight was fitted to these rows. The temperature is 1 as long as there were none.
    """

    temperature = 1.0

    def __call__(self, predicted: EvalPrediction) -> dict[str, float]:
        logits = np.asarray(predicted.predictions, dtype=np.float64)
        truth = np.asarray(predicted.label_ids)
        self.temperature = calibration.fit_temperature(logits, truth)
        figures = metrics.quick(calibration.softmax(logits), truth)
        figures.pop("loss", None)  # the Trainer reports its own
        return figures
