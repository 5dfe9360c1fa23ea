"""The report of a model of several labels: its page, and its numbers as JSON. No pictures.

As ``write.py`` does it for models that give one label, which calls this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from aprendiz.artifact.decision import LabelRules
from aprendiz.artifact.manifest import Manifest
from aprendiz.data.multi_dataset import labels_of
from aprendiz.data.records import Example
from aprendiz.report.page import fill
from aprendiz.report.style import percent, percent_span

if TYPE_CHECKING:
    import numpy as np

    from aprendiz.evaluation.multi_metrics import MultiEvaluation

_MISTAKES_SHOWN = 25
_SCORES = (
    ("Micro F1", "micro_f1", "over all pairs of row and label; common labels count most"),
    ("Macro F1", "macro_f1", "mean over labels, rare ones count as much as common ones"),
    ("Micro precision", "micro_precision", "of the labels given, how many are right"),
    ("Micro recall", "micro_recall", "of the labels to be given, how many were"),
    ("Subset accuracy", "subset_accuracy", "rows with all labels right and none too many"),
    ("Hamming loss", "hamming_loss", "pairs of row and label that are wrong; lower is better"),
)


def numbers_of(
    part: str,
    evaluation: MultiEvaluation,
    rows: Sequence[Example],
    probabilities: np.ndarray,
    rules: LabelRules,
) -> dict[str, Any]:
    """What ``evaluation.json`` holds.

    Args:
        part: which rows were measured.
        evaluation: the figures on them.
        rows: those rows.
        probabilities: the model's, shape ``(len(rows), labels)``.
        rules: from which probability on each label is given.
    """
    mistakes: list[dict[str, Any]] = []
    for row, told in zip(rows, probabilities, strict=True):
        scores = dict(zip(evaluation.labels, (float(each) for each in told), strict=True))
        given, have = set(rules.given(scores)), set(labels_of(row))
        if given != have:
            mistakes.append(
                {
                    "text": row.text,
                    "missing": sorted(have - given),
                    "too_many": sorted(given - have),
                    "right": sorted(have & given),
                    "file": row.file,
                    "line": row.line,
                }
            )
    # The most wrong first; among those alike, in the order of the file.
    mistakes.sort(key=lambda each: -(len(each["missing"]) + len(each["too_many"])))
    return {"part": part, **evaluation.as_dict(), "mistakes": mistakes}


def render(
    manifest: Manifest,
    evaluation: MultiEvaluation,
    mistakes: Sequence[Mapping[str, Any]],
    rules: LabelRules,
) -> str:
    """The page as HTML.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    part = manifest.scores["part"]
    facts = [
        ("method", manifest.method),
        ("training time", f"{manifest.training['seconds']:.1f} s"),
        *(
            (name.replace("_", " "), str(value))
            for name, value in manifest.training.items()
            if name not in ("seconds", "base_model_sha256")
        ),
        ("data fingerprint", str(manifest.data["fingerprint"])[:16]),
        ("made", manifest.created),
    ]
    return fill(
        "multi_page.html",
        title=manifest.name,
        verdict=(
            f"Every label right on {percent(evaluation.subset_accuracy)} of {evaluation.n:,} rows "
            f"(95 % interval {percent_span(evaluation.subset_accuracy_ci)}); micro F1 "
            f"{evaluation.micro_f1:.3f}."
        ),
        part=part,
        chose=bool(manifest.scores.get("chose_on_validation")),
        source=f"{', '.join(manifest.data['sources'])}: {manifest.data['split']}",
        told=evaluation,
        scores=[
            (name, getattr(evaluation, key), getattr(evaluation, f"{key}_ci"), meaning)
            for name, key, meaning in _SCORES
        ],
        rules=rules.in_words(),
        none="the text is about none of them" if rules.some_have_none else "it does not know",
        mistakes=mistakes[:_MISTAKES_SHOWN],
        wrong=len(mistakes),
        facts=facts,
        recipe_yaml=yaml.safe_dump(manifest.recipe, sort_keys=False, allow_unicode=True),
    )


def write_numbers(path: Path, numbers: Mapping[str, Any]) -> None:
    """Write ``evaluation.json``."""
    path.write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
