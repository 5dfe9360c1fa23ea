"""From measured cells to the tables, as Markdown. Makes them at any time, also of half a run.

    python benchmarks/serving/table.py benchmarks/serving/work/cells [--write]

``--write`` puts them into ``benchmarks/results/serving.md`` between its two marks; what stands
around them there, such as the explanation of a missed target, stays. What the figures say about
the targets is in ``targets.py``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS, NAIVE, PLAIN
from targets import judged
from texts import LENGTHS

ROOT = Path(__file__).resolve().parents[2]
RESULT = "benchmarks/results/serving.md"
BEGIN, END = "<!-- the tables begin -->", "<!-- the tables end -->"
NOT_RUN = "--not-run"
SOAKS = "soaks"
MANY = "c64"

TITLES = {"short": "About 12 tokens", "long": "128 tokens", "mixed": "Mixed lengths"}

Figures = dict[str, Any]


class Cells:
    """Every finished cell of a folder.

    Attributes:
        found: contestant, length and load to the figures, by round.
        reasons: contestant to why it was not run.
        soaks: contestant to what ``soak.py`` saw.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], dict[int, Figures]] = defaultdict(dict)
        self.reasons: dict[str, str] = {}
        self.soaks: dict[str, Figures] = {}

    def values(self, contestant: str, length: str, load: str, figure: str) -> list[float]:
        """A figure in each round that has it."""
        rounds = self.found.get((contestant, length, load), {})
        return [told[figure] for _, told in sorted(rounds.items()) if told.get(figure) is not None]

    def median(self, contestant: str, length: str, load: str, figure: str) -> float | None:
        """A figure's median over the rounds."""
        values = self.values(contestant, length, load, figure)
        return statistics.median(values) if values else None

    def shares(self, contestant: str, length: str, load: str, of: str, of_load: str) -> list[float]:
        """A contestant's rate divided by another's, round by round where both have one."""
        mine = self.found.get((contestant, length, load), {})
        theirs = self.found.get((of, length, of_load), {})
        both = sorted(mine.keys() & theirs.keys())
        return [mine[each]["rate"] / theirs[each]["rate"] for each in both if theirs[each]["rate"]]

    def loads(self, length: str, kind: str) -> list[str]:
        """The loads of a kind (``c`` or ``r``) that anybody has at a length, smallest first."""
        known = {key[2] for key in self.found if key[1] == length and key[2][0] == kind}
        return sorted(known - {PLAIN}, key=lambda load: int(load[1:]))

    def those_with(self, length: str, kind: str) -> list[str]:
        """The contestants that have a load of a kind at a length, in the table's order."""
        having = {key[0] for key in self.found if key[1] == length and key[2][0] == kind}
        return [name for name in CONTESTANTS if name in having]

    def all(self) -> list[Figures]:
        """Every cell."""
        return [told for rounds in self.found.values() for told in rounds.values()]


