"""Reads documentation pages: their fenced blocks, headings and links. Runs nothing.

What is executed on a page is decided there, by the fence and by an HTML comment above it,
which no reader sees:

- a ``console`` block is a session: ``$ `` begins a command (a trailing backslash goes on),
  the lines after it are its output, ``...`` stands for anything;
- a ``pycon`` block is run by ``doctest``;
- ``<!-- file: NAME -->`` above any block writes it to that file;
- ``<!-- run: COMMAND -->`` runs a command that the page does not show;
- ``<!-- server -->`` above a session starts its command and leaves it running;
- ``<!-- not run: REASON -->`` leaves the block alone;
- ``<!-- slow -->`` anywhere makes the whole page a slow test;
- ``<!-- tracked -->`` anywhere has the page's trainings recorded, as a reader's are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

_COMMENT = re.compile(r"<!-- (file|run|not run|server|slow|tracked)(?:: (.*?))? -->")


@dataclass(frozen=True)
class Command:
    """A command of a session and the output the page shows for it."""

    line: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A fenced block, or a hidden command.

    Attributes:
        kind: the language of the fence, or ``hidden``.
        marks: the comments above it, by name.
        body: its lines.
        line: where it begins, 1-based.
    """

    kind: str
    marks: dict[str, str]
    body: tuple[str, ...]
    line: int

    def commands(self) -> list[Command]:
        """A session's commands, in order."""
        commands: list[Command] = []
        lines = iter(self.body)
        for line in lines:
            if line.startswith("$ "):
                command = line[2:]
                while command.endswith("\\"):
                    command = command[:-1] + next(lines).strip()
                commands.append(Command(command, ()))
            elif commands:
                last = commands.pop()
                commands.append(Command(last.line, (*last.shown, line)))
        return commands


def pages() -> list[Path]:
    """Both READMEs and every page that a person wrote."""
    written = [
        path
        for path in (ROOT / "docs").rglob("*.md")
        if not {"generated", "_build"} & set(path.parts) and path.name != "STYLE.md"
    ]
    return [ROOT / "README.md", ROOT / "README.es.md", *sorted(written)]


def blocks(path: Path) -> list[Block]:
    """Every fenced block and hidden command of a page, in order."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    for number, line in lines:
        if match := _COMMENT.fullmatch(line.strip()):
            name, value = match.groups()
            if name == "run":
                found.append(Block("hidden", {}, (f"$ {value}",), number))
            elif name not in ("slow", "tracked"):
                marks[name] = value or ""
        elif fence := re.fullmatch(r"(`{3,})(\S*).*", line):
            body = []
            for _, inner in lines:
                if inner == fence[1]:
                    break
                body.append(inner)
            found.append(Block(fence[2], marks, tuple(body), number))
            marks = {}
        elif line.strip():
            marks = {}
    return found


def is_marked(path: Path, mark: str) -> bool:
    """Whether a page as a whole is ``slow`` or ``tracked``."""
    return f"<!-- {mark} -->" in path.read_text(encoding="utf-8")


def headings(path: Path) -> list[tuple[int, str]]:
    """Level and text of every heading outside fenced blocks."""
    found, fenced = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        if not fenced and (match := re.match(r"(#{1,6}) (.*)", line)):
            found.append((len(match[1]), match[2]))
    return found


def links(path: Path) -> list[str]:
    """Targets of every Markdown link outside fenced blocks."""
    found, fenced = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        if not fenced:
            found += re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line))
    return found
