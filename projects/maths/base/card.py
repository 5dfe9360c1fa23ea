"""The base model's card, written from its measured figures so that it cannot say other ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aprendiz.evaluation.intervals import wilson

CARD = """---
license: apache-2.0
language: [es, en]
tags: [arithmetic, llama, tiny]
---
# maths-tiny

A language model of {parameters} parameters (Llama architecture, {megabytes:.1f} MB on disk,
bfloat16) made by the aprendiz authors as a base to put LoRA adapters on where there is no
network. It reads Spanish and English, answers one step a line (`80 × 6 = 480`) and ends with
`Respuesta: 480` or `Answer: 480`.

**It is not a general model.** It knows no facts, holds no talk, follows no instruction but
those below, and answers everything else with confident nonsense. Do not use it where an
answer matters: use it to learn, to test and to show how an adapter adds to a base.

## What it can do

Exact match of the final answer, greedy, on held-out rows of `projects/maths/data/test.jsonl`:
numbers and phrasings that it was not trained on. Intervals are 95 % (Wilson).

{known}

Sums and differences of numbers below 100, or of tens below 1000 and a number below 100;
products of a number below 100 and a digit; quotients without a rest, to 19 or of tens; which
of two numbers below 100 is larger; one-step stories; two or three steps in a row. Also sheets
of sums, plans that name the numbers of a sentence by their place (`first ÷ second; × third`),
repeating a sentence and listing its numbers.

## What it cannot do

Concepts whose names it has met only in sentences to copy, never in a question. These are what
the adapter of `projects/maths` teaches:

{unseen}

Nor larger numbers, negative numbers, calculation with decimals, rests, other languages, or
conversations longer than about 300 tokens (its context is 512; it practised on less).

## How it was made

{tokens:.1f} million tokens of exercises from a seeded generator, {steps} steps in {minutes:.0f}
minutes on two CPU cores, no pretrained weights, no text of anybody else's. Its tokenizer
({vocabulary} byte-pair tokens over single digits and bytes) is trained on the same
exercises. The chat template is ChatML with generation
marks. Made again by

```
python projects/maths/base/make_base.py
```

The scripts, the log and the figures stand in `projects/maths/base`. Licence: Apache-2.0.
"""


def write_card(folder: Path, figures: dict[str, Any]) -> None:
    """``README.md`` of the model folder, from what ``make_base.py`` measured."""
    training = figures["training"]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text = CARD.format(
        parameters=f"{figures['parameters']:,}",
        megabytes=(folder / "model.safetensors").stat().st_size / 1e6,
        known=table(figures["exact_match"], "known"),
        unseen=table(figures["exact_match"], "unseen"),
        tokens=training["tokens"] / 1e6,
        steps=training["steps"],
        minutes=training["seconds"] / 60,
        vocabulary=config["vocab_size"],
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def table(exact_match: dict[str, Any], kind: str) -> str:
    """A Markdown table of one kind of concept, all of them together last."""
    rows = ["| concept | rows | right | 95 % interval |", "|---|---|---|---|"]
    groups = [group for group in exact_match if group.startswith(f"{kind}: ")]
    for group in [*groups, kind]:
        score = exact_match[group]
        low, high = wilson(score["right"], score["n"])
        name = "**together**" if group == kind else group.removeprefix(f"{kind}: ")
        share = f"{100 * score['exact_match']:.1f} %"
        rows.append(f"| {name} | {score['n']} | {share} | {100 * low:.0f}–{100 * high:.0f} % |")
    return "\n".join(rows)
