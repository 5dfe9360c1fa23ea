"""The list of a project's steps on stderr: drawn and kept up to date on a terminal, else plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from aprendiz.cli.terminal import console
from aprendiz.projects.steps import State, Step

_MARKS = {"done": "✓", "skipped": "=", "failed": "✗", "pending": "·"}
_STYLES = {"done": "green", "skipped": "dim", "failed": "bold red", "pending": "dim"}


class StepsOnScreen:
    """Watches a project run; use it with ``with``. Sentences scroll above the list of steps."""

    def __init__(self) -> None:
        self._console = console()
        self._steps: tuple[Step, ...] = ()
        self._states: dict[str, tuple[str, float]] = {}
        self._begun = 0.0
        self._spinner = Spinner("dots")
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._live = (
            Live(console=self._console, get_renderable=self._draw, refresh_per_second=8)
            if sys.stderr.isatty()
            else None
        )

    def __enter__(self) -> StepsOnScreen:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._tasks.values():
            self._progress.remove_task(task)
        self._tasks.clear()
        if self._live:
            self._live.stop()

    def plan(self, steps: Sequence[Step]) -> None:
        """Show the steps to come."""
        self._steps = tuple(steps)
        self._states = {step.name: ("pending", 0.0) for step in steps}
        if not self._live:
            self.say("steps: " + ", ".join(step.name for step in steps))

    def step(self, name: str, state: State, seconds: float) -> None:
        """Mark a step as begun or ended."""
        self._states[name] = (state, seconds)
        if state == "running":
            self._begun = time.monotonic()
        if not self._live:
            told = {
                "running": f"{name}: …",
                "skipped": f"{name}: skipped, nothing has changed",
            }.get(state, f"{name}: {state} ({_time(seconds)})")
            self.say(told)

    def say(self, message: str) -> None:
        """Print one sentence."""
        if message:
            self._console.print(escape(message))

    def progress(self, task: str, done: int, total: int) -> None:
        """Draw or move a bar under the list; without a terminal, nothing."""
        if not self._live:
            return
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(task, total=total)
        self._progress.update(self._tasks[task], completed=done, total=total)
        if done >= total:
            self._progress.remove_task(self._tasks.pop(task))

    def _draw(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for step in self._steps:
            state, seconds = self._states[step.name]
            if state == "running":
                taken = _time(time.monotonic() - self._begun)
                table.add_row(self._spinner, Text(step.name, "bold"), step.title, taken)
                continue
            note = {"pending": "", "skipped": "skipped, nothing has changed"}.get(
                state, _time(seconds)
            )
            style = _STYLES[state]
            table.add_row(
                Text(_MARKS[state], style), Text(step.name), Text(step.title, "dim"), note
            )
        return Group(table, self._progress) if self._tasks else table


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"
