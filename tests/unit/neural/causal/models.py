"""Small language models for the tests of chatting: one that was taught two answers by heart."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

PERCENT = "¿Cuánto es el 15 % de 80?"
WORKING = "80 × 15 = 1200\n1200 ÷ 100 = 12\n\nRespuesta: $\\frac{1}{2} \\times 24$ = **12** 🍏"
COUNT = "count"
NUMBERS = " ".join(str(number) for number in range(1, 30))
LESSONS = ((PERCENT, WORKING), (COUNT, NUMBERS))


def taught(tiny_causal: Path, folder: Path, steps: int = 150) -> Path:
    """A network of two layers that gives the answers of ``LESSONS``; two seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the matrices are so small that a second thread only waits
    tokenizer = AutoTokenizer.from_pretrained(tiny_causal)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    network = LlamaForCausalLM(config)
    rows = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": asked}, {"role": "assistant", "content": said}],
            return_dict=False,
        )
        for asked, said in LESSONS
    ]
    longest = max(map(len, rows))
    numbers = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    truth = numbers.masked_fill(mask == 0, -100)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    for _ in range(steps):
        network(input_ids=numbers, attention_mask=mask, labels=truth).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    torch.set_num_threads(threads)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def endless(tiny_causal: Path, folder: Path) -> Path:
    """A network that writes visible marks and never ends; its context is 100,000 tokens."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_causal)
    network = AutoModelForCausalLM.from_pretrained(tiny_causal)
    head = torch.nn.Linear(network.config.hidden_size, len(tokenizer), bias=False)
    with torch.no_grad():
        head.weight.copy_(network.lm_head.weight)
        for token, number in tokenizer.get_vocab().items():
            if not (len(token) == 1 and token.isascii() and token.isalnum()):
                head.weight[number] = 0
    network.lm_head = head
    network.config.tie_word_embeddings = False
    network.config.max_position_embeddings = 100_000
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
