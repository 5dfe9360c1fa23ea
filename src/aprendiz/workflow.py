"""The story: check, train, evaluate, load, report. Each step calls the room that does it.

This is the public door of the library and what every command and project calls. It
prints nothing: an observer is told.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aprendiz import recipe as recipes
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.album import Album
from aprendiz.artifact.describe import describe
from aprendiz.artifact.folder import building, can_resume
from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.model import Model
from aprendiz.data import check as checks
from aprendiz.data.frozen import NAME as SPLIT
from aprendiz.data.prepare import Prepared, prepare
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.errors import DataError, JobStopped
from aprendiz.interfaces import Classifier, Listener, Observer, Silence, Trained, Workspace
from aprendiz.methods import catalogue
from aprendiz.recipe import Recipe
from aprendiz.settings import get_settings
from aprendiz.tracking import facts
from aprendiz.tracking.heard import HeardRun
from aprendiz.tracking.open_run import recording

if TYPE_CHECKING:
    import numpy as np

    from aprendiz.evaluation.metrics import Evaluation

_ROWS_AT_ONCE = 1_024  # between two movements of a progress bar


@dataclass(frozen=True)
class TrainResult:
    """What a training gave.

    Attributes:
        folder: the model folder; ``None`` after a dry run.
        recipe: the filled recipe.
        split: how the rows were divided, in words.
        findings: warnings about the data.
        part: which rows were measured: ``test``, ``validation`` or ``none``.
        evaluation: figures on that part.
        seconds: wall time of the learning itself.
        manifest: what the folder says of itself.
    """

    folder: Path | None
    recipe: Recipe
    split: str
    findings: tuple[Finding, ...]
    part: str
    evaluation: Evaluation | None
    seconds: float
    manifest: Manifest | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": str(self.folder) if self.folder else None,
            "version": self.manifest.version if self.manifest else None,
            "recipe": self.recipe.model_dump(mode="json"),
            "split": self.split,
            "seconds": round(self.seconds, 3),
            "part": self.part,
            "evaluation": self.evaluation.as_dict() if self.evaluation else None,
            "report": str(self.folder / "report.html") if self.evaluation and self.folder else None,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def summary(self) -> str:
        """The result in a few lines for a person."""
        if self.folder is None:
            return f"nothing trained (dry run): {self.recipe.method}, {self.split}"
        lines = [f"model:    {self.folder}"]
        if self.evaluation is not None:
            lines.append(self.evaluation.in_words())
            lines.append(f"report:   {self.folder / 'report.html'}")
        lines.append(f'next:     aprendiz predict {self.folder} "a text of yours"')
        return "\n".join(lines)


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
    """Learn from examples and write a model folder.

    Args:
        data: examples to learn from: a file or ``hf://owner/name[/config]:split``.
        out: the folder to make; a model folder already there is replaced at the end.
        method: ``tfidf``, ``probe`` (default), ``finetune`` or ``managed``.
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
    _say_data(prepared, tell)
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
            raise _stopped(goal) from None
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
    manifests.verify(place, manifest)
    return Model(catalogue.loader(manifest.method)(place, manifest.labels), manifest, place)


def evaluate(
    model: Model | str | Path,
    data: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    observer: Observer | None = None,
) -> Evaluation:
    """Measure a model on labelled rows.

    Raises:
        DataError: the rows cannot be used, or have labels the model does not know.
        ModelFolderError: see :func:`load`.
    """
    reading = read_examples(str(data), text=text_column, label=label_column)
    checks.refuse([*reading.findings, *checks.no_rows([reading])])
    loaded = model if isinstance(model, Model) else load(model)
    checks.refuse(checks.labels_missing_from(loaded.labels, reading.examples))
    tell = observer or Silence()
    tell.say(reading.in_words())
    return _measure(loaded, reading.examples, tell)[0]


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


def _say_data(prepared: Prepared, tell: Observer) -> None:
    for reading in prepared.readings:
        tell.say(reading.in_words())
    warnings = [finding for finding in prepared.findings if finding.severity == "warning"]
    for finding in warnings[:5]:
        tell.say(f"warning: {finding.file}:{finding.line}: {finding.message}")
    if len(warnings) > 5:
        tell.say(f"… and {len(warnings) - 5} more warnings: aprendiz data check shows them")
    tell.say(prepared.dataset.split)


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


def _stopped(out: Path) -> JobStopped:
    if can_resume(out):
        return JobStopped(
            "training stopped before its end", "the same command with --resume goes on"
        )
    return JobStopped("training stopped before its first checkpoint; nothing was written")


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
