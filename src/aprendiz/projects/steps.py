"""What a step is, and what it and its watchers are given. No step and no order lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from aprendiz.interfaces import Observer, Silence

State = Literal["running", "done", "skipped", "failed"]


class Project(BaseModel):
    """What every ``project.yaml`` has; a kind of project adds its own keys.

    The docstring under a key is its documentation.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str
    """Short name, used in messages."""

    title: str
    """What the project makes, in one sentence."""

    kind: str = "classifier"
    """Which kind of project this is; it decides the steps."""


@dataclass(frozen=True)
class Context:
    """What a step works with.

    Attributes:
        project: the checked ``project.yaml``, its paths ready to be opened.
        folder: the project's folder.
        output: where every step writes.
        observer: whom to tell what is happening.
        fresh: begin anew, do not go on with an interrupted piece of work.
    """

    project: Any
    folder: Path
    output: Path
    observer: Observer
    fresh: bool = False


@dataclass(frozen=True)
class Step:
    """A named piece of work with declared inputs and outputs.

    Attributes:
        name: what ``--from`` and ``--only`` call it.
        title: what it does, in a few words.
        act: does it.
        outputs: files and folders it makes, relative to the output folder. It owns
            them: before it runs, it may find the ones of an earlier run there.
        needs: earlier steps whose outputs it reads.
        files: files outside the output folder that it reads, for a project.
        settings: plain values that change what it does, for a project.
    """

    name: str
    title: str
    act: Callable[[Context], None]
    outputs: tuple[str, ...]
    needs: tuple[str, ...] = ()
    files: Callable[[Any], Sequence[str]] = lambda _project: ()
    settings: Callable[[Any], Mapping[str, object]] = lambda _project: {}


@dataclass(frozen=True)
class StepResult:
    """What became of a step.

    Attributes:
        name: the step.
        state: ``done`` (it ran) or ``skipped`` (its earlier result is still right).
        seconds: wall time of the run that made the outputs.
        outputs: where they lie.
    """

    name: str
    state: State
    seconds: float
    outputs: tuple[Path, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "step": self.name,
            "state": self.state,
            "seconds": round(self.seconds, 3),
            "outputs": [str(path) for path in self.outputs],
        }


class Watcher(Observer, Protocol):
    """An observer that is also told about the steps."""

    def plan(self, steps: Sequence[Step]) -> None:
        """The steps that this run goes through, in order."""
        ...

    def step(self, name: str, state: State, seconds: float) -> None:
        """A step begins (``running``, 0 seconds) or has ended."""
        ...


class NobodyWatches(Silence):
    """A watcher that does not look."""

    def plan(self, steps: Sequence[Step]) -> None:
        """Ignore."""

    def step(self, name: str, state: State, seconds: float) -> None:
        """Ignore."""
