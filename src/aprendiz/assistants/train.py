"""The story of a training from conversations: prepare, learn, ask, seal.

What ``aprendiz.train`` does for a method that learns from conversations. The model is measured
by asking it what held-out users asked and grading what it says (``grade.py``).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz import recipe as recipes
from aprendiz.artifact.album import Album
from aprendiz.artifact.chat_card import write_chat_card
from aprendiz.artifact.describe import describe
from aprendiz.artifact.folder import building, stopped
from aprendiz.artifact.result import TrainResult
from aprendiz.data.briefing import brief
from aprendiz.data.chat.prepare import PreparedChats, prepare_chats
from aprendiz.data.chat.records import Conversation
from aprendiz.data.frozen import NAME as SPLIT
from aprendiz.interfaces import Listener, Observer, Silence, Workspace
from aprendiz.methods import catalogue
from aprendiz.recipe import Recipe
from aprendiz.settings import get_settings
from aprendiz.tracking import facts
from aprendiz.tracking.heard import HeardRun
from aprendiz.tracking.open_run import recording

if TYPE_CHECKING:
    from aprendiz.evaluation.replies import AnswersEvaluation

PROMPTS = "prompts.jsonl"
_PROMPTS_KEPT = 100
_MOST_ASKED = 200  # a reply is written token by token, which a label is not


def train(
    data: str | Path,
    *,
    out: str | Path,
    recipe: Recipe,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    split: str | Path | None = None,
    holdout: float | None = None,
    dry_run: bool = False,
    resume: bool = False,
    track: bool | None = None,
    observer: Observer | None = None,
    listener: Listener | None = None,
    snapshots: Path | None = None,
    most_asked: int = _MOST_ASKED,
) -> TrainResult:
    """Learn from conversations and write a model folder.

    Arguments and errors are those of :func:`aprendiz.workflow.train`, and

    Args:
        most_asked: held-out conversations that the finished model is asked, at most; 0 measures
            nothing.
    """
    tell = observer or Silence()
    settings = get_settings()
    prepared = prepare_chats(
        str(data),
        validation=str(validation) if validation else None,
        test=str(test) if test else None,
        split_file=str(split) if split else None,
        holdout=holdout,
        seed=recipe.seed,
    )
    dataset = prepared.dataset
    for line in brief(prepared.readings, prepared.findings, dataset.split):
        tell.say(line)
    part, rows = _asked(prepared, most_asked)
    if check_first := catalogue.checker(recipe.method):
        check_first(dataset, recipe, tell)
    if dry_run:
        return TrainResult(None, recipe, dataset.split, prepared.findings, part, None, 0.0, None)

    learn = catalogue.trainer(recipe.method)
    goal = Path(out)
    work = hashlib.sha256(f"{dataset.fingerprint}\n{recipes.dump(recipe)}".encode()).hexdigest()
    with (
        building(goal, fingerprint=work, resume=resume) as build,
        recording(
            settings,
            name=f"{recipe.method} {goal.name}",
            track=settings.track if track is None else track,
            say=tell.say,
            resume=build.partial / "run.json",
        ) as run,
    ):
        run.params(facts.params(recipe, prepared))
        album = Album(snapshots, recipe, prepared, 0.0, listener) if snapshots else None
        heard = HeardRun(run, listener) if listener else run
        begin = time.perf_counter()
        try:
            trained = learn(
                dataset,
                recipe,
                Workspace(build.files, build.checkpoints, build.resumed, heard, tell, album),
            )
        except KeyboardInterrupt:
            raise stopped(goal) from None
        seconds = time.perf_counter() - begin
        tell.say(f"trained in {seconds:.1f} s")

        evaluation = _ask(build.files, recipe, rows, tell) if rows else None
        manifest = describe(
            goal,
            recipe,
            prepared,
            trained,
            part,
            evaluation.as_dict() if evaluation else None,
            seconds,
            threshold=0.0,
        )
        (build.files / "recipe.yaml").write_text(recipes.dump(recipe), encoding="utf-8")
        prepared.freeze().write(build.files / SPLIT)
        (build.files / "history.json").write_text(json.dumps(run.history, indent=1) + "\n")
        _keep_prompts(build.files, rows or dataset.validation or dataset.train)
        from aprendiz.report.assistant import write_assistant_report

        write_assistant_report(build.files, manifest, evaluation, run.history)
        if evaluation is not None:
            heard.metrics({f"final_{part}_exact_match": evaluation.exact_match}, step=0)
        card = write_chat_card(manifest, evaluation.as_dict() if evaluation else None)
        (build.files / "README.md").write_text(card, encoding="utf-8")
        sealed = build.seal(manifest)
        run.artifact(goal, "model")
    if run.address:
        tell.say(f"run:      {run.address}")
    return TrainResult(
        goal, recipe, dataset.split, prepared.findings, part, evaluation, seconds, sealed
    )


def _asked(prepared: PreparedChats, most: int) -> tuple[str, tuple[Conversation, ...]]:
    """The part to measure on, and as many of its conversations, spread evenly over it."""
    dataset = prepared.dataset
    for part, rows in (("test", dataset.test), ("validation", dataset.validation)):
        if rows and most > 0:
            from aprendiz.assistants.grade import spread

            return part, spread(rows, most)
    return "none", ()


def _ask(
    folder: Path, recipe: Recipe, rows: Sequence[Conversation], tell: Observer
) -> AnswersEvaluation:
    from aprendiz.assistants.grade import measure

    return measure(catalogue.chat_loader(recipe.method)(folder, ()), rows, observer=tell)


def _keep_prompts(folder: Path, rows: Sequence[Conversation]) -> None:
    """Questions for whoever must compare another form of this model with it (``export.py``)."""
    with (folder / PROMPTS).open("w", encoding="utf-8") as out:
        for row in rows[:_PROMPTS_KEPT]:
            asked = {"messages": [message.as_dict() for message in row.question]}
            out.write(json.dumps(asked, ensure_ascii=False) + "\n")
