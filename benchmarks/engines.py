"""The engines of one model, beside plain ONNX Runtime: speed, gates, cold start, size.

    python benchmarks/engines.py --data DATA --out benchmarks/results

DATA is a folder with ``banking77/train_10shot.csv`` and so on. A probe is trained on each set,
exported in fp32 and int8, and every engine that runs here answers the test rows, alone and in
company. *Plain* is what the others are divided by: ``session.run`` with default options, on
batches of 32 in the order of arrival, padded to the longest.

The rounds of all engines are interleaved. Prints and writes a Markdown page headed by the
command, the CPU and the versions that made it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.data.read import read_examples
from aprendiz.data.sample import draw
from aprendiz.neural.batches import pad_rows
from aprendiz.neural.engine import cpu, kinds
from aprendiz.neural.engine.bench import bench, median_seconds, rows_of_shape
from aprendiz.neural.engine.engine import Outputs
from aprendiz.neural.engine.export import export
from aprendiz.neural.engine.kinds import load_engine_classifier
from aprendiz.neural.onnx_runtime import load_onnxruntime

SETS = {
    "banking77": ("banking77/train_10shot.csv", None, "banking77/test.csv"),
    "ag_news": ("ag_news/train.csv.gz", 1000, "ag_news/test.csv.gz"),
}
SHAPES = {"1 × 12": (1, 12), "64 × 12": (64, 12), "64 × 128": (64, 128), "64 × mixed": (64, 0)}
TOGETHER = 32

_COLD = """
import json, resource, sys, time
begin = time.perf_counter()
{how}
seconds = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, peak]))
"""
_WITH_APRENDIZ = "import aprendiz; aprendiz.load(sys.argv[1]).predict(['what is my balance'])"
_WITH_TORCH = """
import torch, json as j
from pathlib import Path
from transformers import AutoModel, AutoTokenizer
from safetensors.torch import load_file
folder = Path(sys.argv[1])
tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
head = load_file(folder / "head.safetensors")
batch = tokenizer(["what is my balance"], return_tensors="pt")
with torch.inference_mode():
    pooled = encoder.eval()(**batch).last_hidden_state.mean(dim=1)
    torch.nn.functional.normalize(pooled) @ head["weight"].T + head["bias"]
"""


class Plain:
    """ONNX Runtime as its first example uses it: what everything else is divided by."""

    name = "plain ONNX Runtime"

    def __init__(self, graph: Path, threads: int) -> None:
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(graph, options)

    def run(self, rows: Sequence[Sequence[int]]) -> Outputs:
        """Batches of 32 as they come, padded to the longest of each."""
        parts = []
        for start in range(0, len(rows), TOGETHER):
            numbers, mask = pad_rows(rows[start : start + TOGETHER], 0)
            parts.append(
                self._session.run(
                    ["logits", "embedding"], {"input_ids": numbers, "attention_mask": mask}
                )
            )
        logits, embeddings = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Outputs(logits, embeddings)


def machine() -> str:
    """The CPU and the versions, in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    name = next((line.split(":")[1].strip() for line in lines if line[:10] == "model name"), "CPU")
    known = []
    for library in ("onnxruntime", "openvino", "torch", "transformers"):
        try:
            known.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            continue
    shown = ", ".join(sorted(cpu.flags() & (cpu.INT8 | cpu.BF16)))
    return (
        f"{name}, {cpu.threads()} threads ({shown}); Python {platform.python_version()}, "
        f"{', '.join(known)}; load average at the start {os.getloadavg()[0]:.1f}"
    )


def trained(data: Path, name: str, work: Path) -> tuple[Path, Path, Path]:
    """A probe on a set, the rows it has learnt from, the rows it has not."""
    train, rows, test = SETS[name]
    source = data / train
    if rows:
        chosen, _ = draw(read_examples(source).examples, rows, 0)
        source = work / f"{name}.jsonl"
        source.write_text(
            "".join(json.dumps({"text": row.text, "label": row.label}) + "\n" for row in chosen)
        )
    found = next(path for path in (data / test, (data / test).with_suffix("")) if path.is_file())
    result = workflow.train(source, out=work / name, method="probe", test=found, track=False)
    print(f"{name}: accuracy {result.evaluation.accuracy:.4f}", file=sys.stderr)
    return work / name, source, found


