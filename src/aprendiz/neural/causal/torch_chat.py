"""A causal language model in this process that goes on with conversations.

The decoding loop is our own rather than ``generate``: a reply that is a plain iterator can
be closed at any token without threads, and rows that have ended leave the batch. What
``generate`` would do, it does the same way (see ``tests/unit/neural/causal``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from aprendiz.data.chat.records import Message
from aprendiz.errors import ChatError
from aprendiz.interfaces import Reply, Sampling
from aprendiz.neural.causal import template
from aprendiz.neural.causal.drawing import Draw
from aprendiz.neural.causal.reading import Reading
from aprendiz.neural.causal.text_stream import TextStream

_ROWS_AT_ONCE = 128
_CACHE_BYTES = 1 << 30  # most that keys and values of a batch may take
_UNSTATED = 2048  # context of a model that does not state one


class TorchChat:
    """A network and its tokenizer as an ``interfaces.ChatModel``.

    Args:
        network: a causal language model of transformers, or a PEFT model around one; it is
            moved to ``device`` and put into evaluation mode.
        tokenizer: with a chat template, or it gets one of ours.
        name: what to call the model.
        context: most tokens of conversation and reply together; the model's own if not given.
        device: ``cpu``, ``cuda`` …

    Raises:
        BaseModelError: the tokenizer has no way to end an answer.
    """

    def __init__(
        self,
        network: Any,
        tokenizer: PreTrainedTokenizerBase,
        name: str,
        *,
        context: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.network = network.eval()
        self.to(device)
        self.tokenizer = template.with_template(tokenizer)
        self._name = name
        self._context = context or context_of(network)
        self._ends = end_tokens(network, tokenizer)

    @property
    def name(self) -> str:
        """What to call it."""
        return self._name

    @property
    def context(self) -> int:
        """Most tokens of a conversation and its reply together."""
        return self._context

    @property
    def device(self) -> str:
        """Where the network computes."""
        return str(next(self.network.parameters()).device)

    def to(self, device: str) -> None:
        """Compute somewhere else from now on; a 4-bit network stays where it is."""
        if not getattr(self.network, "is_quantized", False):
            self.network.to(device)

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens a conversation has as the model reads it.

        Raises:
            ChatError: nothing to answer, or a conversation that the template refuses.
        """
        return len(template.prompt_tokens(self.tokenizer, messages))

    def stream(
        self, messages: Sequence[Message], sampling: Sampling = Sampling()
    ) -> Iterator[str | Reply]:
        """Pieces of text as they come and, last, the whole reply.

        Raises:
            ChatError: nothing to answer, or no room left for a reply.
        """
        row = self._row(messages, sampling)  # refused here, not at the first piece
        return self._streamed(row)

    def replies(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling = Sampling()
    ) -> list[Reply]:
        """A reply to each conversation, in their order.

        Conversations of like length are read together, the longest first, so that a batch
        too large for the memory shows at once. A seed fixes each reply alone: it does not
        depend on what else is asked.

        Raises:
            ChatError: a conversation has nothing to answer or leaves no room; says which.
        """
        rows = []
        for number, messages in enumerate(conversations, start=1):
            try:
                rows.append(self._row(messages, sampling))
            except ChatError as error:
                if len(conversations) == 1:
                    raise
                raise ChatError(f"conversation {number}: {error.message}", error.hint) from None
        fitting = _CACHE_BYTES // cache_bytes_a_token(self.network)
        for batch in _batches(sorted(rows, key=lambda row: -len(row.prompt)), fitting):
            self._answer(batch)
        return [row.reply() for row in rows]

    def _streamed(self, row: _Row) -> Iterator[str | Reply]:
        reading = Reading(self.network, [row.prompt], self._pad)
        while True:
            piece = row.take(row.draw(reading.next_logits()[0]), self._ends)
            if piece:
                yield piece
            if row.finish_reason:
                yield row.reply()
                return
            reading.go_on(row.tokens[-1:], [0])

    def _answer(self, batch: Sequence[_Row]) -> None:
        reading = Reading(self.network, [row.prompt for row in batch], self._pad)
        active = list(batch)
        while active:
            for row, token in zip(active, _drawn(active, reading.next_logits()), strict=True):
                row.take(token, self._ends)
            going_on = [place for place, row in enumerate(active) if not row.finish_reason]
            active = [active[place] for place in going_on]
            if active:
                reading.go_on([row.tokens[-1] for row in active], going_on)

    def _row(self, messages: Sequence[Message], sampling: Sampling) -> _Row:
        prompt = template.prompt_tokens(self.tokenizer, messages)
        left = self.context - len(prompt)
        if left < 1:
            raise ChatError(
                f"the conversation has {len(prompt)} tokens and the model reads at most "
                f"{self.context}, which leaves no room for a reply",
                "shorten it, or start a new conversation",
            )
        if sampling.max_tokens < 1:
            raise ChatError(
                f"a reply of at most {sampling.max_tokens} tokens was asked for",
                "ask for 1 or more",
            )
        return _Row(
            prompt,
            min(left, sampling.max_tokens),
            Draw(sampling),
            TextStream(self.tokenizer, sampling.stop),
        )

    @property
    def _pad(self) -> int:
        return int(self.tokenizer.pad_token_id or 0)


