"""Settings for a recipe, found by trying them (Optuna's tree-structured Parzen estimator).

Every trial is a whole training. It is judged on rows that it did not learn from and that
no score is ever computed on: the validation rows where there are test rows besides, else
a fifth of the rows to learn from. The first trial is the recipe as it stands. Few rows
judge badly, and of many trials the luckiest looks best: it takes the recipe's place only if
it is better by more than one standard error of the difference on the same rows (the rule of
Breiman et al. 1984, "Classification and Regression Trees", chapter 3).

Trials are kept in one file as soon as they are done, so that a search that was stopped
goes on. Source of the method: Bergstra et al. 2011, "Algorithms for Hyper-Parameter
Optimization"; Akiba et al. 2019, "Optuna".
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aprendiz import recipe as recipes
from aprendiz._version import __version__
from aprendiz.data.dataset import Dataset, Outside
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.multi_rows import Several
from aprendiz.data.prepare import prepare
from aprendiz.data.split import split as divide
from aprendiz.errors import JobStopped, MissingExtra, RecipeError
from aprendiz.interfaces import Observer, Silence, Workspace
from aprendiz.methods import catalogue
from aprendiz.recipe import Choice, Range, Recipe
from aprendiz.tracking.memory import MemoryRun

if TYPE_CHECKING:
    import optuna

_JUDGING = 0.2


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes:
        settings: those that were tried; the others are the recipe's.
        accuracy: on the rows that judge.
        loss: mean negative log-likelihood of their labels, in nats.
        wrong: positions of the rows it had wrong, among those that judge.
    """

    settings: Mapping[str, str | int | float]
    accuracy: float
    loss: float
    wrong: frozenset[int]

    @property
    def score(self) -> float:
        """What the search makes large: the accuracy, and of equal ones the smaller loss."""
        return self.accuracy - 1e-6 * min(self.loss, 100.0)

    def beats(self, other: Trial, rows: int) -> bool:
        """Whether it is better by more than one standard error, on the same ``rows`` rows."""
        won, lost = len(other.wrong - self.wrong), len(self.wrong - other.wrong)
        gap = won - lost
        return gap > 0 and gap * gap > won + lost - gap * gap / rows


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        recipe: the best settings, to be trained with.
        best: the trial that had them: the first one, unless another beats it.
        start: the recipe as it was given.
        trials: every trial, in the order of their training.
        rows: how many rows judged.
        journal: the file with the trials, in Optuna's own form.
    """

    recipe: Recipe
    best: Trial
    start: Trial
    trials: tuple[Trial, ...]
    rows: int
    journal: Path

    def in_words(self) -> str:
        """One sentence."""
        said = f"search: {len(self.trials)} trials judged on {self.rows:,} rows; "
        if self.best is self.start:
            lucky = max(trial.accuracy for trial in self.trials)
            return (
                f"{said}the recipe stays as it is: it had {self.start.accuracy:.3f}, and the best, "
                f"{lucky:.3f}, is not better by more than chance"
            )
        return (
            f"{said}{_told(self.best.settings)} had {self.best.accuracy:.3f}, "
            f"the recipe as it stood {self.start.accuracy:.3f}"
        )


def search(
    data: str | Path,
    *,
    trials: int,
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
    oos_label: str | None = None,
    observer: Observer | None = None,
) -> Found:
    """Try settings, and return the recipe with the best of them.

    Args:
        data: examples, as for :func:`aprendiz.train`; so are the arguments not named here.
        trials: how many trainings, the recipe as it stands among them.
        out: where the model will be made; the trials are kept beside it, in ``OUT.search``.
        recipe: settings that are given, here or by ``overrides``, are not searched.
        split: a frozen split of ``data``.
        observer: whom to tell.

    Raises:
        DataError: the examples cannot be used.
        RecipeError: the method has nothing to search, all of it is given, or the rows have
            lists of labels.
        MissingExtra: Optuna is not installed.
        JobStopped: Ctrl-C; the trials that are done are kept.
    """
    tell = observer or Silence()
    start = catalogue.choose_recipe(method, recipe, overrides)
    given = start.model_fields_set
    if isinstance(recipe, Recipe):
        given = recipe.model_fields_set | {each.partition("=")[0].strip() for each in overrides}
    space = _space(start, given)
    dataset = _dataset_to_judge(
        prepare(
            str(data),
            validation=str(validation) if validation else None,
            test=str(test) if test else None,
            split_file=str(split) if split else None,
            text_column=text_column,
            label_column=label_column,
            holdout=holdout,
            seed=start.seed,
            oos_label=oos_label if catalogue.find(start.method).abilities.scope else None,
            several=Several(label_separator or ""),
        ).dataset,
        start,
    )
    journal = Path(f"{Path(out)}.search")
    study = _study(journal, dataset, start, space)
    done = _finished(study)
    if done:
        tell.say(f"search: going on after {len(done)} trials that {journal} has")

    def objective(trial: optuna.Trial) -> float:
        if _finished(study):
            settings = {name: _draw(trial, name, among) for name, among in space.items()}
        else:  # not drawn: a default such as `auto` is none of the values that a search draws
            settings = {name: getattr(start, name) for name in space}
        tried = _carry_out(dataset, _with(start, settings), settings)
        for name in ("settings", "accuracy", "loss"):
            trial.set_user_attr(name, getattr(tried, name))
        trial.set_user_attr("wrong", sorted(tried.wrong))
        number = len(_finished(study)) + 1
        tell.say(f"trial {number} of {trials}: accuracy {tried.accuracy:.3f}, {_told(settings)}")
        tell.progress("search", number, trials)
        return tried.score

    try:
        study.optimize(objective, n_trials=max(0, trials - len(done)))
    except KeyboardInterrupt:
        raise JobStopped(
            f"search stopped; {len(_finished(study))} of {trials} trials are kept in {journal}",
            "the same command goes on with the others",
        ) from None
    told = tuple(map(_as_trial, _finished(study)))
    rows = len(dataset.validation)
    best = max(told, key=lambda each: each.score)
    if not best.beats(told[0], rows):
        best = told[0]
    return Found(_with(start, best.settings), best, told[0], told, rows, journal)


def _space(start: Recipe, given: Collection[str]) -> dict[str, Range | Choice]:
    space = dict(type(start).SEARCHED)
    if not space:
        able = [name for name in catalogue.METHODS if catalogue.recipe_class(name).SEARCHED]
        raise RecipeError(
            f"{start.method}: has no settings to search", f"--method {' or '.join(able)}"
        )
    open_ones = {name: among for name, among in space.items() if name not in given}
    if not open_ones:
        raise RecipeError(
            f"nothing is left to search: {', '.join(space)} are all given",
            "leave at least one of them out of the recipe",
        )
    return open_ones


def _dataset_to_judge(dataset: Dataset | MultiDataset, start: Recipe) -> Dataset:
    """The rows of the trials: what they learn from, and as validation what judges them."""
    if isinstance(dataset, MultiDataset):
        raise RecipeError(
            "rows with several labels each cannot be searched on", "train without --search"
        )
    if dataset.test and dataset.validation:
        return replace(dataset, test=(), outside=replace(dataset.outside, test=()))
    train, judging = divide(dataset.train, _JUDGING, start.seed)
    outside, judging_outside = divide(dataset.outside.train, _JUDGING, start.seed)
    if not judging:
        raise RecipeError(
            "there are too few rows to judge a trial", "two examples of each label, at the least"
        )
    return replace(
        dataset,
        train=train,
        validation=judging,
        test=(),
        outside=Outside(dataset.outside.label, outside, judging_outside, ()),
    )


def _study(
    journal: Path, dataset: Dataset, start: Recipe, space: Mapping[str, Range | Choice]
) -> optuna.Study:
    """A study that is kept in a file; one of its own for other rows or another recipe."""
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError:
        raise MissingExtra("search", "optuna") from None

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    about = json.dumps(
        [__version__, dataset.fingerprint, len(dataset.train), recipes.dump(start), sorted(space)]
    )
    journal.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        storage=storage,
        study_name=f"{start.method} {hashlib.sha256(about.encode()).hexdigest()[:16]}",
        direction="maximize",
        load_if_exists=True,
    )
    # Seeded anew after a stop, the sampler must not draw the first trials once more.
    study.sampler = optuna.samplers.TPESampler(seed=start.seed + len(_finished(study)))
    return study


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _as_trial(done: optuna.trial.FrozenTrial) -> Trial:
    told = done.user_attrs
    return Trial(told["settings"], told["accuracy"], told["loss"], frozenset(told["wrong"]))


def _draw(trial: optuna.Trial, name: str, among: Range | Choice) -> str | int | float:
    if isinstance(among, Choice):
        chosen = trial.suggest_categorical(name, among.values)
        assert chosen is not None  # Optuna allows it, a Choice does not
        return chosen
    return trial.suggest_float(name, among.low, among.high, log=among.log)


def _with(start: Recipe, settings: Mapping[str, Any]) -> Recipe:
    return recipes.build({**start.model_dump(mode="json"), **settings}, type(start))


def _carry_out(dataset: Dataset, recipe: Recipe, settings: Mapping[str, Any]) -> Trial:
    """Train in a folder that is gone afterwards, and ask the rows that judge."""
    learn: Callable[..., Any] = catalogue.trainer(recipe.method)
    from aprendiz.evaluation.metrics import quick

    with tempfile.TemporaryDirectory() as folder:
        files, checkpoints = Path(folder) / "files", Path(folder) / "checkpoints"
        files.mkdir()
        checkpoints.mkdir()
        here = Workspace(files, checkpoints, False, MemoryRun(), Silence(), kept=False)
        learn(dataset, recipe, here)
        model = catalogue.loader(recipe.method)(files, dataset.labels)
        told = model.probabilities([row.text for row in dataset.validation])
    truth = np.array(dataset.numbers(dataset.validation))
    figures = quick(told, truth)
    wrong = np.flatnonzero((told.argmax(axis=1) != truth) | ~told.any(axis=1))
    return Trial(settings, figures["accuracy"], figures["loss"], frozenset(wrong.tolist()))


def _told(settings: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in settings.items()
    )
