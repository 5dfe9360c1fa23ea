"""``aprendiz bench``: which engine is quickest for a model on this machine."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import Terminal

if TYPE_CHECKING:
    from aprendiz.neural.engine.bench import Bench, Measured


def bench(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="model folder, or its export")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="labelled rows for the gates; several times for several files"),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="turns of each engine")] = 5,
    seconds: Annotated[
        float, typer.Option(min=0.01, max=60, help="length of a turn at one batch size")
    ] = 0.3,
    threads: Annotated[
        int | None, typer.Option(min=1, help="of each engine; default: all cores it may use")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="let the model answer with the quickest from now on")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Measure a model's engines on this machine: speed, and whether they say the same."""
    from aprendiz.neural.engine.bench import bench as measure

    with Terminal() as terminal:
        told = measure(
            model,
            data=data or (),
            rounds=rounds,
            seconds=seconds,
            threads=threads,
            write=write,
            observer=terminal,
        )
    print(jsons.dumps(told.as_dict(), ensure_ascii=False) if json else _in_words(told, write))


def _in_words(told: Bench, written: bool) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from aprendiz.neural.engine.bench import SHAPES

    heads = [f"{rows} × {tokens or 'mixed'}" for rows, tokens in SHAPES]
    table = Table("engine", *heads, "one text", "gates", box=box.SIMPLE, pad_edge=False)
    for engine in told.engines:
        mark = " *" if engine.engine == told.chosen else ""
        table.add_row(f"{engine.engine}{mark}", *_cells(engine, len(SHAPES)))
    screen = Console(width=110)
    with screen.capture() as drawn:
        screen.print(table)
    flags = ", ".join(told.processor) or "no known flags"
    lines = [
        drawn.get().rstrip(),
        "",
        f"texts/s for rows × tokens, {told.threads} threads ({flags}); * answers now",
        *(each.verdict.in_words() for each in told.engines if each.verdict),
    ]
    if told.best != told.chosen:
        lines.append(f"quickest that may answer: {told.best} (--write chooses it)")
    elif written:
        lines.append(f"{told.folder} answers with {told.best} from now on")
    return "\n".join(lines)


def _cells(engine: Measured, shapes: int) -> list[str]:
    if engine.missing:
        return ["–"] * shapes + ["–", engine.missing]
    speeds = [f"{speed.texts_per_second:,.0f}" for speed in engine.speeds]
    one = f"{engine.speeds[0].milliseconds:.2f} ms"
    if engine.verdict is None:
        return [*speeds, one, "compared with"]
    return [*speeds, one, "passed" if engine.verdict.passed else "REFUSED"]
