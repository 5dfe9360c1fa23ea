"""aprendiz, through its public door, every setting at its default but the method and the seed."""

from __future__ import annotations

import time
from importlib import import_module

import numpy as np
from job import Job

from aprendiz import workflow
from aprendiz.artifact.model import Model

TOLD = ("epochs", "steps", "regularization", "temperature")


def main() -> None:
    """Train and answer."""
    job = Job.read()
    recipe = {**job.settings, "seed": job.seed}
    # The other peers' libraries are loaded before their clocks start; so are these.
    import_module(f"aprendiz.methods.{recipe['method']}.train")
    begin = time.perf_counter()
    workflow.train(
        job.folder / "train.jsonl",
        out=job.folder / "model",
        recipe=recipe,
        holdout=0.0,
        track=False,
    )
    seconds = time.perf_counter() - begin
    model = workflow.load(job.folder / "model")
    probabilities, scope = answers(model, job)
    facts = model.manifest.training
    job.answer(
        probabilities,
        seconds=seconds,
        schedule=", ".join(f"{name} {facts[name]:g}" for name in TOLD if name in facts),
        scope=scope,
    )


def answers(model: Model, job: Job) -> tuple[np.ndarray, np.ndarray | None]:
    """Probabilities, and how surely each text is in scope where the model can tell."""
    told = model.predict(job.asked)
    columns = [label for label in (*job.labels, job.outside) if label in model.labels]
    probabilities = np.array([[each.scores[label] for label in columns] for each in told])
    scope = [each.scope for each in told]
    return probabilities, None if None in scope else np.array(scope, dtype=np.float64)


if __name__ == "__main__":
    main()
