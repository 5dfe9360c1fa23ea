"""``aprendiz run``: carry out a project, with its list of steps on screen."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from aprendiz.projects.steps import StepResult

_MOST_SHOWN = 5  # suggestions on the screen; the file has all


def run(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="folder with a project.yaml")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="begin with this step, run it anew")
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="STEP", help="run this one step, whatever its state")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="run every step, also those that are done")
    ] = False,
    data: Annotated[str | None, typer.Option(help="other examples to learn from")] = None,
    validation: Annotated[str | None, typer.Option(help="other rows for validation")] = None,
    test: Annotated[str | None, typer.Option(help="other rows for measuring")] = None,
    recipe: Annotated[Path | None, typer.Option(help="another recipe")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="change one recipe setting: key=value")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="where to write; PROJECT/output when not given")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Carry out a project: data, training, figures, report and an example answer.

    Steps that are done are skipped unless something they read has changed.
    """
    from aprendiz.cli.steps_on_screen import StepsOnScreen
    from aprendiz.projects.kinds import read
    from aprendiz.projects.run import run as carry_out

    given = {"data": data, "validation": validation, "test": test, "recipe": recipe}
    changes: dict[str, object] = {key: str(value) for key, value in given.items() if value}
    if set_:
        changes["recipe_settings"] = list(set_)
    output = out or project / "output"
    with StepsOnScreen() as screen:
        results = carry_out(
            project,
            out=output,
            start=from_,
            only=only,
            force=force,
            changes=changes,
            watcher=screen,
        )
    told = read(project, changes)[1].closing(output)
    print(_document(project, output, results, told) if json else _summary(told))


def _document(project: Path, output: Path, results: list[StepResult], told: dict[str, Any]) -> str:
    steps = [result.as_dict() for result in results]
    told = {key: value for key, value in told.items() if key != "lines"}
    document = {"project": str(project), "output": str(output), "steps": steps, **told}
    return jsons.dumps(document, ensure_ascii=False)


def _summary(told: dict[str, Any]) -> str:
    if "lines" in told:  # a kind of project that words its own end
        return "\n".join(told["lines"])
    lines = []
    for answer in told.get("predictions", ()):
        lines.append(f"“{answer['text']}” → {answer['label']} ({answer['confidence']:.1%} sure)")
    if figures := told.get("evaluation"):
        low, high = figures["accuracy_ci"]
        lines.append(
            f"accuracy: {figures['accuracy']:.3f} on {figures['n']:,} {figures['part']} rows "
            f"(95 % interval {low:.3f} to {high:.3f})"
        )
    if grade := told.get("grade"):
        lines.append(f"grade:    {grade['letter']} (the lower bound, {grade['low']:.1%}, decides)")
    lines += [f"  - {each['message']}" for each in told.get("suggestions", ())[:_MOST_SHOWN]]
    lines += [
        f"{key + ':':9} {told[key]}" for key in ("report", "model", "analysis") if key in told
    ]
    return "\n".join(lines)
