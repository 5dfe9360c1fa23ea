"""Which tokens of a conversation are trained: what the assistant says, and how it ends.

Conversations are turned into tokens here and nowhere else, so that what ``--preview`` shows is
what is trained. A row that would teach nothing, teach everything, or teach an answer without
its end is refused by file and line; nothing is cut, nothing is dropped in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from aprendiz.data.chat.records import Conversation
from aprendiz.data.records import Finding
from aprendiz.errors import BaseModelError, DataError
from aprendiz.interfaces import Observer, Silence
from aprendiz.neural.causal import template

IGNORED = -100  # the label that torch's cross entropy leaves out
_ROWS_AT_ONCE = 256  # between two movements of a progress bar

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SupervisedRow:
    """A conversation as the network reads it.

    Attributes:
        tokens: token numbers, the whole conversation.
        trained: for each of them, whether it is to be learnt.
        file: path the conversation was read from.
        line: its line there.
    """

    tokens: tuple[int, ...]
    trained: tuple[bool, ...]
    file: str
    line: int

    @property
    def labels(self) -> list[int]:
        """The token where it is trained, ``IGNORED`` elsewhere; not shifted."""
        return [
            token if learnt else IGNORED
            for token, learnt in zip(self.tokens, self.trained, strict=True)
        ]


class _Refused(Exception):
    """Why a conversation cannot be trained on, and what to do about it."""

    def __init__(self, kind: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


def supervise(
    conversations: Sequence[Conversation],
    tokenizer: PreTrainedTokenizerBase,
    tell: Observer | None = None,
) -> list[SupervisedRow]:
    """Turn conversations into tokens and mark those to be learnt.

    Where the chat template has generation marks, they decide. Where it has none, what the
    assistant says is whatever its message adds to the text before it. A message with weight 0
    is not learnt.

    Args:
        conversations: what to learn from.
        tokenizer: with a chat template; see :func:`template.with_template`.
        tell: told how far it has come.

    Raises:
        DataError: rows that cannot be trained on as the template writes them; carries a
            finding for each.
        BaseModelError: the tokenizer cannot say which characters a token stands for.
    """
    if not tokenizer.is_fast:
        raise BaseModelError(
            f"{tokenizer.name_or_path}: its tokenizer cannot tell which characters a token "
            "stands for",
            "choose a base model with a tokenizer.json",
        )
    tell = tell or Silence()
    reader = _Reader.of(tokenizer)
    rows, findings = [], []
    for number, conversation in enumerate(conversations, start=1):
        try:
            rows.append(_row(conversation, reader))
        except _Refused as why:
            place = (conversation.file, conversation.line)
            findings.append(Finding(*place, why.kind, "error", why.message, why.hint))
        if number % _ROWS_AT_ONCE == 0 or number == len(conversations):
            tell.progress("reading conversations", number, len(conversations))
    if findings:
        first = findings[0]
        raise DataError(
            f"{first.file}:{first.line}: {first.message}"
            + (f" (and {len(findings) - 1} more rows)" if len(findings) > 1 else ""),
            first.hint,
            findings,
        )
    return rows


def leave_out_long(
    rows: Sequence[SupervisedRow], max_length: int
) -> tuple[list[SupervisedRow], list[Finding]]:
    """The rows of at most ``max_length`` tokens, and a warning for each of the others.

    A conversation is never cut: an answer without its end teaches the model not to end.
    """
    kept, findings = [], []
    for row in rows:
        if len(row.tokens) <= max_length:
            kept.append(row)
            continue
        findings.append(
            Finding(
                row.file,
                row.line,
                "too_long",
                "warning",
                f"{len(row.tokens):,} tokens, more than max_length = {max_length:,}: left out",
                "raise max_length, or split the conversation",
            )
        )
    return kept, findings


def pieces(row: SupervisedRow, tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[str, bool]]:
    """The text of each token, and whether it is trained; together they are the whole text.

    A character that is spread over several tokens comes with the last of them; the others
    are empty.
    """
    told = ""
    for number, learnt in enumerate(row.trained, start=1):
        text = str(
            tokenizer.decode(
                list(row.tokens[:number]),
                skip_special_tokens=False,
                clean_up_tokenization_spaces=False,
            )
        )
        unfinished = text.endswith("\ufffd") and number < len(row.tokens)
        yield ("" if unfinished else text[len(told) :]), learnt
        told = told if unfinished else text


@dataclass(frozen=True, slots=True)
class _Reader:
    """A tokenizer, and what is asked of it for every row.

    Attributes:
        tokenizer: the tokenizer itself.
        marked: its template has generation marks.
        controls: texts of its control tokens.
        ends: numbers of tokens that may end what the assistant says.
        closing: the token that the template ends it with, in words.
    """

    tokenizer: PreTrainedTokenizerBase
    marked: bool
    controls: tuple[str, ...]
    ends: frozenset[int | None]
    closing: str

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> _Reader:
        special = {n: each for n, each in tokenizer.added_tokens_decoder.items() if each.special}
        closing = template.end_of_turn(tokenizer)
        return cls(
            tokenizer,
            template.has_generation_marks(tokenizer),
            tuple(each.content for each in special.values() if each.content.strip()),
            frozenset({*special, tokenizer.eos_token_id, closing}),
            "the end of the turn" if closing is None else repr(tokenizer.decode([closing])),
        )


def _row(conversation: Conversation, reader: _Reader) -> SupervisedRow:
    _refuse_control_tokens(conversation, reader)
    read = _by_marks if reader.marked else _by_prefixes
    tokens, trained = read(conversation, reader.tokenizer)
    if not any(trained):
        raise _Refused(
            "nothing_trained",
            "no token of it would be trained: the chat template marks nothing that the "
            "assistant says",
            "mend the {% generation %} marks of the base model's chat template",
        )
    if all(trained):
        raise _Refused(
            "everything_trained",
            "every token of it would be trained, the questions too: the chat template marks all",
            "mend the {% generation %} marks of the base model's chat template",
        )
    for span in _spans(trained):
        _refuse_masked_end(tokens, span, reader)
    return SupervisedRow(tuple(tokens), tuple(trained), conversation.file, conversation.line)


def _by_marks(
    conversation: Conversation, tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[bool]]:
    """Tokens and what is trained, as the template's generation marks say."""
    messages = [template.as_template_has_it(each) for each in conversation.messages]
    written = _written(conversation, messages, tokenizer, return_assistant_tokens_mask=True)
    trained = [bool(each) for each in written["assistant_masks"]]
    weights = [each.weight for each in conversation.messages if each.role == "assistant"]
    if 0 in weights and any(trained):
        spoken = _spans(trained)
        if len(spoken) != len(weights):
            raise _Refused(
                "weight",
                f"a message has weight 0, but the template marks {len(spoken)} answers where "
                f"the conversation has {len(weights)}, so it cannot be told which one is meant",
                "leave the row out, or take its weights out",
            )
        for (start, end), weight in zip(spoken, weights, strict=True):
            if weight == 0:
                trained[start:end] = [False] * (end - start)
        _refuse_no_weight(weights)
    return [int(token) for token in written["input_ids"]], trained