class _Row:
    """One reply under way."""

    def __init__(self, prompt: list[int], room: int, draw: Draw, text: TextStream) -> None:
        self.prompt = prompt
        self.room = room
        self.draw = draw
        self.tokens: list[int] = []
        self.finish_reason = ""
        self._text = text

    def take(self, token: int, ends: frozenset[int]) -> str:
        """Add a token; gives the piece of text that is certain now."""
        self.tokens.append(token)
        if token in ends:
            self.finish_reason = "stop"
            return self._text.finish(cut=False)
        piece = self._text.push(token)
        if self._text.stopped:
            self.finish_reason = "stop"
        elif len(self.tokens) == self.room:
            piece += self._text.finish(cut=True)
            self.finish_reason = "stop" if self._text.stopped else "length"
        return piece

    def reply(self) -> Reply:
        """The reply, once it has ended."""
        return Reply(
            text=self._text.text,
            prompt_tokens=len(self.prompt),
            completion_tokens=len(self.tokens),
            finish_reason="length" if self.finish_reason == "length" else "stop",
        )


def _drawn(rows: Sequence[_Row], logits: torch.Tensor) -> list[int]:
    if all(row.draw.greedy for row in rows):
        return [int(token) for token in logits.argmax(dim=-1).tolist()]
    return [row.draw(figures) for row, figures in zip(rows, logits, strict=True)]


def _batches(rows: Sequence[_Row], fitting: int) -> Iterator[list[_Row]]:
    """Rows in groups that are worked on together, of at most ``fitting`` tokens in the cache."""
    batch: list[_Row] = []
    longest = 0
    for row in rows:
        length = len(row.prompt) + row.room
        longest = max(longest, length)
        full = len(batch) == _ROWS_AT_ONCE or longest * (len(batch) + 1) > fitting
        if batch and full:
            yield batch
            batch, longest = [], length
        batch.append(row)
    if batch:
        yield batch


def cache_bytes_a_token(network: Any) -> int:
    """Bytes that the keys and values of one token take, over all layers."""
    config = network.config.get_text_config(decoder=True)
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    number = next(network.parameters()).dtype.itemsize
    return int(2 * config.num_hidden_layers * kept * size * number)


def end_tokens(network: Any, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Every token that ends a reply.

    Those of the generation config (there may be several), of the network's own config, the
    tokenizer's end-of-text, and the one with which the chat template ends an answer.
    """
    stated: list[Any] = [
        getattr(getattr(network, "generation_config", None), "eos_token_id", None),
        getattr(network.config, "eos_token_id", None),
        tokenizer.eos_token_id,
        template.end_of_turn(tokenizer),
    ]
    numbers: set[int] = set()
    for each in stated:
        if each is not None:
            numbers.update(each if isinstance(each, Iterable) else [each])
    return frozenset(numbers)


def context_of(network: Any) -> int:
    """Most tokens that a network was made to read; 2,048 where it does not say."""
    config = network.config.get_text_config(decoder=True)
    return int(getattr(config, "max_position_embeddings", 0) or _UNSTATED)
