"""What a finished model costs: how long it takes to answer, its size, and on which machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aprendiz.artifact.manifest import Manifest
from aprendiz.report.comparison import BATCH, Latency
from aprendiz.report.write import NUMBERS, PAGE, PLOTS

Answer = Callable[[Sequence[str]], np.ndarray]

_WARM_UP = 3
_CALLS, _FEWEST_CALLS = 100, 5
_SECONDS = 3.0  # of measuring; slow models are called less often


def latency(answer: Answer, texts: Sequence[str], at_once: int) -> Latency:
    """How long a call takes, after warm-up: the median and the 95th percentile.

    Args:
        answer: gives the probabilities of some texts.
        texts: taken in turn, ``at_once`` for a call; begun again at their end.
        at_once: texts in a call.
    """
    calls = [
        [texts[(call * at_once + number) % len(texts)] for number in range(at_once)]
        for call in range(_CALLS)
    ]
    for some in calls[:_WARM_UP]:
        answer(some)
    taken: list[float] = []
    end = time.perf_counter() + _SECONDS
    for some in calls:
        begin = time.perf_counter()
        if len(taken) >= _FEWEST_CALLS and begin > end:
            break
        answer(some)
        taken.append(1000 * (time.perf_counter() - begin))
    median, late = np.quantile(taken, (0.5, 0.95))
    return Latency(at_once, len(taken), float(median), float(late))


def latencies(answer: Answer, texts: Sequence[str]) -> tuple[Latency, Latency]:
    """Of one text, and of a batch."""
    return latency(answer, texts, 1), latency(answer, texts, BATCH)


def model_bytes(manifest: Manifest) -> int:
    """Size of a model folder without its report."""
    return sum(
        entry.bytes
        for name, entry in manifest.files.items()
        if name not in (PAGE, NUMBERS) and not name.startswith(f"{PLOTS}/")
    )


def price(manifest: Manifest) -> tuple[float | None, str]:
    """What the training cost, in the currency of the recipe's price, or why that is not known."""
    if "job" not in manifest.training:
        return None, "trained on this machine: nobody charges"
    tokens = manifest.training.get("trained_tokens")
    each = manifest.recipe.get("price_per_million_tokens")
    if tokens is None:
        return None, "the service does not say how many tokens it trained on"
    if each is None:
        return None, f"{tokens:,} tokens; the recipe gives no price_per_million_tokens"
    return tokens * each / 1_000_000, f"{tokens:,} tokens at {each:g} a million"


def machine() -> dict[str, Any]:
    """This machine, as far as it decides how long things take."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
