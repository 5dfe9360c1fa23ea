"""The table of contents: which commands there are, and what becomes of an error.

Each command lives in a file named after its noun, translates its options and calls
one library function. This file imports none of the libraries that learn.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from aprendiz._version import __version__
from aprendiz.cli import (
    bench,
    chat,
    compare,
    data,
    demo,
    deploy,
    doctor,
    export,
    jobs,
    model,
    platform,
    predict,
    recipe,
    runs,
    serve,
    train,
)
from aprendiz.cli import run as project
from aprendiz.cli.terminal import console, show_error
from aprendiz.errors import AprendizError, JobStopped

app = typer.Typer(
    name="aprendiz",
    help="From a file of examples to a specialist text model you can measure, trust and serve.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

START, LEARN, MEASURE, USE, LOOK = "Start here", "Learn", "Measure", "Use", "Look around"

app.command(rich_help_panel=START)(demo.demo)
app.command(rich_help_panel=START)(doctor.doctor)
app.add_typer(data.app, name="data", rich_help_panel=LEARN)
app.add_typer(recipe.app, name="recipe", rich_help_panel=LEARN)
app.command(rich_help_panel=LEARN)(train.train)
app.command(rich_help_panel=LEARN)(project.run)
app.add_typer(jobs.app, name="jobs", rich_help_panel=LEARN)
app.command(rich_help_panel=MEASURE)(model.evaluate)
app.command(rich_help_panel=MEASURE)(compare.compare)
app.command(rich_help_panel=MEASURE)(model.report)
app.command(rich_help_panel=MEASURE)(model.threshold)
app.command(rich_help_panel=MEASURE)(bench.bench)
app.command(rich_help_panel=USE)(predict.predict)
app.command(rich_help_panel=USE)(chat.chat)
app.command(rich_help_panel=USE)(serve.serve)
app.command(rich_help_panel=USE)(export.export)
app.command(rich_help_panel=USE)(deploy.deploy)
app.add_typer(platform.app, name="platform", rich_help_panel=USE)
app.command(rich_help_panel=LOOK)(runs.runs)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"aprendiz {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Options that belong to no command."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run() -> None:
    """Run the command line; the one place that turns an error into an exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        code = app(standalone_mode=False)
    except AprendizError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        console().print("[bold]stopped[/] before the end")
        sys.exit(JobStopped.exit_code)
    except BrokenPipeError:
        # The reader of our stdout (head, less) has gone: nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if not hasattr(error, "exit_code"):  # click's own: a wrong option
            console().print_exception(show_locals=False, max_frames=20)
            console().print("[bold red]this is our bug[/]: please report the lines above")
            sys.exit(AprendizError.exit_code)
        error.show()  # type: ignore[attr-defined]
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    run()
