"""`aprendiz chat` in a real terminal with a real model: keys go in, the screen is read back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.cli.test_repair_in_tmux import Tmux

pytest.importorskip("transformers")
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")

from tests.unit.neural.causal import models  # noqa: E402  # torch, where it is installed

_LONGEST = 240  # seconds for a screen to come


@pytest.fixture(scope="module")
def taught(tiny_causal, tmp_path_factory) -> Path:
    return models.taught(tiny_causal, tmp_path_factory.mktemp("chat") / "taught")


@pytest.fixture(scope="module")
def endless(tiny_causal, tmp_path_factory) -> Path:
    return models.endless(tiny_causal, tmp_path_factory.mktemp("chat") / "endless")


class Chat:
    """A terminal with a chat in it."""

    def __init__(self, tmux: Tmux) -> None:
        self.tmux = tmux

    def type(self, text: str) -> None:
        """Type a line and press Enter."""
        self.tmux._tmux("send-keys", "-l", "--", text)
        self.tmux.press("Enter")

    def until(self, *shown: str) -> str:
        """The screen, once everything stands on it and the chat waits for a line."""
        return self.seen(
            lambda screen: all(each in screen for each in shown) and screen.rstrip().endswith("\n›")
        )

    def seen(self, wanted: Callable[[str], bool]) -> str:
        """The screen, once it is as wanted; a busy machine takes its time to load a model."""
        deadline = time.monotonic() + _LONGEST
        while not wanted(screen := self.tmux._tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, screen
            time.sleep(0.1)
        return screen

    def ended(self) -> int:
        """The exit code, once the program has ended."""
        screen = self.seen(lambda screen: "ended with" in screen)
        return int(screen.rpartition("ended with ")[2].split()[0])

    def terminate(self) -> None:
        """Ask the program to end, as a system does that shuts down."""
        shell = self.tmux._tmux("display-message", "-p", "#{pane_pid}").strip()
        found = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True)
        for number in found.stdout.split():
            os.kill(int(number), signal.SIGTERM)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    started: list[Tmux] = []

    def start(*arguments: object) -> Chat:
        command = [sys.executable, "-m", "aprendiz", "chat", *map(str, arguments)]
        started.append(Tmux(command, tmp_path))
        return Chat(started[-1])

    yield start
    for tmux in started:
        tmux.close()


def test_a_conversation_from_the_first_question_to_the_saved_file_and_back(chat, taught, tmp_path):
    first = chat(taught, "--device", "cpu")
    screen = first.until("/help lists the commands")
    assert "full model" in screen and "on cpu" in screen
    assert f"conversationsin{tmp_path / 'home' / 'chat'};" in "".join(screen.split())

    first.type(models.PERCENT)
    screen = first.until("a second")
    for line in ("80 × 15 = 1200", "1200 ÷ 100 = 12", "Respuesta: ½ × 24 = 12 🍏"):
        assert f"\n  {line}" in screen

    first.type("/save a.json")
    first.until("saved a.json")
    saved = json.loads((tmp_path / "a.json").read_text())["messages"]
    assert saved == [
        {"role": "user", "content": models.PERCENT},
        {"role": "assistant", "content": models.WORKING},  # as written, not as shown
    ]

    first.type("/new")
    first.until("a new conversation")
    first.type("/load a.json")
    first.until("opened a.json: 2 messages, answered by taught")
    first.type("/qiut")
    first.until("did you mean /quit?")
    first.tmux.press("/", "q", "Tab", "Enter")
    assert first.ended() == 0

    again = chat(taught, "--device", "cpu", "--load", "a.json")
    again.until("1200 ÷ 100 = 12", "opened a.json")
    again.tmux.press("Up", "Up", "Up", "Up", "Up", "Up")  # past the commands to the question
    again.seen(lambda screen: f"› {models.PERCENT}" in screen.rstrip().splitlines()[-1])
    again.tmux.press("C-c")
    again.until("to leave: Ctrl-D or /quit")
    again.tmux.press("C-d")
    assert again.ended() == 0


def test_ctrl_c_stops_a_reply_and_not_the_program(chat, endless):
    started = chat(endless, "--device", "cpu", "--max-tokens", 90_000)
    started.until("/help")
    started.type("go on")
    started.seen(lambda screen: len(screen.split("› go on")[-1].strip()) > 300)
    started.tmux.press("C-c")
    started.until("  stopped")
    started.type("/save s.json")
    started.until("saved s.json")
    started.type("again")
    started.seen(lambda screen: len(screen.split("› again")[-1].strip()) > 300)
    started.tmux.press("C-c")
    started.seen(lambda screen: screen.count("  stopped") == 2 and screen.rstrip().endswith("\n›"))
    started.type("/quit")
    assert started.ended() == 0


def test_a_narrow_window_without_colour_and_a_pasted_question(chat, taught, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    started = chat(taught, "--device", "cpu")
    started.tmux._tmux("resize-window", "-x", "34", "-y", "20")
    started.until("/help")
    started.tmux._tmux("send-keys", "-l", "--", "¿Cuánto es el 15 % de 80 日本")
    started.tmux.press("BSpace", "BSpace", "BSpace", "?", "Enter")
    screen = started.until("a second")
    assert "Respuesta: ½ × 24 = 12 🍏" in screen
    coloured = started.tmux._tmux("capture-pane", "-p", "-e")
    assert not any(f"\x1b[{number}m" in coloured for number in (*range(30, 38), *range(90, 98)))
    (tmp_path / "pasted").write_text("two lines\nof one question")
    started.tmux._tmux("load-buffer", str(tmp_path / "pasted"))
    started.tmux._tmux("paste-buffer", "-p")
    started.tmux.press("Enter")
    started.until("of one question")
    started.type("/save p.json")
    started.until("saved p.json")
    messages = json.loads((tmp_path / "p.json").read_text())["messages"]
    assert [each["content"] for each in messages if each["role"] == "user"] == [
        models.PERCENT,
        "two lines\nof one question",
    ]
    started.terminate()
    assert started.ended() == 5
