"""The report of one model: figures as PNG files, the page that holds them, the numbers as JSON.

Drawn once when a model is made; drawn again from the model folder alone by :func:`redraw`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from aprendiz.artifact.manifest import Manifest
from aprendiz.data.records import Example
from aprendiz.report.facts import History, Mistake, ReportFacts, Seen, find_mistakes

if TYPE_CHECKING:
    import numpy as np

    from aprendiz.evaluation.metrics import Evaluation

PAGE, PLOTS, NUMBERS, HISTORY = "report.html", "plots", "evaluation.json", "history.json"


def write_report(
    folder: Path,
    manifest: Manifest,
    evaluation: Evaluation,
    history: History,
    rows: Sequence[Example],
    probabilities: np.ndarray,
) -> None:
    """Write page, plots and numbers into a model folder under construction.

    Args:
        folder: where the files go.
        manifest: what the folder says of itself.
        evaluation: the figures on ``rows``.
        history: the run's metrics by step.
        rows: the examples measured.
        probabilities: the model's answers to them, shape ``(len(rows), len(labels))``.
    """
    mistakes = find_mistakes(rows, probabilities, manifest.labels)
    numbers = {
        "part": manifest.scores["part"],
        **evaluation.as_dict(),
        "mistakes": [mistake.as_dict() for mistake in mistakes],
    }
    text = json.dumps(numbers, ensure_ascii=False, indent=1) + "\n"
    (folder / NUMBERS).write_text(text, encoding="utf-8")
    _draw(folder, manifest, evaluation, history, mistakes)


def redraw(folder: Path, manifest: Manifest, out: Path) -> Path:
    """Draw a model's report again, from its folder, into ``out``; returns the page."""
    from aprendiz.evaluation.metrics import Evaluation

    numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    mistakes = [Mistake(**values) for values in numbers.pop("mistakes")]
    out.mkdir(parents=True, exist_ok=True)
    _draw(out, manifest, Evaluation.from_dict(numbers), history, mistakes)
    return out / PAGE


def _draw(
    folder: Path,
    manifest: Manifest,
    evaluation: Evaluation,
    history: History,
    mistakes: Sequence[Mistake],
) -> None:
    from aprendiz.report import figures, page

    part = str(manifest.scores["part"])
    drawn, left_out = figures.draw(
        evaluation,
        history,
        folder / PLOTS,
        part=part,
        validation_rows=manifest.data["validation"] or None,
    )
    facts = _facts(manifest, evaluation, part, mistakes)
    (folder / PAGE).write_text(page.render(facts, drawn, left_out), encoding="utf-8")


def _facts(
    manifest: Manifest, evaluation: Evaluation, part: str, mistakes: Sequence[Mistake]
) -> ReportFacts:
    seen: Seen = "chose" if manifest.scores.get("chose_on_validation") else "unseen"
    training = {
        name.replace("_", " "): str(value)
        for name, value in manifest.training.items()
        if name not in ("seconds", "base_model_sha256")
    }
    facts = [
        ("method", manifest.method),
        ("training time", f"{manifest.training['seconds']:.1f} s"),
        *training.items(),
        ("labels", str(len(manifest.labels))),
        ("data fingerprint", str(manifest.data["fingerprint"])[:16]),
        ("made", manifest.created),
        ("libraries", ", ".join(f"{name} {told}" for name, told in manifest.libraries.items())),
    ]
    return ReportFacts(
        title=manifest.name,
        part=part,
        seen=seen,
        source=f"{', '.join(manifest.data['sources'])}: {manifest.data['split']}",
        evaluation=evaluation,
        facts=facts,
        notes=_notes(manifest),
        mistakes=mistakes,
        recipe_yaml=yaml.safe_dump(manifest.recipe, sort_keys=False, allow_unicode=True),
        folder_name=manifest.name,
    )


def _notes(manifest: Manifest) -> list[str]:
    notes = []
    if manifest.training.get("temperature") == 1.0 and not manifest.data["validation"]:
        notes.append(
            "The confidence was not calibrated: no rows were left over to fit a temperature "
            "on. Give a validation file, or hold some rows out, if you act on the confidence."
        )
    return notes
