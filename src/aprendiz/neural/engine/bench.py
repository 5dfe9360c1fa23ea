"""Which engine is quickest on this machine, among those that may answer: the table, the choice.

Engines are measured in turn, round after round, so that whatever else the machine does meets
all of them alike; figures are medians over rounds, with the least and the largest.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.folder import building
from aprendiz.artifact.manifest import Manifest
from aprendiz.errors import AprendizError, ModelFolderError
from aprendiz.interfaces import Observer, Silence
from aprendiz.neural import scope
from aprendiz.neural.engine import choice, cpu, kinds
from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.engine import BatchedEngine, Engine
from aprendiz.neural.engine.gates import Verdict
from aprendiz.neural.engine.rows import from_data, made_up
from aprendiz.neural.engine.writing import judged, limits_of

#: Rows and tokens of each: one short text, a batch of short ones, a batch of long ones, and a
#: batch of all lengths (tokens 0).
SHAPES = ((1, 12), (32, 12), (32, 128), (64, 0))
_FIRST_TOKEN = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """One engine at one shape.

    Attributes:
        rows: texts given at once.
        tokens: of each; 0 where lengths are mixed.
        texts_per_second: median over rounds.
        least: of the rounds.
        most: of the rounds.
        milliseconds: median time of one call.
    """

    rows: int
    tokens: int
    texts_per_second: float
    least: float
    most: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of one engine here.

    Attributes:
        engine: its name.
        words: for people.
        missing: why it cannot run; empty if it was measured.
        verdict: of its gates; ``None`` for the one that the others are compared with.
        seconds: from opening it to its first answer.
        speeds: one for each of ``SHAPES``.
    """

    engine: str
    words: str
    missing: str
    verdict: Verdict | None = None
    seconds: float = 0.0
    speeds: tuple[Speed, ...] = ()

    @property
    def may_answer(self) -> bool:
        """Whether it runs and passed its gates."""
        return not self.missing and (self.verdict is None or self.verdict.passed)

    @property
    def merit(self) -> float:
        """Texts per second, geometric mean over the shapes: no shape counts more than another."""
        return statistics.geometric_mean(speed.texts_per_second for speed in self.speeds)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "engine": self.engine,
            "missing": self.missing,
            "may_answer": self.may_answer,
            "gates": self.verdict.as_dict() if self.verdict else None,
            "seconds_to_first_answer": round(self.seconds, 3),
            "speeds": [asdict(speed) for speed in self.speeds],
        }


@dataclass(frozen=True, slots=True)
class Bench:
    """A finished measuring.

    Attributes:
        folder: the model.
        threads: that every engine had.
        processor: the flags that decide which arithmetic there is.
        reference: the engine that the others were compared with.
        engines: all there are, also those that cannot run here.
        best: the quickest that may answer.
        chosen: the one the folder names now.
    """

    folder: Path
    threads: int
    processor: tuple[str, ...]
    reference: str
    engines: tuple[Measured, ...]
    best: str
    chosen: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": str(self.folder),
            "threads": self.threads,
            "processor": list(self.processor),
            "reference": self.reference,
            "engines": [engine.as_dict() for engine in self.engines],
            "best": self.best,
            "chosen": self.chosen,
        }


def bench(
    folder: Path,
    *,
    data: Sequence[str] = (),
    rounds: int = 5,
    seconds: float = 0.3,
    threads: int | None = None,
    write: bool = False,
    observer: Observer | None = None,
) -> Bench:
    """Measure every engine of a model folder on this machine.

    Args:
        folder: a model of ``probe`` or ``finetune``, or its export.
        data: files of labelled rows for the gates; made-up rows without.
        rounds: how often each engine's turn comes.
        seconds: of a turn at one shape.
        threads: of every engine; by default all cores of this process.
        write: put the quickest engine that may answer into the folder, which gets a new
            version; other processes see the old folder or the new one.
        observer: told what happens.

    Raises:
        ModelFolderError: not such a folder, no engine can run, or it changed meanwhile.
        DataError: the rows cannot be used.
    """
    tell = observer or Silence()
    manifest = manifests.read(folder)
    manifests.verify(folder, manifest)
    settings = TextSettings.read(folder)
    texts = settings.text_encoder(folder)
    rows = from_data(data, folder, texts) if data else made_up(texts, manifest.labels)
    asked = cpu.threads(threads)
    opened, absent, waited = _open(folder, manifest, settings.pad, asked, tell)
    reference = "torch" if "torch" in opened else choice.DEFAULT
    if reference not in opened:
        raise ModelFolderError(
            f"{folder}: neither torch nor {choice.DEFAULT} can run, so there is nothing to "
            "compare with",
            "; ".join(f"{name}: {reason}" for name, reason in absent.items()),
        )
    detector, limits = scope.load(folder), limits_of(folder, manifest.labels)
    verdicts = {
        name: _with_stored_parity(
            judged(engine, rows, opened[reference], settings, detector, limits),
            folder,
            bool(data),
        )
        for name, engine in opened.items()
        if name != reference
    }
    speeds = _speeds(opened, texts.vocabulary, settings.max_length, rounds, seconds, tell)
    engines = tuple(
        Measured(name, kind.words, absent[name])
        if name in absent
        else Measured(name, kind.words, "", verdicts.get(name), waited[name], speeds[name])
        for name, kind in kinds.KINDS.items()
    )
    best = max((each for each in engines if each.may_answer), key=lambda each: each.merit).engine
    shown = tuple(sorted(cpu.flags() & {"avx2", "avx512f", *cpu.INT8, *cpu.BF16}))
    if write:
        told = {each.engine: each.as_dict() for each in engines if not each.missing}
        _store(folder, manifest, best, {"threads": asked, "processor": shown, "engines": told})
    return Bench(folder, asked, shown, reference, engines, best, choice.read(folder).engine)


