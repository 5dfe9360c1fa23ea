"""Conversations and tokenizers for the tests of ``lora``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from aprendiz.data.chat.records import Conversation, Message

UNMARKED = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
MARKS_NOTHING = UNMARKED + "{% generation %}{% endgeneration %}"
MARKS_ALL = (
    "{% generation %}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% endgeneration %}"
)
MASKS_THE_END = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}{% endgeneration %}"
    "{% else %}{{ message['content'] }}{% endif %}{{ '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def say(*turns: str, line: int = 1, weights: Sequence[int] = ()) -> Conversation:
    """A conversation in which user and assistant take turns; weights are of the answers."""
    messages = []
    for number, content in enumerate(turns):
        role = ("user", "assistant")[number % 2]
        weight = weights[number // 2] if weights and role == "assistant" else 1
        messages.append(Message(role, content, weight))
    return Conversation(tuple(messages), "chats.jsonl", line)


@pytest.fixture
def base_with(tiny_causal: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the tiny language model with another chat template."""
    from shutil import copytree

    def copy(template: str) -> Path:
        folder = tmp_path / "base"
        copytree(tiny_causal, folder)
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        return folder

    return copy


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """Twenty additions as a chat file."""
    path = tmp_path / "sums.jsonl"
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"{n} + 3?"},
                {"role": "assistant", "content": f"{n} + 3 = {n + 3}\nAnswer: {n + 3}"},
            ]
        }
        for n in range(20)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
