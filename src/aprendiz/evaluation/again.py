"""Choosing a finished model's rules once more, on other rows, and sealing its folder anew.

Weights, labels and scores stay; ``decision.json``, the manifest's threshold, the card's chapter
and the report say the new rules. Readers see the old folder or the new one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from aprendiz.artifact import decision as rules
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.card import write_card
from aprendiz.artifact.card_rules import tells_rules, with_other_rules
from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.folder import building
from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.model import Model
from aprendiz.data.outside import Parted
from aprendiz.errors import DataError
from aprendiz.evaluation.decide import Choice, Wishes, choose
from aprendiz.evaluation.measure import answers
from aprendiz.evaluation.multi_measure import answers_multi
from aprendiz.evaluation.multi_thresholds import choose_multi
from aprendiz.interfaces import Observer, Wanted

_FIGURES, _PAGE, _PLOTS = "evaluation.json", "report.html", "plots"

Redraw = Callable[[Path, Manifest, Path], object]


def choose_again(model: Model, rows: Parted, wishes: Wishes, tell: Observer) -> Decisions:
    """The rules that these rows show to give what is wanted.

    Of a model of several labels: the thresholds; for F1, where nothing is wanted. A label that
    cannot be had as wanted is never given, as in a training, and that is told.

    Raises:
        DataError: they do not show it (for several labels: of none of them); says what they do
            show.
        RecipeError: a wish that means nothing to this model.
    """
    name = rows.whole.source.rsplit("/", 1)[-1]
    if model.decisions.several is not None:
        choice, refused = _several_again(model, rows, wishes, tell, name)
    else:
        choice = _one_again(model, rows, wishes, tell, name)
        refused = bool(choice.unmet)
    if refused:
        raise DataError(
            f"{rows.whole.source}: {'; '.join(choice.unmet)}",
            "ask for less, or give more rows; the model is as it was",
        )
    for said in choice.unmet:
        tell.say(f"warning: {said}")
    return choice.decisions


def _one_again(model: Model, rows: Parted, wishes: Wishes, tell: Observer, name: str) -> Choice:
    before = model.decisions
    return choose(
        wishes,
        answers(model, rows.inside.examples, tell, outside=rows.outside, name=name),
        oos_label=before.oos_label,
        detector=before.scope.detector if before.scope else "",
        learnt_from=before.scope.learnt_from if before.scope else 0,
    )


def _several_again(
    model: Model, rows: Parted, wishes: Wishes, tell: Observer, name: str
) -> tuple[Choice, bool]:
    before = model.decisions.several
    assert before is not None
    held_out = answers_multi(model, rows.inside.examples, tell, name=name)
    choice = choose_multi(wishes, held_out, model.labels, some_have_none=before.some_have_none)
    refused = len(choice.unmet) == len(model.labels)
    if not refused:
        tell.say("scores and report of the old thresholds go; measure the new ones on other rows")
    return choice, refused


def still_wanted(before: Decisions, wanted: Wanted) -> Wanted:
    """What is asked for now; of sets and alarms, what was in force where nothing is."""
    now: Wanted = {
        "sets": before.sets.alpha if before.sets else None,
        "false_alarms": before.scope.threshold if before.scope else None,
    }
    for name, value in wanted.items():
        if value is not None:
            now[name] = value  # type: ignore[literal-required]
    return now


def reseal(model: Model, decisions: Decisions, redraw: Redraw) -> None:
    """Put new rules into a model's folder; what they do not touch is copied as it is.

    The figures of what the old rules did go, since nobody has measured what the new ones do.

    Args:
        redraw: draws the report of a folder into that folder.
    """
    manifest = model.manifest.model_copy(update={"threshold": decisions.answer.threshold})
    folder = model.folder
    with building(folder, fingerprint="rules", resume=False) as build:
        shutil.copytree(
            folder, build.files, dirs_exist_ok=True, ignore=shutil.ignore_patterns(manifests.NAME)
        )
        rules.write(build.files, decisions)
        if decisions.several is not None:
            manifest = _without_figures(build.files, manifest, decisions)
        else:
            _say_anew(build.files, manifest, decisions, redraw)
        build.seal(manifest)


def _say_anew(folder: Path, manifest: Manifest, decisions: Decisions, redraw: Redraw) -> None:
    """Figures of the old rules out of the report, the new rules into the card."""
    figures = folder / _FIGURES
    if figures.is_file():
        told = json.loads(figures.read_text(encoding="utf-8"))
        told |= {"decisions": None, "scope": None}
        figures.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
        if (folder / _PAGE).is_file():  # an export has none
            redraw(folder, manifest, folder)
    card = folder / "README.md"
    if card.is_file():
        card.write_text(with_other_rules(card.read_text("utf-8"), decisions), "utf-8")


def _without_figures(folder: Path, manifest: Manifest, decisions: Decisions) -> Manifest:
    """Of several labels every figure depends on the thresholds: all of them go."""
    for name in (_FIGURES, _PAGE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / _PLOTS, ignore_errors=True)
    manifest = manifest.model_copy(update={"scores": {"part": "none"}})
    card = folder / "README.md"
    if card.is_file() and tells_rules(card.read_text("utf-8")):  # that of an export does not
        written = write_card(manifest, None, hf_loadable=False, decisions=decisions)
        card.write_text(written, "utf-8")
    return manifest
