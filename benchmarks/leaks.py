"""What leaks do to a score: how many test rows were learnt, and accuracy with and without them.

    python benchmarks/leaks.py --data DATA --out benchmarks/results

DATA is a folder with ``banking77/train.csv``, ``banking77/test.csv`` and so on. Leaks are
found by ``aprendiz data check``; the ``probe`` method is trained once a set and measured on
the leaky and on the clean test rows. Ten near leaks are quoted, drawn evenly from all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from aprendiz import workflow
from aprendiz.data.examine import Question, examine
from aprendiz.data.records import Finding
from aprendiz.evaluation.intervals import wilson

SETS = {
    "banking77": "train.csv",
    "clinc150": "train.csv",
    "snips": "train.csv",
    "multilingual_tod_es": "train.csv",
    "sst2": "train.csv",
    "ag_news": "train.csv.gz",
}
QUOTED = 10


def main() -> None:
    """Measure every set and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--method", default="probe")
    parser.add_argument("--out", type=Path, help="folder for leaks.md")
    wanted = parser.parse_args()
    lines = [
        f"`python benchmarks/leaks.py --data DATA --set {' '.join(wanted.set)}`",
        "",
        "| set | test rows | exact leaks | near leaks | errors | warnings "
        f"| {wanted.method}: exact leaks | near leaks | clean rows | all rows |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    quoted: list[str] = []
    for name in wanted.set:
        train, test = wanted.data / name / SETS[name], wanted.data / name / "test.csv"
        diagnosis = examine(Question([str(train)], [str(test)]))
        kinds = Counter[str]()
        for finding in diagnosis.findings:
            kinds[finding.severity] += finding.count
        near = [each for each in diagnosis.findings if each.kind == "near_leak"]
        exact = [each for each in diagnosis.findings if each.kind == "leak"]
        scores = measured(train, test, wanted.method, exact, near)
        lines.append(
            f"| {name} | {len(diagnosis.readings[1][1].examples):,} | {len(exact)} | {len(near)} "
            f"| {kinds['error']} | {kinds['warning']:,} | {' | '.join(scores)} |"
        )
        quoted += [f"{name}: {each.message}" for each in near]
        print(lines[-1], file=sys.stderr)
    lines += ["", "Accuracy with its 95 % interval (Wilson) and the rows it is of.", ""]
    step = max(1, len(quoted) // QUOTED)
    lines += ["Ten of the near leaks:", ""]
    lines += [f"- {text.replace(str(wanted.data), 'DATA')}" for text in quoted[::step][:QUOTED]]
    page = "\n".join(lines) + "\n"
    print(page)
    if wanted.out:
        (wanted.out / "leaks.md").write_text(page, encoding="utf-8")


def measured(
    train: Path, test: Path, method: str, exact: list[Finding], near: list[Finding]
) -> list[str]:
    """Accuracy on the leaky rows, the near-leaky rows, the clean rows and all, in words."""
    from aprendiz.data.read import read_examples

    with tempfile.TemporaryDirectory() as folder:
        result = workflow.train(
            train, test=test, method=method, out=Path(folder) / "m", track=False
        )
        assert result.folder is not None
        model = workflow.load(result.folder)
        rows = read_examples(test).examples
        answers = model.predict([row.text for row in rows])
    right = {row.line: answer.label == row.label for row, answer in zip(rows, answers, strict=True)}
    exactly, nearly = ({finding.line for finding in some} for some in (exact, near))
    groups = (exactly, nearly, right.keys() - exactly - nearly, right.keys())
    return [_accuracy([right[line] for line in sorted(group)]) for group in groups]


def _accuracy(right: list[bool]) -> str:
    if not right:
        return "–"
    low, high = wilson(sum(right), len(right))
    return f"{sum(right) / len(right):.3f} ({low:.3f}–{high:.3f}, {len(right):,})"


if __name__ == "__main__":
    main()
