"""Our grader beside plain math-verify on the labelled answer pairs of the tests.

    python benchmarks/grading.py --out benchmarks/results

math-verify is used as its README shows: ``verify(parse(expected), parse(reply))``. Because it
wants LaTeX between dollars, it is run a second time with every expected answer between them.
Many pairs (units, words around a number, Spanish) are more than it sets out to judge; the
kinds are listed so that a reader can set them aside.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from aprendiz.evaluation.maths.grade import grade_answer

PAIRS = Path(__file__).parents[1] / "tests" / "unit" / "evaluation" / "maths" / "pairs.jsonl"
QUOTED = 25
Pair = dict[str, object]


def ours(reply: str, expected: str) -> bool:
    """What aprendiz says."""
    return grade_answer(reply, expected).right


def plain_math_verify(reply: str, expected: str) -> bool:
    """What math-verify says, called as in its README."""
    from math_verify import parse, verify

    return bool(verify(parse(expected), parse(reply)))


def math_verify_in_dollars(reply: str, expected: str) -> bool:
    """The same with the expected answer between dollars."""
    return plain_math_verify(reply, f"${expected}$")


GRADERS: dict[str, Callable[[str, str], bool]] = {
    "aprendiz": ours,
    "math-verify": plain_math_verify,
    "math-verify, expected in dollars": math_verify_in_dollars,
}


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def measured(
    grader: Callable[[str, str], bool], pairs: list[Pair]
) -> tuple[list[bool], list[float]]:
    """The grader's verdicts and its CPU milliseconds, pair by pair, after one call to warm up."""
    grader("1", "1")
    verdicts, times = [], []
    for pair in pairs:
        begin = time.process_time()
        verdicts.append(grader(str(pair["reply"]), str(pair["expected"])))
        times.append(1000 * (time.process_time() - begin))
    return verdicts, times


def quoted(pairs: list[Pair]) -> list[str]:
    """Some of the pairs as lines of a list, evenly drawn."""
    step = max(1, len(pairs) // QUOTED)
    return [f"- `{pair['reply']!r}` for `{pair['expected']!r}`" for pair in pairs[::step][:QUOTED]]


def main() -> None:
    """Measure and print the page."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=Path, default=PAIRS)
    options.add_argument("--out", type=Path, help="folder for grading.md")
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    pairs = [json.loads(line) for line in given.pairs.read_text(encoding="utf-8").splitlines()]
    right = sum(pair["right"] for pair in pairs)
    lines = [
        "`python benchmarks/grading.py`",
        "",
        f"{cpu()}; Python {platform.python_version()}, math-verify {version('math-verify')}, "
        f"sympy {version('sympy')}",
        "",
        f"{len(pairs)} pairs: {right} right answers, {len(pairs) - right} wrong ones.",
        "",
        "| grader | false right | false wrong | CPU time a pair, median | longest |",
        "|---|---|---|---|---|",
    ]
    faults: dict[str, tuple[list[Pair], list[Pair]]] = {}
    for name, grader in GRADERS.items():
        verdicts, times = measured(grader, pairs)
        told = list(zip(pairs, verdicts, strict=True))
        false_right = [pair for pair, said in told if said and not pair["right"]]
        false_wrong = [pair for pair, said in told if pair["right"] and not said]
        faults[name] = false_right, false_wrong
        lines.append(
            f"| {name} | {len(false_right)} | {len(false_wrong)} "
            f"| {statistics.median(times):.2f} ms | {max(times):.0f} ms |"
        )
        print(lines[-1], file=sys.stderr)
    lines += ["", "What aprendiz calls wrong although it is right:", ""]
    lines += quoted(faults["aprendiz"][1]) or ["nothing"]
    lines += ["", "What plain math-verify calls right although it is wrong, by kind of pair:", ""]
    kinds = Counter(str(pair["why"]) for pair in faults["math-verify"][0])
    lines += [f"- {kind}: {count}" for kind, count in kinds.most_common()]
    lines += ["", f"{QUOTED} of them, evenly drawn:", "", *quoted(faults["math-verify"][0])]
    page = "\n".join(lines) + "\n"
    print(page)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "grading.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