def gates(folder: Path, name: str, test: Path) -> list[str]:
    """A row for each engine: what the gates measured on the test rows of a set."""
    told = bench(folder, data=[str(test)], rounds=1, seconds=0.01)
    rows = []
    for each in told.engines:
        if not each.verdict:
            continue
        found = each.verdict
        rows.append(
            f"| {name} | {each.engine} | {found.rows} | {found.agreement:.2%} | "
            f"{found.margin:.3f} | {found.probability:.1e} | {found.worst:.1e} | "
            f"{found.scope:.1e} | {found.company:.1e} | {found.moved} | {'passed' if found.passed else 'refused'} |"
        )
    return rows


def speeds(folder: Path, rounds: int, seconds: float) -> list[str]:
    """A row for each engine: texts a second, divided by plain ONNX Runtime's."""
    labels = manifests.read(folder).labels
    engines: dict[str, object] = {"plain": Plain(folder / kinds.GRAPH, cpu.threads())}
    for name, kind in kinds.KINDS.items():
        if not kind.missing(folder):
            engines[name] = load_engine_classifier(folder, labels, name).engine
    random = np.random.default_rng(0)
    batches = {
        shape: rows_of_shape(random, *asked, vocabulary=30_000, longest=128)
        for shape, asked in SHAPES.items()
    }
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for shape, batch in batches.items():
            for name, engine in engines.items():
                once = median_seconds(engine, batch, seconds)  # type: ignore[arg-type]
                taken.setdefault((name, shape), []).append(len(batch) / once)
    lines = []
    for name in engines:
        cells = []
        for shape in SHAPES:
            rates = taken[name, shape]
            # Each round against the plain one of the same round.
            shares = [
                mine / plain for mine, plain in zip(rates, taken["plain", shape], strict=True)
            ]
            cells.append(
                f"{statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) · "
                f"{statistics.median(shares):.2f}"
            )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def cold(how: str, folder: Path, runs: int) -> tuple[float, float]:
    """Median seconds from an empty process to the first answer, and its highest memory, MB."""
    code = _COLD.replace("{how}", how)
    told = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
        )
        told.append(json.loads(done.stdout.splitlines()[-1]))
    seconds, peaks = zip(*told, strict=True)
    return statistics.median(seconds), statistics.median(peaks)


def size(folder: Path) -> float:
    """MB of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def page(given: argparse.Namespace, work: Path) -> str:
    """Train, export and measure."""
    lines = [
        f"`python benchmarks/engines.py --data DATA --rounds {given.rounds}`",
        "",
        machine(),
        "",
    ]
    checked: list[str] = []
    for number, name in enumerate(SETS):
        folder, learnt, test = trained(given.data, name, work)
        small = export(folder, work / f"{name}-int8", dtype="int8", data=[str(learnt), str(test)])
        light = export(folder, work / f"{name}-onnx", data=[str(test)])
        whole = work / f"{name}-all"
        shutil.copytree(folder, whole)
        for extra in (kinds.INT8_GRAPH, "engine.json"):
            shutil.copyfile(small.place / extra, whole / extra)
        if number == 0:
            lines += [
                "## Texts a second (least to most of the rounds) · of plain ONNX Runtime",
                "",
                f"| engine | {' | '.join(SHAPES)} |",
                "|---|" + "---|" * len(SHAPES),
                *speeds(_sealed(whole), given.rounds, given.seconds),
                "",
                "## From an empty process to the first answer",
                "",
                "| | seconds | highest memory, MB | folder, MB |",
                "|---|---|---|---|",
            ]
            for said, how, where in (
                ("torch and transformers", _WITH_TORCH, folder),
                ("aprendiz, the trained folder", _WITH_APRENDIZ, folder),
                ("aprendiz, exported fp32", _WITH_APRENDIZ, light.place),
                ("aprendiz, exported int8", _WITH_APRENDIZ, small.place),
            ):
                seconds, peak = cold(how, where, given.rounds)
                lines.append(f"| {said} | {seconds:.2f} | {peak:.0f} | {size(where):.0f} |")
        checked += gates(_sealed(whole), name, test)
    lines += [
        "",
        "## Gates on test rows",
        "",
        "| set | engine | rows | same label | margin of the others | mean change | largest change "
        "| mean change of scope | change with company | labels moved by company | |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *checked,
    ]
    return "\n".join(lines) + "\n"


def _sealed(folder: Path) -> Path:
    """Hash a folder that was put together by hand."""
    manifest = manifests.read(folder)
    files = {
        path.relative_to(folder).as_posix(): manifests.digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != manifests.NAME
    }
    (folder / manifests.NAME).write_text(manifest.model_copy(update={"files": files}).to_json())
    return folder


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--seconds", type=float, default=0.5)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        told = page(given, Path(work))
    print(told)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "engines.md").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
