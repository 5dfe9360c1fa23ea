"""The story of a prediction: open the input, go on where an earlier run was, answer, write, rename."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from aprendiz.artifact.model import Model
from aprendiz.errors import DataError, JobStopped
from aprendiz.prediction import output, parquet_file
from aprendiz.prediction.journal import GOES_ON, Journal, Progress, keeping, writing
from aprendiz.prediction.rows import Row, Wanted
from aprendiz.prediction.source import open_rows
from aprendiz.prediction.windows import answer, windows

Moved = Callable[[int, int, int], None]
"""Told, after each window, how many rows are written, how much of the input is read, and of how much."""


@dataclass(frozen=True, slots=True)
class FilePredicted:
    """What became of a file.

    Attributes:
        out: where the answers are.
        rows: rows of the input, and of the output.
        answered: rows with a label.
        abstained: rows among them on whose label nobody should act.
        out_of_scope: rows among those that are about none of the labels; of the others the model
            is not sure.
        broken: rows without an answer; their ``problem`` says why.
        resumed_at: rows that an earlier, interrupted run had written.
        seconds: of this run.
        model: its name.
        version: its version.
        engine: what computed the answers.
    """

    out: str
    rows: int
    answered: int
    abstained: int
    out_of_scope: int
    broken: int
    resumed_at: int
    seconds: float
    model: str
    version: str
    engine: str

    @property
    def rows_per_second(self) -> float:
        """Of the rows of this run."""
        return (self.rows - self.resumed_at) / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        rate = round(self.rows_per_second, 1)
        return {**asdict(self), "seconds": round(self.seconds, 3), "rows_per_second": rate}

    def in_words(self) -> str:
        """For people."""
        kept = f", {self.resumed_at:,} of them by an earlier run" if self.resumed_at else ""
        lines = [
            f"{self.out}: {self.rows:,} rows{kept}, in {self.seconds:.1f} s "
            f"({self.rows_per_second:,.0f} rows/s, {self.engine})"
        ]
        if doubtful := self.abstained - self.out_of_scope:
            lines.append(f"not sure: {doubtful:,} rows; their decision is needs_clarification")
        if self.out_of_scope:
            lines.append(f"out of scope: {self.out_of_scope:,} rows, about none of the labels")
        if self.broken:
            lines.append(f"no answer: {self.broken:,} rows; the column 'problem' says why")
        return "\n".join(lines)


def predict_file(
    model: Model,
    file: str | Path,
    out: str | Path,
    *,
    text_column: str | None = None,
    columns: Sequence[str] = (),
    threshold: float | None = None,
    force: bool = False,
    moved: Moved | None = None,
) -> FilePredicted:
    """Answer every row of a file, in its order, with bounded memory.

    A run that was interrupted, also by kill -9, goes on when it is called again with the same
    arguments; the output is then the same, byte for byte, as that of an undisturbed run.

    Args:
        model: a loaded model that gives labels.
        file: CSV, TSV, JSON, JSON Lines, plain lines (each also with .gz) or Parquet.
        out: .csv, .jsonl or .parquet; it gets its name when the last row is on disk.
        text_column: name of the text column, when it cannot be found.
        columns: names of input columns to carry along; ``["*"]`` for all.
        threshold: confidence under which an answer is marked as abstained, in place of the model's
            own.
        force: replace an output, and start over instead of going on.
        moved: told how far it has come.

    Raises:
        DataError: the input cannot be read; ``out`` stands there already, was begun with
            something else, is the input or a folder, or the disk is full.
        MissingExtra: pyarrow is not installed.
        JobStopped: interrupted; the same call goes on.
    """
    source, goal = Path(file), Path(out)
    form = output.format_of(goal)
    if form == "parquet":
        parquet_file.require()
    begin = time.perf_counter()
    wanted = Wanted(text_column, tuple(columns))
    with open_rows(source, wanted) as opened:
        _refuse_place(goal, source)
        names = output.names_of(opened.carried, output.columns_of(model.decisions))
        before = _state(source)
        work = _work(model, source, names, wanted, threshold)
        with keeping(goal, work) as journal:
            journal.begin(output.header(form, names), force)
            resumed_at = journal.progress.rows
            try:
                _skip(opened.rows, resumed_at, source)
                for window in windows(opened.rows):
                    answers = answer(model, window, threshold)
                    journal.add(output.encode(form, names, answers), _counted(answers))
                    if moved:
                        moved(journal.progress.rows, opened.position(), opened.total)
                if _state(source) != before:
                    raise DataError(
                        f"{source}: was changed while it was read", "start over with --force"
                    )
                _finish(journal, form, names, goal)
            except KeyboardInterrupt:
                raise JobStopped(f"stopped after {journal.progress.rows:,} rows", GOES_ON) from None
    done = journal.progress
    return FilePredicted(
        out=str(goal),
        rows=done.rows,
        answered=done.rows - done.broken,
        abstained=done.abstained,
        out_of_scope=done.out_of_scope,
        broken=done.broken,
        resumed_at=resumed_at,
        seconds=time.perf_counter() - begin,
        model=model.name,
        version=model.version,
        engine=model.runtime,
    )


def _refuse_place(goal: Path, source: Path) -> None:
    """No answers are worth the rows they are of: also --force leaves the input alone."""
    if goal.is_dir():
        raise DataError(f"{goal}: is a folder", "name a file in it")
    if goal.exists() and goal.samefile(source):
        raise DataError(f"{goal}: is the input itself", "choose another name for the output")


def _work(
    model: Model, source: Path, names: Sequence[str], wanted: Wanted, threshold: float | None
) -> dict[str, object]:
    """All that the output depends on, by names for a message."""
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "input": [source.suffix, digest],
        "model": model.version,
        "engine": model.runtime,
        "threshold": threshold,
        "choice of columns": [wanted.text, *names],
    }


def _state(source: Path) -> tuple[int, int]:
    found = source.stat()
    return found.st_size, found.st_mtime_ns


def _skip(rows: Iterator[Row], count: int, source: Path) -> None:
    if sum(1 for _ in islice(rows, count)) != count:
        raise DataError(f"{source}: has fewer rows than were answered", "start over with --force")


def _counted(answers: Sequence[output.Answered]) -> Progress:
    broken = sum(answer.label is None for answer in answers)
    abstained = sum(answer.abstained or False for answer in answers)
    outside = sum(answer.decision == "out_of_scope" for answer in answers)
    return Progress(0, len(answers), broken, abstained, outside)


def _finish(journal: Journal, form: str, names: tuple[str, ...], goal: Path) -> None:
    with writing(goal):
        if form != "parquet":
            journal.finish(journal.partial)
            return
        made = goal.with_name(f"{goal.name}.new")
        try:
            parquet_file.write_parquet(journal.partial, made, names)
            journal.finish(made)
        finally:
            made.unlink(missing_ok=True)