def cells_in(folder: Path) -> Cells:
    """Read a folder of cells, and the soaks beside it."""
    cells = Cells()
    for file in sorted(folder.glob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        if file.stem.endswith(NOT_RUN):
            cells.reasons[told["contestant"]] = told["reason"]
        else:
            cells.found[told["contestant"], told["length"], told["load"]][told["round"]] = told
    for file in sorted((folder.parent / SOAKS).glob("*.json")):
        cells.soaks[file.stem] = json.loads(file.read_text(encoding="utf-8"))
    return cells


def told(cells: Cells, quick: bool = False) -> str:
    """All tables: what made them, each length, fixed rates, starting, who was not run."""
    if not any(name != PLAIN for name, _, _ in cells.found):
        missing = [f"- {name}: {reason}" for name, reason in sorted(cells.reasons.items())]
        return "\n".join(["No server is measured yet.", *missing]) + "\n"
    lines = [*_made_by(cells, quick), ""]
    for length in LENGTHS:
        if cells.those_with(length, "c"):
            lines += [*_closed(cells, length), ""]
    for length in LENGTHS:
        if cells.those_with(length, "r"):
            lines += [*_rates(cells, length), ""]
    lines += [*_starting(cells), ""]
    if any(name in CONTESTANTS for name in cells.soaks):
        lines += [*_soaks(cells), ""]
    if verdicts := judged(cells):
        lines += ["### Targets", "", *verdicts, ""]
    return "\n".join(lines).rstrip() + "\n"


def write(cells: Cells, root: Path = ROOT, quick: bool = False) -> None:
    """Put the tables between the marks of the result's file."""
    page = root / RESULT
    whole = page.read_text(encoding="utf-8") if page.is_file() else f"{BEGIN}\n{END}\n"
    before, _, rest = whole.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{told(cells, quick)}\n{END}{after}", encoding="utf-8")


def _made_by(cells: Cells, quick: bool) -> list[str]:
    every = cells.all()
    packages: dict[str, set[str]] = defaultdict(set)
    for cell in every:
        for name, version in cell.get("packages", {}).items():
            packages[name].add(version)
    versions = ", ".join(
        f"{name} {' and '.join(sorted(v))}" for name, v in sorted(packages.items())
    )
    rounds = len({cell["round"] for cell in every})
    seconds = statistics.median(cell["seconds"] for cell in every if "seconds" in cell)
    threads = " or ".join(sorted({str(cell["threads"]) for cell in every}))
    makers = sorted({cell["by"] for cell in every if cell["load"][0] == "c" and "by" in cell})
    busy = max(cell["busy"] for cell in every)
    arguments = "--quick" if quick else f"--rounds {rounds} --seconds {seconds:.0f}"
    return [
        f'`make bench-serving DATA=DATA ARGS="{arguments}"`',
        "",
        f"{_cpu()}, threads: {threads}; Python {platform.python_version()}, {versions}. "
        f"{rounds} round{'s' if rounds > 1 else ''}, closed loops by {' and '.join(makers) or '–'}; "
        f"highest load average before or after a measurement {busy:.1f}. "
        "Median of the rounds (least to most).",
    ]


def _cpu() -> str:
    """What the processor calls itself."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    named = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _closed(cells: Cells, length: str) -> list[str]:
    """Clients that ask again as soon as they are answered."""
    loads = cells.loads(length, "c")
    most = MANY if MANY in loads else loads[-1]
    words = next(cell["texts"] for cell in cells.all() if cell["length"] == length)
    head = [
        "server",
        *(f"{load[1:]} client{'s' if load != 'c1' else ''}, requests/s" for load in loads),
        f"p50 · p99 at {most[1:]}, ms",
        f"× system A at {most[1:]}",
        f"÷ plain at {most[1:]}",
        f"CPU ms/request at {most[1:]}",
        "memory, MB",
        "refused · failed",
    ]
    lines = [f"### {TITLES[length]}", "", f"{words}.", "", *_header(head)]
    plain = cells.values(PLAIN, length, PLAIN, "rate")
    if plain:
        cpu = cells.median(PLAIN, length, PLAIN, "cpu_ms")
        row = ["plain ONNX Runtime, no HTTP, batches of 32", *("–" for _ in loads[:-1]),
               f"{_spread(plain)} texts/s", "–", "–", "1", _number(cpu, 2), "–", "–"]  # fmt: skip
        lines.append(_row(row))
    for name in cells.those_with(length, "c"):
        failed = sum(sum(cells.values(name, length, each, "broken")) for each in loads)
        failed += sum(sum(cells.values(name, length, each, "late")) for each in loads)
        refused = sum(sum(cells.values(name, length, each, "refused")) for each in loads)
        row = [
            CONTESTANTS[name].title,
            *(_spread(cells.values(name, length, load, "rate")) for load in loads),
            f"{_number(cells.median(name, length, most, 'p50'))} · "
            f"{_number(cells.median(name, length, most, 'p99'))}",
            _spread(cells.shares(name, length, most, NAIVE, most), 2),
            _spread(cells.shares(name, length, most, PLAIN, PLAIN), 2),
            _number(cells.median(name, length, most, "cpu_ms"), 2),
            _number(cells.median(name, length, most, "pss")),
            f"{refused:,.0f} · {failed:,.0f}",
        ]
        lines.append(_row(row))
    return lines + _absent(cells, len(head))


def _rates(cells: Cells, length: str) -> list[str]:
    """Requests that come whether or not the last ones are answered."""
    loads = cells.loads(length, "r")
    head = ["server", "capacity/s"]
    for load in loads:
        share = f"{load[1:]} %"
        head += [
            f"{share}: answered of capacity", "p50 · p99, ms", "refused", "failed or gave up",
            "slowest health, ms",
        ]  # fmt: skip
    lines = [
        f"### {TITLES[length]}, arrivals at a fixed rate",
        "",
        "Shares of each server's own largest rate above. Times are from when a request was due.",
        "",
        *_header(head),
    ]
    for name in cells.those_with(length, "r"):
        row = [CONTESTANTS[name].title, _number(cells.median(name, length, loads[-1], "capacity"))]
        for load in loads:
            rounds = cells.found.get((name, length, load), {}).values()
            asked = sum(told["requests"] for told in rounds) or 1
            lost = sum(told["broken"] + told["late"] for told in rounds)
            row += [
                _spread([told["rate"] / told["capacity"] for told in rounds], 2),
                f"{_number(cells.median(name, length, load, 'p50'))} · "
                f"{_number(cells.median(name, length, load, 'p99'))}",
                f"{sum(told['refused'] for told in rounds) / asked:.1%}",
                f"{lost / asked:.1%}",
                _number(max(cells.values(name, length, load, "health_max"), default=None)),
            ]
        lines.append(_row(row))
    return lines


def _starting(cells: Cells) -> list[str]:
    """From nothing to the first answer; how far the answers are the model's."""
    lines = ["### Starting", "", *_header(["server", "seconds to the first answer", "processes",
             "answers like the model's"])]  # fmt: skip
    for name, contestant in CONTESTANTS.items():
        mine = [cell for cell in cells.all() if cell["contestant"] == name and "started" in cell]
        if not mine:
            continue
        lines.append(
            _row([
                contestant.title,
                _spread(sorted({cell["started"] for cell in mine}), 1),
                str(max(cell["processes"] for cell in mine)),
                f"{min(cell['alike'] for cell in mine):.0%}",
            ])
        )  # fmt: skip
    return lines + _absent(cells, 4)


def _soaks(cells: Cells) -> list[str]:
    """Memory over a long time, as ``soak.py`` saw it."""
    head = ["server", "minutes", "requests", "failed", "p99, ms", "memory at first, MB",
            "at the end", "last third against middle third"]  # fmt: skip
    lines = ["### A long time at 70 %, mixed lengths", "", *_header(head)]
    for name, contestant in CONTESTANTS.items():
        if seen := cells.soaks.get(name):
            memory = seen["memory"]
            lines.append(
                _row([
                    contestant.title, f"{seen['minutes']:g}", f"{seen['requests']:,}",
                    f"{seen['failed']:,}", _number(seen["p99"]), _number(memory[0]),
                    _number(memory[-1]), f"{seen['growth']:+.1%}",
                ])
            )  # fmt: skip
    return lines


def _absent(cells: Cells, columns: int) -> list[str]:
    """A row for everybody who could not be run, with the reason."""
    measured = {key[0] for key in cells.found}
    return [
        _row([CONTESTANTS[name].title, f"not run: {reason}", *[""] * (columns - 2)])
        for name, reason in sorted(cells.reasons.items())
        if name in CONTESTANTS and name not in measured
    ]


def _header(names: Sequence[str]) -> list[str]:
    return [_row(names), "|---" * len(names) + "|"]


def _row(values: Sequence[str]) -> str:
    return f"| {' | '.join(value.replace('|', '/') for value in values)} |"


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _spread(values: Sequence[float], digits: int = 0) -> str:
    if not values:
        return "–"
    middle = f"{statistics.median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def main() -> None:
    """Print the tables of a folder of cells, or write them where they belong."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("cells", type=Path)
    options.add_argument("--write", action="store_true", help=f"into {RESULT}")
    given = options.parse_args()
    cells = cells_in(given.cells)
    sys.stdout.write(told(cells))
    if given.write:
        write(cells)


if __name__ == "__main__":
    main()
