"""How a conversation is written for a language model: its chat template, ours where it has none.

Writing only. Which tokens count in training is for ``supervision.py``; answering is for
``torch_chat.py``. Both read conversations through the template in force here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from aprendiz.data.chat.records import Message
from aprendiz.errors import BaseModelError, ChatError
from aprendiz.neural.causal.turns import check_messages as check_messages

#: ChatML, with what the assistant says (and the mark that ends it) between generation marks.
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

#: For a tokenizer that does not know ChatML's marks: headings in plain words, and each answer
#: ended by the tokenizer's own end-of-text, so that no row has to be added to the network.
PLAIN = (
    "{% for message in messages %}"
    "{{ '### ' + message['role'] + ':\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ message['content'] + '\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant:\n' }}{% endif %}"
)

_GENERATION = re.compile(r"\{%[-+]?\s*generation\s*[-+]?%\}")
_PROBE = "the answer"  # what the assistant says where we look at how a template ends it


def with_template(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Give a tokenizer without a chat template one of ours; any other keeps its own.

    ChatML where both its marks are single tokens, else headings and the end-of-text token.
    A template of the model's own is never rewritten: where it has no generation marks,
    ``supervision.py`` finds what the assistant says by comparing prefixes.

    Raises:
        BaseModelError: no template, no ChatML marks and no end-of-text token: nothing could
            end an answer.
    """
    if not tokenizer.chat_template:
        if knows_chatml(tokenizer):
            tokenizer.chat_template = CHATML
        elif tokenizer.eos_token:
            tokenizer.chat_template = PLAIN
        else:
            raise BaseModelError(
                f"{tokenizer.name_or_path}: its tokenizer has neither a chat template nor an "
                "end-of-text token, so nothing could end an answer",
                "choose another base model",
            )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or "<|im_end|>"
    return tokenizer


def knows_chatml(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether ``<|im_start|>`` and ``<|im_end|>`` are tokens of their own."""
    return {"<|im_start|>", "<|im_end|>"} <= set(tokenizer.get_vocab())


def has_generation_marks(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the template itself says which part the assistant spoke."""
    return bool(_GENERATION.search(str(tokenizer.chat_template or "")))


def end_of_turn(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token with which the template ends what the assistant says; ``None`` if not one token."""
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _PROBE}]
    try:
        written = str(tokenizer.apply_chat_template(messages, tokenize=False))
    except (TemplateError, ValueError, TypeError):
        return None
    _, found, tail = written.rpartition(_PROBE)
    if not found or not tail:
        return None
    first = tokenizer.encode(tail, add_special_tokens=False)[0]
    return int(first) if first in tokenizer.added_tokens_decoder else None


def prompt_tokens(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> list[int]:
    """Token numbers of a conversation, up to where the assistant begins to speak.

    Control tokens that stand in a message are read as ordinary text: nobody can end their
    turn and go on as the system by writing ``<|im_end|>``.

    Raises:
        ChatError: nothing to answer, or a conversation that the template refuses.
    """
    check_messages(messages)
    try:
        numbers: Any = tokenizer.apply_chat_template(
            [as_template_has_it(message) for message in messages],
            add_generation_prompt=True,
            sanitize_control_tokens=True,
            return_dict=False,
        )
    except (TemplateError, ValueError, TypeError, KeyError) as error:
        raise ChatError(
            f"the model's chat template refuses the conversation: {error}",
            "roles have to be in the order that the model was trained with; many models take "
            "no system message",
        ) from None
    return [int(number) for number in numbers]


def as_template_has_it(message: Message) -> dict[str, Any]:
    """A message as templates know it: ``developer`` is the vendors' new word for ``system``."""
    fields = {"content": "", **message.as_dict()}
    fields.pop("weight", None)
    if fields["role"] == "developer":
        fields["role"] = "system"
    return fields
