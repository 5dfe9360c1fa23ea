"""How a byte-level tokenizer cuts text before it merges, under the names llama.cpp gives it.

A GGUF holds merges but not the cutting: ``tokenizer.ggml.pre`` is a name, and each reader
must know what it stands for. One table serves both directions, so that what is written is
what is read. Source of names and patterns: ``llm_tokenizer_bpe`` in llama.cpp's
``llama-vocab.cpp`` beside the ``tokenizer.json`` of the models they are named after.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = r"|[^\r\n\p{L}\p{N}]?\p{L}+|"

DIGITS = "each digit alone"

Cuts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreTokenizer:
    """One way of cutting.

    Attributes:
        cuts: patterns one after the other, each cutting the pieces of the one before.
        whole_words: a piece that is a token of its own is taken before any merge.
        composed: accents are composed first (Unicode NFC). llama.cpp does not do it, so that
            a text written with loose accents is read differently there.
    """

    cuts: Cuts
    whole_words: bool = False
    composed: bool = False


#: The names that are written, the first of equals.
KNOWN: dict[str, PreTokenizer] = {
    "gpt-2": PreTokenizer((_GPT2,)),
    "smollm": PreTokenizer((DIGITS, _GPT2)),
    "qwen2": PreTokenizer((_CONTRACTIONS + _WORDS + r"\p{N}" + _REST,), composed=True),
    "llama-bpe": PreTokenizer((_CONTRACTIONS + _WORDS + r"\p{N}{1,3}" + _REST,), whole_words=True),
    "smaug-bpe": PreTokenizer((_CONTRACTIONS + _WORDS + r"\p{N}{1,3}" + _REST,)),
}

#: Other names for the same cutting, and the one that files without a name get.
_SAME = {
    "phi-2": "gpt-2",
    "olmo": "gpt-2",
    "mpt": "gpt-2",
    "starcoder": "smollm",
    "refact": "smollm",
    "command-r": "smollm",
    "codeshell": "smollm",
    "exaone": "smollm",
    "stablelm2": "qwen2",
    "deepseek-r1-qwen": "qwen2",
    "llama3": "llama-bpe",
    "llama-v3": "llama-bpe",
    "dbrx": "smaug-bpe",
}


def named(name: str) -> PreTokenizer | None:
    """What a name stands for; ``None`` if it is not in our table."""
    return KNOWN.get(_SAME.get(name, name))


def name_of(tokenizer: Tokenizer) -> str | None:
    """The name of a tokenizer's cutting; ``None`` if llama.cpp has none that is the same."""
    told = json.loads(tokenizer.to_str())
    steps = _steps(told.get("pre_tokenizer"))
    cuts = _cuts(steps)
    if cuts is None:
        return None
    whole_words = bool(told["model"].get("ignore_merges"))
    normalizer = (told.get("normalizer") or {"type": ""})["type"]
    if normalizer not in {"", "NFC"}:
        return None
    composed = normalizer == "NFC"
    for name, known in KNOWN.items():
        if (known.cuts, known.whole_words) == (cuts, whole_words) and (
            known.composed or not composed
        ):
            return name
    return None


def fit(tokenizer: Tokenizer, how: PreTokenizer) -> None:
    """Have a byte-level tokenizer cut text that way."""
    steps: list[Any] = [
        pre_tokenizers.Digits(individual_digits=True)
        if cut is DIGITS
        else pre_tokenizers.Split(Regex(cut), behavior="isolated")
        for cut in how.cuts
    ]
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    if how.composed:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.model.ignore_merges = how.whole_words


def _steps(told: dict[str, Any] | None) -> list[dict[str, Any]]:
    if told is None:
        return []
    return list(told["pretokenizers"]) if told["type"] == "Sequence" else [told]


def _cuts(steps: list[dict[str, Any]]) -> Cuts | None:
    """The patterns of a ``tokenizer.json``; ``None`` if a step is none of those we know."""
    cuts: list[str] = []
    for step in steps[:-1]:
        if step["type"] == "Digits" and step["individual_digits"]:
            cuts.append(DIGITS)
        elif step["type"] == "Split" and _plain_split(step):
            pattern = str(step["pattern"]["Regex"])
            cuts.append(DIGITS if pattern == r"\p{N}" else pattern)
        else:
            return None
    last = steps[-1] if steps else {"type": "none"}
    if last["type"] != "ByteLevel" or last["add_prefix_space"]:
        return None
    if last["use_regex"]:
        cuts.append(_GPT2)
    return tuple(cuts)


def _plain_split(step: dict[str, Any]) -> bool:
    return (
        step["behavior"] == "Isolated" and not step["invert"] and set(step["pattern"]) == {"Regex"}
    )
