"""The demo: ``projects/intents`` trained into a folder of the user's choice, and one answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz import workflow
from aprendiz.artifact.result import TrainResult
from aprendiz.errors import ProjectError
from aprendiz.interfaces import Observer, Prediction, Silence
from aprendiz.projects.classifier import ClassifierProject
from aprendiz.projects.kinds import NAME, read


@dataclass(frozen=True)
class DemoResult:
    """What the demo made: a training and answers to the project's examples.

    Attributes:
        training: model folder, evaluation and report.
        predictions: one for each example of the project.
        seconds: wall time of everything, from reading to the answers.
    """

    training: TrainResult
    predictions: tuple[Prediction, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **self.training.as_dict(),
            "predictions": [each.as_dict() for each in self.predictions],
            "total_seconds": round(self.seconds, 3),
        }

    def summary(self) -> str:
        """The result in a few lines for a person."""
        answers = [
            f"“{each.text}” → {each.label} (confidence {each.confidence:.0%})"
            for each in self.predictions
        ]
        return "\n".join([*answers, self.training.summary(), f"all of it: {self.seconds:.0f} s"])


def demo(out: Path, *, observer: Observer | None = None) -> DemoResult:
    """Train the assistant's intents into ``out``, measure on the held-out file, answer the examples.

    Raises:
        ProjectError: the intents project is not here.
        AprendizError: as :func:`aprendiz.workflow.train`.
    """
    begin = time.perf_counter()
    project, _ = read(intents_folder())
    assert isinstance(project, ClassifierProject)
    training = workflow.train(
        project.data,
        test=project.test,
        holdout=project.holdout,
        recipe=Path(project.recipe),
        overrides=project.recipe_settings,
        out=out,
        observer=observer or Silence(),
    )
    predictions = workflow.load(out).predict(project.examples)
    return DemoResult(training, tuple(predictions), time.perf_counter() - begin)


def intents_folder() -> Path:
    """``projects/intents`` in the working folder, or else in the checkout this code runs from.

    Raises:
        ProjectError: it is in neither.
    """
    places = (Path.cwd(), Path(__file__).resolve().parents[3])
    for place in places:
        if (folder := place / "projects" / "intents").joinpath(NAME).is_file():
            return folder
    raise ProjectError(
        "the demo's examples (projects/intents) are not here",
        "run it inside a checkout of the repository",
    )
