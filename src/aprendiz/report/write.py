"""The report of one model: figures as PNG files, the page that holds them, the numbers as JSON.

Drawn once when a model is made; drawn again from the model folder alone by :func:`redraw`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from aprendiz.artifact import decision as rules
from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.manifest import Manifest
from aprendiz.data.records import Example
from aprendiz.errors import DataError
from aprendiz.report import multi_write
from aprendiz.report.facts import History, Mistake, ReportFacts, Seen, find_mistakes

if TYPE_CHECKING:
    import numpy as np

    from aprendiz.evaluation.metrics import Evaluation
    from aprendiz.evaluation.multi_metrics import MultiEvaluation

PAGE, PLOTS, NUMBERS, HISTORY = "report.html", "plots", "evaluation.json", "history.json"


def write_report(
    folder: Path,
    manifest: Manifest,
    evaluation: Evaluation | MultiEvaluation,
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
    from aprendiz.evaluation.metrics import Evaluation

    decisions = rules.read(folder, manifest.threshold)
    if not isinstance(evaluation, Evaluation):
        assert decisions.several is not None
        part = str(manifest.scores["part"])
        told = multi_write.numbers_of(part, evaluation, rows, probabilities, decisions.several)
        multi_write.write_numbers(folder / NUMBERS, told)
        page = multi_write.render(manifest, evaluation, told["mistakes"], decisions.several)
        (folder / PAGE).write_text(page, encoding="utf-8")
        (folder / PLOTS).mkdir()
        return
    mistakes = find_mistakes(rows, probabilities, manifest.labels)
    numbers = {
        "part": manifest.scores["part"],
        **evaluation.as_dict(),
        "mistakes": [mistake.as_dict() for mistake in mistakes],
    }
    text = json.dumps(numbers, ensure_ascii=False, indent=1) + "\n"
    (folder / NUMBERS).write_text(text, encoding="utf-8")
    _draw(folder, manifest, evaluation, history, mistakes, decisions)


def find_or_redraw(folder: Path, manifest: Manifest, out: Path | None) -> Path:
    """Where a model's report lies, or a new drawing of it in the folder ``out``.

    Raises:
        DataError: the folder has none; says why.
    """
    if (folder / PAGE).is_file():
        return folder / PAGE if out is None else redraw(folder, manifest, out)
    if (folder / NUMBERS).is_file():
        raise DataError(
            f"{folder}: has no report, since an export takes along the figures and not their page",
            "ask for the report of the model that it was exported from",
        )
    measured = manifest.data.get("test") or manifest.data.get("validation")
    reason = (
        "its thresholds were chosen anew since it was measured"
        if measured
        else "no rows were held out when it was trained"
    )
    raise DataError(
        f"{folder}: has no report, since {reason}", f"aprendiz evaluate {folder} --data FILE"
    )


def redraw(folder: Path, manifest: Manifest, out: Path) -> Path:
    """Draw a model's report again, from its folder, into ``out``; returns the page."""
    from aprendiz.evaluation.metrics import Evaluation
    from aprendiz.evaluation.multi_metrics import MultiEvaluation

    numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    decisions = rules.read(folder, manifest.threshold)
    if decisions.several is not None:
        told = MultiEvaluation.from_dict(numbers)
        html = multi_write.render(manifest, told, numbers["mistakes"], decisions.several)
        (out / PAGE).write_text(html, encoding="utf-8")
        return out / PAGE
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    mistakes = [Mistake(**values) for values in numbers.pop("mistakes")]
    _draw(out, manifest, Evaluation.from_dict(numbers), history, mistakes, decisions)
    return out / PAGE


def _draw(
    folder: Path,
    manifest: Manifest,
    evaluation: Evaluation,
    history: History,
    mistakes: Sequence[Mistake],
    decisions: Decisions,
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
    facts = _facts(manifest, evaluation, part, mistakes, decisions)
    (folder / PAGE).write_text(page.render(facts, drawn, left_out), encoding="utf-8")


def _facts(
    manifest: Manifest,
    evaluation: Evaluation,
    part: str,
    mistakes: Sequence[Mistake],
    decisions: Decisions,
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
        decisions=decisions,
    )


def _notes(manifest: Manifest) -> list[str]:
    notes = []
    if manifest.training.get("temperature") == 1.0 and not manifest.data["validation"]:
        notes.append(
            "The confidence was not calibrated: no rows were left over to fit a temperature "
            "on. Give a validation file, or hold some rows out, if you act on the confidence."
        )
    return notes
