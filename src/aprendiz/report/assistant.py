"""The report of a chat model: pictures, the page that holds them, the numbers as JSON.

Drawn once when a model is made; drawn again from the model folder alone by :func:`redraw`.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from aprendiz.artifact.manifest import Manifest
from aprendiz.evaluation.replies import AnswersEvaluation
from aprendiz.report import assistant_figures, assistant_page
from aprendiz.report.facts import History
from aprendiz.report.write import HISTORY, NUMBERS, PAGE, PLOTS


def write_assistant_report(
    folder: Path, manifest: Manifest, evaluation: AnswersEvaluation | None, history: History
) -> None:
    """Write page, plots and numbers into a model folder under construction.

    Args:
        folder: where the files go.
        manifest: what the folder says of itself.
        evaluation: the figures on held-out conversations; without any, the page says so.
        history: the run's metrics by step.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    if evaluation is not None:
        numbers = {"part": manifest.scores["part"], **evaluation.as_dict(rows=True)}
        text = json.dumps(numbers, ensure_ascii=False, indent=1) + "\n"
        (folder / NUMBERS).write_text(text, encoding="utf-8")
    draw(folder, manifest, evaluation, history)


def redraw(folder: Path, manifest: Manifest, out: Path) -> Path:
    """Draw a chat model's report again, from its folder, into ``out``; returns the page."""
    evaluation = None
    if (folder / NUMBERS).is_file():
        numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
        evaluation = AnswersEvaluation.from_dict(numbers)
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    return draw(out, manifest, evaluation, history)


def draw(
    out: Path,
    manifest: Manifest,
    evaluation: AnswersEvaluation | None,
    history: History,
    *,
    part: str | None = None,
    place: str | None = None,
) -> Path:
    """Page and plots into a folder that is there; returns the page.

    Args:
        out: where they go.
        manifest: of the model.
        evaluation: figures on conversations it has not learnt from, if any.
        history: the run's metrics by step.
        part: what to call those conversations; the part that the manifest says was measured.
        place: the model folder as the commands on the page should name it.
    """
    pictures, left_out = assistant_figures.draw(
        evaluation, history, out / PLOTS, validation_rows=manifest.data["validation"] or None
    )
    facts = assistant_page.AssistantFacts(
        title=manifest.name,
        part=part or str(manifest.scores["part"]),
        chose=part is None and bool(manifest.scores.get("chose_on_validation")),
        data=f"{', '.join(manifest.data['sources'])}: {manifest.data['split']}",
        facts=_facts(manifest),
        recipe_yaml=yaml.safe_dump(manifest.recipe, sort_keys=False, allow_unicode=True),
        place=place or manifest.name,
    )
    page = out / PAGE
    page.write_text(assistant_page.render(facts, evaluation, pictures, left_out), encoding="utf-8")
    return page


def _facts(manifest: Manifest) -> list[tuple[str, str]]:
    data = manifest.data
    training = [
        _fact(name, told)
        for name, told in manifest.training.items()
        if name != "seconds" and told is not None
    ]
    parts = [
        (f"{part} conversations", f"{data[part]:,}")
        for part in ("train", "validation", "test")
        if data[part]
    ]
    return [
        ("method", manifest.method),
        ("training time", f"{manifest.training['seconds']:.1f} s"),
        *training,
        *parts,
        ("data fingerprint", str(data["fingerprint"])[:16]),
        ("made", manifest.created),
        ("libraries", ", ".join(f"{name} {told}" for name, told in manifest.libraries.items())),
    ]


def _fact(name: str, told: object) -> tuple[str, str]:
    """A fact of the method as a person writes it."""
    plain = name.replace("_", " ")
    if isinstance(told, int) and not isinstance(told, bool):
        if name.endswith("_bytes"):
            return plain.removesuffix(" bytes"), f"{told / 1e6:,.0f} MB"
        return plain, f"{told:,}"
    if isinstance(told, float):
        return plain, f"{told:,.4g}"
    return plain, ", ".join(map(str, told)) if isinstance(told, list | tuple) else str(told)
