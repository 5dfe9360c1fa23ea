"""What a run of an assistant project says at its end, read from what the steps have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aprendiz.artifact import manifest as manifests
from aprendiz.projects.assistant import learning, measuring
from aprendiz.projects.ledger import Ledger
from aprendiz.report.style import percent, percent_span

_TIMED = ("train", "evaluate", "export")


def closing(output: Path) -> dict[str, Any]:
    """Figures and places, as far as they exist; ``lines`` is the same for a person."""
    told: dict[str, Any] = {}
    lines: list[str] = []
    if (output / measuring.TABLE).is_file():
        table = _read(output / measuring.TABLE)
        told["results"] = _read(output / measuring.RESULTS)
        told["evaluation"] = {"part": "test", **table}
        lines += _figures(table)
    ledger = Ledger(output)
    if seconds := {step: took for step in _TIMED if (took := ledger.seconds_of(step))}:
        told["seconds"] = seconds
        words = ", ".join(f"{step} {took:.0f} s" for step, took in seconds.items())
        lines.append(f"time:     {words}")
    if memory := _peak_memory(output / learning.MODEL):
        told["peak_memory_bytes"] = memory
        lines.append(f"memory:   {memory / 1e6:,.0f} MB at most while training")
    for key, name in (
        ("report", measuring.REPORT),
        ("table", measuring.TABLE_MD),
        ("answers", measuring.ANSWERED),
        ("exports", measuring.EXPORTS),
        ("model", learning.MODEL),
    ):
        if (output / name).exists():
            told[key] = str(output / name)
            lines.append(f"{key + ':':9} {output / name}")
    if "model" in told:
        told["chat"] = f"aprendiz chat {told['model']}"
        lines.append(f"chat:     {told['chat']}")
    return {**told, "lines": lines}


def _figures(table: dict[str, Any]) -> list[str]:
    """Base, tuned and the difference, for each kind of conversation and over all of them."""
    lines = []
    kinds = table.get("by_kind", {})
    base, changes = table["against"], table["difference"]
    for kind in kinds if len(kinds) > 1 else ():
        before, change = base["by_kind"][kind], changes["by_group"][kind]
        lines.append(_line(kind, before, kinds[kind], change))
    return [*lines, _line("all", base, table, changes)]


def _line(name: str, base: dict[str, Any], tuned: dict[str, Any], change: dict[str, Any]) -> str:
    low, high = (100 * end for end in change["change_ci"])
    return (
        f"{name + ':':9} base {_share(base)}, tuned {_share(tuned)}, difference "
        f"{100 * change['change']:+.1f} points ({low:+.1f} to {high:+.1f}), "
        f"{tuned['n']:,} conversations"
    )


def _peak_memory(model: Path) -> int:
    """Most bytes that the training took, as the model folder says; 0 if it does not."""
    if not (model / manifests.NAME).is_file():
        return 0
    return int(manifests.read(model).training.get("peak_memory_bytes") or 0)


def _share(told: dict[str, Any]) -> str:
    return f"{percent(told['exact_match'])} ({percent_span(told['exact_match_ci'])})"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
