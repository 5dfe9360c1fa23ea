"""Carrying out a project: which steps run, which are still right, and what became of each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from aprendiz.errors import AprendizError, ProjectError
from aprendiz.projects.kinds import read
from aprendiz.projects.ledger import Ledger, fingerprint, held
from aprendiz.projects.steps import Context, NobodyWatches, Step, StepResult, Watcher


def run(
    project: Path,
    *,
    out: Path | None = None,
    start: str | None = None,
    only: str | None = None,
    force: bool = False,
    changes: Mapping[str, object] | None = None,
    watcher: Watcher | None = None,
) -> list[StepResult]:
    """Carry out a project; steps whose inputs and outputs have not changed are skipped.

    Args:
        project: the folder with ``project.yaml``.
        out: where to write; ``output`` in the project's folder when not given.
        start: begin with this step and run it whatever its state; earlier ones must be done.
        only: run this one step whatever its state; earlier ones that it needs must be done.
        force: run every step.
        changes: keys of ``project.yaml`` to replace; see :func:`aprendiz.projects.kinds.read`.
        watcher: whom to tell.

    Raises:
        ProjectError: the project does not add up, there is no such step, a step that
            must be done is not, or another run is writing to ``out``.
        AprendizError: a step failed; the message names it. What earlier steps made is kept.
    """
    tell = watcher or NobodyWatches()
    checked, kind = read(project, changes)
    steps = chosen(kind.steps, start, only)
    # Faults in the settings of a late step are told before an early one costs minutes.
    settings = {step.name: step.settings(checked) for step in kind.steps}
    if opening := kind.opening(checked):
        tell.say(opening)
    output = out or project / "output"
    forced = {step.name for step in steps} if force else {start or only}
    results = []
    with held(output):
        ledger = Ledger(output)
        _need_earlier(kind.steps, steps, ledger, output, project)
        tell.plan(steps)
        for step in steps:
            needs = {name: ledger.digests_of(name) for name in step.needs}
            print_now = fingerprint(step.files(checked), settings[step.name], needs)
            right = ledger.fingerprint_of(step.name) == print_now and ledger.intact(step.name)
            if right and step.name not in forced:
                tell.step(step.name, "skipped", ledger.seconds_of(step.name))
                results.append(_result(step, "skipped", ledger, output))
                continue
            context = Context(checked, project, output, tell, fresh=force)
            _carry_out(step, context, ledger, print_now, tell)
            results.append(_result(step, "done", ledger, output))
    return results


def chosen(steps: Sequence[Step], start: str | None, only: str | None) -> tuple[Step, ...]:
    """The steps that ``--from`` and ``--only`` leave.

    Raises:
        ProjectError: both are given, or there is no such step.
    """
    if start and only:
        raise ProjectError("--from and --only exclude each other", "give one of them")
    names = [step.name for step in steps]
    for asked in (start, only):
        if asked and asked not in names:
            raise ProjectError(f"there is no step {asked!r}", f"choose one of: {', '.join(names)}")
    if only:
        return (steps[names.index(only)],)
    return tuple(steps[names.index(start) if start else 0 :])


def _need_earlier(
    steps: Sequence[Step], going: Sequence[Step], ledger: Ledger, output: Path, project: Path
) -> None:
    """Refuse to begin where something is missing that only an earlier step makes."""
    to_run = {step.name for step in going}
    needed = {name for step in going for name in step.needs} - to_run
    for step in steps:
        if step.name in needed and not ledger.intact(step.name):
            state = "has changed since" if ledger.fingerprint_of(step.name) else "is not done yet"
            raise ProjectError(
                f"{output}: step {step.name!r}, which {going[0].name!r} builds on, {state}",
                f"aprendiz run {project} --from {step.name}",
            )


def _carry_out(step: Step, context: Context, ledger: Ledger, print_now: str, tell: Watcher) -> None:
    ledger.forget(step.name)
    tell.step(step.name, "running", 0.0)
    begin = time.perf_counter()
    try:
        step.act(context)
        seconds = time.perf_counter() - begin
        missing = ledger.record(step.name, print_now, step.outputs, seconds)
        if missing:
            raise AprendizError(f"did not make {', '.join(missing)}")
    except BaseException as error:
        tell.step(step.name, "failed", time.perf_counter() - begin)
        if isinstance(error, AprendizError):
            error.message = f"step {step.name!r}: {error.message}"
            error.args = (error.message,)
        else:
            error.add_note(f"in step {step.name!r} of {context.folder}")
        raise
    tell.step(step.name, "done", seconds)


def _result(step: Step, state: str, ledger: Ledger, output: Path) -> StepResult:
    return StepResult(
        step.name,
        "done" if state == "done" else "skipped",
        ledger.seconds_of(step.name),
        tuple(output / name for name in step.outputs),
    )
