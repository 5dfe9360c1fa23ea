"""Make the base model: ``python projects/maths/base/make_base.py``.

A small Llama learns plain arithmetic from exercises made as it goes (``exercises.py``), in a
plain training loop over two processes with one thread each, which on two cores is half as
fast again as one process with two. Seeded: the same machine makes the same model. Writes the
model folder, ``log.jsonl`` and ``figures.json``.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn as nn
from card import write_card
from exercises import conversation
from measure import answers, exact_match, read_test
from record import Log, draw_curve
from tokens import CONTEXT, encode, train_tokenizer
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
MODEL = HERE.parents[2] / "src" / "aprendiz" / "neural" / "bases" / "maths-tiny"
SEED = 20240607
PEAK, WARMUP, COOL, DECAY = 2e-3, 100, 0.45, 0.05  # learning rate, its slopes, weight decay
BATCH = 2048  # tokens a process and step, about
SHUFFLED = 512  # conversations drawn at a time, sorted by length into batches

Batch = tuple[torch.Tensor, torch.Tensor]  # token numbers; what the assistant said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL, help="model folder to write")
    parser.add_argument("--record", type=Path, default=HERE, help="folder of log and figures")
    parser.add_argument("--steps", type=int, default=4400)
    parser.add_argument("--processes", type=int, default=2, help="one thread each")
    parser.add_argument(
        "--no-compile",
        dest="compile",
        action="store_false",
        help="without a C++ compiler; slower by a third",
    )
    parser.add_argument("--measure-every", type=int, default=600)
    arguments = parser.parse_args()
    mp.spawn(train, (arguments, free_port()), nprocs=arguments.processes)


def free_port() -> int:
    store = dist.TCPStore("127.0.0.1", 0, 1, is_master=True, wait_for_workers=False)
    return store.port


def new_network(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=5,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    # For rows as short as these, written-out attention is a third faster than the fused one.
    return LlamaForCausalLM._from_config(config, attn_implementation="eager")


def batches(tokenizer: PreTrainedTokenizerFast, seed: str) -> Iterator[Batch]:
    """Without end: conversations of like length together, the batches in random order."""
    rng = random.Random(seed)
    while True:
        rows = [encode(tokenizer, conversation(rng)) for _ in range(SHUFFLED)]
        rows.sort(key=lambda row: len(row[0]))
        groups: list[list[tuple[list[int], list[bool]]]] = [[]]
        for row in rows:
            if (len(groups[-1]) + 1) * len(row[0]) > BATCH:
                groups.append([])
            groups[-1].append(row)
        rng.shuffle(groups)
        for group in groups:
            width = max(len(numbers) for numbers, _ in group)
            numbers = torch.zeros((len(group), width), dtype=torch.long)
            said = torch.zeros((len(group), width), dtype=torch.bool)
            for place, (row, mask) in enumerate(group):
                numbers[place, : len(row)] = torch.tensor(row)
                said[place, : len(row)] = torch.tensor(mask)
            yield numbers, said


def loss_of(body: nn.Module, head: nn.Module, batch: Batch) -> torch.Tensor:
    """Mean surprise (nats) at the assistant's tokens. Padding stands right, where none looks."""
    numbers, said = batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = body(input_ids=numbers[:, :-1], use_cache=False).last_hidden_state
        logits = head(hidden[said[:, 1:]])
    return torch.nn.functional.cross_entropy(logits.float(), numbers[:, 1:][said[:, 1:]])


def optimizers(network: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon (Jordan 2024) for the layers' matrices, AdamW for the embedding and the scales."""
    matrices = [p for p in network.model.layers.parameters() if p.ndim == 2]
    scales = [p for p in network.parameters() if p.ndim == 1]
    embedding = network.get_input_embeddings().parameters()
    return [
        torch.optim.Muon(matrices, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([*embedding, *scales], betas=(0.9, 0.98), weight_decay=0.0),
    ]


def rate(step: int, steps: int) -> float:
    """A short way up, level, then straight down to nothing over the last ``COOL`` of the way."""
    return PEAK * min(1.0, (step + 1) / WARMUP, (steps - step) / (COOL * steps))


def train(process: int, arguments: argparse.Namespace, port: int) -> None:
    """One of the processes: the same network in each, its own exercises, averaged gradients."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"tcp://127.0.0.1:{port}",
        rank=process,
        world_size=arguments.processes,
    )
    tokenizer = train_tokenizer(SEED)
    network = new_network(tokenizer)
    body = torch.compile(network.model, dynamic=True) if arguments.compile else network.model
    learners = optimizers(network)
    log = Log(arguments.record / "log.jsonl") if process == 0 else None
    source = batches(tokenizer, f"{SEED} {process}")
    for step in range(arguments.steps):
        batch = next(source)
        loss = loss_of(body, network.lm_head, batch)
        loss.backward()
        average_gradients(network)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for learner in learners:
            for group in learner.param_groups:
                group["lr"] = rate(step, arguments.steps)
            learner.step()
        network.zero_grad()
        if log:
            log.step(step + 1, float(loss.detach()), batch[0].numel() * arguments.processes)
            if (step + 1) % arguments.measure_every == 0 and step + 1 < arguments.steps:
                save(network, tokenizer, arguments.out)
                log.write(step=step + 1, **known_and_unseen(measured(arguments.out, tokenizer)))
    if log:
        save(network, tokenizer, arguments.out)
        figures = measured(arguments.out, tokenizer)
        log.write(step=arguments.steps, **known_and_unseen(figures))
        figures["parameters"] = sum(p.numel() for p in network.parameters())
        figures["training"] = log.summary(arguments.steps)
        text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
        (arguments.record / "figures.json").write_text(text, encoding="utf-8")
        draw_curve(arguments.record / "log.jsonl", arguments.record / "curve.png")
        write_card(arguments.out, figures)
    dist.barrier()
    dist.destroy_process_group()


def average_gradients(network: LlamaForCausalLM) -> None:
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(together)
    together /= dist.get_world_size()
    parts = together.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def save(network: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """The model folder, weights in bfloat16. Figures are always of what was saved."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = LlamaForCausalLM(network.config)
    copy.load_state_dict(network.state_dict())
    copy = copy.to(torch.bfloat16)
    copy.generation_config = GenerationConfig(
        do_sample=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    copy.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def measured(folder: Path, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    network = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    rows = read_test()
    return {"exact_match": exact_match(answers(network, tokenizer, rows), rows)}


def known_and_unseen(figures: dict[str, Any]) -> dict[str, float]:
    return {kind: figures["exact_match"][kind]["exact_match"] for kind in ("known", "unseen")}


if __name__ == "__main__":
    main()
