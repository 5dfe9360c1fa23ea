"""``aprendiz demo``: the whole straight way on a small real example."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from aprendiz.cli.terminal import Terminal


def demo(
    out: Annotated[Path, typer.Option(help="model folder to make")] = Path("demo-model"),
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Train an assistant's intents, measure, predict; under a minute."""
    from aprendiz.projects.demo import demo as run_demo

    with Terminal() as terminal:
        told = run_demo(out, observer=terminal)
    print(jsons.dumps(told.as_dict(), ensure_ascii=False) if json else told.summary())
