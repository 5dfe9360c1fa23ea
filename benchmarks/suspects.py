"""How many planted label errors ``data suspects`` finds, against cleanlab on the same probabilities.

    python benchmarks/suspects.py --data DATA --seeds 3 --out benchmarks/results

DATA is a folder with ``banking77/train.csv``. A twentieth of its labels is flipped, once at
random and once to one of the five labels that are nearest by their centroids, which is
nearer to how people err. Then the labels as they are: the ten that look worst. Prints and
writes Markdown headed by the command, the CPU and the versions that made it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from methods import machine

from aprendiz.data.near import clusters
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.data.repair import Decision
from aprendiz.data.verbatim import write_rows
from aprendiz.evaluation.suspects import rank_suspects, votes
from aprendiz.interfaces import Silence
from aprendiz.methods import catalogue
from aprendiz.repair import find, out_of_fold
from aprendiz.repair.retrain import retrain

FLIPPED = 0.05
FIRST = (0.05, 0.08, 0.10)
LOOKED_AT = 20


def flip(given: np.ndarray, nearest_labels: np.ndarray | None, seed: int) -> np.ndarray:
    """Labels with a twentieth of them changed, to any other label or to a near one."""
    random = np.random.default_rng(seed)
    labels = int(given.max()) + 1
    rows = random.choice(len(given), round(FLIPPED * len(given)), replace=False)
    changed = given.copy()
    if nearest_labels is None:
        changed[rows] = (given[rows] + random.integers(1, labels, len(rows))) % labels
    else:
        picked = random.integers(0, nearest_labels.shape[1], len(rows))
        changed[rows] = nearest_labels[given[rows], picked]
    return changed


def near_labels(vectors: Any, given: np.ndarray, count: int = 5) -> np.ndarray:
    """The labels nearest to each label by the centroids of their embeddings."""
    centroids = np.stack([vectors[given == label].mean(axis=0) for label in range(given.max() + 1)])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    likeness = centroids @ centroids.T
    np.fill_diagonal(likeness, -2)
    return np.argsort(-likeness, axis=1)[:, :count]


def found(order: np.ndarray, wrong: np.ndarray) -> list[float]:
    """Recall and precision within each share of ``FIRST``."""
    figures = []
    for share in FIRST:
        first = order[: round(share * len(wrong))]
        figures += [wrong[first].sum() / wrong.sum(), wrong[first].mean()]
    return figures


class Bench:
    """Banking77 with its vectors and neighbours, which no flip changes."""

    def __init__(self, file: Path, method: str) -> None:
        self.rows = read_examples(file).examples
        self.recipe = catalogue.choose_recipe(method)
        texts = [row.text for row in self.rows]
        self.cluster = clusters(texts)
        self.vectors = out_of_fold.vectors_of(texts, self.recipe, Silence())
        self.places, self.similarity = out_of_fold.nearest(self.vectors, LOOKED_AT, Silence())
        self.labels = sorted({row.label for row in self.rows})
        self.given = np.array([self.labels.index(row.label) for row in self.rows])

    def judge(self, given: np.ndarray) -> out_of_fold.OutOfFold:
        """Out-of-fold probabilities for these labels."""
        rows = self.labelled(given)
        fold = out_of_fold.fold_of(rows, self.cluster, self.recipe.seed)
        return out_of_fold.out_of_fold(rows, self.vectors, fold, self.recipe, Silence())

    def labelled(self, given: np.ndarray) -> list[Example]:
        """The rows with these labels."""
        return [
            replace(row, label=self.labels[number])
            for row, number in zip(self.rows, given, strict=True)
        ]

    def measure(self, given: np.ndarray) -> dict[str, list[float]]:
        """Recall and precision of each order, and of each verdict, where labels were flipped."""
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores

        wrong = given != self.given
        told = self.judge(given).probabilities
        voters = find._voters(np.asarray(self.cluster), self.places)
        voted = votes(voters, self.similarity, given, len(self.labels))
        ours = rank_suspects(told, given, voted)
        figures = {"aprendiz": found(ours.order, wrong)}
        for name in ("self_confidence", "normalized_margin"):
            quality = get_label_quality_scores(given, told, method=name)
            figures[f"cleanlab {name}"] = found(np.argsort(quality, kind="stable"), wrong)
        issues = find_label_issues(given, told, return_indices_ranked_by="self_confidence")
        for name, flagged in (("aprendiz", np.flatnonzero(ours.confident)), ("cleanlab", issues)):
            hits = wrong[flagged]
            figures[f"{name}: counted as wrong"] = [
                len(flagged), hits.sum() / wrong.sum(), hits.mean()
            ]  # fmt: skip
        return figures

    def worst(self, count: int) -> list[find.Suspect]:
        """What looks worst in the labels as they are."""
        judgement = self.judge(self.given)
        return list(
            find.rank(
                self.rows, "train.csv", self.recipe.method, judgement, self.cluster,
                self.places, self.similarity, count,
            ).found
        )  # fmt: skip


def repaired(bench: Bench, test: Path, seed: int) -> str:
    """What it brings to put right the errors met in the first 8 %, by the true labels."""
    given = flip(bench.given, None, seed)
    rows = bench.labelled(given)
    suspects = find.rank(
        rows, "flipped", bench.recipe.method, bench.judge(given), bench.cluster,
        bench.places, bench.similarity, round(0.08 * len(rows)),
    ).found  # fmt: skip
    truth = {row.line: row.label for row in bench.rows}
    decisions = (
        Decision("relabel", each.text, each.label, truth[each.line], each.line)
        for each in suspects
        if truth[each.line] != each.label
    )
    with tempfile.TemporaryDirectory() as folder:
        flipped, patch = Path(folder) / "flipped.jsonl", Path(folder) / "patch.jsonl"
        write_rows(flipped, rows, None)
        # A text may stand in the file twice with one label; each decision is about all of them.
        unique = {each.row: each for each in decisions}
        lines = (json.dumps(each.as_dict()) for each in unique.values())
        patch.write_text("\n".join(lines) + "\n", encoding="utf-8")
        told = retrain(str(flipped), patch, test=str(test), method=bench.recipe.method)
    return f"{len(unique)} rows relabelled: {told.change.in_words()}".replace("\n", "; ")


def table(method: str, kind: str, figures: list[dict[str, list[float]]]) -> list[str]:
    """Means over the seeds, and each seed for the recall within 8 %."""
    lines = [
        "",
        f"### `{method}`, flipped {kind}",
        "",
        "| order | recall in 5 % | precision | recall in 8 % (each seed) | recall in 10 % | precision |",
        "|---|---|---|---|---|---|",
    ]
    counted = []
    for name in figures[0]:
        seeds = np.array([each[name] for each in figures])
        mean = seeds.mean(axis=0)
        if "counted" in name:
            counted.append(
                f"{name}: {mean[0]:.0f} rows, recall {mean[1]:.3f}, precision {mean[2]:.3f}."
            )
            continue
        each = ", ".join(f"{recall:.3f}" for recall in seeds[:, 2])
        lines.append(
            f"| {name} | {mean[0]:.3f} | {mean[1]:.3f} | **{mean[2]:.3f}** ({each}) "
            f"| {mean[4]:.3f} | {mean[5]:.3f} |"
        )
    return [*lines, "", *counted]


def main() -> None:
    """Run the benchmark named on the command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--methods", default="probe,tfidf")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--out", type=Path)
    given = options.parse_args()

    lines = [
        f"`python benchmarks/suspects.py --data DATA --methods {given.methods} "
        f"--seeds {given.seeds}`",
        "",
        f"{machine()}, cleanlab {version('cleanlab')}",
        "",
        "Banking77, 10,003 training rows, 77 labels; 500 labels flipped; means of the seeds.",
    ]
    worst: list[find.Suspect] = []
    brought = ""
    for method in given.methods.split(","):
        bench = Bench(given.data / "banking77" / "train.csv", method)
        if method == "probe":
            near = near_labels(bench.vectors, bench.given)
            worst = bench.worst(10)
            brought = repaired(bench, given.data / "banking77" / "test.csv", 0)
        for kind, targets in (("at random", None), ("to one of the five nearest labels", near)):
            figures = []
            for seed in range(given.seeds):
                figures.append(bench.measure(flip(bench.given, targets, seed)))
                print(method, kind, seed, figures[-1], file=sys.stderr)
            lines += table(method, kind, figures)
    lines += ["", "### What the repair brings", ""]
    lines += [f"First 8 % of the suspects, random flips, first seed, `probe`, test set. {brought}"]
    lines += ["", "### The labels as they are: the ten that look worst", ""]
    lines += ["| line | text | label | suggested | why |", "|---|---|---|---|---|"]
    for each in worst:
        text = each.text.replace("|", "\\|")
        lines.append(
            f"| {each.line} | {text} | `{each.label}` | `{each.suggested}` | {each.reason} |"
        )
    told = "\n".join(lines) + "\n"
    print(told)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "suspects-banking77.md").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main()
