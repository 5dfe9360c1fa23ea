"""What a training tells its run of itself: settings, sizes, and the figures at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aprendiz._version import __version__
from aprendiz.data.chat.prepare import PreparedChats
from aprendiz.data.prepare import Prepared
from aprendiz.recipe import Recipe

_NAMES = {"macro_f1": "f1"}
_FINAL = ("accuracy", "macro_f1", "precision", "recall", "ece", "loss", "brier", "aurc")
_FINAL_OF_SEVERAL = ("micro_f1", "macro_f1", "subset_accuracy", "hamming_loss")


def params(recipe: Recipe, prepared: Prepared | PreparedChats) -> dict[str, object]:
    """What was fixed before training: every setting, and the size and identity of the data."""
    dataset = prepared.dataset
    return {
        **recipe.model_dump(mode="json"),
        "labels": len(dataset.labels),
        "train_rows": len(dataset.train),
        "validation_rows": len(dataset.validation),
        "test_rows": len(dataset.test),
        "data_fingerprint": dataset.fingerprint[:16],
        "aprendiz_version": __version__,
    }


def final_scores(evaluation: Mapping[str, Any], part: str) -> dict[str, float]:
    """The main figures on the measured part, as ``final_PART_NAME``."""
    names = _FINAL_OF_SEVERAL if "subset_accuracy" in evaluation else _FINAL
    return {f"final_{part}_{_NAMES.get(name, name)}": evaluation[name] for name in names}
