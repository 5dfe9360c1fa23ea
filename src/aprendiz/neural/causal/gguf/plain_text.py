"""For a model that was never taught to chat: the conversation is a text that it goes on with."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from aprendiz.neural.causal.template import knows_chatml

#: The beginning of a text where the tokenizer has one, then what was said, line by line.
PLAIN_TEXT = (
    "{{ bos_token if begins else '' }}"
    "{% for message in messages %}{{ message['content'] }}"
    "{% if not loop.last %}{{ '\n' }}{% endif %}{% endfor %}"
)


def with_plain_text(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Give such a tokenizer that template; one with a template, or with ChatML's marks, is left."""
    if not tokenizer.chat_template and not knows_chatml(tokenizer):
        begins = bool(getattr(tokenizer, "add_bos_token", False)) and tokenizer.bos_token
        tokenizer.chat_template = PLAIN_TEXT.replace("begins", "true" if begins else "false")
    return tokenizer
