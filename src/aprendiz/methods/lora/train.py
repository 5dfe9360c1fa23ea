"""``lora``: train adapters on a frozen language model with PEFT and TRL's trainer.

The base is not touched and not copied: the model folder holds the adapter, the tokenizer with
its chat template, and the name and hash of the base. Only what the assistant says is learnt
(``neural/causal/supervision.py``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import PeftModel
from transformers import (
    EarlyStoppingCallback,
    PreTrainedTokenizerBase,
    PrinterCallback,
    TrainerState,
)
from trl.trainer.sft_config import SFTConfig

from aprendiz.data.chat.dataset import ChatDataset
from aprendiz.data.chat.records import Conversation
from aprendiz.errors import DataError
from aprendiz.interfaces import Observer, Trained, Workspace, WriteFiles
from aprendiz.methods.lora import needs
from aprendiz.methods.lora.recipe import LoraRecipe
from aprendiz.methods.lora.work import Work
from aprendiz.neural import checkpoints, device, finite
from aprendiz.neural.callbacks import (
    MetricsCallback,
    ObserverCallback,
    SystemMetricsCallback,
    ThroughputCallback,
)
from aprendiz.neural.causal import (
    adapter,
    adapting,
    base,
    linear_layers,
    packing,
    supervision,
)
from aprendiz.neural.causal.adapter_trainer import AdapterTrainer, as_table
from aprendiz.neural.causal.footprint import Footprint
from aprendiz.neural.causal.notices import without_advance_notices
from aprendiz.neural.causal.supervision import SupervisedRow
from aprendiz.neural.encoder import quiet_transformers
from aprendiz.neural.snapshots import SnapshotCallback
from aprendiz.neural.system_metrics import PeakMemory


def train(dataset: ChatDataset, recipe: LoraRecipe, workspace: Workspace) -> Trained:
    """Learn from ``dataset.train``; ``dataset.validation``, if any, chooses the checkpoint."""
    tell = workspace.observer
    quiet_transformers()
    found = base.resolve(recipe.base_model, tell)
    tokenizer = base.load_tokenizer(found)
    context = min(recipe.max_length, found.context)
    rows = _rows(dataset.train, tokenizer, context, tell)
    held_out = _rows(dataset.validation, tokenizer, context, tell)
    checkpoint = checkpoints.latest_complete(workspace.checkpoints) if workspace.resume else None

    network, hardware = adapting.load(
        found, needs.adapters_of(recipe), precision=recipe.precision, four_bit=recipe.four_bit
    )
    tell.say(
        f"base model {found.name} ({found.origin}) on {hardware.name}, "
        f"{hardware.precision} because {hardware.reason}"
    )
    packed, why = packing.decide(recipe.packing, network.get_base_model(), hardware.device)
    work = Work.of(recipe, [len(row.tokens) for row in rows], packed, context)
    told = needs.estimate(
        network,
        hardware,
        recipe,
        work,
        checkpoints.state_of(checkpoint).train_batch_size if checkpoint else None,
    )
    total, trained = linear_layers.count_parameters(network)
    targets = linear_layers.adapted(network)
    tell.say(
        f"{trained:,} of {total:,} parameters are trained ({trained / total:.2%}): "
        f"rank {recipe.rank} on {', '.join(targets)}"
    )
    tell.say(f"{told.batch_in_words()}; packing {'on' if packed else 'off'}: {why}")

    def write(folder: Path) -> None:
        adapter.write(network, tokenizer, found, context, folder)

    with without_advance_notices():
        arguments = _arguments(recipe, workspace, hardware, work, told, bool(held_out))
        trainer = _trainer(network, tokenizer, rows, held_out, arguments, recipe, workspace, write)
    with PeakMemory(hardware.device) as peak, without_advance_notices():
        begin = time.perf_counter()
        _learn(trainer, network, checkpoint, workspace)
        seconds = time.perf_counter() - begin
    write(workspace.files)
    return Trained(
        {
            "base_model": found.name,
            "base_model_sha256": found.sha256,
            "device": hardware.name,
            "precision": f"{hardware.precision}: {hardware.reason}",
            "parameters": total,
            "trainable_parameters": trained,
            "targets": targets,
            "rows_at_once": told.rows_at_once,
            "packing": packed,
            **_ended(trainer.state, work),
            "learning_seconds": round(seconds, 3),
            "peak_memory_bytes": peak.bytes,
            "estimated_memory_bytes": told.memory,
            "torch_threads": torch.get_num_threads(),
        },
        chose_on_validation=bool(held_out),
        huggingface=True,
    )


def _ended(state: TrainerState, work: Work) -> dict[str, object]:
    """How far the training came, and its last losses; a resumed one has those of the whole."""
    losses = [float(entry["loss"]) for entry in state.log_history if "loss" in entry]
    epochs = float(state.epoch or 0)
    best = {} if state.best_metric is None else {"eval_loss": float(state.best_metric)}
    return {
        "epochs": round(epochs, 2),
        "steps": state.global_step,
        "tokens": round(work.tokens * epochs),
        "loss": losses[-1],
        **best,
    }


def _rows(
    conversations: Sequence[Conversation],
    tokenizer: PreTrainedTokenizerBase,
    context: int,
    tell: Observer,
) -> list[SupervisedRow]:
    """Supervised rows that fit the context; ``check.py`` has named the others."""
    rows = supervision.supervise(conversations, tokenizer, tell)
    kept, long = supervision.leave_out_long(rows, context)
    if long:
        tell.say(f"left out: {len(long):,} conversations of more than {context:,} tokens")
    if rows and not kept:
        raise DataError(
            f"every conversation is longer than {context:,} tokens, so none is left",
            "raise max_length, or choose a base model that reads more",
            long,
        )
    return kept


def _trainer(
    network: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[SupervisedRow],
    held_out: Sequence[SupervisedRow],
    arguments: SFTConfig,
    recipe: LoraRecipe,
    workspace: Workspace,
    write: WriteFiles,
) -> AdapterTrainer:
    """TRL's trainer with everybody who is to be told; a checkpoint is whole only at the end."""
    trainer = AdapterTrainer(
        model=network,
        args=arguments,
        train_dataset=as_table(rows),
        eval_dataset=as_table(held_out) if held_out else None,
        processing_class=tokenizer,
        callbacks=[
            finite.FiniteWeights(),
            MetricsCallback(workspace.run),
            ThroughputCallback(workspace.run),
            SystemMetricsCallback(workspace.run),
            ObserverCallback(workspace.observer),
        ],
    )
    trainer.remove_callback(PrinterCallback)
    if workspace.album:
        trainer.add_callback(SnapshotCallback(workspace.album, write))
    trainer.add_callback(checkpoints.MarkComplete())
    if held_out and recipe.early_stopping:
        trainer.add_callback(EarlyStoppingCallback(recipe.early_stopping))
    return trainer


