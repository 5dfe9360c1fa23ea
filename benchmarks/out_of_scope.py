"""Which detector tells texts about the labels from texts about none of them: CLINC150, a table.

    python benchmarks/out_of_scope.py --data DATA --sets train_10shot,train_small,train \
        --methods tfidf,probe,finetune --out benchmarks/results

DATA is a folder with ``clinc150/``. Every detector reads the same embeddings and logits of the
same model, so that a row of the table differs from the next in the detector alone. ``--keep``
names a folder where those arrays are kept between runs. Prints and writes Markdown headed by
the command, the CPU and the versions that made it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from methods import machine
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression

from aprendiz import workflow
from aprendiz.data.dataset import Dataset
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.data.split import split
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.metrics import Evaluation
from aprendiz.evaluation.scope import auroc
from aprendiz.interfaces import Silence, Workspace
from aprendiz.methods import catalogue
from aprendiz.tracking.memory import MemoryRun

PARTS = ("train", "held", "test", "outside_train", "outside_test")
FALSE_ALARMS = 0.05
FOLDS = 5


@dataclass(frozen=True)
class Vectors:
    """What one model says of every row: embeddings (n, width), logits (n, k), truth (n,)."""

    embeddings: dict[str, np.ndarray]
    logits: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]
    temperature: float


def rows_of(folder: Path, name: str) -> tuple[Example, ...]:
    """The rows of one file."""
    return read_examples(folder / "clinc150" / f"{name}.csv").examples


def embed_everything(folder: Path, name: str, method: str, seed: int) -> Vectors:
    """Train one model and embed every part with it."""
    everything = rows_of(folder, name)
    # A fine-tuned network has seen its training rows: only held-out ones can set a scale.
    train, held = split(everything, 0.2 if method == "finetune" else 0.0, seed)
    dataset = Dataset.of(train, held)
    parts = {
        "train": train,
        "held": held,
        "test": rows_of(folder, "test"),
        "outside_train": rows_of(folder, "oos_train"),
        "outside_test": rows_of(folder, "oos_test"),
    }
    with tempfile.TemporaryDirectory() as work:
        files, checkpoints = Path(work) / "files", Path(work) / "checkpoints"
        files.mkdir()
        checkpoints.mkdir()
        recipe = catalogue.choose_recipe(method, {"seed": seed})
        catalogue.trainer(method)(
            dataset, recipe, Workspace(files, checkpoints, False, MemoryRun(), Silence())
        )
        embed = _tfidf(files, dataset) if method == "tfidf" else _encoder(files, dataset)
        told = {part: embed([row.text for row in rows]) for part, rows in parts.items() if rows}
    truth = {
        part: np.array([dataset.index.get(row.label, -1) for row in rows])
        for part, rows in parts.items()
    }
    return Vectors(
        {part: each[0] for part, each in told.items()},
        {part: each[1] for part, each in told.items()},
        truth,
        1.0,
    )


def _encoder(files: Path, dataset: Dataset) -> Callable[[Sequence[str]], Any]:
    import torch

    from aprendiz.neural import encoder
    from aprendiz.neural.tokenize import TextEncoder

    settings = json.loads((files / encoder.SETTINGS).read_text())
    network = encoder._pooled_network(files, settings, len(dataset.labels)).eval()
    texts = TextEncoder.from_file(files / "tokenizer.json", settings["max_length"], settings["pad"])

    def embed(rows: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        vectors = encoder.run_batched(network.embed, texts.encode(rows), texts.pad, "cpu")
        with torch.inference_mode():
            return vectors, network.head(torch.from_numpy(vectors)).numpy()

    return embed


def _tfidf(files: Path, dataset: Dataset) -> Callable[[Sequence[str]], Any]:
    from aprendiz.methods.tfidf.predict import load

    model = load(files, dataset.labels)

    def embed(rows: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        matrix = model._kinds.transform(rows)
        return np.zeros((len(rows), 0)), np.asarray(matrix @ model._weight.T) + model._bias

    return embed


def kept(folder: Path | None, key: str, make: Callable[[], Vectors]) -> Vectors:
    """The vectors of an earlier run, or new ones."""
    if folder is None:
        return make()
    path = folder / f"{key}.npz"
    if not path.is_file():
        told = make()
        arrays = {
            f"{kind}.{part}": array
            for kind in ("embeddings", "logits", "truth")
            for part, array in getattr(told, kind).items()
        }
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)
    with np.load(path) as arrays:
        found: dict[str, dict[str, np.ndarray]] = {"embeddings": {}, "logits": {}, "truth": {}}
        for name in arrays:
            kind, part = name.split(".")
            found[kind][part] = arrays[name]
    return Vectors(found["embeddings"], found["logits"], found["truth"], 1.0)


# Detectors. Each is fitted on in-scope rows and gives a score that is higher inside.

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scaled to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def means_of(vectors: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The mean of each label's vectors."""
    return np.stack([vectors[truth == label].mean(axis=0) for label in range(truth.max() + 1)])


