"""Each method on the same rows in one run: accuracy with interval, macro F1, training seconds.

    python benchmarks/methods.py --data DATA --set banking77-10 --seeds 3 --out benchmarks/results

DATA is a folder with ``banking77/train_10shot.csv`` and so on (see SETS below). Prints and
writes a Markdown table headed by the command, the CPU and the versions that made it.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from aprendiz import workflow
from aprendiz.data.read import read_examples
from aprendiz.data.sample import draw

METHODS = {
    "tfidf": {"method": "tfidf"},
    "probe": {"method": "probe"},
    "finetune": {"method": "finetune"},
    "finetune plain": {"method": "finetune", "plain": True, "epochs": 5, "learning_rate": 1e-4},
}

# name: (training file, rows to sample from it or None, validation rows, test file)
SETS = {
    "banking77-10": ("banking77/train_10shot.csv", None, 0, "banking77/test.csv"),
    "ag_news-1000": ("ag_news/train.csv.gz", 1000, 500, "ag_news/test.csv"),
}


def machine() -> str:
    """The CPU and the versions, in one line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        cpu = next(
            (
                line.split(":")[1].strip()
                for line in info.read_text().splitlines()
                if line.startswith("model name")
            ),
            cpu,
        )
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
    return f"{cpu}; Python {platform.python_version()}, {libraries}"


def parts(folder: Path, name: str, seed: int, work: Path) -> tuple[Path, Path | None, Path]:
    """Files to train on, to validate on (or none) and to test on."""
    train, rows, validation, test = SETS[name]
    if rows is None:
        return folder / train, None, folder / test
    examples = read_examples(folder / train).examples
    chosen, others = draw(examples, rows, seed)
    rest, _ = draw(others, validation, seed)
    return _write(work / "train.jsonl", chosen), _write(work / "val.jsonl", rest), folder / test


def _write(path: Path, rows: object) -> Path:
    import json

    with path.open("w", encoding="utf-8") as stream:
        for row in rows:  # type: ignore[attr-defined]
            stream.write(json.dumps({"text": row.text, "label": row.label}) + "\n")
    return path


def main() -> None:
    """Run the benchmark named on the command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--set", dest="name", choices=sorted(SETS), required=True)
    options.add_argument("--methods", default=",".join(METHODS))
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--out", type=Path)
    given = options.parse_args()

    lines = [
        f"`python benchmarks/methods.py --data DATA --set {given.name} --seeds {given.seeds}`",
        "",
        machine(),
        "",
        "| method | accuracy, mean of seeds | each seed | 95 % interval, first seed | macro F1 "
        "| calibration error | training seconds, median (least to most) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in given.methods.split(","):
        results = []
        for seed in range(given.seeds):
            with tempfile.TemporaryDirectory() as work:
                train, validation, test = parts(given.data, given.name, seed, Path(work))
                result = workflow.train(
                    train,
                    validation=validation,
                    test=test,
                    out=Path(work) / "model",
                    recipe={**METHODS[name.strip()], "seed": seed},
                    track=False,
                )
            results.append(result)
            print(
                name, seed, result.evaluation.accuracy, f"{result.seconds:.1f} s", file=sys.stderr
            )
        figures = [result.evaluation for result in results]
        seconds = sorted(result.seconds for result in results)
        low, high = figures[0].accuracy_ci
        mean = {
            each: statistics.mean(getattr(figure, each) for figure in figures)
            for each in ("accuracy", "macro_f1", "ece")
        }
        lines.append(
            f"| {name} | {mean['accuracy']:.4f} | "
            f"{', '.join(f'{figure.accuracy:.4f}' for figure in figures)} | {low:.3f}–{high:.3f} | "
            f"{mean['macro_f1']:.4f} | {mean['ece']:.3f} | {statistics.median(seconds):.1f} "
            f"({seconds[0]:.1f}–{seconds[-1]:.1f}) |"
        )
    table = "\n".join(lines) + "\n"
    print(table)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / f"methods-{given.name}.md").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
