"""Servers of one classifier, side by side: requests a second, times, CPU, memory, overload.

    make bench-serving DATA=FOLDER [ARGS="--quick"]
    python benchmarks/serving/run.py --data FOLDER [--contestants a,b] [--rounds 5] [--write]

One server runs at a time, on all cores, which it shares with the load. A round visits every server
once; the rounds go on in another order each, so that a slow hour hits them all. A visit starts the
server, compares its answers with the model's, and measures every load that is still missing: a
cell. Cells are JSON files under ``--work`` and are never measured again: stop whenever you like
and start again. ``table.py`` makes the tables, at any time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS, PEERS, PLAIN, Contestant
from environments import CannotInstall, python_of, versions
from loads import Target, at_a_rate, closed_loop, warm_up
from models import counter, models_in, rows_of
from processes import NotServing, Server, allow_many_connections, free_port, post, serving
from table import NOT_RUN, cells_in, told, write
from texts import LENGTHS, texts_of

HERE = Path(__file__).resolve().parent
WARM_UP = 2.0
LEAST_ALIKE = 0.95  # of the answers, that a server must give as the model gives them


class WrongAnswers(Exception):
    """A server answers, but not what the model says."""


@dataclass(frozen=True)
class Cell:
    """One measurement: ``load`` is ``c64`` for 64 clients, ``r70`` for 70 % of the capacity."""

    contestant: str
    length: str
    load: str
    round: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.contestant}--{self.length}--{self.load}--{self.round}"


def asked_for() -> argparse.Namespace:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True, help="folder with banking77")
    options.add_argument("--contestants", default=",".join((PLAIN, *CONTESTANTS)))
    options.add_argument("--lengths", default=",".join(LENGTHS))
    options.add_argument("--clients", default="1,8,64,256", help="closed loops")
    options.add_argument(
        "--rates", default="70,150", help="percent of the largest rate of the closed loops"
    )
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=10, help="of each measurement")
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument(
        "--quick", action="store_true",
        help="short and mixed texts, 1 and 64 clients, one round of 3 seconds each",
    )  # fmt: skip
    options.add_argument("--work", type=Path, default=HERE / "work")
    options.add_argument("--write", action="store_true", help="put the tables into the results")
    given = options.parse_args()
    if given.quick:
        given.lengths, given.clients, given.rates = "short,mixed", "1,64", ""
        given.rounds, given.seconds = 1, 3.0
    for name in ("contestants", "lengths", "clients", "rates"):
        setattr(given, name, [each for each in getattr(given, name).split(",") if each])
    for chosen, known in ((given.contestants, (PLAIN, *CONTESTANTS)), (given.lengths, LENGTHS)):
        if strange := [name for name in chosen if name not in known]:
            options.error(f"{', '.join(strange)}: not one of {', '.join(known)}")
    if given.rates and not given.clients:
        options.error("--rates are shares of what --clients reach: give some")
    given.work = given.work.resolve()
    return given


def main() -> None:
    """Measure what is missing, then write the tables."""
    given = asked_for()
    allow_many_connections()
    bench = Bench(given)
    for number in range(given.rounds):
        turn = number % len(given.contestants)
        for name in given.contestants[turn:] + given.contestants[:turn]:
            bench.visit(name, number)
    cells = cells_in(bench.cells)
    print(told(cells, quick=given.quick))
    if given.write:
        write(cells, quick=given.quick)


class Bench:
    """What all visits share: the model, the texts, the place of the cells."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.cells: Path = given.work / ("quick" if given.quick else "cells")
        self.cells.mkdir(parents=True, exist_ok=True)
        self.models = models_in(given.work, given.data)
        count = counter(self.models / "trained")
        rows = rows_of(given.data)
        self.texts = {length: texts_of(length, rows, count) for length in LENGTHS}
        self._expected: list[tuple[str, float]] = []

    def visit(self, name: str, number: int) -> None:
        """Measure what is missing of one contestant in one round; say why where it cannot be."""
        missing = [cell for cell in self.wanted(name, number) if not self.path(cell.name).is_file()]
        if not missing:
            return
        say(f"round {number + 1}/{self.given.rounds}, {name}: {len(missing)} measurements ...")
        begin = time.monotonic()
        try:
            if name == PLAIN:
                for cell in missing:
                    self.keep(cell, self.plain(cell.length))
            else:
                self.measure(name, missing)
        except (CannotInstall, NotServing, WrongAnswers) as error:
            reason = str(error).replace(str(self.given.work), "WORK")
            say(f"  not run: {reason}; its words are in logs and environments of {self.given.work}")
            write_whole(self.path(f"{name}{NOT_RUN}"), {"contestant": name, "reason": reason})
            return
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            say(f"  broke off: {error}; what is measured stays, the next run goes on")
            return
        self.path(f"{name}{NOT_RUN}").unlink(missing_ok=True)
        say(f"  {time.monotonic() - begin:.0f} s")

    def wanted(self, name: str, number: int) -> list[Cell]:
        """Its cells of a round; rates last, since they need the others."""
        given = self.given
        loads = [f"c{clients}" for clients in given.clients] + [f"r{rate}" for rate in given.rates]
        if name == PLAIN:
            loads = [PLAIN]
        return [Cell(name, length, load, number) for length in given.lengths for load in loads]

    def measure(self, name: str, missing: list[Cell]) -> None:
        """One visit.

        Raises:
            CannotInstall: its environment cannot be made.
            NotServing: it does not start, or cannot run on this machine.
            WrongAnswers: it says other things than the model.
        """
        contestant, threads = CONTESTANTS[name], self.given.threads
        if reason := contestant.missing(self.models):
            raise NotServing(reason)
        python = python_of(contestant.environment, self.given.work)
        port = free_port()
        command = contestant.command(self.models, port, threads, self.given.work)
        log = self.given.work / "logs" / f"{name}.log"
        ask = contestant.shape.path, contestant.shape.body(self.texts["short"].texts[0])
        with serving(command, port, ask, log, variables(contestant, python, threads)) as server:
            facts = {
                "alike": self.compare(contestant, server),
                "started": server.started,
                "threads": threads,
                "packages": versions(python),
            }
            warm = ""
            for cell in missing:
                target = Target(
                    server, contestant.shape.path, contestant.health,
                    self.bodies(contestant, cell.length),
                )  # fmt: skip
                if warm != cell.length:
                    warm_up(target, WARM_UP)
                    warm = cell.length
                self.keep(cell, self.load(cell, target) | facts)

    def load(self, cell: Cell, target: Target) -> dict[str, Any]:
        """One cell's load."""
        kind, figure = cell.load[0], int(cell.load[1:])
        if kind == "c":
            return closed_loop(target, figure, self.given.seconds)
        capacity = max(
            json.loads(file.read_text(encoding="utf-8"))["rate"]
            for file in self.cells.glob(f"{cell.contestant}--{cell.length}--c*--{cell.round}.json")
        )
        if not capacity:
            raise ValueError(f"{cell.contestant} answered nothing that a rate could be a share of")
        rate = capacity * figure / 100
        return at_a_rate(target, rate, self.given.seconds, cell.round) | {"capacity": capacity}

    def compare(self, contestant: Contestant, server: Server) -> float:
        """The share of texts that it answers as the model does.

        Raises:
            WrongAnswers: too few are alike.
        """
        if not self._expected:
            self._expected = [(label, sure) for label, sure in self.plain("short", 0.1)["answers"]]
        alike = 0
        for text, (label, sure) in zip(self.texts["short"].texts, self._expected, strict=False):
            status, body = post(server.port, contestant.shape.path, contestant.shape.body(text))
            if status != 200:
                raise WrongAnswers(f"status {status} to a plain question: {server.last_words()}")
            try:
                said, how_sure = contestant.shape.answer(body)
            except (ValueError, LookupError, TypeError) as error:
                raise WrongAnswers(f"an answer of another shape ({error!r})") from None
            alike += said == label and abs(sure - how_sure) < 0.15
        share = alike / len(self._expected)
        if share < LEAST_ALIKE:
            raise WrongAnswers(f"only {share:.0%} of {len(self._expected)} answers are the model's")
        return share

    def plain(self, length: str, seconds: float | None = None) -> dict[str, Any]:
        """ONNX Runtime without a server."""
        texts = self.given.work / "bodies" / f"{length}.json"
        texts.parent.mkdir(parents=True, exist_ok=True)
        texts.write_text(json.dumps(self.texts[length].texts), encoding="utf-8")
        threads = self.given.threads
        command = [
            sys.executable, str(PEERS / "plain.py"), str(self.models / "trained"), str(texts),
            str(threads), str(seconds or self.given.seconds),
        ]  # fmt: skip
        environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found | {"threads": threads, "packages": versions(Path(sys.executable))}

    def bodies(self, contestant: Contestant, length: str) -> Path:
        """A file with the request bodies of a length, in a contestant's shape."""
        file: Path = (
            self.given.work / "bodies" / f"{length}{contestant.shape.path.replace('/', '-')}"
        )
        file = file.with_name(f"{file.name}-{contestant.environment}.jsonl")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(
            b"\n".join(contestant.shape.body(text) for text in self.texts[length].texts) + b"\n"
        )
        return file

    def keep(self, cell: Cell, figures: dict[str, Any]) -> None:
        """Write a cell."""
        figures = {name: value for name, value in figures.items() if name != "answers"}
        about = {
            "contestant": cell.contestant, "length": cell.length, "load": cell.load,
            "round": cell.round, "texts": self.texts[cell.length].in_words(),
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "busy": os.getloadavg()[0],
        }  # fmt: skip
        write_whole(self.path(cell.name), about | figures)
        say(f"  {cell.length} {cell.load}: {figures['rate']:,.1f}/s")

    def path(self, name: str) -> Path:
        """A cell's file."""
        return self.cells / f"{name}.json"


def variables(contestant: Contestant, python: Path, threads: int) -> dict[str, str]:
    """The environment of a server: its own interpreter first, nobody else's packages."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("APRENDIZ_")}
    if contestant.environment != "project":
        found.pop("PYTHONPATH", None)
    return found | {
        "PATH": f"{python.parent}:{found.get('PATH', '')}",
        "APRENDIZ_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **contestant.variables,
    }


def write_whole(path: Path, figures: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    aside = path.with_suffix(".partial")
    aside.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    shutil.move(aside, path)


def say(message: str) -> None:
    """Talk goes to stderr; stdout is for the tables."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