def _open(
    folder: Path, manifest: Manifest, pad: int, threads: int, tell: Observer
) -> tuple[dict[str, BatchedEngine], dict[str, str], dict[str, float]]:
    """Engines that run, why others do not, and the seconds to a first answer."""
    opened: dict[str, BatchedEngine] = {}
    absent: dict[str, str] = {}
    waited: dict[str, float] = {}
    for name, kind in kinds.KINDS.items():
        if reason := kind.missing(folder):
            absent[name] = reason
            continue
        tell.say(f"opening {kind.words}")
        begin = time.perf_counter()
        try:
            engine = kinds.open_engine(folder, name, threads, labels=len(manifest.labels), pad=pad)
            engine.run([[1, 2, 3]])
        except AprendizError as error:
            absent[name] = error.message
            continue
        waited[name] = time.perf_counter() - begin
        opened[name] = engine
    return opened, absent, waited


def _with_stored_parity(found: Verdict, folder: Path, with_data: bool) -> Verdict:
    """A verdict on rows of the engine's kind.

    Ranges of bytes are taken from real texts, and made-up ones leave them: without data the
    parity that was measured at the export stands, and only the company is looked at.
    """
    stored = choice.read(folder).gates.get(found.engine)
    if with_data or found.precision != "int8" or stored is None:
        return found
    return found.with_parity_of(stored)


def _speeds(
    engines: dict[str, BatchedEngine],
    vocabulary: int,
    longest: int,
    rounds: int,
    seconds: float,
    tell: Observer,
) -> dict[str, tuple[Speed, ...]]:
    random = np.random.default_rng(0)
    taken: dict[tuple[str, int], list[float]] = {}
    batches = [
        rows_of_shape(random, count, tokens, vocabulary, longest) for count, tokens in SHAPES
    ]
    for turn in range(rounds):
        for place, batch in enumerate(batches):
            for name, engine in engines.items():
                taken.setdefault((name, place), []).append(median_seconds(engine, batch, seconds))
        tell.progress("measuring", turn + 1, rounds)
    return {
        name: tuple(_speed(shape, taken[name, place]) for place, shape in enumerate(SHAPES))
        for name in engines
    }


def rows_of_shape(
    random: np.random.Generator, count: int, tokens: int, vocabulary: int, longest: int
) -> list[list[int]]:
    """Random rows, of one length, or (tokens 0) mostly short with a few that are long."""
    lengths = [tokens] * count if tokens else 4 + random.exponential(20, count).astype(int)
    return [
        random.integers(min(_FIRST_TOKEN, vocabulary - 1), vocabulary, min(int(each), longest))
        .tolist()
        for each in lengths
    ]  # fmt: skip


def median_seconds(engine: Engine, batch: Sequence[Sequence[int]], seconds: float) -> float:
    """Median seconds of a call, after one that does not count."""
    engine.run(batch)
    calls: list[float] = []
    end = time.perf_counter() + seconds
    while not calls or time.perf_counter() < end:
        begin = time.perf_counter()
        engine.run(batch)
        calls.append(time.perf_counter() - begin)
    return statistics.median(calls)


def _speed(shape: tuple[int, int], calls: list[float]) -> Speed:
    rows, tokens = shape
    rates = [rows / each for each in calls]
    middle = statistics.median(calls)
    return Speed(rows, tokens, rows / middle, min(rates), max(rates), 1000 * middle)


def _store(folder: Path, manifest: Manifest, engine: str, measured: dict[str, Any]) -> None:
    """Name the engine in the folder, which is made anew beside the old one and exchanged."""
    before = choice.read(folder)
    goal = folder.resolve()
    with building(goal, fingerprint=f"bench {manifest.version}", resume=False) as build:
        # Nobody else writes here from now on, but somebody may have while it was measured.
        if manifests.read(goal).version != manifest.version:
            raise ModelFolderError(f"{folder}: changed while it was measured", "measure it again")
        shutil.copytree(goal, build.files, copy_function=os.link, dirs_exist_ok=True)
        (build.files / manifests.NAME).unlink()
        choice.Choice(engine, before.gates, measured).write(build.files)
        build.seal(manifest.model_copy(update={"files": {}}))
