"""Replies are drawn while they come, and end when they are told to."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from aprendiz.assistants.question_file import Question
from aprendiz.assistants.questions import Answered
from aprendiz.cli import chat_screen
from aprendiz.cli.chat_screen import StopKey, draw_reply, finished
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Reply

TEXT = "First the **sum**:\n\n12 + 3 = 15\n15 × 2 = 30\n\n- one\n- two\n\nAnswer: \\frac{1}{2}"


def pieces(text: str) -> Iterator[str | Reply]:
    yield from text
    yield Reply(text, 1, len(text), "stop")


def terminal(width: int = 60, height: int = 20, **more: object) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        **more,  # type: ignore[arg-type]
    )


def shown(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def last_frame(screen: Console) -> list[str]:
    """The lines that are left on a terminal once all of its cursor movements are done."""
    lines, row = [""], 0
    text = shown(screen)
    at = 0
    while at < len(text):
        if text[at] == "\x1b":
            end = at + 2
            while not text[end].isalpha():
                end += 1
            number = int(text[at + 2 : end] or 1) if text[at + 2 : end].isdigit() else 1
            if text[end] == "A":
                row -= number
            elif text[end] == "K":
                lines[row] = ""
            at = end + 1
        elif text[at] == "\r":
            at += 1
        else:
            if text[at] == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            else:
                lines[row] += text[at]
            at += 1
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("width", [60, 24])
def test_a_reply_is_left_on_the_screen_once_and_readable(width):
    screen = terminal(width)
    with StopKey() as stop:
        text, reply = draw_reply(screen, pieces(TEXT), stop)
    assert text == TEXT
    assert reply is not None and reply.text == TEXT
    left = [line for line in last_frame(screen) if line]
    assert [line.strip(" •") for line in left] == [
        "First the sum:", "12 + 3 = 15", "15 × 2 = 30", "one", "two", "Answer: ½",
    ]  # fmt: skip


def test_a_paragraph_longer_than_the_window_is_left_whole():
    long = "\n".join(f"step {number}" for number in range(50))
    screen = terminal(height=8)
    with StopKey() as stop:
        draw_reply(screen, pieces(long), stop)
    left = [line.strip() for line in last_frame(screen) if line.strip()]
    assert left[-50:] == long.split("\n")


def test_without_a_terminal_a_reply_is_written_as_it_is():
    screen = Console(file=io.StringIO())
    with StopKey() as stop:
        draw_reply(screen, pieces(TEXT), stop)
    assert shown(screen) == TEXT + "\n"


@pytest.mark.parametrize("screen", [terminal(), Console(file=io.StringIO())])
def test_ctrl_c_ends_the_reply_closes_the_stream_and_keeps_what_came(screen):
    closed = []

    def endless() -> Iterator[str | Reply]:
        try:
            for number in range(1_000_000):
                if number == 5:
                    os.kill(os.getpid(), signal.SIGINT)
                yield f"{number} "
        finally:
            closed.append(True)

    with StopKey() as stop:
        text, reply = draw_reply(screen, endless(), stop)
    assert reply is None
    assert text == "0 1 2 3 4 "
    assert closed == [True]


def test_a_second_ctrl_c_gets_through_to_a_model_that_hangs():
    def hanging() -> Iterator[str | Reply]:
        yield "a"
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second one has not interrupted")

    with StopKey() as stop:
        text, reply = draw_reply(terminal(), hanging(), stop)
    assert (text, reply) == ("a", None)


def test_afterwards_ctrl_c_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)
    with StopKey():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("one", ""),
        ("one\n\ntwo", "one\n\n"),
        ("one\n\n", ""),
        ("- a\n\n  more of a\n\nb", "- a\n\n  more of a\n\n"),
        ("```\na\n\nb", ""),
        ("```\na\n\nb\n```\n\nc", "```\na\n\nb\n```\n\n"),
        ("$$\nx\n\ny", ""),
        ("\\[\nx\n\\]\n\ny", "\\[\nx\n\\]\n\n"),
    ],
)
def test_a_paragraph_ends_where_markdown_ends_it(text, ended):
    assert text[: finished(text)] == ended


@given(st.text("a \n`$-", max_size=30), st.text("a \n`$-", max_size=10))
def test_what_has_ended_stays_ended(text, more):
    assert finished(text + "x" + more) >= finished(text + "x")


def test_the_table_says_right_and_wrong_in_words():
    def answered(right: bool | None, text: str) -> Answered:
        question = Question((Message("user", "¿2 + 2?"),), None if right is None else "4", "f", 1)
        return Answered(question, Reply(text, 1, 1, "stop"), right, text, "")

    screen = Console(file=io.StringIO(), width=70)
    chat_screen.show_answers(screen, [answered(True, "4"), answered(False, "5")])
    lines = shown(screen).splitlines()
    assert lines[1].split() == ["1", "¿2", "+", "2?", "4", "4", "right"]
    assert lines[2].split()[-2:] == ["5", "wrong"]
    assert lines[-1].startswith("1 of 2 right: 0.500")
