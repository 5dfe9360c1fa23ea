"""AutoIntent's light preset with the benchmark's encoder, its choice refitted on every row."""

from __future__ import annotations

import time

import numpy as np
from autointent import Dataset, Pipeline
from autointent.configs import LoggingConfig, SentenceTransformerEmbeddingConfig
from job import Job

PRESET = "classic-light"


def main() -> None:
    """Train and answer."""
    job = Job.read()
    begin = time.perf_counter()
    inside = len(job.labels)
    # A row without a label is what this library calls out of scope.
    rows = [
        {"utterance": text, **({"label": number} if number < inside else {})}
        for text, number in zip(job.texts, job.numbers, strict=True)
    ]
    pipeline = Pipeline.from_preset(PRESET, seed=job.seed + 1)  # it refuses 0
    pipeline.set_config(SentenceTransformerEmbeddingConfig(model_name=str(job.encoder)))
    pipeline.set_config(LoggingConfig(project_dir=job.folder / "runs"))
    pipeline.fit(Dataset.from_dict({"train": rows}), refit_after=True)
    seconds = time.perf_counter() - begin

    told = pipeline.predict_with_metadata(job.asked)
    scores = np.array([each.score for each in told.utterances or []])
    refused = np.array([label is None for label in told.predictions])
    answers = np.array(
        [
            best if label is None else label
            for best, label in zip(scores.argmax(axis=1), told.predictions, strict=True)
        ]
    )
    chosen = {kind: type(node.module).__name__ for kind, node in pipeline.nodes.items()}
    job.answer(
        scores,
        seconds=seconds,
        schedule=f"{PRESET}: {', '.join(chosen.values())}",
        answers=answers,
        scope=scores.max(axis=1),
        refused=np.flatnonzero(refused).tolist(),
    )


if __name__ == "__main__":
    main()
