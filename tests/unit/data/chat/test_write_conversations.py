"""What is written is read back as it was, whatever the texts, with or without a mark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.data.chat.write import write_conversations
from aprendiz.errors import DataError

CHARACTERS = st.one_of(
    st.sampled_from("\",;\t\n\r\\'[]{}:\u2028\x85\ufeff\x1cñ😀"),
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
)
TEXTS = st.text(CHARACTERS, min_size=1, max_size=20).filter(str.strip)
NAMES = st.sampled_from(["", "Ana"])
QUESTIONS = st.builds(
    Message, st.sampled_from(["system", "user", "developer"]), TEXTS, st.just(1), NAMES
) | st.builds(Message, st.just("assistant"), TEXTS, st.sampled_from([0, 1]), NAMES)
CONVERSATIONS = st.builds(
    lambda question, answer: Conversation((*question, Message("assistant", answer)), "", 0),
    st.lists(QUESTIONS, max_size=4),
    TEXTS,
)


@given(st.lists(CONVERSATIONS, min_size=1, max_size=5), st.booleans())
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, conversations: list[Conversation], bom: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.jsonl"
    write_conversations(path, conversations, bom=bom)
    reading = read_conversations(path)
    assert [found for found in reading.findings if found.severity == "error"] == []
    assert reading.conversations == tuple(
        replace(each, file=str(path), line=line) for line, each in enumerate(conversations, 1)
    )
    assert reading.bom == bom
    assert reading.bytes == path.stat().st_size
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") == bom


def test_only_what_differs_from_the_default_is_written(tmp_path: Path) -> None:
    messages = (
        Message("user", "¿qué?"),
        Message("assistant", "no", weight=0),
        Message("user", "sí", name="Ana"),
        Message("assistant", "bien"),
    )
    write_conversations(tmp_path / "a.jsonl", [Conversation(messages, "", 0)])
    written = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    assert "¿qué?" in written
    assert json.loads(written) == {
        "messages": [
            {"role": "user", "content": "¿qué?"},
            {"role": "assistant", "content": "no", "weight": 0},
            {"role": "user", "content": "sí", "name": "Ana"},
            {"role": "assistant", "content": "bien"},
        ]
    }


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = Conversation((Message("user", "a"), Message("assistant", "b")), "", 0)
    write_conversations(path, [good])
    before = path.read_bytes()
    half = Conversation((Message("user", "\ud83d"), Message("assistant", "b")), "", 0)
    with pytest.raises(DataError, match="conversation 2"):
        write_conversations(path, [good, half])
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.jsonl"]
