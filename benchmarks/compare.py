"""``aprendiz compare`` on three sets: the sentence it ends with, and the figures that make it so.

    python benchmarks/compare.py --data DATA --set store snips sst2-16 --out benchmarks/results

DATA is a folder with ``snips/train.csv`` and so on. Of SST-2, 16 rows a class are drawn with
seed 13. ``--seeds`` trains with that many; ``--twice SET`` compares one set three times, twice
with one seed and once with another, and says whether the tables agree.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import aprendiz
from aprendiz.data.read import read_examples
from aprendiz.data.sample import draw
from aprendiz.data.verbatim import write_rows
from aprendiz.interfaces import Silence
from aprendiz.report.comparison import Comparison
from aprendiz.report.comparison_text import markdown

ROOT = Path(__file__).resolve().parents[1]
SETS = ("store", "intents", "snips", "sst2-16")


class _Talk(Silence):
    def say(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)


def parts(name: str, data: Path | None, work: Path) -> tuple[Path, Path]:
    """Files to train on and to measure on."""
    if name in ("store", "intents"):
        folder = ROOT / "projects" / name / "data"
        return folder / "intents.json", folder / (
            "test_cases.json" if name == "store" else "test.json"
        )
    assert data is not None, f"{name} needs --data"
    if name == "snips":
        return data / "snips" / "train.csv", data / "snips" / "test.csv"
    rows = read_examples(str(data / "sst2" / "train.csv")).examples
    chosen = [
        row
        for label in sorted({row.label for row in rows})
        for row in draw([each for each in rows if each.label == label], 16, 13)[0]
    ]
    write_rows(work / "sst2-16.jsonl", chosen, None)
    return work / "sst2-16.jsonl", data / "sst2" / "test.csv"


def compared(
    name: str, data: Path | None, methods: list[str], seeds: int = 1, seed: int = 13
) -> Comparison:
    """Methods on one set, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as work:
        train, test = parts(name, data, Path(work))
        return aprendiz.compare(
            train, test=test, out=Path(work) / "out", methods=methods, seeds=seeds, seed=seed,
            track=False, observer=_Talk(),
        )  # fmt: skip


def again(name: str, data: Path | None, methods: list[str]) -> str:
    """Twice with one seed, once with another; what stayed the same, as Markdown."""
    first, second, other = (compared(name, data, methods, seed=seed) for seed in (13, 13, 14))
    scores = [
        {each["name"]: each["scores"] for each in told.as_dict()["methods"]}
        for told in (first, second)
    ]
    same = scores[0] == scores[1] and first.as_dict()["pairs"] == second.as_dict()["pairs"]
    lines = [
        f"# {name}: one seed twice, and another",
        f"Scores, intervals and tests of two comparisons with seed 13: "
        f"{'the same to the last digit' if same else 'NOT the same'}. "
        f"Chosen: {first.verdict.chosen}, {second.verdict.chosen}; with seed 14: "
        f"{other.verdict.chosen}.",
        "| method | accuracy, seed 13 | 95 % interval | accuracy, seed 14 | inside |\n"
        "|---|---|---|---|---|\n"
        + "\n".join(
            f"| {one.name} | {one.accuracy.mean:.4f} | {one.accuracy.ci[0]:.3f}–"
            f"{one.accuracy.ci[1]:.3f} | {two.accuracy.mean:.4f} | "
            f"{'yes' if one.accuracy.ci[0] <= two.accuracy.mean <= one.accuracy.ci[1] else 'NO'} |"
            for one, two in zip(first.methods, other.methods, strict=True)
        ),
    ]
    return "\n\n".join(lines) + "\n"


def main() -> None:
    """Run what the command line names."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path)
    options.add_argument("--set", dest="names", nargs="+", choices=SETS, default=[])
    options.add_argument("--twice", choices=SETS)
    options.add_argument("--methods", default="tfidf,probe,finetune")
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    methods = given.methods.split(",")
    for name in given.names:
        told = compared(name, given.data, methods, given.seeds)
        _write(given.out, f"compare-{name}", markdown(told))
        print(json.dumps({"set": name, "sentence": told.verdict.sentence}))
    if given.twice:
        _write(given.out, f"compare-{given.twice}-again", again(given.twice, given.data, methods))


def _write(folder: Path | None, name: str, text: str) -> None:
    command = f"`python benchmarks/compare.py {' '.join(sys.argv[1:])}`\n\n"
    print(text)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(command + text, encoding="utf-8")


if __name__ == "__main__":
    main()
