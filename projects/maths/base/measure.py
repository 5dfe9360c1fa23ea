"""What a model answers to the held-out test: greedy, many questions at once, by concept."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

TEST = Path(__file__).resolve().parents[1] / "data" / "test.jsonl"
LONGEST_ANSWER = 80  # tokens; the longest right one has 62


def read_test() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TEST.read_text(encoding="utf-8").splitlines()]


def answers(
    network: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: list[dict[str, Any]]
) -> list[str]:
    """The greedy answer to each row's question.

    Questions of the same length go together, so that no padding can change an answer.
    """
    prompts = [
        tokenizer.apply_chat_template(
            row["messages"][:-1], add_generation_prompt=True, return_dict=False
        )
        for row in rows
    ]
    by_length: dict[int, list[int]] = defaultdict(list)
    for number, prompt in enumerate(prompts):
        by_length[len(prompt)].append(number)
    found = [""] * len(rows)
    for length, numbers in by_length.items():
        batch = torch.tensor([prompts[number] for number in numbers])
        with torch.inference_mode():
            said = network.generate(
                input_ids=batch,
                attention_mask=torch.ones_like(batch),
                max_new_tokens=LONGEST_ANSWER,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        for number, row in zip(numbers, said[:, length:], strict=True):
            found[number] = tokenizer.decode(row, skip_special_tokens=True)
    return found


def final(text: str) -> str:
    """What stands after the last ``Answer:`` or ``Respuesta:``."""
    return text.rsplit(": ", 1)[-1].strip()


def exact_match(said: list[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Right final answers (a plain comparison of text): in all, by kind and by concept."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for text, row in zip(said, rows, strict=True):
        right = final(text) == final(row["messages"][-1]["content"])
        for group in (row["kind"], f"{row['kind']}: {row['concept']}"):
            groups[group].append(right)
    return {
        group: {"n": len(right), "right": sum(right), "exact_match": sum(right) / len(right)}
        for group, right in sorted(groups.items())
    }
