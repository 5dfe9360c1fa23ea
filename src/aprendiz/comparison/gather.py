"""From the records of trainings to the comparison: figures over seeds, pairs, the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aprendiz.comparison.cell import Record
from aprendiz.comparison.ledger import MODELS, cell_name
from aprendiz.comparison.measure import machine
from aprendiz.comparison.rows import Rows
from aprendiz.comparison.variants import Variant
from aprendiz.evaluation.compare import Pair, Score, compare_pairs
from aprendiz.evaluation.compare_verdict import Standing, decide
from aprendiz.report.comparison import Compared, Comparison, Failed, Latency, Times

Records = Mapping[str, Mapping[int, Record]]
"""Variant name to seed to what its training gave."""


def gather(
    folder: Path,
    rows: Rows,
    variants: Sequence[Variant],
    seeds: Sequence[int],
    records: Records,
    failed: Sequence[Failed],
    stopped: str,
    *,
    worth: float,
) -> Comparison:
    """Put the records together; at least one training of one variant."""
    done = [each for each in variants if each.name in records]
    dataset = rows.prepared.dataset
    found = pairs({each.name: records[each.name] for each in done}, rows)
    broken = {each.name for each in failed}
    return Comparison(
        folder=folder,
        title=Path(rows.source["data"]).name,
        source=dataset.split,
        data={
            "fingerprint": dataset.fingerprint,
            "train": len(dataset.train),
            "validation": len(dataset.validation),
            "test": len(dataset.test),
            "labels": len(dataset.labels),
        },
        seeds=tuple(seeds),
        machine=machine(),
        methods=tuple(_compared(each, records[each.name]) for each in done),
        pairs=found,
        verdict=decide(standings(records), found, worth=worth),
        failed=tuple(failed),
        not_run=tuple(
            each.name if each.name not in records else f"{each.name} (not every seed)"
            for each in variants
            if len(records.get(each.name, ())) < len(seeds) and each.name not in broken
        ),
        stopped=stopped,
    )


def standings(records: Records) -> list[Standing]:
    """What the verdict needs of each variant."""
    return [
        Standing(
            name,
            _score(trained, "accuracy"),
            _score(trained, "macro_f1"),
            len(trained),
            Times.of([each.seconds for each in trained.values()]).mean,
            _price(trained),
        )
        for name, trained in records.items()
    ]


def pairs(records: Records, rows: Rows) -> tuple[Pair, ...]:
    """Every two variants on the same rows."""
    answers = {
        name: np.array([each.answers for each in trained.values()])
        for name, trained in records.items()
    }
    return compare_pairs(answers, np.array(rows.truth), len(rows.prepared.dataset.labels))


def _compared(variant: Variant, trained: Mapping[int, Record]) -> Compared:
    records = list(trained.values())
    first = records[0]
    memory = [each.peak_memory for each in records if each.peak_memory is not None]
    return Compared(
        name=variant.name,
        method=variant.recipe.method,
        recipe=variant.seeded(next(iter(trained))).model_dump(mode="json"),
        seeds=tuple(trained),
        accuracy=_score(trained, "accuracy"),
        macro_f1=_score(trained, "macro_f1"),
        ece=_score(trained, "ece"),
        seconds=Times.of([each.seconds for each in records]),
        model_bytes=max(each.model_bytes for each in records),
        one=_latency([each.one for each in records]),
        many=_latency([each.many for each in records]),
        peak_memory=max(memory) if len(memory) == len(records) else None,
        device=first.device,
        price=_price(trained),
        price_note=first.price_note,
        model=f"{MODELS}/{cell_name(variant, next(iter(trained)))}",
    )


def _score(trained: Mapping[int, Record], name: str) -> Score:
    told = [each.scores for each in trained.values()]
    return Score.over([each[name] for each in told], [tuple(each[f"{name}_ci"]) for each in told])


def _price(trained: Mapping[int, Record]) -> float | None:
    known = [each.price for each in trained.values() if each.price is not None]
    return sum(known) / len(known) if known else None


def _latency(told: Sequence[Mapping[str, float]]) -> Latency:
    return Latency(
        texts=int(told[0]["texts"]),
        calls=int(sum(each["calls"] for each in told)),
        median_ms=float(np.median([each["median_ms"] for each in told])),
        p95_ms=float(np.median([each["p95_ms"] for each in told])),
    )