def _learn(
    trainer: AdapterTrainer, network: PeftModel, checkpoint: Path | None, workspace: Workspace
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


def _arguments(
    recipe: LoraRecipe,
    workspace: Workspace,
    hardware: device.Plan,
    work: Work,
    told: Footprint,
    validated: bool,
) -> SFTConfig:
    return SFTConfig(
        packing=work.packed,
        max_length=work.longest if work.packed else None,  # rows are as long as they are
        output_dir=str(workspace.checkpoints),
        num_train_epochs=work.epochs,
        per_device_train_batch_size=told.rows_at_once,
        per_device_eval_batch_size=told.rows_at_once,
        gradient_accumulation_steps=told.accumulation,
        gradient_checkpointing=told.checkpointing,  # TRL leaves it on
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=int(recipe.warmup * work.steps),  # a single step shall not be spent on it
        weight_decay=0.0,
        max_grad_norm=1.0,
        train_sampling_strategy="random" if work.packed else "group_by_length",
        bf16=hardware.bf16,
        use_cpu=hardware.device == "cpu",
        eval_strategy="steps" if validated else "no",
        eval_steps=work.save_every if validated else None,
        save_strategy="steps",
        save_steps=work.save_every,
        save_total_limit=2,
        load_best_model_at_end=validated,
        restore_callback_states_from_checkpoint=True,  # how patient early stopping still is
        metric_for_best_model="loss" if validated else None,
        greater_is_better=False if validated else None,
        logging_steps=work.log_every,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # FiniteTrainer stops instead
        seed=recipe.seed,
        data_seed=recipe.seed,
        disable_tqdm=True,
        report_to="none",
        dataloader_pin_memory=hardware.device == "cuda",
    )
