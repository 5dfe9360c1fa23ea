"""The story: check, train, evaluate, load, report. Each step calls the room that does it.

This is the public door of the library and what every command and project calls. It
prints nothing: an observer is told.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack, overload

from aprendiz import recipe as recipes
from aprendiz.artifact import decision as rules
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.album import Album
from aprendiz.artifact.card import write_card
from aprendiz.artifact.describe import describe
from aprendiz.artifact.folder import building, stopped
from aprendiz.artifact.model import Model
from aprendiz.artifact.result import TrainResult
from aprendiz.assistants.recognise import converses
from aprendiz.data import check as checks
from aprendiz.data.briefing import brief
from aprendiz.data.frozen import NAME as SPLIT
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.multi_rows import Several
from aprendiz.data.outside import read_and_part
from aprendiz.data.prepare import prepare
from aprendiz.data.read import read_examples
from aprendiz.data.records import OOS_LABEL, Finding
from aprendiz.errors import ModelFolderError
from aprendiz.interfaces import ChatModel, Listener, Observer, Silence, Wanted, Workspace
from aprendiz.methods import catalogue
from aprendiz.settings import get_settings
from aprendiz.tracking import facts
from aprendiz.tracking.heard import HeardRun
from aprendiz.tracking.open_run import recording

if TYPE_CHECKING:
    from aprendiz.evaluation.decide import Wishes
    from aprendiz.evaluation.metrics import Evaluation
    from aprendiz.evaluation.multi_metrics import MultiEvaluation
    from aprendiz.evaluation.replies import AnswersEvaluation


def check(
    data: str | Path,
    *,
    against: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
) -> list[Finding]:
    """Look a file of examples over; returns every finding, worst first, and raises nothing."""
    lists = Several(label_separator or "")
    readings = [
        read_examples(str(x), text=text_column, label=label_column, several=lists)
        for x in (data, against)
        if x
    ]
    return checks.check(readings[:1], against=readings[1:])


def train(
    data: str | Path,
    *,
    out: str | Path,
    method: str | None = None,
    recipe: catalogue.AnyRecipe = None,
    overrides: Sequence[str] = (),
    validation: str | Path | None = None,
    test: str | Path | None = None,
    split: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    holdout: float | None = None,
    oos_label: str = OOS_LABEL,
    dry_run: bool = False,
    resume: bool = False,
    track: bool | None = None,
    observer: Observer | None = None,
    listener: Listener | None = None,
    snapshots: Path | None = None,
    **wanted: Unpack[Wanted],
) -> TrainResult:
    """Learn from examples, or from conversations, and write a model folder.

    Args:
        data: examples to learn from: a file or ``hf://owner/name[/config]:split``; for a
            method that learns from conversations, a file of those.
        out: the folder to make; a model folder already there is replaced at the end.
        method: ``tfidf``, ``probe`` (default), ``finetune``, ``managed`` or ``lora``.
        recipe: settings as a recipe file, a mapping or a recipe object.
        overrides: single settings as ``key=value``.
        validation: rows that may choose a checkpoint.
        test: rows kept for measuring.
        split: a frozen split of ``data``: a ``split.json`` or a folder with one, such as a
            model folder. Takes the place of ``validation``, ``test`` and ``holdout``.
        text_column: name of the text column, when it cannot be found.
        label_column: name of the label column, when it cannot be found.
        label_separator: between several labels in one CSV field, such as ``|``; lists need none.
        holdout: share of ``data`` held out for measuring; 0.2 unless a validation or
            test file is given.
        oos_label: rows with this label are about none of the others: they teach and measure
            when a text is out of scope, and it is no label of the model. Empty for none.
        dry_run: check data and recipe, train nothing.
        resume: go on with an interrupted training of the same data and recipe.
        track: record the run with MLflow; by default when it is installed.
        observer: whom to tell what is happening.
        listener: a program to tell the figures as they come.
        snapshots: folder for a whole model folder after each epoch (the last three), from
            a method that learns in steps.
        wanted: when to answer and when not: ``threshold`` (0.70 by default), or ``precision``,
            ``coverage`` or ``cost`` to choose it for; ``sets``; ``false_alarms``. See
            :class:`aprendiz.interfaces.Wanted`.

    Raises:
        DataError: the examples cannot be used; carries every finding.
        RecipeError: a setting does not exist or has a wrong value.
        ModelFolderError: ``out`` is in use or there is nothing to resume.
        MissingExtra: a library the method needs is not installed.
        ProviderError: a managed service refused, or could not be reached.
    """
    tell = observer or Silence()
    settings = get_settings()
    chosen = catalogue.choose_recipe(method, recipe, overrides)
    able = catalogue.find(chosen.method).abilities
    if able.learns == "conversations":
        from aprendiz.assistants.train import train as train_assistant

        return train_assistant(
            data,
            out=out,
            recipe=chosen,
            validation=validation,
            test=test,
            split=split,
            holdout=holdout,
            dry_run=dry_run,
            resume=resume,
            track=track,
            observer=observer,
            listener=listener,
            snapshots=snapshots,
        )
    wishes = _wishes(settings.threshold, wanted)
    prepared = prepare(
        str(data),
        validation=str(validation) if validation else None,
        test=str(test) if test else None,
        split_file=str(split) if split else None,
        text_column=text_column,
        label_column=label_column,
        holdout=holdout,
        seed=chosen.seed,
        oos_label=oos_label if able.scope else None,
        several=Several(label_separator or ""),
    )
    for line in brief(prepared.readings, prepared.findings, prepared.dataset.split):
        tell.say(line)
    dataset = prepared.dataset
    if several := isinstance(dataset, MultiDataset):
        catalogue.refuse_several(chosen.method)
    part, rows, outside = dataset.measured()
    if check_first := catalogue.checker(chosen.method):
        check_first(dataset, chosen, tell)
    if dry_run:
        return TrainResult(None, chosen, dataset.split, prepared.findings, part, None, 0.0, None)

    learn = (catalogue.multi_trainer if several else catalogue.trainer)(chosen.method)
    goal = Path(out)
    work = hashlib.sha256(f"{dataset.fingerprint}\n{recipes.dump(chosen)}".encode()).hexdigest()
    with (
        building(goal, fingerprint=work, resume=resume) as build,
        recording(
            settings,
            name=f"{chosen.method} {goal.name}",
            track=settings.track if track is None else track,
            say=tell.say,
            resume=build.partial / "run.json",
        ) as run,
    ):
        run.params(facts.params(chosen, prepared))
        album = Album(snapshots, chosen, prepared, wishes.start, listener) if snapshots else None
        heard = HeardRun(run, listener) if listener else run
        begin = time.perf_counter()
        try:
            trained = learn(
                dataset,
                chosen,
                Workspace(build.files, build.checkpoints, build.resumed, heard, tell, album),
            )
        except KeyboardInterrupt:
            raise stopped(goal) from None
        seconds = time.perf_counter() - begin
        if not able.steps:
            # A method that learns in steps has sampled the machine at each of its logs.
            from aprendiz.neural.system_metrics import sample_system

            run.metrics(sample_system(), step=0)
        tell.say(f"trained in {seconds:.1f} s")

        from aprendiz.evaluation import measure, settle

        evaluation, classifier = None, None
        if trained.not_yet:
            tell.say(trained.not_yet)
        elif rows:
            classifier = catalogue.loader(chosen.method)(build.files, dataset.labels)
        choice = settle.settle(wishes, trained, dataset, classifier, tell)
        if classifier is not None:
            evaluation, probabilities = measure.measure(
                classifier, rows, tell, outside=outside, decisions=choice.decisions
            )
        figures = evaluation.as_dict() if evaluation else None
        limit = choice.decisions.answer.threshold
        manifest = describe(goal, chosen, prepared, trained, part, figures, seconds, limit)
        (build.files / "recipe.yaml").write_text(recipes.dump(chosen), encoding="utf-8")
        prepared.freeze().write(build.files / SPLIT)
        rules.write(build.files, choice.decisions)
        history = json.dumps(run.history, indent=1, ensure_ascii=False)
        (build.files / "history.json").write_text(history + "\n", encoding="utf-8")
        if evaluation is not None and figures is not None:
            from aprendiz.report import write

            write.write_report(build.files, manifest, evaluation, run.history, rows, probabilities)
            heard.metrics(facts.final_scores(figures, part), step=0)
        card = write_card(
            manifest, figures, hf_loadable=trained.huggingface, decisions=choice.decisions
        )
        (build.files / "README.md").write_text(card, encoding="utf-8")
        sealed = build.seal(manifest)
        run.artifact(goal / "recipe.yaml")
        if evaluation is not None:
            run.artifact(goal / "report.html")
            run.artifact(goal / "plots")
        run.model(goal)
    if run.address:
        tell.say(f"run:      {run.address}")
    return TrainResult(
        goal, chosen, dataset.split, prepared.findings, part, evaluation, seconds, sealed
    )


def load(folder: str | Path) -> Model:
    """Load a model folder, every file checked against its hash.

    Raises:
        ModelFolderError: not a model folder, or a file is missing or changed.
        MissingExtra: a library the method needs is not installed.
    """
    place = Path(folder)
    manifest = manifests.read(place)
    if catalogue.find(manifest.method).abilities.learns == "conversations":
        raise ModelFolderError(
            f"{place}: a chat model, which answers conversations and gives no labels",
            f"aprendiz chat {place}, or aprendiz.load_chat_model({str(place)!r})",
        )
    manifests.verify(place, manifest)
    classifier = catalogue.loader(manifest.method)(place, manifest.labels)
    return Model(classifier, manifest, place, rules.read(place, manifest.threshold))


def threshold(
    model: str | Path,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    observer: Observer | None = None,
    **wanted: Unpack[Wanted],
) -> rules.Decisions:
    """Choose a finished model's rules again, on rows it has not seen, and seal its folder anew.

    What is not given in ``wanted`` (see :func:`train`) stays as it is; of a model of several
    labels, thresholds are then chosen for F1.

    Raises:
        DataError: the rows cannot be used, or do not show what was asked for; the folder
            is left as it was.
        RecipeError: two targets at once, or a number that makes no sense.
        ModelFolderError: see :func:`load`.
    """
    from aprendiz.evaluation.again import choose_again, reseal, still_wanted
    from aprendiz.report.write import redraw

    tell = observer or Silence()
    loaded = load(model)
    before = loaded.decisions
    several = Several(label_separator or "") if before.several else None
    known = (before.oos_label, loaded.labels, several)
    parted = read_and_part(str(data), *known, text=text_column, label=label_column)
    tell.say(parted.whole.in_words())
    wishes = _wishes(before.answer.goal, still_wanted(before, wanted), before.answer.asked)
    decisions = choose_again(loaded, parted, wishes, tell)
    reseal(loaded, decisions, redraw)
    return decisions


@overload
def evaluate(
    model: Model,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    oos_label: str | None = None,
    observer: Observer | None = None,
) -> Evaluation | MultiEvaluation: ...


@overload
def evaluate(
    model: ChatModel | str | Path,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    against: ChatModel | str | Path | None = None,
    answers: Literal["maths", "text"] | None = None,
    oos_label: str | None = None,
    observer: Observer | None = None,
) -> Evaluation | MultiEvaluation | AnswersEvaluation: ...


def evaluate(
    model: Model | ChatModel | str | Path,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    against: ChatModel | str | Path | None = None,
    answers: Literal["maths", "text"] | None = None,
    oos_label: str | None = None,
    observer: Observer | None = None,
) -> Evaluation | MultiEvaluation | AnswersEvaluation:
    """Measure a model on labelled rows, or a chat model on conversations.

    Args:
        model: a loaded model, or where it lies; for chat models whatever
            :func:`aprendiz.load_chat_model` takes.
        data: rows or conversations that it has not seen.
        text_column: name of the text column, when it cannot be found.
        label_column: name of the label column, when it cannot be found.
        label_separator: as for :func:`train`, of a model of several labels.
        against: another chat model, to be asked the same and compared row by row.
        answers: how a chat model's answers are compared; found from the data by default.
        oos_label: how rows about none of the labels are labelled; by default as they were in
            the training data, or ``oos``.
        observer: whom to tell.

    Raises:
        DataError: the rows cannot be used, or have labels the model does not know.
        ModelFolderError: see :func:`load`.
    """
    if not isinstance(model, Model) and (against or answers or converses(model)):
        from aprendiz.assistants import grade

        return grade.evaluate(model, data, against=against, answers=answers, observer=observer)
    from aprendiz.evaluation.measure import measure

    loaded = model if isinstance(model, Model) else load(Path(str(model)))
    several = Several(label_separator or "") if loaded.decisions.several else None
    oos = oos_label if oos_label is not None else loaded.decisions.oos_label or OOS_LABEL
    known = (oos, loaded.labels, several)
    parted = read_and_part(str(data), *known, text=text_column, label=label_column)
    tell = observer or Silence()
    tell.say(parted.whole.in_words())
    return measure(
        loaded, parted.inside.examples, tell, outside=parted.outside, decisions=loaded.decisions
    )[0]


def report(model: str | Path, out: str | Path | None = None) -> Path:
    """The address of a model's report, or of a new drawing of it in the folder ``out``.

    Raises:
        ModelFolderError: see :func:`load`.
        DataError: the model was trained without rows to measure.
    """
    from aprendiz.report.write import find_or_redraw

    return find_or_redraw(Path(model), manifests.read(Path(model)), Path(out) if out else None)


def _wishes(goal: float, wanted: Wanted, asked: rules.Asked = "confidence") -> Wishes:
    """What is wanted of the answers; goal and asked are in force where no target is given."""
    from aprendiz.evaluation.decide import Wishes
    from aprendiz.evaluation.thresholds import Target

    return Wishes.of(Target(asked, goal), **wanted)
