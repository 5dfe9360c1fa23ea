"""``aprendiz runs``: what was trained before, as a table, as JSON, or in MLflow's own pages."""

from __future__ import annotations

import json as jsons
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import console

if TYPE_CHECKING:
    from aprendiz.settings import Settings
    from aprendiz.tracking.past_runs import PastRun


def runs(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many, newest first")] = 20,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
    ui: Annotated[bool, typer.Option("--ui", help="open MLflow's pages on this machine")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="port for --ui")] = 5000,
) -> None:
    """Past trainings: when, how they ended, how good they were, where the model is."""
    from aprendiz.settings import get_settings
    from aprendiz.tracking.past_runs import past_runs

    settings = get_settings()
    if ui:
        _show_pages(settings, port)
        return
    found = past_runs(settings, limit)
    if json:
        print(jsons.dumps([each.as_dict() for each in found], ensure_ascii=False))
    elif found:
        print("\n".join(_table(found)))
    else:
        _say_none()


def _table(found: list[PastRun]) -> list[str]:
    """Aligned columns that a terminal can wrap and `cut` can read; nothing is shortened."""
    rows = [("STARTED", "STATUS", "METHOD", "ACCURACY", "MODEL", "RUN")]
    rows += [
        (
            datetime.fromisoformat(each.started).astimezone().strftime("%Y-%m-%d %H:%M"),
            each.status,
            each.method or "-",
            _accuracy(each),
            each.model or "-",
            each.run_id,
        )
        for each in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _accuracy(run: PastRun) -> str:
    if run.accuracy is None:
        return "-"
    rows = f" on {run.n:,} {run.part} rows" if run.n is not None else f" ({run.part})"
    return f"{run.accuracy:.3f}{rows}"


def _show_pages(settings: Settings, port: int) -> None:
    """Run ``mlflow ui`` in the foreground until Ctrl-C; a tracking server has its own pages."""
    from aprendiz.errors import ProviderError
    from aprendiz.tracking import library, past_runs
    from aprendiz.tracking.redact import without_credentials

    page = past_runs.page(settings)
    if page is None:
        _say_none()
        return
    if settings.tracking_uri.startswith(("http://", "https://")):
        print(f"{without_credentials(settings.tracking_uri).rstrip('/')}/{page}")
        return
    print(f"http://{settings.host}:{port}/{page}", flush=True)
    console().print("starting MLflow's pages there; Ctrl-C ends them")
    library.prepare_pages(settings)
    listen = ("--host", settings.host, "--port", str(port))
    code = _until_stopped([sys.executable, "-m", "mlflow", "ui", "--workers", "1", *listen])
    if code:
        raise ProviderError(
            f"mlflow ui ended with code {code}; its own words are above",
            f"if port {port} is taken, choose another: aprendiz runs --ui --port {port + 1}",
        )


def _say_none() -> None:
    console().print("no runs yet: aprendiz train --data FILE --out FOLDER makes the first")


def _until_stopped(command: list[str]) -> int:
    """Run a program that starts others; stopping us stops them all. Returns its exit code."""
    with subprocess.Popen(command, process_group=0, stdout=sys.stderr) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            return 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
