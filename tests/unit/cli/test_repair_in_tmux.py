"""``aprendiz data repair`` in a real terminal: keys go in, the screen is read back."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aprendiz.data.repair import Decision, read_patch

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")

_LONGEST = 60  # seconds for a screen to come
ROWS = [
    ("I want my money back", "order"),
    ("bring me a pizza", "refund"),
    ("give me \x1b[31mtwo coffees", "order"),
]
CSV = (
    "text,label\n"
    + "".join(f"{text},{label}\n" for text, label in ROWS)
    + "hello,greet\nhi,greet\n"
)


class Tmux:
    """A terminal of its own, on a server of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._socket = f"aprendiz-{uuid.uuid4().hex[:8]}"
        line = f"{shlex.join(command)}; echo ended with $?; exec sleep 60"
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        size = ("-x", "90", "-y", "30")
        subprocess.run(
            ["tmux", "-u", "-L", self._socket, "-f", "/dev/null", "new-session", "-d", *size, line],
            cwd=folder,
            env=environment,
            check=True,
        )

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys, by their tmux names."""
        self._tmux("send-keys", *keys)

    def until(self, seen: Callable[[str], bool]) -> str:
        """The screen, once it is as wanted."""
        deadline = time.monotonic() + _LONGEST
        while True:
            screen = self._tmux("capture-pane", "-p")
            if seen(screen):
                return screen
            assert time.monotonic() < deadline, screen
            time.sleep(0.05)

    def close(self) -> None:
        """End the server with everything in it."""
        self._tmux("kill-server")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Tmux]]:
    (tmp_path / "a.csv").write_text(CSV)
    suspects = [
        {
            "text": text,
            "label": label,
            "suggested": "refund" if label == "order" else "order",
            "reason": f"because {number}",
            "choices": {"refund": 0.9, "order": 0.05, "greet": 0.01},
            "neighbours": [{"text": "near it", "label": "refund", "similarity": 0.8}],
        }
        for number, (text, label) in enumerate(ROWS)
    ]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(each) + "\n" for each in suspects))
    opened: list[Tmux] = []

    def start(*options: str) -> Tmux:
        command = [sys.executable, "-m", "aprendiz", "data", "repair", "a.csv"]
        opened.append(Tmux([*command, "--suspects", "s.jsonl", *options], tmp_path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def test_a_sitting_and_the_next(terminal: Callable[..., Tmux], tmp_path: Path) -> None:
    patch = tmp_path / "a.csv.patch.jsonl"
    first = terminal()
    screen = first.until(lambda seen: "0 of 3 decided" in seen)
    assert "I want my money back" in screen and "because 0" in screen and "near it" in screen
    first.press("Enter")
    first.until(lambda seen: "bring me a pizza" in seen)
    assert read_patch(patch) == [Decision("relabel", ROWS[0][0], "order", "refund", 2)]
    first.press("c", "g", "r")
    first.until(lambda seen: "› greet" in seen)
    first.press("Escape")
    first.until(lambda seen: "because 1" in seen)
    first.press("Space")
    screen = first.until(lambda seen: "because 2" in seen)
    assert "two coffees" in screen and "\x1b" not in screen
    first.press("q")
    screen = first.until(lambda seen: "ended with" in seen)
    assert "1 of 3 decided" in screen and "ended with 0" in screen

    second = terminal("--resume")
    second.until(lambda seen: "bring me a pizza" in seen and "1 of 3 decided" in seen)
    second.press("k", "d")
    second.until(lambda seen: "That was the last row" in seen)
    second.press("u")
    second.until(lambda seen: "because 2" in seen)
    second.press("C-c")
    assert "ended with 5" in second.until(lambda seen: "ended with" in seen)
    assert [each.action for each in read_patch(patch)] == ["relabel", "keep"]