def max_probability(*_: Any) -> Score:
    """Hendrycks and Gimpel 2017."""
    return lambda _vectors, logits: softmax(logits).max(axis=1)


def max_logit(*_: Any) -> Score:
    """Hendrycks et al. 2022."""
    return lambda _vectors, logits: logits.max(axis=1)


def energy(*_: Any) -> Score:
    """Liu et al. 2020: the logarithm of the sum of exp(logits)."""

    def score(_vectors: np.ndarray, logits: np.ndarray) -> np.ndarray:
        most = logits.max(axis=1)
        return most + np.log(np.exp(logits - most[:, None]).sum(axis=1))

    return score


def nearest(count: int) -> Callable[[np.ndarray, np.ndarray], Score]:
    """Sun et al. 2022: likeness to the k-th nearest training row."""

    def fit(vectors: np.ndarray, truth: np.ndarray) -> Score:
        known = unit(vectors)

        def score(query: np.ndarray, _logits: np.ndarray) -> np.ndarray:
            told = []
            for start in range(0, len(query), 1000):
                alike = unit(query[start : start + 1000]) @ known.T
                told.append(np.partition(alike, -count, axis=1)[:, -count])
            return np.concatenate(told)

        return score

    return fit


def class_mean(vectors: np.ndarray, truth: np.ndarray) -> Score:
    """Cosine to the nearest label's mean."""
    centres = unit(means_of(vectors, truth))
    return lambda query, _logits: (unit(query) @ centres.T).max(axis=1)


