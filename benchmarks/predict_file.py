"""``aprendiz predict --file`` on many short texts: rows a second, and the most memory it held.

    python benchmarks/predict_file.py MODEL --data FILE --rows 1000000 --kill --out benchmarks/results

FILE holds labelled rows (any format that can be trained on); its texts are repeated with a running
number, so that no two are the same, until there are enough. ``--kill`` ends the run with kill -9
near its middle, lets the same command go on, and compares the outcome with an undisturbed run,
byte for byte. Prints and writes a Markdown page headed by the command, the CPU and the versions.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aprendiz.data.read import read_examples
from aprendiz.prediction.journal import journal_of

LIBRARIES = ("onnxruntime", "tokenizers", "numpy", "torch", "pyarrow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--form", choices=("csv", "jsonl", "parquet"), default="csv")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.csv"
        write_rows(given, asked.data, asked.rows)
        goal = Path(folder) / f"answers.{asked.form}"
        told = [measure(asked.model, given, goal)]
        if asked.kill:
            told.append(killed(asked.model, given, goal, asked.rows))
        page = in_words(asked, given.stat().st_size, told)
    print(page)
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "predict_file.md").write_text(page, encoding="utf-8")


def write_rows(goal: Path, data: str, rows: int) -> None:
    """A CSV file of so many short texts, all of them different."""
    texts = [example.text for example in read_examples(data).examples]
    with goal.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "text"])
        writer.writerows((n, f"{texts[n % len(texts)]} {n}") for n in range(rows))


def command(model: Path, given: Path, goal: Path) -> list[str]:
    line = [sys.executable, "-m", "aprendiz", "predict", str(model), "--file", str(given)]
    return [*line, "--out", str(goal), "--columns", "id", "--force", "--json"]


def measure(model: Path, given: Path, goal: Path) -> dict[str, object]:
    """A whole run: its own summary, and the most memory of its process."""
    process = subprocess.Popen(command(model, given, goal), stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return {**told, "run": "undisturbed", "peak_mb": usage.ru_maxrss / 1024, "same": "–"}


def killed(model: Path, given: Path, goal: Path, rows: int) -> dict[str, object]:
    """The same run, killed near its middle and called again."""
    other = goal.with_name(f"killed-{goal.name}")
    line = command(model, given, other)
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    while written(other) < rows // 2:
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    line.remove("--force")
    told = json.loads(subprocess.run(line, stdout=subprocess.PIPE, check=True).stdout)
    same = digest(goal) == digest(other)
    return {**told, "run": "killed, and gone on", "peak_mb": None, "same": "yes" if same else "NO"}


def written(goal: Path) -> int:
    try:
        return int(json.loads(journal_of(goal).read_text(encoding="utf-8"))["progress"]["rows"])
    except (OSError, ValueError):
        return 0


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def in_words(asked: argparse.Namespace, size: int, told: list[dict[str, object]]) -> str:
    lines = [
        "# Predicting a file",
        "",
        f"`python benchmarks/predict_file.py {' '.join(sys.argv[1:])}`",
        "",
        f"{asked.rows:,} texts, {size / 1e6:.0f} MB of CSV; {told[0]['engine']}, "
        f"{os.cpu_count()} cores, {processor()}; {versions()}",
        "",
        "| run | rows | rows before it | seconds | rows/s | peak MB | same bytes |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for each in told:
        peak = "–" if each["peak_mb"] is None else f"{each['peak_mb']:.0f}"
        lines.append(
            f"| {each['run']} | {each['rows']:,} | {each['resumed_at']:,} | "
            f"{each['seconds']:.1f} | {each['rows_per_second']:,.0f} | {peak} | {each['same']} |"
        )
    return "\n".join(lines) + "\n"


def processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(
            line.split(":")[1].strip() for line in told.splitlines() if "model name" in line
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


if __name__ == "__main__":
    main()
