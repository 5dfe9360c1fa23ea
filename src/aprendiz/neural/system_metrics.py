"""How busy this machine is right now: processor, memory, and NVIDIA GPUs where there are any.

Not a monitor with a thread of its own: callers decide when to look.
"""

from __future__ import annotations

import functools
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

try:
    import pynvml
except ImportError:  # not even the binding: then there is no GPU to speak of
    pynvml = None

_MEGABYTE = 1_000_000


def sample_system() -> dict[str, float]:
    """One look at the machine, as figures for a run.

    Returns:
        ``system/cpu_percent`` (all cores, since the last look), ``system/memory_percent``
        (whole machine), ``system/process_rss_mb`` (this process; MB are 10⁶ bytes) and,
        for each GPU *i* that NVML shows, those of ``system/gpu{i}_percent``,
        ``system/gpu{i}_memory_mb``, ``system/gpu{i}_memory_percent`` and
        ``system/gpu{i}_celsius`` that it can tell.
    """
    figures = {
        "system/cpu_percent": _cpu.percent(),
        "system/memory_percent": psutil.virtual_memory().percent,
        "system/process_rss_mb": _this_process().memory_info().rss / _MEGABYTE,
    }
    for number, handle in enumerate(_gpus()):
        figures |= {f"system/gpu{number}_{name}": told for name, told in _look_at(handle).items()}
    return figures


class PeakMemory:
    """The most memory that a piece of work had; use it with ``with``.

    On a GPU, what torch had allocated there. On a CPU, the resident memory of this process,
    libraries included; where the system cannot start the measure afresh (only Linux can), the
    peak since the process began.

    Attributes:
        bytes: the peak; 0 until the work has ended.
    """

    def __init__(self, device: str) -> None:
        self._on_gpu = device.startswith("cuda")
        self.bytes = 0

    def __enter__(self) -> PeakMemory:
        if self._on_gpu:
            _torch().cuda.reset_peak_memory_stats()
        else:
            with suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")  # see proc(5): VmHWM starts again
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = _torch().cuda.max_memory_allocated() if self._on_gpu else _peak_resident()


def _torch() -> Any:
    import torch

    return torch


def _peak_resident() -> int:
    """Highest resident memory of this process, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class _Cpu:
    """Processor load since the last look; two looks at once would leave nothing to measure."""

    shortest = 0.1  # seconds; the clock ticks that psutil counts are 0.01 s

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._percent = psutil.cpu_percent(interval=None)

    def percent(self) -> float:
        now = time.monotonic()
        if now - self._looked >= self.shortest:
            self._looked = now
            self._percent = psutil.cpu_percent(interval=None)
        return self._percent


_cpu = _Cpu()


@functools.cache
def _this_process() -> psutil.Process:
    return psutil.Process()


@functools.cache
def _gpus() -> tuple[Any, ...]:
    """NVML's handles of all GPUs; empty without GPU, driver or binding."""
    if pynvml is None:
        return ()
    try:
        pynvml.nvmlInit()
        return tuple(
            pynvml.nvmlDeviceGetHandleByIndex(number)
            for number in range(pynvml.nvmlDeviceGetCount())
        )
    except pynvml.NVMLError:
        return ()


def _look_at(handle: Any) -> dict[str, float]:
    """What a GPU can tell: passively cooled and partitioned (MIG) ones refuse some of it."""
    told: dict[str, float] = {}

    def ask(read: Callable[[], dict[str, float]]) -> None:
        with suppress(pynvml.NVMLError):
            told.update(read())

    def memory() -> dict[str, float]:
        found = pynvml.nvmlDeviceGetMemoryInfo(handle)
        return {
            "memory_mb": found.used / _MEGABYTE,
            "memory_percent": 100.0 * found.used / found.total,
        }

    ask(lambda: {"percent": float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)})
    ask(memory)
    ask(
        lambda: {
            "celsius": float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))
        }
    )
    return told
