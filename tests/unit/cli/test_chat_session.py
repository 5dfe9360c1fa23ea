"""What a person types in a chat, and what becomes of it; with a real, small model."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from aprendiz.assistants.conversation import open_saved
from aprendiz.assistants.load import load_chat_model
from aprendiz.cli.chat_session import ChatSession
from aprendiz.interfaces import Sampling


@pytest.fixture
def session(tiny_causal: Path, tmp_path: Path) -> ChatSession:
    model = load_chat_model(tiny_causal, device="cpu")
    # What an untaught network writes is mostly white space when it is greedy.
    drawn = Sampling(max_tokens=12, temperature=1.0, seed=1)
    return ChatSession(
        model,
        drawn,
        tmp_path / "chat",
        screen=Console(file=io.StringIO(), width=100),
        talk=Console(file=io.StringIO(), width=1000),
    )


def said(session: ChatSession) -> str:
    """What was told (not replied) since the last time."""
    file = session._talk.file
    assert isinstance(file, io.StringIO)
    told = file.getvalue()
    file.seek(0)
    file.truncate()
    return told


def roles(session: ChatSession) -> list[str]:
    return [message.role for message in session.messages]


def test_a_question_is_answered_and_both_are_remembered(session):
    session.take("¿cuánto es 2 + 2?")
    session.take("and then?")
    assert roles(session) == ["user", "assistant", "user", "assistant"]
    assert session.messages[1].content in session._screen.file.getvalue()


def test_an_empty_line_is_nothing(session):
    session.take("  ")
    assert session.messages == []


def test_a_conversation_is_saved_and_opened_again(session, tmp_path):
    session.take("one")
    session.take(f"/save {tmp_path / 'a.json'}")
    before = list(session.messages)
    session.take("/new")
    assert session.messages == []
    session.take(f"/load {tmp_path / 'a.json'}")
    assert session.messages == before
    session.take("two")
    session.take("/save")
    assert len(open_saved(tmp_path / "a.json").messages) == 4
    assert "not saved" not in said(session)


def test_save_without_a_name_finds_one_and_keeps_it(session, tmp_path):
    session.take("one")
    session.take("/save")
    session.take("two")
    session.take("/save")
    session.take("/new")
    session.take("three")
    session.take("/save")
    sizes = sorted(len(open_saved(file).messages) for file in (tmp_path / "chat").iterdir())
    assert sizes == [2, 4]


def test_a_file_of_somebody_else_is_not_overwritten(session, tmp_path):
    (tmp_path / "a.json").write_text("mine")
    session.take("one")
    session.take(f"/save {tmp_path / 'a.json'}")
    assert "is there already" in said(session)
    assert (tmp_path / "a.json").read_text() == "mine"


def test_what_is_not_saved_is_said(session):
    session.take("one")
    session.take("/new")
    assert "was not saved" in said(session)


def test_a_damaged_file_is_refused_and_the_conversation_stays(session, tmp_path):
    (tmp_path / "a.json").write_text('{"messages": [')
    session.take("one")
    before = list(session.messages)
    session.take(f"/load {tmp_path / 'a.json'}")
    assert "ends in the middle" in said(session)
    assert session.messages == before


def test_the_system_message_is_set_shown_kept_and_removed(session):
    session.take("/system")
    assert "none" in said(session)
    session.take("/system Answer in Spanish.")
    session.take("one")
    session.take("/system Answer briefly.")
    assert roles(session) == ["system", "user", "assistant"]
    assert session.messages[0].content == "Answer briefly."
    session.take("/new")
    assert roles(session) == ["system"]
    session.take("/system -")
    assert session.messages == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/sav", "did you mean /save?"),
        ("/xyzzy", "/help lists them"),
        ("/load", "needs a file"),
        ("/batch", "needs a file"),
        ("/batch nowhere.txt", "cannot be read"),
        ("/load nowhere.json", "cannot be read"),
        ("/save", "nothing to save"),
        ("/help", "/batch FILE"),
    ],
)
def test_a_command_that_cannot_be_done_says_what_to_do(session, typed, told):
    session.take(typed)
    assert told in said(session)
    assert session.messages == []
    assert not session.over


def test_two_slashes_ask_something_that_begins_with_one(session):
    session.take("//2 means half")
    assert session.messages[0].content == "/2 means half"


def test_a_conversation_that_is_too_long_is_said_and_can_go_on(session):
    session.take("x" * 600)
    assert "at most 512" in said(session)
    session.take("short")
    assert roles(session) == ["user", "assistant"]


def test_a_batch_leaves_the_conversation_alone(session, tmp_path):
    (tmp_path / "q.txt").write_text("one\ntwo\n")
    session.take("before")
    before = list(session.messages)
    session.take(f"/batch {tmp_path / 'q.txt'}")
    assert session.messages == before
    table = session._screen.file.getvalue()
    assert "one" in table and "two" in table


def test_quit_ends_it(session):
    session.take("/quit")
    assert session.over


def test_a_saved_file_has_the_documented_form(session, tmp_path):
    session.take("/system s")
    session.take("one")
    session.take(f"/save {tmp_path / 'a.json'}")
    told = json.loads((tmp_path / "a.json").read_text())
    assert list(told) == ["format", "model", "saved", "messages"]
    assert told["messages"][:2] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one"},
    ]
