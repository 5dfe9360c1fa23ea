"""Tokens become text in pieces that are whole characters and never run past a stop text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from aprendiz.neural.causal.text_stream import TextStream

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufffd"), max_size=40)

WORDS = [
    ["▁the"],
    ["▁answer"],
    ["▁", "12"],
    ["a"],
    ["<0xC3>", "<0xA9>"],
    ["<0xF0>", "<0x9F>", "<0x8D>", "<0x8F>"],
]


@pytest.fixture(scope="module")
def bytes_only(tiny_causal: Path) -> Any:
    """A token is a byte: every character beyond ASCII comes in parts."""
    return AutoTokenizer.from_pretrained(tiny_causal)


@pytest.fixture(scope="module")
def sentence_pieces() -> Any:
    """Llama's kind: words with a mark for the space, bytes for what is unknown."""
    words = ["<unk>", "▁", "▁the", "▁answer", "12", "a", "b"]
    vocabulary = {w: n for n, w in enumerate([*words, *(f"<0x{b:02X}>" for b in range(256))])}
    pieces = Tokenizer(
        models.BPE(vocab=vocabulary, merges=[], byte_fallback=True, unk_token="<unk>")
    )
    pieces.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return PreTrainedTokenizerFast(tokenizer_object=pieces, unk_token="<unk>")


def pushed(stream: TextStream, tokens: list[int]) -> list[str]:
    pieces = []
    for token in tokens:
        pieces.append(stream.push(token))
        if stream.stopped:
            return pieces
    return [*pieces, stream.finish(cut=False)]


@given(text=TEXTS)
def test_the_pieces_are_the_text_and_each_is_whole(bytes_only, text):
    stream = TextStream(bytes_only)
    pieces = pushed(stream, bytes_only.encode(text, add_special_tokens=False))
    assert "".join(pieces) == stream.text == text
    assert not any("\ufffd" in piece for piece in pieces)


@given(text=TEXTS, stops=st.lists(st.text("abc 1é", min_size=1, max_size=4), max_size=3))
def test_the_text_ends_where_the_first_stop_text_begins(bytes_only, text, stops):
    stream = TextStream(bytes_only, stops)
    pieces = pushed(stream, bytes_only.encode(text, add_special_tokens=False))
    found = [text.index(stop) for stop in stops if stop in text]
    # Which of two overlapping ones comes first is known when the first of them is complete.
    ends = [text.index(stop) + len(stop) for stop in stops if stop in text]
    if found:
        first_complete = text[: min(ends)]
        expected = min(first_complete.index(stop) for stop in stops if stop in first_complete)
        assert stream.text == text[:expected]
    else:
        assert stream.text == text
    assert "".join(pieces) == stream.text
    assert stream.stopped == bool(found)


@given(tokens=st.lists(st.sampled_from(WORDS), max_size=12))
def test_sentence_pieces_keep_their_spaces_and_their_bytes(sentence_pieces, tokens):
    numbers = [sentence_pieces.convert_tokens_to_ids(each) for word in tokens for each in word]
    stream = TextStream(sentence_pieces)
    pieces = pushed(stream, numbers)
    assert stream.text == sentence_pieces.decode(numbers) == "".join(pieces)
    assert not any("\ufffd" in piece for piece in pieces)


def test_bytes_of_an_unfinished_character_are_dropped_when_a_reply_is_cut(bytes_only):
    tokens = bytes_only.encode("12 🍏", add_special_tokens=False)
    stream = TextStream(bytes_only)
    for token in tokens[:-1]:
        stream.push(token)
    stream.finish(cut=True)
    assert stream.text == "12 "


def test_bytes_that_are_no_text_do_not_hold_up_the_rest(bytes_only):
    broken = bytes_only.encode("é", add_special_tokens=False)[:1]
    stream = TextStream(bytes_only)
    pieces = [stream.push(token) for token in broken * 30]
    assert len("".join(pieces)) > 10
