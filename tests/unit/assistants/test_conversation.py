"""Conversations are saved whole, opened as they were, and refused with a reason when damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.assistants.conversation import ROLES, open_saved, save
from aprendiz.data.chat.records import Message
from aprendiz.errors import DataError

MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(ROLES), st.text(st.characters(exclude_categories=("Cs",)))),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30)
@given(messages=MESSAGES)
def test_what_is_saved_is_opened(tmp_path_factory, messages):
    file = tmp_path_factory.mktemp("saved") / "a.json"
    save(file, messages, "maths")
    opened = open_saved(file)
    assert list(opened.messages) == messages
    assert opened.model == "maths"
    assert opened.saved.endswith("Z")


def test_a_message_keeps_what_else_it_has(tmp_path):
    told = {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}], "name": "n"}]}
    (tmp_path / "a.json").write_text(json.dumps(told))
    opened = open_saved(tmp_path / "a.json")
    save(tmp_path / "b.json", opened.messages, "")
    assert json.loads((tmp_path / "b.json").read_text())["messages"] == told["messages"]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ('{"messages": [{"role": "user",', 1, "ends in the middle"),
        ('{\n "messages": [,]\n}', 2, "not JSON"),
        ("[]", 1, 'no list "messages"'),
        ('{"messages": "x"}', 1, 'no list "messages"'),
        ('{"messages": []}', 1, "no messages"),
        ('{"format": 9, "messages": []}', 1, "format 9"),
        ('{"messages": [{"role": "boss", "content": "x"}]}', 0, "message 1: its role is 'boss'"),
        ('{"messages": [{"role": "user", "content": "x"}, 3]}', 0, "message 2"),
        ('{"messages": [{"role": "user", "content": 3}]}', 0, "its content is no text"),
        ("[" * 100_000, 1, "nested too deeply|ends in the middle"),
    ],
)
def test_a_damaged_file_is_refused_with_place_and_reason(tmp_path, content, line, why):
    file = tmp_path / "a.json"
    file.write_text(content)
    with pytest.raises(DataError, match=why) as caught:
        open_saved(file)
    assert caught.value.findings[0].file == str(file)
    assert caught.value.findings[0].line == line


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        open_saved(tmp_path / "none.json")
    (tmp_path / "latin.json").write_bytes(b'{"messages": "\xf1"}')
    with pytest.raises(DataError, match="cannot be read"):
        open_saved(tmp_path / "latin.json")


def test_a_failed_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    save(file, [Message("user", "old")], "m")

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(DataError, match="No space left"):
        save(file, [Message("user", "new")], "m")
    assert open_saved(file).messages[0].content == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_missing_is_made(tmp_path):
    save(tmp_path / "deep" / "er" / "a.json", [Message("user", "x")], "m")
    assert Path(tmp_path / "deep" / "er" / "a.json").is_file()
