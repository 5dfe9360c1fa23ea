"""Runs the sessions of a page in a folder of its own and compares what they print.

What may differ between two machines is let through: times, the last digits of scores,
the version of a model, the port.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.docs.pages import ROOT, Block, Command

SCORE_TOLERANCE = 0.05
_LONGEST = 240  # seconds for one command

_PARTS = re.compile(
    r"(?P<any>\.\.\.)"
    r"|(?P<seconds>\d+(?:\.\d+)?(?= (?:s|seconds)\b))"
    r"|(?P<hex>\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b)"
    r"|(?P<float>(?<![\d.])\d+\.\d+(?![\d.]))"
)


class Session:
    """A folder with the project's data in it, where a page's blocks run in order.

    Args:
        folder: an empty folder.
        tracked: whether trainings are recorded with MLflow, which takes them some seconds.
    """

    def __init__(self, folder: Path, tracked: bool = False) -> None:
        self.folder = folder
        self.ran = 0
        self._server: subprocess.Popen[str] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])
        shutil.copytree(
            ROOT / "projects", folder / "projects", ignore=shutil.ignore_patterns("output*")
        )
        (folder / "docs").symlink_to(ROOT / "docs")
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "APRENDIZ_HOME": str(folder / "home"),
            "APRENDIZ_PORT": self._port,
            "HF_HOME": str(folder / "hub"),
            "APRENDIZ_TRACK": str(tracked).lower(),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def run(self, block: Block) -> None:
        """Run one block, if it is one that runs."""
        if "file" in block.marks:
            (self.folder / block.marks["file"]).write_text("\n".join(block.body) + "\n", "utf-8")
        if "not run" in block.marks:
            return
        if "server" in block.marks:
            [command] = block.commands()
            self._serve(command)
            self.ran += 1
        elif block.kind == "pycon":
            self._doctest(block)
            self.ran += 1
        elif block.kind in ("console", "hidden"):
            self._commands(block.commands())
            self.ran += 1

    def close(self) -> None:
        """Stop the server, if there is one; it must end well."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGTERM)
        code = self._server.wait(timeout=30)
        self._server = None
        assert code == 0, f"the server ended with {code}"

    def _commands(self, commands: list[Command]) -> None:
        code = 0
        for number, command in enumerate(commands):
            if command.line == "echo $?":
                assert command.shown == (str(code),), f"the command before ended with {code}"
                continue
            code, output = self._bash(command.line)
            following = commands[number + 1].line if number + 1 < len(commands) else ""
            expected_to_fail = following == "echo $?"
            assert code == 0 or expected_to_fail, f"$ {command.line}\n{output}\nended with {code}"
            self._compare(command, output)

    def _bash(self, line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", self._here(line)],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        return done.returncode, done.stdout

    def _serve(self, command: Command) -> None:
        log = self.folder / "server.log"
        with log.open("w") as stream:
            self._server = subprocess.Popen(
                ["bash", "-c", f"exec {self._here(command.line)}"],
                cwd=self.folder,
                env=self._environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
            )
        deadline = time.monotonic() + _LONGEST
        while not self._pattern(command.shown).fullmatch(_without_blank_lines(log.read_text())):
            running = self._server.poll() is None
            if not running or time.monotonic() > deadline:
                self._compare(command, log.read_text())
            time.sleep(0.2)

    def _doctest(self, block: Block) -> None:
        page = self.folder / "session.txt"
        page.write_text("\n".join(block.body) + "\n", encoding="utf-8")
        code, output = self._bash(f"{sys.executable} -m doctest -o ELLIPSIS session.txt")
        assert code == 0, output

    def _compare(self, command: Command, output: str) -> None:
        if not command.shown:
            return
        wanted = "\n".join(command.shown)
        match = self._pattern(command.shown).fullmatch(_without_blank_lines(output))
        assert match, f"$ {command.line}\nshown on the page:\n{wanted}\nprinted:\n{output}"
        floats = [part["float"] for part in _PARTS.finditer(wanted) if part["float"]]
        for shown, printed in zip(floats, match.groups(), strict=True):
            allowed = SCORE_TOLERANCE * max(1.0, float(shown))
            near = abs(float(shown) - float(printed)) <= allowed
            assert near, f"$ {command.line}\nshows {shown}, prints {printed}:\n{output}"

    def _pattern(self, shown: tuple[str, ...]) -> re.Pattern[str]:
        told = ""
        for line in _without_blank_lines(self._here("\n".join(shown))).splitlines():
            told += r"(?:.*\n)*?" if line.strip() == "..." else _line_pattern(line) + r"[ ]*\n"
        return re.compile(told)

    def _here(self, text: str) -> str:
        """The pages say port 8000; here another one is free."""
        return re.sub(r"\b8000\b", self._port, text)


def _without_blank_lines(text: str) -> str:
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())


def _line_pattern(line: str) -> str:
    pattern, end = "", 0
    for part in _PARTS.finditer(line.rstrip()):
        pattern += re.escape(line[end : part.start()])
        pattern += {
            "any": r".*?",
            "seconds": r"\d+(?:\.\d+)?",
            "hex": r"[0-9a-f]{12}",
            "float": r"(\d+\.\d+)",
        }[str(part.lastgroup)]
        end = part.end()
    return pattern + re.escape(line.rstrip()[end:])
