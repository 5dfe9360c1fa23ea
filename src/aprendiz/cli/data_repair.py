"""``aprendiz data suspects``, ``repair`` and ``apply``: find wrong labels and put them right."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated, Any

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.errors import DataError, JobStopped

Data = Annotated[str, typer.Argument(metavar="FILE", help="examples")]
Method = Annotated[
    str | None, typer.Option(help="what judges: probe (the default) or tfidf (no base model)")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="change one of its settings: key=value")
]
TextColumn = Annotated[str | None, typer.Option(help="name of the text column")]
LabelColumn = Annotated[str | None, typer.Option(help="name of the label column")]
Retrain = Annotated[
    bool,
    typer.Option("--retrain", help="train before and after, and compare on the same rows"),
]
Test = Annotated[
    str | None, typer.Option(help="rows to compare on, with --retrain; else a fifth held out")
]
Json = Annotated[bool, typer.Option("--json", help="answer as one JSON document")]

_LISTED = 20  # suspects on screen


def suspects(
    data: Data,
    method: Method = None,
    set_: Set = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="how many; as many as are counted wrong if not given"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="write them as JSON Lines, for data repair --suspects")
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    json: Json = False,
) -> None:
    """Rank the labels that are likely wrong, each with its reason and nearest rows."""
    from aprendiz.repair.find import find_suspects

    with Terminal() as terminal:
        told = find_suspects(
            data,
            method=method,
            overrides=set_ or (),
            top=top,
            text_column=text_column,
            label_column=label_column,
            observer=terminal,
        )
    lines = [suspect.as_dict() for suspect in told.found]
    if out is not None:
        _write_lines(out, lines)
    if json:
        print(jsons.dumps(told.as_dict(), ensure_ascii=False))
        return
    for suspect in told.found[:_LISTED]:
        print(f"{suspect.file}:{suspect.line}: {suspect.text!r}")
        print(f"    {suspect.reason}")
    if len(told.found) > _LISTED:
        print(f"… and {len(told.found) - _LISTED:,} more (--json or --out FILE has all)")
    print(f"{told.estimated:,} of {told.rows:,} labels are likely wrong, judged by {told.method}")
    if told.found:
        print(f"next: aprendiz data repair {data}" + (f" --suspects {out}" if out else ""))


def repair(
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="patch file to write; FILE.patch.jsonl if not given")
    ] = None,
    suspects: Annotated[
        Path | None,
        typer.Option(
            help="what to look at: from data suspects --out, or a log of a server's answers; "
            "searched for if not given"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with the patch that is there")
    ] = False,
    method: Method = None,
    set_: Set = None,
    retrain: Retrain = False,
    test: Test = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    json: Json = False,
) -> None:
    """Look at likely wrong labels one by one: keep, relabel or drop, into a patch file."""
    from aprendiz.cli.keys import Keyboard
    from aprendiz.cli.repair_screen import sit_down
    from aprendiz.cli.repair_session import RepairSession
    from aprendiz.data.check import refuse
    from aprendiz.data.doubtful import read_doubtful, suspected
    from aprendiz.data.read import read_examples
    from aprendiz.data.repair import Patch

    goal = out or Path(f"{data}.patch.jsonl")
    if goal.exists() and not resume:
        raise DataError(
            f"{goal}: there is a patch already",
            "--resume goes on with it; another --out begins another",
        )
    Keyboard()  # no search that ends before a screen that cannot be drawn
    reading = read_examples(data, text=text_column, label=label_column)
    refuse(reading.findings)
    if suspects is not None:
        candidates = read_doubtful(suspects, reading.examples)
    else:
        from aprendiz.repair.find import find_suspects

        with Terminal() as terminal:
            told = find_suspects(
                data,
                method=method,
                overrides=set_ or (),
                text_column=text_column,
                label_column=label_column,
                observer=terminal,
            )
        candidates = [suspected(each.as_dict(), each.line) for each in told.found]
    labels = sorted({row.label for row in reading.examples})
    session = RepairSession(candidates, labels, Patch(goal))
    try:
        sit_down(session, data)
    except KeyboardInterrupt:
        raise JobStopped(
            f"stopped; every decision so far is in {goal}", "--resume goes on from there"
        ) from None
    counts = {"candidates": len(candidates), "decided": session.decided}
    result: dict[str, Any] = {"patch": str(goal) if goal.exists() else None, **counts}
    said = f"{session.decided} of {len(candidates)} decided"
    if goal.exists():
        said += f", in {goal}\nnext: aprendiz data apply {data} {goal} --out NEW"
    if retrain and goal.exists():
        result["retrained"], words = _retrained(
            data, goal, test, method, set_, text_column, label_column
        )
        said += f"\n{words}"
    print(jsons.dumps(result, ensure_ascii=False) if json else said)


def apply(
    data: Data,
    patch: Annotated[Path, typer.Argument(metavar="PATCH", help="patch file")],
    out: Annotated[Path, typer.Option(help="repaired copy to write; its suffix is the format")],
    retrain: Retrain = False,
    test: Test = None,
    method: Method = None,
    set_: Set = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    json: Json = False,
) -> None:
    """Write a copy of the examples with a patch's decisions carried out."""
    from aprendiz.data.apply import apply_patch

    repaired = apply_patch(data, patch, out, text_column=text_column, label_column=label_column)
    result: dict[str, Any] = {
        "file": str(out),
        "rows": len(repaired.rows),
        "relabelled": repaired.relabelled,
        "dropped": repaired.dropped,
        "added": repaired.added,
        "kept": repaired.kept,
    }
    said = f"{out}: {repaired.in_words()}"
    if retrain:
        result["retrained"], words = _retrained(
            data, patch, test, method, set_, text_column, label_column
        )
        said += f"\n{words}"
    print(jsons.dumps(result, ensure_ascii=False) if json else said)


def _retrained(
    data: str,
    patch: Path,
    test: str | None,
    method: str | None,
    overrides: list[str] | None,
    text_column: str | None,
    label_column: str | None,
) -> tuple[dict[str, Any], str]:
    """The comparison before and after, as plain values and in words."""
    from aprendiz.repair.retrain import retrain

    with Terminal() as terminal:
        told = retrain(
            data,
            patch,
            test=test,
            method=method,
            overrides=overrides or (),
            text_column=text_column,
            label_column=label_column,
            observer=terminal,
        )
    return told.as_dict(), told.in_words()


def _write_lines(path: Path, values: list[dict[str, Any]]) -> None:
    from aprendiz.data.verbatim import write_text

    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "".join(jsons.dumps(each, ensure_ascii=False) + "\n" for each in values))
