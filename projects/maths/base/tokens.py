"""The base model's tokenizer, and conversations as rows of token numbers.

The splitting is that of SmolLM (digits one by one, then GPT-2's words over bytes), which
llama.cpp knows by name; only the merges are our own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from concept import LANGUAGES
from exercises import conversation
from sentences import statement
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from turns import Turns

from aprendiz.neural.causal.template import CHATML

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VOCABULARY = 1280
CONTEXT = 512


def train_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Byte-pair merges of exercises and of statements to copy."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_text(seed), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=START,
        eos_token=END,
        pad_token=PAD,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHATML
    return tokenizer


def _text(seed: int) -> Iterator[str]:
    rng = random.Random(f"{seed} tokenizer")
    for _ in range(6000):
        yield from (turn["content"] for turn in conversation(rng))
        yield statement(rng.choice(LANGUAGES), rng)


def encode(tokenizer: PreTrainedTokenizerFast, messages: Turns) -> tuple[list[int], list[bool]]:
    """Token numbers of a conversation, and which of them the assistant said."""
    found = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    return found["input_ids"], [bool(said) for said in found["assistant_masks"]]
