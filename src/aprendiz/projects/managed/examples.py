"""Steps 1 to 4: examples, prompts, split, and the summary of what is ready to be sent.

Prompts are conversations of three messages: the task, the customer's text, the intent.
Nothing here leaves this machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aprendiz.data import check as checks
from aprendiz.data.chat.labels import system_prompt, to_conversation, to_example
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Conversation
from aprendiz.data.chat.rules import AZURE, OPENAI, PLATFORM, check_conversations
from aprendiz.data.chat.tokens import count_conversation, counter
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.data.split import describe_split, rank, split
from aprendiz.errors import SettingsError
from aprendiz.projects.ledger import write_json
from aprendiz.projects.steps import Context
from aprendiz.settings import Settings, get_settings

RAW = "data/raw/intent_examples.json"
PROMPTS = "data/processed/training_prompts.jsonl"
TRAIN = "data/training/train_data.jsonl"
VALIDATION = "data/validation/validation_data.jsonl"
SUMMARY = "data/processed/data_preparation_summary.json"
_ROLES = ("system", "user", "assistant")
_RULES = (OPENAI, AZURE, PLATFORM)


def create(context: Context) -> None:
    """Step 1: the examples, checked, as ``{intent: [text, …]}``."""
    reading = read_examples(context.project.data)
    findings = checks.check([reading])
    _tell(context, findings)
    checks.refuse(findings)
    groups: dict[str, list[str]] = {}
    for row in reading.examples:
        groups.setdefault(row.label, []).append(row.text)
    write_json(context.output / RAW, groups)
    context.observer.say(f"{len(reading.examples)} examples: {_counted(reading.examples)}")


def prompts(context: Context) -> None:
    """Step 2: each example as three messages, read back and checked."""
    rows = read_examples(str(context.output / RAW)).examples
    labels = sorted({row.label for row in rows})
    system = system_prompt(labels, context.project.language)
    path = context.output / PROMPTS
    _write(path, [to_conversation(row, system) for row in rows])
    conversations = read_prompts(path)
    _refuse_other_shapes(conversations, labels)
    context.observer.say(f"{len(conversations)} prompts of {len(_ROLES)} messages")


def divide(context: Context) -> None:
    """Step 3: the same share of every intent to each side, shuffled, all fixed by the seed."""
    holdout = shares(get_settings())
    seed = context.project.seed
    conversations = read_prompts(context.output / PROMPTS)
    rows = {to_example(each): each for each in conversations}
    train, held_out = split(tuple(rows), holdout, seed)
    for name, part in ((TRAIN, train), (VALIDATION, held_out)):
        # Shuffled by rank, not by chance: the same on every machine and Python.
        order = sorted(part, key=lambda row: rank(row.text, seed))
        _write(context.output / name, [rows[row] for row in order])
    context.observer.say(describe_split(train, held_out, holdout=holdout, seed=seed))


def prepare(context: Context) -> None:
    """Step 4: both files by every service's rules, their tokens, and a summary."""
    settings = get_settings()
    tokens = counter(settings.azure_openai_model)
    parts: dict[str, Any] = {}
    findings: list[Finding] = []
    for part, name in (("training", TRAIN), ("validation", VALIDATION)):
        reading = read_conversations(context.output / name, "protocol")
        verdicts = {}
        for rules in _RULES:
            met = check_conversations(reading, rules, part=part)
            faults = checks.errors_in(met)
            verdicts[rules.name] = "ready" if not faults else [each.message for each in faults]
            findings += faults
        lengths = [count_conversation(each, tokens) for each in reading.conversations]
        parts[part] = {
            "file": name,
            "conversations": len(reading.conversations),
            "by_intent": dict(sorted(Counter(e.answer for e in reading.conversations).items())),
            "roles": sorted({" ".join(_roles(each)) for each in reading.conversations}),
            "bytes": reading.bytes,
            "tokens": {"total": sum(lengths), "longest": max(lengths, default=0)},
            "rules": verdicts,
        }
    checks.refuse(dict.fromkeys(findings))
    billed = parts["training"]["tokens"]["total"] * settings.fine_tuning_epochs
    summary = {
        "system_message": read_prompts(context.output / TRAIN)[0].messages[0].content,
        "intents": sorted(parts["training"]["by_intent"]),
        "seed": context.project.seed,
        "parts": parts,
        "tokenizer": {"name": tokens.name, "exact": tokens.exact},
        "epochs": settings.fine_tuning_epochs,
        "tokens_to_train": billed,
    }
    write_json(context.output / SUMMARY, summary)
    about = "" if tokens.exact else "about "
    context.observer.say(
        f"ready to be sent; {about}{billed:,} tokens in {settings.fine_tuning_epochs} epochs"
    )


def shares(settings: Settings) -> float:
    """The share to hold out.

    Raises:
        SettingsError: the two shares do not make a whole.
    """
    if abs(settings.train_split + settings.validation_split - 1) > 1e-9:
        raise SettingsError(
            f"TRAIN_SPLIT {settings.train_split:g} and VALIDATION_SPLIT "
            f"{settings.validation_split:g} do not sum to 1",
            "set both, for example 0.8 and 0.2",
        )
    return settings.validation_split


def read_prompts(path: Path) -> tuple[Conversation, ...]:
    """The conversations of a file that an earlier step has written.

    Raises:
        DataError: somebody has spoilt the file; names every line.
    """
    reading = read_conversations(path, "protocol")
    checks.refuse(reading.findings)
    return reading.conversations


def _write(path: Path, conversations: Sequence[Conversation]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_conversations(path, conversations)


def _refuse_other_shapes(conversations: Sequence[Conversation], labels: Sequence[str]) -> None:
    checks.refuse(
        Finding(each.file, each.line, "bad_prompt", "error",
                "not a system, a user and an assistant message that ends with an intent",
                "run the step again")
        for each in conversations
        if _roles(each) != _ROLES
        or each.answer not in labels
        or not all(message.content.strip() for message in each.messages)
    )  # fmt: skip


def _roles(conversation: Conversation) -> tuple[str, ...]:
    return tuple(message.role for message in conversation.messages)


def _tell(context: Context, findings: Iterable[Finding]) -> None:
    for finding in findings:
        if finding.severity == "warning":
            context.observer.say(f"warning: {finding.file}:{finding.line}: {finding.message}")


def _counted(rows: Iterable[Example]) -> str:
    counts = Counter(row.label for row in rows)
    return ", ".join(f"{label} {count}" for label, count in sorted(counts.items()))
