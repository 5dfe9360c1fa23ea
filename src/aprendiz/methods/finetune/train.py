"""``finetune``: tune the whole encoder with the Hugging Face Trainer.

The default is LP-FT (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and
Underperform Out-of-Distribution"): fit a linear head on the frozen encoder, then train
encoder and head together from there. ``plain: true`` is the textbook recipe. What differs
between one label a text and several is asked of a ``Task``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    set_seed,
)

from aprendiz.data.dataset import Dataset
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.records import Example
from aprendiz.interfaces import Observer, Trained, Workspace
from aprendiz.methods.finetune import calibrate
from aprendiz.methods.finetune.recipe import FinetuneRecipe, auto_epochs, contrast
from aprendiz.methods.finetune.trainer import Judge, arguments
from aprendiz.neural import (
    base_models,
    checkpoints,
    device,
    encoder,
    finite,
    tokenize,
    torch_file,
)
from aprendiz.neural.base_models import BaseModel
from aprendiz.neural.callbacks import MetricsCallback, ObserverCallback, SystemMetricsCallback
from aprendiz.neural.engine.writing import write_in_training
from aprendiz.neural.multi_task import SeveralLabels
from aprendiz.neural.optimizer import adamw
from aprendiz.neural.snapshots import SnapshotCallback
from aprendiz.neural.task import Calibration, OneLabel, Task, Tuned
from aprendiz.neural.tokenize import TextEncoder

Rows = list[dict[str, Any]]


def train(dataset: Dataset, recipe: FinetuneRecipe, workspace: Workspace) -> Trained:
    """Learn from ``dataset.train``; ``dataset.validation``, if any, chooses the checkpoint.

    Confidence is calibrated on rows that no weight was fitted to: the validation rows, or what
    ``calibrate.py`` does without any.
    """
    return _train(OneLabel(), dataset, recipe, workspace)


def train_multi(dataset: MultiDataset, recipe: FinetuneRecipe, workspace: Workspace) -> Trained:
    """The same, of texts with any number of labels."""
    return _train(SeveralLabels(), dataset, recipe, workspace)


def _train(task: Task, dataset: Dataset, recipe: FinetuneRecipe, workspace: Workspace) -> Trained:
    if not dataset.validation and not recipe.plain and len(dataset.train) > calibrate.MANY:
        dataset = calibrate.kept_back(dataset, recipe.seed)
        workspace.observer.say(
            f"calibrating on {len(dataset.validation):,} rows kept back, since none were given"
        )
    done = _tune(task, dataset, recipe, workspace)
    told = _calibrate(task, done, recipe, workspace)
    done.network.to("cpu")
    done.write(workspace.files, told)
    if told.detector:
        told.detector.save(workspace.files)
    if workspace.kept:
        torch_file.write(workspace.files, dataset.labels)
        write_in_training(workspace.files, dataset.labels, workspace.observer)
    return Trained(
        {
            **done.facts,
            **({} if task.several else {"temperature": round(told.temperature, 4)}),
            "torch_threads": torch.get_num_threads(),
            **({"detector": told.detector.name} if told.detector else {}),
        },
        chose_on_validation=bool(dataset.validation),
        huggingface=recipe.plain,
        held_out=told.held_out,
    )


@dataclass(frozen=True, eq=False)
class _Done:
    """A training that has ended.

    Attributes:
        network: in evaluation mode, where it was trained.
        dataset: what it has learnt from.
        texts: what makes token numbers for it.
        judged: how it was calibrated on the validation rows, if there were any.
        write: writes the files of the model.
        device: where it was trained.
        facts: for the manifest.
    """

    network: nn.Module
    dataset: Dataset
    texts: TextEncoder
    judged: Calibration
    write: Callable[[Path, Calibration], None]
    device: str
    facts: dict[str, object]

    def tuned(self) -> Tuned:
        """The same, for asking; not of a plain network, which has no embeddings of ours."""
        assert isinstance(self.network, encoder.PooledClassifier)
        return Tuned(self.network, self.dataset, self.texts, self.device)


def _tune(task: Task, dataset: Dataset, recipe: FinetuneRecipe, workspace: Workspace) -> _Done:
    """The training itself."""
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
    rows = _rows(task, dataset, dataset.train, texts)
    held_out = _rows(task, dataset, dataset.validation, texts)
    checkpoint = checkpoints.latest_complete(workspace.checkpoints) if workspace.resume else None

    network: nn.Module
    if recipe.plain:
        network = _plain_network(base, dataset)
    else:
        network = encoder.PooledClassifier(
            encoder.load_encoder(base.folder), len(dataset.labels), base.pooling, base.normalize
        )
        network.contrast = contrast(len(rows), recipe.batch_size)
        if checkpoint is None:  # a resumed one gets its head from the checkpoint
            _start(task, network, rows, pad, recipe.seed, tell)

    epochs = recipe.epochs if recipe.epochs != "auto" else auto_epochs(len(rows), recipe.batch_size)
    optimizer = adamw(
        network,
        rate=recipe.learning_rate,
        head_rate=recipe.learning_rate if recipe.plain else recipe.head_learning_rate,
        weight_decay=recipe.weight_decay,
    )
    judge = Judge(task)
    trainer = finite.FiniteTrainer(
        model=network,
        args=arguments(recipe, workspace, hardware, epochs, len(rows), bool(held_out)),
        data_collator=lambda batch: _collate(batch, pad),
        train_dataset=rows,
        eval_dataset=held_out or None,
        compute_loss_func=None if recipe.plain else task.loss(recipe.label_smoothing),
        compute_metrics=judge,
        optimizers=(optimizer, None),
        callbacks=[
            finite.FiniteWeights(),
            MetricsCallback(workspace.run),
            SystemMetricsCallback(workspace.run),
            ObserverCallback(tell),
        ],
    )
    trainer.remove_callback(PrinterCallback)

    def write(folder: Path, told: Calibration) -> None:
        encoder.save(
            network,
            tokenizer,
            folder,
            max_length=max_length,
            temperature=told.temperature,
            several=task.several,
            platt=told.platt,
        )

    if workspace.album:
        snapshots = SnapshotCallback(workspace.album, lambda folder: write(folder, judge.told))
        trainer.add_callback(snapshots)
    trainer.add_callback(checkpoints.MarkComplete())
    if held_out and recipe.early_stopping:
        trainer.add_callback(EarlyStoppingCallback(recipe.early_stopping))
    _learn(trainer, network, checkpoint, workspace)
    if held_out:
        trainer.predict(held_out)  # type: ignore[arg-type]  # the judge sees the chosen weights
    facts = {
        "base_model": base.name,
        "base_model_sha256": base.sha256,
        "device": hardware.name,
        "precision": f"{hardware.precision}: {hardware.reason}",
        "parameters": sum(tensor.numel() for tensor in network.parameters()),
        "epochs": round(float(trainer.state.epoch or 0), 2),
        "steps": trainer.state.global_step,
    }
    return _Done(network.eval(), dataset, texts, judge.told, write, hardware.device, facts)


def _calibrate(
    task: Task, done: _Done, recipe: FinetuneRecipe, workspace: Workspace
) -> Calibration:
    if recipe.plain:
        return done.judged
    dataset = done.dataset
    if dataset.validation:
        outside = dataset.outside.validation
        return task.on_rows(done.tuned(), dataset.validation, outside, "validation")

    def twin(rows: Dataset, apart: Workspace) -> Tuned:
        return _tune(task, rows, recipe, apart).tuned()

    return calibrate.by_twin(task, twin, done.tuned(), recipe.seed, workspace)


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


def _rows(task: Task, dataset: Dataset, examples: tuple[Example, ...], texts: TextEncoder) -> Rows:
    targets = task.targets(dataset, examples)
    encoded = texts.encode([example.text for example in examples])
    return [
        {"input_ids": ids, "labels": target} for ids, target in zip(encoded, targets, strict=True)
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


def _start(
    task: Task,
    network: encoder.PooledClassifier,
    rows: Rows,
    pad: int,
    seed: int,
    tell: Observer,
) -> None:
    """Give a network a head that is fitted to what the encoder says before it is tuned."""
    vectors = encoder.run_batched(
        network.eval().embed,
        [row["input_ids"] for row in rows],
        pad,
        "cpu",
        lambda done, total: tell.progress("embedding", done, total),
    )
    finite.check_embeddings(vectors)
    targets = [row["labels"] for row in rows]
    network.set_head(*task.first_head(vectors, targets, network.head.out_features, seed))
