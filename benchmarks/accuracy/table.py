"""From measured cells to the tables, as Markdown. Makes them at any time, also of half a run.

    python benchmarks/accuracy/table.py benchmarks/accuracy/work/cells [--write]

``--write`` puts them into ``benchmarks/results/accuracy.md`` and, between its two marks,
into ``docs/explanation/accuracy.md``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from figures import paired_difference, unpack
from sets import SETS

ROOT = Path(__file__).resolve().parents[2]
RESULT, PAGE = "benchmarks/results/accuracy.md", "docs/explanation/accuracy.md"
BEGIN, END = "<!-- the table begins -->", "<!-- the table ends -->"

OURS = ("tfidf", "probe", "finetune")
PEERS = {
    "sklearn": "scikit-learn on the embeddings",
    "trainer": "plain `Trainer`",
    "autointent": "AutoIntent",
    "setfit": "SetFit",
}
JUDGED = ("probe", "finetune")  # each against the best peer
FASTER = 5  # times, than SetFit

Cell = dict[str, Any]
Cells = dict[tuple[str, str], list[Cell]]  # set and method to its seeds


def cells_in(folder: Path) -> Cells:
    """Every finished cell of a folder, by set and method, in the order of the seeds."""
    found: Cells = defaultdict(list)
    for file in sorted(folder.glob("*.json")):
        cell = json.loads(file.read_text(encoding="utf-8"))
        found[cell["set"], cell["method"]].append(cell)
    for seeds in found.values():
        seeds.sort(key=lambda cell: cell["seed"])
    return dict(found)


def told(cells: Cells, quick: bool = False) -> str:
    """All tables: what made them, the comparison with the best peer, then set by set."""
    if not cells:
        return "No cell is measured yet.\n"
    lines = [*_made_by(cells, quick), "", *_against_peers(cells), ""]
    for name in SETS:
        if any(name == key[0] for key in cells):
            lines += [*_of_set(cells, name), ""]
    return "\n".join(lines).rstrip() + "\n"


def write(cells: Cells, root: Path = ROOT) -> None:
    """Put the tables into the result's file and into the page of the documentation."""
    text = told(cells)
    (root / RESULT).write_text(text, encoding="utf-8")
    page = root / PAGE
    if page.is_file():
        whole = page.read_text(encoding="utf-8")
        before, _, rest = whole.partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def _made_by(cells: Cells, quick: bool) -> list[str]:
    every = [cell for seeds in cells.values() for cell in seeds]
    packages: dict[str, set[str]] = defaultdict(set)
    for cell in every:
        for name, version in cell["packages"].items():
            packages[name].add(version)
    versions = ", ".join(
        f"{name} {' and '.join(sorted(v))}" for name, v in sorted(packages.items())
    )
    threads = _values(every, "threads")
    seeds = max(len(seeds) for seeds in cells.values())
    given = f"--seeds {seeds} --threads {threads} --minutes {_values(every, 'minutes')}"
    return [
        f'`make bench-accuracy DATA=DATA ARGS="{"--quick" if quick else given}"`',
        "",
        f"{_cpu()}, {threads} thread{'' if threads == '1' else 's'}; "
        f"Python {platform.python_version()}, {versions}.",
        *_not_run(cells, quick),
    ]


def _values(cells: list[Cell], name: str) -> str:
    return " or ".join(sorted({f"{cell[name]:g}" for cell in cells}))


def _not_run(cells: Cells, quick: bool) -> list[str]:
    """What the table lacks, so that nobody takes a gap for a result."""
    lacking = {
        method: [SETS[name].title for name in SETS if (name, method) not in cells]
        for method in (*OURS, *PEERS)
    }
    told = [
        f"{PEERS.get(method, f'`{method}`')} on {'; '.join(names)}"
        for method, names in lacking.items()
        if names
    ]
    return ["", f"Not run: {'. '.join(told)}."] if told and not quick else []


