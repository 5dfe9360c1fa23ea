"""The Modelfile's form is recognised by what the chat template renders."""

from __future__ import annotations

from typing import Any

import pytest

from aprendiz.neural.causal.gguf.modelfile import modelfile, recognise
from tests.unit.neural.gguf import models

LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}"
    "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
BY_ITSELF = (
    "{% if messages[0].role != 'system' %}"
    "{{ '<|im_start|>system\nYou are Sol.<|im_end|>\n' }}{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return models.digit_tokenizer(["a b"], 270)


def test_chatml_and_its_system_message(tokenizer: Any) -> None:
    chatml = tokenizer.chat_template
    assert recognise(tokenizer) == ("ChatML", "")
    tokenizer.chat_template = BY_ITSELF + chatml
    assert recognise(tokenizer) == ("ChatML", "You are Sol.")
    text = modelfile(models.network("llama", tokenizer), tokenizer, "a.gguf")
    assert 'SYSTEM """You are Sol."""' in text
    tokenizer.chat_template = chatml


def test_llama_3_behind_the_beginning_of_a_text(tokenizer: Any) -> None:
    chatml = tokenizer.chat_template
    tokenizer.chat_template = LLAMA3
    assert recognise(tokenizer) == ("Llama 3", "")
    tokenizer.chat_template = chatml


@pytest.mark.parametrize(
    "strange",
    [
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
        "{{ raise_exception('no') }}",
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content|trim|upper }}"
        "{{ '<|im_end|>\n' }}{% endfor %}{{ '<|im_start|>assistant\n' }}",
    ],
)
def test_another_form_is_not_taken_for_a_known_one(strange: str, tokenizer: Any) -> None:
    chatml = tokenizer.chat_template
    network = models.network("llama", tokenizer)
    tokenizer.chat_template = strange
    assert recognise(tokenizer) == ("", "")
    text = modelfile(network, tokenizer, "a.gguf")
    assert "\nTEMPLATE" not in text
    assert "neither ChatML's nor Llama 3's" in text
    tokenizer.chat_template = chatml
