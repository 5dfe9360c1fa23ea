"""The screen of ``data repair``: one row at a time, drawn with rich, driven by single keys."""

from __future__ import annotations

import signal
from types import FrameType

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from aprendiz.cli.keys import Keyboard
from aprendiz.cli.repair_session import RepairSession
from aprendiz.data.doubtful import Doubtful

_Keys = tuple[tuple[str, str], ...]

_KEYS: _Keys = (
    ("k", "keep"),
    ("Enter", "take the suggestion"),
    ("1-9", "take a label"),
    ("c", "choose"),
    ("d", "drop"),
    ("Space", "skip"),
    ("u", "undo"),
    ("q", "quit"),
)
_KEYS_NEW: _Keys = (
    ("Enter", "add with this label"),
    ("1-9", "add with another"),
    ("c", "choose"),
    ("d", "do not add"),
    ("Space", "skip"),
    ("u", "undo"),
    ("q", "quit"),
)
_KEYS_CHOOSING: _Keys = (("letters", "narrow"), ("↑ ↓", "move"), ("Enter", "take"), ("Esc", "back"))
_AROUND_LIST = 8  # lines of the screen that a list of labels does not get


def sit_down(session: RepairSession, source: str) -> None:
    """Show rows and take decisions until the user leaves.

    Raises:
        DataError: there is no terminal.
    """
    screen = Console(stderr=True, highlight=False)
    with Keyboard() as keyboard, screen.screen() as canvas:

        def draw(_number: int = 0, _frame: FrameType | None = None) -> None:
            canvas.update(_page(session, source, screen.height))

        before = signal.signal(signal.SIGWINCH, draw)
        try:
            while not session.over:
                draw()
                session.press(keyboard.key())
        finally:
            signal.signal(signal.SIGWINCH, before)


def _page(session: RepairSession, source: str, height: int) -> RenderableType:
    row = session.shown
    keys: _Keys = (("u", "undo"), ("Enter", "leave"))
    if row is None:
        body: RenderableType = _ended(session)
    elif session.choosing is not None:
        body, keys = _list_of_labels(session, height - _AROUND_LIST), _KEYS_CHOOSING
    else:
        body, keys = _row(session, row, height), _KEYS if row.label else _KEYS_NEW
    done = f"{session.decided} of {len(session.candidates)} decided"
    return Group(
        Rule(f"[bold]repair[/] {escape(source)}", align="left", style="dim"),
        Padding(body, (1, 1)),
        Rule(style="dim"),
        _help(keys),
        Text(f" {done}" + (f"  ·  {session.said}" if session.said else ""), style="dim"),
    )


def _row(session: RepairSession, row: Doubtful, height: int) -> RenderableType:
    where = f"line {row.line}" if row.line else "not in the file"
    parts: list[RenderableType] = [
        Panel(
            Text(_visible(row.text), style="bold"),
            title=where,
            title_align="left",
            border_style="dim",
        ),
        _labels(session, row),
    ]
    if row.reason:
        parts.append(Text(f"\n{_visible(row.reason)}", style="italic"))
    if row.neighbours and height >= 20:
        near = Table.grid(padding=(0, 2))
        near.add_column(justify="right", min_width=5)
        near.add_column(no_wrap=True)
        near.add_column(no_wrap=True, overflow="ellipsis")
        for text, label, similarity in row.neighbours[: max(1, height - 19)]:
            style = _style_of(label, row)
            near.add_row(f"{similarity:.2f}", _word(label, style), Text(_visible(text)))
        parts += [Text("\nnearest rows", style="dim"), near]
    return Group(*parts)


def _labels(session: RepairSession, row: Doubtful) -> RenderableType:
    probability = dict(row.choices)
    table = Table.grid(padding=(0, 2))
    if row.label:
        table.add_row("label", _word(row.label, "red"), _chance(probability, row.label), "k")
    for number, label in enumerate(session.offered, start=1):
        keys = "Enter" if label == row.suggested else str(number)
        name = "suggested" if label == row.suggested else "or"
        style = "green" if label == row.suggested else ""
        table.add_row(name, _word(label, style), _chance(probability, label), keys)
    return table


def _chance(probability: dict[str, float], label: str) -> str:
    return f"{probability[label]:.2f}" if label in probability else ""


def _style_of(label: str, row: Doubtful) -> str:
    return {row.suggested: "green", row.label: "red"}.get(label, "")


def _word(label: str, style: str) -> Text:
    return Text(_visible(label), style=style)


def _visible(text: str) -> str:
    """A text without what would drive the terminal instead of being shown."""
    return "".join(mark if mark.isprintable() or mark == "\n" else "·" for mark in text)


def _list_of_labels(session: RepairSession, lines: int) -> RenderableType:
    assert session.choosing is not None
    found = session.matching
    at = min(session.choosing.at, max(0, len(found) - 1))
    first = max(0, min(at - lines // 2, len(found) - lines))
    shown = [Text(f"label: {session.choosing.typed}▏", style="bold")]
    for number, label in enumerate(found[first : first + max(1, lines)], start=first):
        mark = "›" if number == at else " "
        shown.append(Text(f" {mark} {_visible(label)}", style="reverse" if number == at else ""))
    if not found:
        shown.append(Text("   no label has these letters", style="dim"))
    return Group(*shown)


def _ended(session: RepairSession) -> RenderableType:
    left = len(session.candidates) - session.decided
    skipped = f" {left} skipped, which come again next time." if left else ""
    return Text(f"That was the last row.{skipped}\nThe decisions are in {session.patch.path}")


def _help(keys: _Keys) -> RenderableType:
    told = [Text.assemble((key, "bold"), f" {action}", no_wrap=True) for key, action in keys]
    return Padding(Columns(told, padding=(0, 3)), (0, 1))