def _cpu() -> str:
    """What the processor calls itself."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    named = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _against_peers(cells: Cells) -> list[str]:
    """Ours against the best peer of each set, on the rows and seeds that both answered."""
    lines = [
        "| set | best peer | "
        + " | ".join(f"`{name}` | minus best peer (95 % interval)" for name in JUDGED)
        + " | SetFit's time / `finetune`'s |",
        "|---" * (3 + 2 * len(JUDGED)) + "|",
    ]
    gaps: dict[str, list[float]] = {name: [] for name in JUDGED}
    for name, described in SETS.items():
        peers = {
            peer: _mean(cells[name, peer], "accuracy") for peer in PEERS if (name, peer) in cells
        }
        if not peers:
            continue
        best = max(peers, key=lambda peer: peers[peer])
        row = [described.title, f"{PEERS[best]} {peers[best]:.4f}"]
        for method in JUDGED:
            gap, words = _gap(cells, name, method, best)
            row += [
                f"{_mean(cells[name, method], 'accuracy'):.4f}" if gap is not None else "–",
                words,
            ]
            if gap is not None:
                gaps[method].append(gap)
        row.append(_times_faster(cells, name))
        lines.append(f"| {' | '.join(row)} |")
    means = [
        f"`{method}` {100 * statistics.mean(found):+.1f} points over {len(found)} {'set' if len(found) == 1 else 'sets'}"
        for method, found in gaps.items()
        if found
    ]
    return [*lines, "", f"Mean difference from the best peer of each set: {'; '.join(means)}."]


def _gap(cells: Cells, name: str, method: str, peer: str) -> tuple[float | None, str]:
    """The difference of accuracies and its interval, in words that judge it."""
    ours = {
        cell["seed"]: unpack(cell["right"], cell["n"]) for cell in cells.get((name, method), [])
    }
    theirs = {cell["seed"]: unpack(cell["right"], cell["n"]) for cell in cells[name, peer]}
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds:
        return None, "–"
    gap, (low, high) = paired_difference([ours[s] for s in seeds], [theirs[s] for s in seeds])
    verdict = "**worse**" if high < 0 else "better" if low > 0 else "no difference shown"
    return gap, f"{gap:+.4f} ({low:+.4f} to {high:+.4f}), {verdict}"


def _times_faster(cells: Cells, name: str) -> str:
    if (name, "setfit") not in cells or (name, "finetune") not in cells:
        return "–"
    theirs = statistics.median(
        cell.get("extrapolated", cell["seconds"]) for cell in cells[name, "setfit"]
    )
    times = theirs / statistics.median(cell["seconds"] for cell in cells[name, "finetune"])
    extrapolated = any("extrapolated" in cell for cell in cells[name, "setfit"])
    missed = "" if times >= FASTER else ", **under 5**"
    return f"{times:,.1f}{' (extrapolated)' if extrapolated else ''}{missed}"


def _of_set(cells: Cells, name: str) -> list[str]:
    shown = [method for method in (*OURS, *PEERS) if (name, method) in cells]
    first = cells[name, shown[0]][0]
    outside = any("auroc" in cell for method in shown for cell in cells[name, method])
    head = ["method", "accuracy", "each seed", "95 % interval", "macro F1", "ECE (95 % interval)"]
    if outside:
        head += ["OOS AUROC (95 % interval)", "OOS recall at 5 % false alarms"]
    head += ["training seconds", "how"]
    size = f"{first['rows']:,} training rows, {first['labels']} labels, {first['n']:,} test rows"
    size += f", {first['outside']:,} rows outside" if outside else ""
    lines = [f"### {SETS[name].title}", "", f"{size}.", "", f"| {' | '.join(head)} |",
             "|---" * len(head) + "|"]  # fmt: skip
    for method in shown:
        seeds = cells[name, method]
        row = [
            f"`{method}`" if method in OURS else PEERS[method],
            f"{_mean(seeds, 'accuracy'):.4f}",
            ", ".join(f"{cell['accuracy']:.4f}" for cell in seeds),
            _interval(seeds[0]["accuracy_ci"]),
            f"{_mean(seeds, 'macro_f1'):.4f}",
            f"{_mean(seeds, 'ece'):.3f} ({_interval(seeds[0]['ece_ci'])})",
        ]
        if outside:
            row += [
                f"{_mean(seeds, 'auroc'):.4f} ({_interval(seeds[0]['auroc_ci'])})",
                f"{_mean(seeds, 'oos_recall'):.3f} ({_interval(seeds[0]['oos_recall_ci'])})",
            ]
        lines.append(f"| {' | '.join([*row, _seconds(seeds), _how(seeds)])} |")
    return lines


def _mean(seeds: list[Cell], figure: str) -> float:
    return statistics.mean(cell[figure] for cell in seeds)


def _interval(ends: list[float]) -> str:
    return f"{ends[0]:.3f}–{ends[1]:.3f}"


def _seconds(seeds: list[Cell]) -> str:
    took = f"{statistics.median(cell['seconds'] for cell in seeds):,.1f}"
    whole = [cell["extrapolated"] for cell in seeds if "extrapolated" in cell]
    if not whole:
        return took
    return f"{took}; the whole schedule {statistics.median(whole):,.0f} (extrapolated)"


def _how(seeds: list[Cell]) -> str:
    """How the first seed was trained, and at its own decision point what a peer refused."""
    first = seeds[0]
    told_of_it = str(first["schedule"])
    if first.get("refused"):
        n, refused = first["n"], first["refused"]
        alarms = sum(row < n for row in refused) / n
        told_of_it += f"; refuses {100 * alarms:.1f} % of the test rows"
        if first.get("outside"):
            caught = sum(row >= n for row in refused) / first["outside"]
            told_of_it += f" and {100 * caught:.1f} % of those outside"
    return told_of_it


def main() -> None:
    """Print the tables of a folder of cells, or write them where they belong."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("cells", type=Path)
    options.add_argument("--write", action="store_true", help=f"into {RESULT} and {PAGE}")
    given = options.parse_args()
    cells = cells_in(given.cells)
    sys.stdout.write(told(cells))
    if given.write:
        write(cells)


if __name__ == "__main__":
    main()
