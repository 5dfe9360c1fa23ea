"""``lora`` against TRL's ``SFTTrainer`` at its defaults: tokens per second and peak memory.

    python benchmarks/lora.py
    make bench-lora ARGS='--rounds 5 --write'
    make bench-lora ARGS='--gpu --write'

Same base model, same conversations, same adapters, same number of epochs, on the CPU. Each run
is a child process of its own; the two take turns, so that whatever else the machine does falls
on both. Tokens are those of the conversations, padding not counted; time is that of the learning
alone, without imports and tokenising; memory is the highest resident memory of the process while
it learns (on a GPU, what torch had allocated). ``--tuned`` adds a third: ``SFTTrainer`` with
checkpointing off and our arithmetic and batch, to show what of the difference is settings.

``--gpu`` adds a Llama of 1.24 billion random weights (the shape of Llama 3.2 1B) at 2,048 tokens
a row, with its model FLOPs utilisation: tokens/s × 4 × parameters / the GPU's bf16 peak.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from methods import machine

RESULT = Path(__file__).parent / "results" / "lora.md"
NAMES = {
    "ours": "aprendiz, method `lora`",
    "trl": "TRL `SFTTrainer`, its defaults",
    "tuned": "TRL `SFTTrainer`, checkpointing off, our arithmetic and batch",
}
RANK = 16
ROWS, EPOCHS, SEED = 320, 2, 13
GPU_ROWS, GPU_LENGTH = 128, 2048

# Dense bf16 FLOP/s of NVIDIA's data sheets, by a part of the GPU's name.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L4": 121e12, "4090": 165e12}


# ------------------------------------------------------------------ what both learn


def conversations(count: int) -> list[dict[str, Any]]:
    """Sums with one to six steps of working, so that lengths differ as they do in life."""
    draw = Random(SEED)
    rows = []
    for _ in range(count):
        total, lines = draw.randint(1, 99), []
        numbers = [draw.randint(1, 99) for _ in range(draw.randint(1, 6))]
        question = " + ".join(str(each) for each in (total, *numbers))
        for number in numbers:
            lines.append(f"{total} + {number} = {total + number}")
            total += number
        answer = "\n".join([*lines, f"Answer: {total}"])
        turns = [("user", f"What is {question}?"), ("assistant", answer)]
        rows.append({"messages": [{"role": role, "content": text} for role, text in turns]})
    return rows


def long_conversations(tokenizer: Any, count: int, length: int) -> list[dict[str, Any]]:
    """Conversations that fill ``length`` tokens, but for the last few."""
    draw = Random(SEED)
    rows = []
    for _ in range(count):
        answer = ""
        while True:
            longer = f"{answer}{draw.randint(1, 99)} + {draw.randint(1, 99)}\n"
            row = [
                {"role": "user", "content": "Sums, please."},
                {"role": "assistant", "content": longer},
            ]
            if len(tokenizer.apply_chat_template(row, return_dict=True)["input_ids"]) > length:
                break
            answer = longer
        row[1]["content"] = answer
        rows.append({"messages": row})
    return rows


# ------------------------------------------------------------------ one run, in a child


def run_ours(base: str, file: Path, work: Path, batch: int | str, length: int) -> dict[str, Any]:
    """Train with aprendiz; nothing is held out, so that no evaluation is timed."""
    from aprendiz.data.chat.dataset import ChatDataset
    from aprendiz.data.chat.read import read_conversations
    from aprendiz.interfaces import Silence, Workspace
    from aprendiz.methods.lora.recipe import LoraRecipe
    from aprendiz.methods.lora.train import train
    from aprendiz.tracking.memory import MemoryRun

    (work / "files").mkdir()
    (work / "checkpoints").mkdir()
    recipe = LoraRecipe.model_validate(
        {"base_model": base, "rank": RANK, "epochs": EPOCHS, "batch_size": batch, "seed": SEED}
        | {"max_length": length}
    )
    place = Workspace(work / "files", work / "checkpoints", False, MemoryRun(), Silence())
    facts = train(ChatDataset(read_conversations(file).conversations), recipe, place).facts
    return {
        "tokens": facts["tokens"],
        "seconds": facts["learning_seconds"],
        "bytes": facts["peak_memory_bytes"],
        "parameters": facts["parameters"],
        "how": f"{facts['precision'].split(':')[0]}, {facts['rows_at_once']} rows at once",
    }


def run_trl(base: str, file: Path, work: Path, tuned: dict[str, Any]) -> dict[str, Any]:
    """Train as TRL's documentation has it: model, data, a LoRA configuration, nothing else."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    from aprendiz.neural.causal import base as bases
    from aprendiz.neural.system_metrics import PeakMemory

    found = bases.resolve(base)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    settings = {"output_dir": str(work), "num_train_epochs": EPOCHS, "seed": SEED, **tuned}
    settings["use_cpu"] = not torch.cuda.is_available()  # its defaults refuse a CPU otherwise
    trainer = SFTTrainer(
        model=str(found.folder),
        args=SFTConfig(**settings, report_to="none", disable_tqdm=True),
        train_dataset=Dataset.from_list([{"messages": row["messages"]} for row in rows]),
        processing_class=bases.load_tokenizer(found),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM", r=RANK, lora_alpha=2 * RANK, target_modules="all-linear"
        ),
    )
    with PeakMemory(trainer.args.device.type) as peak:
        told = trainer.train()
    tokens = sum(len(row["input_ids"]) for row in trainer.train_dataset) * EPOCHS
    arithmetic = "bf16" if trainer.args.bf16 else "fp32"
    return {
        "tokens": tokens,
        "seconds": told.metrics["train_runtime"],
        "bytes": peak.bytes,
        "parameters": sum(each.numel() for each in trainer.model.parameters()),
        "how": f"{arithmetic}, {trainer.args.per_device_train_batch_size} rows at once",
    }


