"""What a manifest says of a training: gathered from recipe, data, method and figures."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from aprendiz._version import __version__
from aprendiz.artifact.manifest import Manifest
from aprendiz.data.chat.prepare import PreparedChats
from aprendiz.data.prepare import Prepared
from aprendiz.interfaces import Trained
from aprendiz.recipe import Recipe


def describe(
    out: Path,
    recipe: Recipe,
    prepared: Prepared | PreparedChats,
    trained: Trained,
    part: str,
    figures: Mapping[str, Any] | None,
    seconds: float,
    threshold: float,
) -> Manifest:
    """The manifest of a training, files not yet listed.

    Args:
        out: the folder it will be.
        recipe: the filled recipe.
        prepared: the data.
        trained: what the method said of its work.
        part: which rows were measured.
        figures: ``Evaluation.as_dict()`` of those rows, if any.
        seconds: wall time of the learning.
        threshold: confidence under which an answer asks again.
    """
    dataset = prepared.dataset
    figures = figures or {}
    names = ("n", "accuracy", "macro_f1", "precision", "recall", "ece", "exact_match")
    of_several = ("micro_f1", "subset_accuracy", "hamming_loss")
    kept = [
        name for each in (*names, *of_several) for name in (each, f"{each}_ci") if name in figures
    ]
    return Manifest(
        method=recipe.method,
        name=out.resolve().name,
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        labels=dataset.labels,
        threshold=threshold,
        recipe=recipe.model_dump(mode="json"),
        data={
            "fingerprint": dataset.fingerprint,
            "sources": [Path(reading.source).name for reading in prepared.readings],
            "split": dataset.split,
            "train": len(dataset.train),
            "validation": len(dataset.validation),
            "test": len(dataset.test),
        },
        scores={
            "part": part,
            "chose_on_validation": trained.chose_on_validation and part == "validation",
            **{name: figures[name] for name in kept},
        },
        training={"seconds": round(seconds, 3), **trained.facts},
        libraries=_libraries(),
    )


def _libraries() -> dict[str, str]:
    found = {"aprendiz": __version__}
    for name in ("torch", "transformers", "tokenizers", "peft", "trl", "scikit-learn", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