def _by_prefixes(
    conversation: Conversation, tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[bool]]:
    """Tokens and what is trained, where the template has no marks.

    What an answer adds to the conversation before it is what the assistant says. White space
    after the token that ends a turn belongs to the template, not to the answer.
    """
    messages = [template.as_template_has_it(each) for each in conversation.messages]
    whole = str(_written(conversation, messages, tokenizer, tokenize=False))
    spans: list[Span] = []
    for number, message in enumerate(conversation.messages):
        if message.role != "assistant" or message.weight == 0:
            continue
        before = str(
            _written(
                conversation, messages[:number], tokenizer, tokenize=False,
                add_generation_prompt=True,
            )
        )  # fmt: skip
        through = str(_written(conversation, messages[: number + 1], tokenizer, tokenize=False))
        if not (whole.startswith(through.rstrip()) and through.startswith(before)):
            raise _Refused(
                "template",
                f"the chat template writes message {number + 1} differently once the "
                "conversation goes on, so it cannot be told which tokens are the answer's",
                "give earlier answers weight 0, split the conversation, or add "
                "{% generation %} marks to the template",
            )
        spans.append((len(before), len(through.rstrip())))
    _refuse_no_weight([each.weight for each in conversation.messages if each.role == "assistant"])
    encoded = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
    trained = [
        any(start <= first and last <= end for start, end in spans) and last > first
        for first, last in encoded["offset_mapping"]
    ]
    return [int(token) for token in encoded["input_ids"]], trained


def _written(
    conversation: Conversation,
    messages: list[dict[str, Any]],
    tokenizer: PreTrainedTokenizerBase,
    **how: Any,
) -> Any:
    """What the chat template makes of messages, in the form asked for."""
    tools = json.loads(conversation.rest).get("tools") if conversation.rest else None
    try:
        return tokenizer.apply_chat_template(messages, tools=tools, return_dict=True, **how)
    except (TemplateError, ValueError, TypeError, KeyError) as error:
        raise _Refused(
            "template",
            f"the base model's chat template refuses it: {error}",
            "roles have to be in the order that the model was trained with; many models take "
            "no system message",
        ) from None


def _spans(trained: Sequence[bool]) -> list[Span]:
    """Where trained tokens stand next to each other: first one, and one after the last."""
    spans: list[Span] = []
    for position, learnt in enumerate(trained):
        if learnt and (position == 0 or not trained[position - 1]):
            spans.append((position, position + 1))
        elif learnt:
            spans[-1] = (spans[-1][0], position + 1)
    return spans


def _refuse_masked_end(tokens: Sequence[int], span: Span, reader: _Reader) -> None:
    """What is trained has to end with a token that ends a turn; white space may follow it."""
    start, end = span
    last = end - 1
    while last > start and not str(reader.tokenizer.decode([tokens[last]])).strip():
        last -= 1
    if tokens[last] in reader.ends:
        return
    raise _Refused(
        "end_not_trained",
        f"{reader.closing} after an answer would not be trained (the last trained token is "
        f"{str(reader.tokenizer.decode([tokens[last]]))!r}), so the model would never learn to stop",
        "put the token that ends a turn inside the {% generation %} marks of the chat template",
    )


def _refuse_no_weight(weights: Sequence[int]) -> None:
    if not any(weights):
        raise _Refused(
            "no_weight",
            "every answer has weight 0, so there is nothing to learn from it",
            "leave the row out, or give an answer weight 1",
        )


def _refuse_control_tokens(conversation: Conversation, reader: _Reader) -> None:
    """A message that spells out a control token would be read as the end of a turn."""
    for number, message in enumerate(conversation.messages, start=1):
        if found := next((mark for mark in reader.controls if mark in message.content), None):
            raise _Refused(
                "control_token",
                f"message {number} holds {found!r}, a control token of the base model",
                "take it out of the text",
            )