def child(given: argparse.Namespace) -> None:
    """Carry out one run and print its figures as the last line of stdout."""
    with tempfile.TemporaryDirectory() as folder:
        work, file = Path(folder), Path(given.data)
        if given.child == "ours":
            told = run_ours(given.base, file, work, given.batch, given.length)
        else:
            told = run_trl(given.base, file, work, json.loads(given.settings))
    print(json.dumps(told))


# ------------------------------------------------------------------ rounds and the table


def measure(
    contestants: Sequence[str], base: str, file: Path, rounds: int, extra: dict[str, list[str]]
) -> dict[str, list[dict[str, Any]]]:
    """Every contestant in every round, one after the other."""
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    # Threads that spin while they wait would fight with whatever else the machine does.
    environment = os.environ | {"GOMP_SPINCOUNT": "2000", "HF_HUB_DISABLE_TELEMETRY": "1"}
    for number in range(rounds):
        # Nobody is always first.
        for name in contestants if number % 2 == 0 else reversed(contestants):
            command = [sys.executable, "-W", "ignore", __file__, "--child", name, "--base", base]
            done = subprocess.run(
                [*command, "--data", str(file), *extra.get(name, [])],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode != 0:
                raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
            told[name].append(json.loads(done.stdout.splitlines()[-1]))
            last = told[name][-1]
            rate = last["tokens"] / last["seconds"]
            print(f"round {number + 1}, {name}: {rate:,.0f} tokens/s", file=sys.stderr)
    return told


def table(told: dict[str, list[dict[str, Any]]], flops: float | None = None) -> list[str]:
    """Medians with their spread; with a GPU's peak, the utilisation too."""
    share = " | MFU at 4N" if flops else ""
    lines = [
        f"| | tokens/s, median (least to most) | peak memory, median | arithmetic, batch{share} |",
        "|---|---|---|---|" + ("---|" if flops else ""),
    ]
    for name, runs in told.items():
        rates = sorted(run["tokens"] / run["seconds"] for run in runs)
        memory = statistics.median(run["bytes"] for run in runs)
        middle = statistics.median(rates)
        used = f" | {middle * 4 * runs[0]['parameters'] / flops:.1%}" if flops else ""
        lines.append(
            f"| {NAMES[name]} | {middle:,.0f} ({rates[0]:,.0f}–{rates[-1]:,.0f}) | "
            f"{memory / 1e6:,.0f} MB | {runs[0]['how']}{used} |"
        )
    return lines


def on_cpu(given: argparse.Namespace, work: Path) -> list[str]:
    """The comparison on this machine's CPU."""
    file = work / "chats.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in conversations(given.rows)))
    contestants = ["ours", "trl", *["tuned"] * given.tuned]
    ours_settings = {
        "gradient_checkpointing": False,
        "bf16": False,
        "per_device_train_batch_size": 16,
    }
    extra = {"tuned": ["--settings", json.dumps(ours_settings)]}
    told = measure(contestants, given.base, file, given.rounds, extra)
    runs = told["ours"][0]
    return [
        f"{given.base} ({runs['parameters']:,} parameters with adapters of rank {RANK}), "
        f"{given.rows} conversations, {runs['tokens'] // EPOCHS:,} tokens, {EPOCHS} epochs, "
        f"{given.rounds} rounds, taking turns:",
        "",
        *table(told),
    ]


def on_gpu(given: argparse.Namespace, work: Path) -> list[str]:
    """A model of a real size on a GPU, or the plain word that there is none."""
    import torch

    title = "Llama shape, 1.24 billion random weights, 2,048 tokens a row, one GPU"
    if not torch.cuda.is_available():
        return [f"**{title}: not run, for want of a GPU on this machine.**"]
    if not given.gpu:
        return [f"**{title}: not run (`--gpu` was not given).**"]
    name = torch.cuda.get_device_name(0)
    peak = next((flops for part, flops in PEAKS.items() if part in name), None)
    base = work / "llama-1b"
    file = work / "long.jsonl"
    make_llama(given.base, base, file)
    batch = ["--batch", "16", "--length", str(GPU_LENGTH)]
    longer = {"max_length": GPU_LENGTH}
    extra = {"ours": batch, "trl": ["--settings", json.dumps(longer)]}
    told = measure(["ours", "trl"], str(base), file, given.rounds, extra)
    known = f", bf16 peak {peak / 1e12:.0f} TFLOP/s" if peak else ", bf16 peak not known"
    return [f"{title}: {name}{known}, {given.rounds} rounds:", "", *table(told, peak)]


def make_llama(tokenizer_of: str, folder: Path, file: Path) -> None:
    """Write a random model of Llama 3.2 1B's shape, and rows that fill its context."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from aprendiz.neural.causal import base as bases

    tokenizer = bases.load_tokenizer(bases.resolve(tokenizer_of))
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=128_256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16,
        num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=4096,
        tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.device("cuda"):
        network = LlamaForCausalLM(config).to(torch.bfloat16)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    rows = long_conversations(tokenizer, GPU_ROWS, GPU_LENGTH)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    """Run what the command line names."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--base", default="maths-tiny")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rows", type=int, default=ROWS)
    options.add_argument("--tuned", action="store_true")
    options.add_argument("--gpu", action="store_true")
    options.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options.add_argument("--child", choices=sorted(NAMES), help=argparse.SUPPRESS)
    options.add_argument("--data", help=argparse.SUPPRESS)
    options.add_argument("--settings", default="{}", help=argparse.SUPPRESS)
    options.add_argument("--batch", default="auto", help=argparse.SUPPRESS)
    options.add_argument("--length", type=int, default=1024, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child(given)
        return
    command = " ".join(["python benchmarks/lora.py", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        parts = [on_cpu(given, Path(folder)), on_gpu(given, Path(folder))]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("trl", "peft", "accelerate"))
    text = "\n".join(
        [
            f"`{command}`",
            "",
            f"{machine()}, {libraries}; {os.cpu_count()} cores, {platform.system()}",
            "",
            *parts[0],
            "",
            *parts[1],
        ]
    )
    print(text)
    if given.write:
        RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
