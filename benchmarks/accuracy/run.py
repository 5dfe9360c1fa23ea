"""Accuracy, calibration and training time of aprendiz and its peers: same encoder, same rows.

    make bench-accuracy DATA=FOLDER [ARGS="--quick"]
    python benchmarks/accuracy/run.py --data FOLDER [--sets a,b] [--methods a,b] [--seeds 3]

Cells (a set, a method, a seed) are measured one after the other. Each is a JSON file under
``--work`` as soon as it is done and is never measured again: stop the run whenever you like
and start it again. To measure a cell anew, remove its file. At the end the tables are made
from all cells there are (``table.py`` makes them at any time).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from environments import python_of
from figures import Answers
from sets import OOS, QUICK, SETS, Rows, rows_of
from table import cells_in, told, write

from aprendiz.neural import base_models

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Method:
    """A line of the table.

    Attributes:
        script: its file in ``peers``.
        environment: ``project`` for the one that this runs in.
        settings: what the script is told beside the rows.
    """

    script: str
    environment: str
    settings: dict[str, object] = field(default_factory=dict)


# Cheap ones first: a run that is stopped early has most rows of the table.
METHODS = {
    "tfidf": Method("with_aprendiz", "project", {"method": "tfidf"}),
    "probe": Method("with_aprendiz", "project", {"method": "probe"}),
    "finetune": Method("with_aprendiz", "project", {"method": "finetune"}),
    "sklearn": Method("with_sklearn", "huggingface"),
    "trainer": Method("with_trainer", "huggingface"),
    "autointent": Method("with_autointent", "autointent"),
    "setfit": Method("with_setfit", "setfit"),
}


@dataclass(frozen=True)
class Cell:
    """One training to be measured."""

    set: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.set}--{self.method}--{self.seed}"


def asked_for() -> argparse.Namespace:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True, help="folder with the sets' folders")
    options.add_argument("--sets", default=",".join(SETS))
    options.add_argument("--methods", default=",".join(METHODS))
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--encoder", default="all-MiniLM-L6-v2")
    options.add_argument(
        "--minutes", type=float, default=30, help="longest that SetFit may plan to train"
    )
    options.add_argument("--threads", type=int, default=os.cpu_count(), help="for every method")
    options.add_argument(
        "--quick", action="store_true",
        help="two small sets, one seed, 500 test rows, SetFit for one minute: under ten minutes",
    )  # fmt: skip
    options.add_argument("--work", type=Path, default=HERE / "work")
    options.add_argument(
        "--write", action="store_true", help="put the tables into results and docs"
    )
    given = options.parse_args()
    for chosen, known in ((given.sets, SETS), (given.methods, METHODS)):
        if strange := [name for name in chosen.split(",") if name not in known]:
            options.error(f"{', '.join(strange)}: not one of {', '.join(known)}")
    if given.quick:
        given.sets = ",".join(QUICK) if given.sets == ",".join(SETS) else given.sets
        given.seeds, given.minutes = 1, min(given.minutes, 1.0)
    return given


def main() -> None:
    """Measure what is missing, then write the tables."""
    given = asked_for()
    cells = given.work / ("quick" if given.quick else "cells")
    cells.mkdir(parents=True, exist_ok=True)
    wanted = [
        Cell(name, method, seed)
        for seed in range(given.seeds)  # a whole table of one seed before the next
        for method in METHODS
        if method in given.methods.split(",")
        for name in given.sets.split(",")
    ]
    missing = [cell for cell in wanted if not (cells / f"{cell.name}.json").is_file()]
    say(f"{len(wanted)} cells, {len(wanted) - len(missing)} of them done already")
    failed = []
    for number, cell in enumerate(missing, 1):
        begin = time.perf_counter()
        say(f"{number}/{len(missing)} {cell.name} ...")
        try:
            figures = measure(cell, given)
        except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            failed.append(cell.name)
            say(f"  failed: {error}; its words are in {log_of(cell, given)}")
            continue
        keep(cells / f"{cell.name}.json", figures)
        took = time.perf_counter() - begin
        say(
            f"  accuracy {figures['accuracy']:.4f}, trained {figures['seconds']:.1f} s, {took:.0f} s in all"
        )
    found = cells_in(cells)
    print(told(found, quick=given.quick))
    if given.write:
        write(found)
    if failed:
        raise SystemExit(
            f"{len(failed)} cells failed and are not in the table: {', '.join(failed)}"
        )


def measure(cell: Cell, given: argparse.Namespace) -> dict[str, object]:
    """Have a peer train and answer in a process of its own, and score what it says."""
    method = METHODS[cell.method]
    rows = rows_of(cell.set, given.data, cell.seed, most=500 if given.quick else None)
    folder = given.work / "job"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    hand_out(folder, cell, rows, given)
    interpreter = python_of(method.environment, given.work)
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(given.threads),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "XDG_CACHE_HOME": str(folder / "cache"),  # nobody finds an earlier cell's embeddings
        "CUDA_VISIBLE_DEVICES": "",
    }
    with log_of(cell, given).open("wb") as log:
        subprocess.run(
            [str(interpreter), str(HERE / "peers" / f"{method.script}.py"), str(folder)],
            env=environment, stdout=log, stderr=log, check=True,
        )  # fmt: skip
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    with np.load(folder / "answers.npz") as arrays:
        answers = Answers(**arrays, truth=np.array(rows.truth))
    figures = answers.figures(rows.labels)
    shutil.rmtree(folder)
    return {
        "set": cell.set,
        "method": cell.method,
        "seed": cell.seed,
        "rows": len(rows.train),
        "labels": len(rows.labels),
        "threads": given.threads,
        "minutes": given.minutes,
        **figures,
        **facts,
    }


def log_of(cell: Cell, given: argparse.Namespace) -> Path:
    """Where the words of a cell's process go."""
    place: Path = given.work / "logs" / f"{cell.name}.log"
    place.parent.mkdir(exist_ok=True)
    return place


def hand_out(folder: Path, cell: Cell, rows: Rows, given: argparse.Namespace) -> None:
    """Write a job's files; the labels of what will be asked are not among them."""
    job = {
        "encoder": str(base_models.resolve(given.encoder).folder),
        "seed": cell.seed,
        "minutes": given.minutes,
        "labels": rows.labels,
        "outside": OOS,
        "settings": METHODS[cell.method].settings,
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    train = ({"text": row.text, "label": row.label} for row in rows.train)
    for name, lines in (("train", train), ("asked", ({"text": text} for text in rows.asked))):
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in lines)


def keep(path: Path, figures: dict[str, object]) -> None:
    """Write a cell whole or not at all."""
    aside = path.with_suffix(".partial")
    aside.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)


def say(message: str) -> None:
    """Talk goes to stderr; stdout is for the table."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
