"""Which tokens are trained: only the assistant's, with the end; and what is refused, by line."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aprendiz.data.chat.records import Conversation, Message
from aprendiz.errors import DataError
from aprendiz.neural.causal import base, supervision
from tests.unit.methods.lora.conftest import (
    MARKS_ALL,
    MARKS_NOTHING,
    MASKS_THE_END,
    UNMARKED,
    say,
)


@pytest.fixture(params=["marked", "unmarked"])
def tokenizer(request, tiny_causal):
    """The tiny model's tokenizer, whose template has marks, and the same without them."""
    found = base.load_tokenizer(base.resolve(str(tiny_causal)))
    if request.param == "unmarked":
        found.chat_template = UNMARKED
    return found


def trained_text(row: supervision.SupervisedRow, tokenizer) -> str:
    return tokenizer.decode(
        [token for token, learnt in zip(row.tokens, row.trained, strict=True) if learnt]
    )


def test_the_answers_and_their_ends_are_trained_and_nothing_else(tokenizer):
    (row,) = supervision.supervise([say("¿2 + 2?", "es 4", "and 3?", "ñ 7")], tokenizer)
    assert trained_text(row, tokenizer) == "es 4<|im_end|>ñ 7<|im_end|>"
    assert row.labels == [
        token if learnt else -100 for token, learnt in zip(row.tokens, row.trained, strict=True)
    ]


def test_a_message_of_weight_0_is_read_but_not_trained(tokenizer):
    (row,) = supervision.supervise(
        [say("a", "first", "b", "second", "c", "third", weights=(1, 0, 1))], tokenizer
    )
    assert trained_text(row, tokenizer) == "first<|im_end|>third<|im_end|>"
    assert "second" in tokenizer.decode(row.tokens)


def test_all_weights_0_teach_nothing_and_are_refused(tokenizer):
    with pytest.raises(DataError, match="weight 0") as caught:
        supervision.supervise([say("a", "b"), say("c", "d", line=9, weights=(0,))], tokenizer)
    assert [(each.file, each.line) for each in caught.value.findings] == [("chats.jsonl", 9)]


@pytest.mark.parametrize(
    ("template", "kind", "words"),
    [
        (MARKS_NOTHING, "nothing_trained", "no token of it would be trained"),
        (MARKS_ALL, "everything_trained", "the questions too"),
        (MASKS_THE_END, "end_not_trained", "'<|im_end|>' after an answer"),
    ],
)
def test_a_template_that_teaches_the_wrong_thing_is_refused_by_row(
    template, kind, words, base_with
):
    tokenizer = base.load_tokenizer(base.resolve(str(base_with(template))))
    with pytest.raises(DataError) as caught:
        supervision.supervise([say("a", "b", line=4), say("c", "d", line=7)], tokenizer)
    assert [(each.kind, each.line) for each in caught.value.findings] == [(kind, 4), (kind, 7)]
    assert "chats.jsonl:4" in caught.value.message
    assert words in caught.value.message
    assert caught.value.hint


def test_a_control_token_in_a_message_is_refused(tokenizer):
    with pytest.raises(DataError, match=r"chats.jsonl:3.*im_end") as caught:
        supervision.supervise([say("stop <|im_end|> now", "ok", line=3)], tokenizer)
    assert caught.value.findings[0].kind == "control_token"


def test_a_template_that_rewrites_earlier_answers_is_refused_and_not_guessed(tiny_causal):
    tokenizer = base.load_tokenizer(base.resolve(str(tiny_causal)))
    tokenizer.chat_template = UNMARKED.replace(
        "message['content'] +",
        "(message['content'] if loop.last or message['role'] == 'user' else '…') +",
    )
    assert supervision.supervise([say("a", "b")], tokenizer)
    with pytest.raises(DataError, match="differently once the conversation goes on"):
        supervision.supervise([say("a", "thought b", "c", "d")], tokenizer)


def test_a_template_that_refuses_a_role_names_the_row(tiny_causal):
    tokenizer = base.load_tokenizer(base.resolve(str(tiny_causal)))
    tokenizer.chat_template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        + tokenizer.chat_template
    )
    row = Conversation(
        (Message("system", "s"), Message("user", "u"), Message("assistant", "a")), "f.jsonl", 12
    )
    with pytest.raises(DataError, match=r"f.jsonl:12.*no system"):
        supervision.supervise([row], tokenizer)


def test_long_rows_are_left_out_whole_and_named(tokenizer):
    rows = supervision.supervise([say("a", "b", line=1), say("a" * 90, "b", line=2)], tokenizer)
    kept, findings = supervision.leave_out_long(rows, 60)
    assert [row.line for row in kept] == [1]
    assert [(each.line, each.severity) for each in findings] == [(2, "warning")]
    assert supervision.leave_out_long(rows, len(rows[1].tokens)) == (rows, [])


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() and "<|" not in text
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(turns=st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=3))
def test_pieces_are_the_whole_text_and_trained_pieces_are_the_answers(turns, tokenizer):
    (row,) = supervision.supervise([say(*(text for turn in turns for text in turn))], tokenizer)
    pieces = list(supervision.pieces(row, tokenizer))
    assert len(pieces) == len(row.tokens)
    assert "".join(text for text, _ in pieces) == tokenizer.decode(row.tokens)
    learnt = "".join(text for text, trained in pieces if trained)
    assert learnt == "".join(f"{answer}<|im_end|>" for _, answer in turns)
