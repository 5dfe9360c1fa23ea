"""What this machine's processor offers: how many cores we may use, and which arithmetic.

Reads /proc and the control group; where they are missing it believes the operating system.
"""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

from aprendiz.settings import get_settings

#: Any of these multiplies bytes exactly, and bf16 natively.
INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}


def cores(root: Path = Path("/")) -> int:
    """Cores this process may keep busy: its affinity, and no more than its control group's quota.

    ``os.cpu_count()`` counts the machine's, which in a container is too many: threads that
    get no core wait for each other.

    Args:
        root: where /proc and /sys are found.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = _quota(root)
    return max(1, min(allowed, math.ceil(quota))) if quota else allowed


def threads(asked: int | None = None) -> int:
    """Threads for an engine: those asked for, else ``APRENDIZ_THREADS``, else all cores."""
    return asked or get_settings().threads or cores()


@cache
def flags() -> frozenset[str]:
    """The processor's features as Linux names them; empty where nobody says."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = (line.split(":", 1) for line in told.splitlines() if ":" in line)
    return frozenset(
        flag
        for name, value in lines
        if name.strip() in {"flags", "Features"}
        for flag in value.split()
    )


def multiplies_int8() -> bool:
    """Whether products of bytes are summed in 32 bits.

    Older processors sum pairs in 16 bits, where large values saturate, that is: are wrong.
    """
    return bool(flags() & INT8)


def multiplies_bf16() -> bool:
    """Whether bf16 is computed natively; without it, it is emulated and slow."""
    return bool(flags() & BF16)


def _quota(root: Path) -> float | None:
    """Cores of the tightest control group above this process, v2 or v1; None if unlimited."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found: list[float] = []
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        group = mount / place.lstrip("/")
        # In a container the path may be the host's; then its own group is the mount itself.
        for folder in {mount, group, *group.parents}:
            if folder.is_relative_to(mount):
                found += _limit(folder)
    return min(found, default=None)


def _limit(folder: Path) -> list[float]:
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="utf-8").strip()
            period = (folder / "cpu.cfs_period_us").read_text(encoding="utf-8").strip()
        return [] if quota in {"max", "-1"} else [int(quota) / int(period)]
    except (OSError, ValueError):
        return []
