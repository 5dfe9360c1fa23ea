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
from typing import TYPE_CHECKING, Literal, overload

from aprendiz import recipe as recipes
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.album import Album
from aprendiz.artifact.describe import describe
from aprendiz.artifact.folder import building, stopped
from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.model import Model
from aprendiz.artifact.result import TrainResult
from aprendiz.data import check as checks
from aprendiz.data.briefing import brief
from aprendiz.data.frozen import NAME as SPLIT
from aprendiz.data.prepare import Prepared, prepare
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.errors import DataError, ModelFolderError
from aprendiz.interfaces import (
    ChatModel,
    Classifier,
    Listener,
    Observer,
    Silence,
    Trained,
    Workspace,
)
from aprendiz.methods import catalogue
from aprendiz.settings import get_settings
from aprendiz.tracking import facts
from aprendiz.tracking.heard import HeardRun
from aprendiz.tracking.open_run import recording

if TYPE_CHECKING:
    import numpy as np

    from aprendiz.evaluation.metrics import Evaluation
    from aprendiz.evaluation.replies import AnswersEvaluation

_OTHER_MODELS = ("config.json", "adapter_config.json")  # of Hugging Face and of PEFT
_ROWS_AT_ONCE = 1_024  # between two movements of a progress bar


def check(
    data: str | Path,
    *,
    against: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
) -> list[Finding]:
    """Look a file of examples over; returns every finding, worst first, and raises nothing."""
    reading = read_examples(str(data), text=text_column, label=label_column)
    others = [read_examples(str(against), text=text_column, label=label_column)] if against else []
    return checks.check([reading], against=others)


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
    holdout: float | None = None,
    threshold: float | None = None,
    dry_run: bool = False,
    resume: bool = False,
    track: bool | None = None,
    observer: Observer | None = None,
    listener: Listener | None = None,
    snapshots: Path | None = None,
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
        holdout: share of ``data`` held out for measuring; 0.2 unless a validation or
            test file is given.
        threshold: confidence under which an answer asks again; 0.70 by default.
        dry_run: check data and recipe, train nothing.
        resume: go on with an interrupted training of the same data and recipe.
        track: record the run with MLflow; by default when it is installed.
        observer: whom to tell what is happening.
        listener: a program to tell the figures as they come.
        snapshots: folder for a whole model folder after each epoch (the last three), from
            a method that learns in steps.

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
    if catalogue.find(chosen.method).abilities.learns == "conversations":
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
    prepared = prepare(
        str(data),
        validation=str(validation) if validation else None,
        test=str(test) if test else None,
        split_file=str(split) if split else None,
        text_column=text_column,
        label_column=label_column,
        holdout=holdout,
        seed=chosen.seed,
    )
    for line in brief(prepared.readings, prepared.findings, prepared.dataset.split):
        tell.say(line)
    dataset = prepared.dataset
    part, rows = _measured(prepared)
    if check_first := catalogue.checker(chosen.method):
        check_first(dataset, chosen, tell)
    if dry_run:
        return TrainResult(None, chosen, dataset.split, prepared.findings, part, None, 0.0, None)

    learn = catalogue.trainer(chosen.method)
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
        limit = settings.threshold if threshold is None else threshold
        album = Album(snapshots, chosen, prepared, limit, listener) if snapshots else None
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
        if not catalogue.find(chosen.method).abilities.steps:
            # A method that learns in steps has sampled the machine at each of its logs.
            from aprendiz.neural.system_metrics import sample_system

            run.metrics(sample_system(), step=0)
        tell.say(f"trained in {seconds:.1f} s")

        evaluation = None
        if trained.not_yet:
            tell.say(trained.not_yet)
        elif rows:
            classifier = catalogue.loader(chosen.method)(build.files, dataset.labels)
            evaluation, probabilities = _measure(classifier, rows, tell)
        manifest = describe(
            goal,
            chosen,
            prepared,
            trained,
            part,
            evaluation.as_dict() if evaluation else None,
            seconds,
            limit,
        )
        (build.files / "recipe.yaml").write_text(recipes.dump(chosen), encoding="utf-8")
        prepared.freeze().write(build.files / SPLIT)
        _write_json(build.files / "history.json", run.history)
        if evaluation is not None:
            from aprendiz.report import write

            write.write_report(build.files, manifest, evaluation, run.history, rows, probabilities)
            heard.metrics(facts.final_scores(evaluation.as_dict(), part), step=0)
        _write_card(build.files, manifest, trained, evaluation)
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
    return Model(catalogue.loader(manifest.method)(place, manifest.labels), manifest, place)