def _whitened(vectors: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centres = means_of(vectors, truth)
    shared = LedoitWolf(assume_centered=True).fit(vectors - centres[truth]).covariance_
    values, directions = np.linalg.eigh(shared)
    return centres, directions / np.sqrt(np.maximum(values, 1e-9))


def mahalanobis(vectors: np.ndarray, truth: np.ndarray) -> Score:
    """Lee et al. 2018: the nearest label's mean, with one covariance for all labels."""
    centres, whiten = _whitened(vectors, truth)
    white = centres @ whiten

    def score(query: np.ndarray, _logits: np.ndarray) -> np.ndarray:
        points = query @ whiten
        far = (points**2).sum(1)[:, None] - 2 * points @ white.T + (white**2).sum(1)
        return -far.min(axis=1)

    return score


def relative_mahalanobis(vectors: np.ndarray, truth: np.ndarray) -> Score:
    """Ren et al. 2021: the same, less the distance to a single Gaussian of all rows."""
    near = mahalanobis(vectors, truth)
    middle = vectors.mean(axis=0)
    shared = LedoitWolf(assume_centered=True).fit(vectors - middle).covariance_
    values, directions = np.linalg.eigh(shared)
    whiten = directions / np.sqrt(np.maximum(values, 1e-9))

    def score(query: np.ndarray, logits: np.ndarray) -> np.ndarray:
        return near(query, logits) + (((query - middle) @ whiten) ** 2).sum(axis=1)

    return score


ON_LOGITS: dict[str, Callable[..., Score]] = {
    "largest probability": max_probability,
    "largest logit": max_logit,
    "energy": energy,
}
ON_VECTORS: dict[str, Callable[[np.ndarray, np.ndarray], Score]] = {
    "nearest row": nearest(1),
    "3rd nearest row": nearest(3),
    "nearest label mean": class_mean,
    "Mahalanobis": mahalanobis,
    "relative Mahalanobis": relative_mahalanobis,
}


def recall_at(inside: np.ndarray, outside: np.ndarray) -> float:
    """Share of rows outside that are found when a twentieth of those inside is refused."""
    return float((outside < np.quantile(inside, FALSE_ALARMS)).mean())


def with_rows(told: Vectors, outside: np.ndarray) -> dict[str, Score]:
    """Detectors that have seen rows outside, given as their embeddings."""
    vectors, truth = told.embeddings["train"], told.truth["train"]
    labels = int(truth.max()) + 1
    everything = np.concatenate([vectors, outside])
    kinds = np.concatenate([truth, np.full(len(outside), labels)])
    told_apart = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced")
    told_apart.fit(everything, kinds < labels)
    extra = LogisticRegression(C=10.0, max_iter=1000).fit(everything, kinds)

    def binary(query: np.ndarray, _logits: np.ndarray) -> np.ndarray:
        return told_apart.decision_function(query)

    def extra_class(query: np.ndarray, _logits: np.ndarray) -> np.ndarray:
        scores = extra.decision_function(query)
        most = scores[:, :labels].max(axis=1)
        inside = most + np.log(np.exp(scores[:, :labels] - most[:, None]).sum(axis=1))
        return inside - scores[:, labels]

    found = {"extra class": extra_class, "binary": binary}
    energies = energy()
    part = "held" if "held" in told.embeddings else "train"
    spreads = [each(told.embeddings[part], told.logits[part]).std() for each in (energies, binary)]
    for trust in (0.25, 0.5):

        def trusted(query: np.ndarray, logits: np.ndarray, trust: float = trust) -> np.ndarray:
            plane = binary(query, logits) / spreads[1]
            return energies(query, logits) / spreads[0] + trust * plane

        found[f"energy + {trust:g} binary"] = trusted
    for name in COMBINED:
        found[f"binary + {name}"] = together(
            binary, {**ON_LOGITS, **ON_VECTORS}[name](vectors, truth), told
        )
    return found


COMBINED = ("largest logit", "energy", "nearest row", "Mahalanobis", "relative Mahalanobis")


def together(one: Score, other: Score, told: Vectors) -> Score:
    """The sum of two scores, each in its own spread over rows inside."""
    part = "held" if "held" in told.embeddings else "train"
    spreads = [score(told.embeddings[part], told.logits[part]).std() for score in (one, other)]
    return lambda query, logits: one(query, logits) / spreads[0] + other(query, logits) / spreads[1]


def shipped(folder: Path, name: str, method: str, seed: int, outside: bool) -> Evaluation:
    """What the product says of itself: trained, and measured on both test files together."""
    with tempfile.TemporaryDirectory() as work:
        train = mixed(folder, (name, "oos_train")[: 1 + outside], Path(work) / "train.jsonl")
        test = mixed(folder, ("test", "oos_test"), Path(work) / "test.jsonl")
        result = workflow.train(
            train,
            test=test,
            out=Path(work) / "model",
            recipe={"method": method, "seed": seed},
            track=False,
        )
        size = Path(work) / "model" / "scope.safetensors"
        print(f"{size.stat().st_size if size.is_file() else 0} bytes", file=sys.stderr)
    assert isinstance(result.evaluation, Evaluation)
    return result.evaluation


def mixed(folder: Path, names: Sequence[str], path: Path) -> Path:
    """Several files as one."""
    with path.open("w", encoding="utf-8") as stream:
        for name in names:
            for row in rows_of(folder, name):
                stream.write(json.dumps({"text": row.text, "label": row.label}) + "\n")
    return path


def compared(given: argparse.Namespace) -> list[str]:
    """Each detector on each model: AUROC, and recall at a twentieth of false alarms."""
    columns: list[str] = []
    cells: dict[str, dict[str, str]] = {}
    for method in given.methods.split(","):
        for name in given.sets.split(","):
            told = kept(
                given.keep,
                f"{name}-{method}-{given.seed}",
                lambda name=name, method=method: embed_everything(
                    given.data, name, method, given.seed
                ),
            )
            right = told.logits["test"].argmax(axis=1) == told.truth["test"]
            column = f"{method}, {name} ({right.mean():.3f})"
            columns.append(column)
            for detector, score in detectors(told, method).items():
                inside, outside = (
                    score(told.embeddings[part], told.logits[part])
                    for part in ("test", "outside_test")
                )
                area, recall = auroc(inside, outside)[0], recall_at(inside, outside)
                cells.setdefault(detector, {})[column] = f"{area:.3f} / {recall:.2f}"
                print(column, detector, cells[detector][column], file=sys.stderr, flush=True)
    lines = [f"| detector | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for detector, told in cells.items():
        lines.append(f"| {detector} | {' | '.join(told.get(each, '–') for each in columns)} |")
    return lines


def detectors(told: Vectors, method: str) -> dict[str, Score]:
    """Every detector, fitted to this model's training rows."""
    kinds = ON_LOGITS if method == "tfidf" else {**ON_LOGITS, **ON_VECTORS}
    scores = {
        name: fit(told.embeddings["train"], told.truth["train"]) for name, fit in kinds.items()
    }
    if method == "tfidf":
        return scores
    for other in ("Mahalanobis", "relative Mahalanobis", "nearest row"):
        scores[f"energy + {other}"] = together(scores["energy"], scores[other], told)
    return scores | with_rows(told, told.embeddings["outside_train"])


def as_shipped(given: argparse.Namespace) -> list[str]:
    """The product's own detector, at its own threshold, with and without rows outside."""
    lines = [
        "| model | rows outside learnt from | in-scope accuracy | AUROC | recall at 5 % "
        "| found, at the model's own threshold | false alarms | wrongly answered |",
        "|---" * 8 + "|",
    ]
    for method in given.methods.split(","):
        for name in given.sets.split(","):
            for outside in (False, True):
                told = shipped(given.data, name, method, given.seed, outside)
                assert told.scope is not None
                scope = told.scope
                lines.append(
                    f"| {method}, {name} | {100 * outside} | {told.accuracy:.3f} ({span(told.accuracy_ci)}) "
                    f"| {scope.auroc:.3f} ({span(scope.auroc_ci)}) | {scope.recall_at_5:.3f} "
                    f"| {scope.recall:.3f} ({span(scope.recall_ci)}) | {scope.false_alarms:.3f} "
                    f"({span(scope.false_alarms_ci)}) | {scope.answered:.3f} ({span(scope.answered_ci)}) |"
                )
                print(lines[-1], file=sys.stderr, flush=True)
    return lines


def span(interval: tuple[float, float]) -> str:
    """An interval in a cell."""
    return f"{interval[0]:.3f}–{interval[1]:.3f}"


def main() -> None:
    """Run the benchmark named on the command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--sets", default="train_10shot,train_small,train")
    options.add_argument("--methods", default="tfidf,probe,finetune")
    options.add_argument("--seed", type=int, default=13)
    options.add_argument("--table", choices=["compared", "shipped", "both"], default="both")
    options.add_argument("--keep", type=Path)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    lines = [
        f"`python benchmarks/out_of_scope.py --data DATA --sets {given.sets} "
        f"--methods {given.methods} --seed {given.seed} --table {given.table}`",
        "",
        machine(),
    ]
    if given.table != "shipped":
        lines += [
            "",
            "AUROC / recall at 5 % false alarms on these very rows; in-scope accuracy in brackets.",
            "",
        ]
        lines += compared(given)
    if given.table != "compared":
        lines += ["", "As shipped, with 95 % intervals:", "", *as_shipped(given)]
    table = "\n".join(lines) + "\n"
    print(table)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "out-of-scope.md").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
