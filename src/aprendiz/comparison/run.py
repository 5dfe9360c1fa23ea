"""The story of a comparison: settle the rows, train what is not done yet, decide, tell.

This is the public door of the room. It prints nothing: an observer is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.comparison import gather
from aprendiz.comparison.budget import Budget, seconds_in
from aprendiz.comparison.cell import Order, Record, carry_out
from aprendiz.comparison.ledger import NUMBERS, Ledger, cell_name, held, write_json
from aprendiz.comparison.measure import machine
from aprendiz.comparison.process import CellFailed, OutOfTime, run_apart
from aprendiz.comparison.rows import Rows, settle
from aprendiz.comparison.variants import Recipes, Variant, choose
from aprendiz.data.briefing import brief
from aprendiz.data.records import OOS_LABEL
from aprendiz.errors import AprendizError, JobStopped, RecipeError
from aprendiz.evaluation.compare_verdict import WORTH, why_stop
from aprendiz.interfaces import Observer, Silence
from aprendiz.methods import catalogue
from aprendiz.report import comparison_page
from aprendiz.report.comparison import Comparison, Failed
from aprendiz.settings import get_settings
from aprendiz.tracking.open_run import recording

if TYPE_CHECKING:
    from aprendiz.tracking.memory import MemoryRun
    from aprendiz.tracking.mlflow_run import MlflowRun

_FIRST_SEED = 13


def compare(
    data: str | Path,
    *,
    out: str | Path = "comparison",
    methods: Sequence[str] | None = None,
    recipes: Recipes = (),
    overrides: Sequence[str] = (),
    seeds: int = 1,
    seed: int = _FIRST_SEED,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    split: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    holdout: float | None = None,
    oos_label: str = OOS_LABEL,
    budget: str | float | None = None,
    worth: float = WORTH,
    apart: bool = True,
    track: bool | None = None,
    observer: Observer | None = None,
) -> Comparison:
    """Train several methods on the same rows and say which to take.

    A training that is done is kept in ``out`` and not done again while rows, recipe, version
    and machine are the same. The same seed gives the same scores and the same choice, except
    under a budget, where the clock decides what is trained.

    Args:
        data: examples to learn from: a file or ``hf://owner/name[/config]:split``.
        out: folder for models, figures and the page; made if need be.
        methods: ``tfidf``, ``probe``, ``finetune`` (all three by default) or ``managed``.
        recipes: more competitors: recipe files, named after themselves, or recipes by name.
        overrides: single settings as ``name.setting=value``.
        seeds: trainings of each, with seeds that follow each other.
        seed: the first of them.
        validation: rows that may choose a checkpoint; needs ``test``.
        test: rows to measure on.
        split: a frozen split of ``data`` with test rows: a ``split.json``, or a folder with one.
        text_column: name of the text column, when it cannot be found.
        label_column: name of the label column, when it cannot be found.
        holdout: share of ``data`` to measure on; 0.2 unless ``test`` or ``split`` is given.
        oos_label: rows with this label are about none of the others, and no label of a model;
            if one of the methods cannot tell such rows apart they are a label for all.
        budget: ``"2m"`` or seconds. Then methods are trained from cheap to dear until it is
            spent or the next is not worth it.
        worth: a gain in accuracy that is smaller does not matter.
        apart: each training in a process of its own, so that its memory is its own.
        track: record with MLflow, a run with a run inside it for each training; by default
            when it is installed.
        observer: whom to tell what is happening.

    Raises:
        DataError: the examples cannot be used; carries every finding.
        RecipeError: a method or setting that there is not, or too few to compare.
        ModelFolderError: ``out`` is in use, or no comparison's.
        AprendizError: not one training could be done; the first one's error.
        JobStopped: interrupted, or the budget was spent before the first training ended.
    """
    tell = observer or Silence()
    if seeds < 1:
        raise RecipeError(f"seeds: {seeds} leaves nothing to train", "a whole number from 1")
    if not 0 <= worth < 1:
        raise RecipeError(f"worth: {worth} is no gain in accuracy", "a number from 0 to under 1")
    variants = choose(methods, recipes, overrides)
    limit = seconds_in(budget)
    folder = Path(out)
    with held(folder):
        rows = settle(
            str(data),
            folder,
            validation=str(validation) if validation else None,
            test=str(test) if test else None,
            split=str(split) if split else None,
            holdout=holdout,
            text_column=text_column,
            label_column=label_column,
            oos_label=oos_label if all(_tells_scope(each) for each in variants) else "",
        )
        prepared = rows.prepared
        for line in brief(prepared.readings, prepared.findings, prepared.dataset.split):
            tell.say(line)
        for variant in variants:
            if check_first := catalogue.checker(variant.recipe.method):
                check_first(prepared.dataset, variant.recipe, tell)
        settings = get_settings()
        with recording(
            settings,
            name=f"compare {folder.resolve().name}",
            track=settings.track if track is None else track,
            say=tell.say,
            resume=folder / "run.json",
        ) as run:
            climb = _Climb(
                rows,
                variants,
                range(seed, seed + seeds),
                Ledger(folder, prepared.dataset.fingerprint, machine()),
                run,
                tell,
                Budget(limit),
                worth,
                apart,
            )
            told = climb.to_the_end()
            tell.say("drawing the report")
            write_json(folder / NUMBERS, told.as_dict())
            page = comparison_page.write(told)
            _record(run, told, page)
        if run.address:
            tell.say(f"run:      {run.address}")
    return told


def _tells_scope(variant: Variant) -> bool:
    return catalogue.find(variant.recipe.method).abilities.scope


class _Climb:
    """The trainings of one comparison, from cheap to dear."""

    def __init__(
        self,
        rows: Rows,
        variants: Sequence[Variant],
        seeds: Sequence[int],
        ledger: Ledger,
        run: MemoryRun | MlflowRun,
        tell: Observer,
        budget: Budget,
        worth: float,
        apart: bool,
    ) -> None:
        self._rows = rows
        self._variants = variants
        self._seeds = seeds
        self._ledger = ledger
        self._run = run
        self._tell = tell
        self._budget = budget
        self._worth = worth
        self._apart = apart
        self._texts, self._truth = rows.texts, rows.truth
        self._records: dict[str, dict[int, Record]] = {}
        self._failed: list[Failed] = []
        self._first_error: AprendizError | None = None
        self._done = 0
        self._kept = 0

    def to_the_end(self) -> Comparison:
        """Train everything, or as much as a budget is worth; what came out."""
        stopped = ""
        try:
            for variant in self._variants:
                if stopped := self._train_every_seed(variant):
                    break
                if self._budget.seconds is not None and (stopped := self._why_stop()):
                    break
        except KeyboardInterrupt:
            raise JobStopped(
                f"comparison stopped; {self._done} of {self._total} trainings are kept in "
                f"{self._ledger.folder}",
                "the same command goes on with the others",
            ) from None
        if not self._records:
            if self._first_error is not None:
                raise self._first_error
            raise JobStopped(f"{stopped} before the first training had ended", "give it more time")
        if self._kept:
            self._tell.say(f"{self._kept} of {self._done} trainings were done before and kept")
        return gather.gather(
            self._ledger.folder,
            self._rows,
            self._variants,
            self._seeds,
            self._records,
            self._failed,
            stopped,
            worth=self._worth,
        )

    @property
    def _total(self) -> int:
        return len(self._variants) * len(self._seeds)

    def _train_every_seed(self, variant: Variant) -> str:
        """Why to stop for want of time; empty if there was enough."""
        for seed in self._seeds:
            cell = cell_name(variant, seed)
            recipe = variant.seeded(seed)
            record = self._ledger.kept(cell, recipe, with_model=seed == self._seeds[0])
            self._kept += record is not None
            if record is None:
                if self._budget.spent:
                    return f"the budget of {self._budget.seconds:g} s was spent"
                try:
                    record = self._train(cell, variant, seed)
                except OutOfTime:
                    return f"the budget of {self._budget.seconds:g} s was spent while {cell} learnt"
                except JobStopped:
                    raise KeyboardInterrupt from None
                except AprendizError as error:
                    self._give_up(variant, seed, error)
                    break
                self._ledger.keep(cell, recipe, record)
            if seed != self._seeds[0]:
                self._ledger.forget_model(cell)
            self._records.setdefault(variant.name, {})[seed] = record
            self._done += 1
            self._tell.progress("trainings", self._done, self._total)
        return ""

    def _train(self, cell: str, variant: Variant, seed: int) -> Record:
        self._tell.say(f"{cell}: training")
        run_id = self._run.run_id
        order = Order(
            recipe=variant.seeded(seed).model_dump(mode="json"),
            out=str(self._ledger.model(cell)),
            source=self._rows.source,
            texts=self._texts,
            truth=self._truth,
            fingerprint=self._rows.prepared.dataset.fingerprint,
            track=bool(run_id),
            parent_run=run_id,
        )
        if self._apart:
            log = self._ledger.log(cell)
            record = run_apart(order, _Progress(self._tell), log, self._budget.deadline)
        else:
            record = carry_out(order, _Progress(self._tell), alone=False)
        accuracy = record.scores["accuracy"]
        self._tell.say(f"{cell}: trained in {record.seconds:.1f} s, accuracy {accuracy:.3f}")
        return record

    def _give_up(self, variant: Variant, seed: int, error: AprendizError) -> None:
        """The other methods may still be compared."""
        self._failed.append(Failed(variant.name, seed, error.message, error.hint))
        self._first_error = self._first_error or error
        self._tell.say(f"{variant.name}: not done: {error.message}")

    def _why_stop(self) -> str:
        names = [each.name for each in self._variants if each.name in self._records]
        if not names or names[-1] == self._variants[-1].name:
            return ""
        standings = gather.standings(self._records)
        pair = None
        if len(names) > 1:
            last = {name: self._records[name] for name in names[-2:]}
            pair = gather.pairs(last, self._rows)[0]
        return why_stop(standings, pair, worth=self._worth)


class _Progress:
    """An observer that passes on how far a training is, and not all that it says."""

    def __init__(self, tell: Observer) -> None:
        self._tell = tell

    def say(self, message: str) -> None:
        """Ignore, but for what somebody has to know."""
        if message.startswith("warning"):
            self._tell.say(message)

    def progress(self, task: str, done: int, total: int) -> None:
        """Pass on."""
        self._tell.progress(task, done, total)


def _record(run: MemoryRun | MlflowRun, told: Comparison, page: Path) -> None:
    """What the run of the whole comparison is told."""
    run.params(
        {
            "method": ", ".join(each.name for each in told.methods),
            "labels": told.data["labels"],
            "train_rows": told.data["train"],
            "validation_rows": told.data["validation"],
            "test_rows": told.data["test"],
            "data_fingerprint": told.data["fingerprint"][:16],
        }
    )
    for each in told.methods:
        run.metrics(
            {
                f"{each.name}/accuracy": each.accuracy.mean,
                f"{each.name}/f1": each.macro_f1.mean,
                f"{each.name}/ece": each.ece.mean,
                f"{each.name}/training_seconds": each.seconds.mean,
                f"{each.name}/one_text_ms": each.one.median_ms,
                f"{each.name}/model_mb": each.model_bytes / 1e6,
            },
            step=0,
        )
    for path in (told.folder / NUMBERS, told.folder / comparison_page.TEXT, page):
        run.artifact(path)
    run.artifact(told.folder / comparison_page.PLOTS)


__all__ = ["CellFailed", "compare"]
