"""What a person at a terminal sees: talk and progress on stderr, errors with a way out.

Answers go to stdout elsewhere; nothing here ever does.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from aprendiz.errors import AprendizError, DataError

_FINDINGS_SHOWN = 20


def console() -> Console:
    """The console for talk, on stderr; plain when that is not a terminal."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


class Terminal:
    """An observer that prints sentences and draws progress bars; use it with ``with``."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = console()
        self._quiet = quiet
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not sys.stderr.isatty(),
        )

    def __enter__(self) -> Terminal:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, message: str) -> None:
        """Print one sentence."""
        if not self._quiet:
            self._console.print(escape(message))

    def progress(self, task: str, done: int, total: int) -> None:
        """Draw or move a task's bar; the bar goes when it is done."""
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(task, total=total)
        self._progress.update(self._tasks[task], completed=done, total=total)
        if done >= total:
            self._progress.remove_task(self._tasks.pop(task))


def show_error(error: AprendizError) -> None:
    """Print an error: every finding with file and line, what happened, what to do."""
    screen = console()
    if isinstance(error, DataError):
        for finding in error.findings[:_FINDINGS_SHOWN]:
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            screen.print(f"{escape(place)}: {escape(finding.message)}")
            if finding.hint:
                screen.print(f"    {escape(finding.hint)}", style="dim")
        hidden = len(error.findings) - _FINDINGS_SHOWN
        if hidden > 0:
            screen.print(f"… and {hidden} more (aprendiz data check FILE --json lists all)")
    screen.print(f"[bold red]error:[/] {escape(error.message)}")
    if error.hint:
        screen.print(f"[bold]hint:[/] {escape(error.hint)}")
