"""How conversations are written for a model, and where an answer ends."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from aprendiz.errors import BaseModelError
from aprendiz.neural.causal import template

CHAT = [
    {"role": "system", "content": "s"},
    {"role": "user", "content": "u"},
    {"role": "assistant", "content": "hello"},
    {"role": "user", "content": "v"},
    {"role": "assistant", "content": "bye"},
]


@pytest.fixture
def tokenizer(tiny_causal: Path) -> Any:
    """Knows ChatML's marks, has no template."""
    bare = copy.deepcopy(AutoTokenizer.from_pretrained(tiny_causal))
    bare.chat_template = None
    return bare


def spoken(tokenizer: Any) -> list[str]:
    """The runs of tokens that the template marks as the assistant's."""
    told = tokenizer.apply_chat_template(CHAT, return_dict=True, return_assistant_tokens_mask=True)
    runs, inside = [], False
    for number, marked in zip(told["input_ids"], told["assistant_masks"], strict=True):
        if marked and not inside:
            runs.append([])
        inside = bool(marked)
        if inside:
            runs[-1].append(number)
    return [tokenizer.decode(run) for run in runs]


def test_a_tokenizer_with_the_marks_gets_chatml(tokenizer):
    template.with_template(tokenizer)
    written = tokenizer.apply_chat_template(CHAT[:2], tokenize=False, add_generation_prompt=True)
    assert written == (
        "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n"
    )
    assert template.has_generation_marks(tokenizer)
    assert spoken(tokenizer) == ["hello<|im_end|>", "bye<|im_end|>"]
    assert template.end_of_turn(tokenizer) == tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_one_without_them_gets_words_and_its_own_end(tokenizer, monkeypatch):
    monkeypatch.setattr(template, "knows_chatml", lambda _: False)
    tokenizer.eos_token = "<|endoftext|>"
    template.with_template(tokenizer)
    written = tokenizer.apply_chat_template(CHAT[:3], tokenize=False)
    assert written == "### system:\ns\n### user:\nu\n### assistant:\nhello<|endoftext|>\n"
    assert spoken(tokenizer) == ["hello<|endoftext|>", "bye<|endoftext|>"]
    assert template.end_of_turn(tokenizer) == tokenizer.eos_token_id


def test_one_that_cannot_end_an_answer_is_refused(tokenizer, monkeypatch):
    monkeypatch.setattr(template, "knows_chatml", lambda _: False)
    tokenizer.eos_token = None
    with pytest.raises(BaseModelError, match="nothing could end an answer"):
        template.with_template(tokenizer)


def test_a_template_of_its_own_is_kept(tokenizer):
    own = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    tokenizer.chat_template = own
    assert template.with_template(tokenizer).chat_template == own
    assert not template.has_generation_marks(tokenizer)
    assert template.end_of_turn(tokenizer) is None


def test_a_tokenizer_without_padding_pads_with_its_end(tokenizer):
    tokenizer.pad_token = None
    assert template.with_template(tokenizer).pad_token_id == tokenizer.eos_token_id