@overload
def evaluate(
    model: Model,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    observer: Observer | None = None,
) -> Evaluation: ...


@overload
def evaluate(
    model: ChatModel | str | Path,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    against: ChatModel | str | Path | None = None,
    answers: Literal["maths", "text"] | None = None,
    observer: Observer | None = None,
) -> Evaluation | AnswersEvaluation: ...


def evaluate(
    model: Model | ChatModel | str | Path,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    against: ChatModel | str | Path | None = None,
    answers: Literal["maths", "text"] | None = None,
    observer: Observer | None = None,
) -> Evaluation | AnswersEvaluation:
    """Measure a model on labelled rows, or a chat model on conversations.

    Args:
        model: a loaded model, or where it lies; for chat models whatever
            :func:`aprendiz.load_chat_model` takes.
        data: rows or conversations that it has not seen.
        text_column: name of the text column, when it cannot be found.
        label_column: name of the label column, when it cannot be found.
        against: another chat model, to be asked the same and compared row by row.
        answers: how a chat model's answers are compared; found from the data by default.
        observer: whom to tell.

    Raises:
        DataError: the rows cannot be used, or have labels the model does not know.
        ModelFolderError: see :func:`load`.
    """
    if not isinstance(model, Model) and (against or answers or _converses(model)):
        from aprendiz.assistants import grade

        return grade.evaluate(model, data, against=against, answers=answers, observer=observer)
    reading = read_examples(str(data), text=text_column, label=label_column)
    checks.refuse([*reading.findings, *checks.no_rows([reading])])
    loaded = model if isinstance(model, Model) else load(Path(str(model)))
    checks.refuse(checks.labels_missing_from(loaded.labels, reading.examples))
    tell = observer or Silence()
    tell.say(reading.in_words())
    return _measure(loaded, reading.examples, tell)[0]


def _converses(model: ChatModel | str | Path) -> bool:
    """Whether it is a chat model; of a place that is no model folder, whether it may be one."""
    if not isinstance(model, str | Path):
        return True
    place = Path(model)
    if (place / manifests.NAME).exists():
        method = catalogue.find(manifests.read(place).method)
        return method.abilities.learns == "conversations"
    return place.is_file() or any((place / name).is_file() for name in _OTHER_MODELS)


def report(model: str | Path, out: str | Path | None = None) -> Path:
    """The address of a model's report, or of a new drawing of it in the folder ``out``.

    Raises:
        ModelFolderError: see :func:`load`.
        DataError: the model was trained without rows to measure.
    """
    folder = Path(model)
    manifest = manifests.read(folder)
    if not (folder / "report.html").is_file():
        raise DataError(
            f"{folder}: has no report, since no rows were held out when it was trained",
            f"aprendiz evaluate {folder} --data FILE",
        )
    if out is None:
        return folder / "report.html"
    from aprendiz.report import write

    return write.redraw(folder, manifest, Path(out))


def _measured(prepared: Prepared) -> tuple[str, tuple[Example, ...]]:
    dataset = prepared.dataset
    if dataset.test:
        return "test", dataset.test
    if dataset.validation:
        return "validation", dataset.validation
    return "none", ()


def _measure(
    classifier: Classifier | Model, rows: Sequence[Example], tell: Observer
) -> tuple[Evaluation, np.ndarray]:
    import numpy as np

    from aprendiz.evaluation.metrics import score

    answers = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        answers.append(classifier.probabilities([row.text for row in some]))
        tell.progress("measuring", start + len(some), len(rows))
    probabilities = np.concatenate(answers)
    index = {label: number for number, label in enumerate(classifier.labels)}
    return score(
        probabilities, [index[row.label] for row in rows], classifier.labels
    ), probabilities


def _write_card(
    folder: Path, manifest: Manifest, trained: Trained, evaluation: Evaluation | None
) -> None:
    from aprendiz.artifact.card import write_card

    text = write_card(
        manifest,
        evaluation.as_dict() if evaluation else None,
        hf_loadable=trained.huggingface,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
