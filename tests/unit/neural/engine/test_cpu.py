"""How many cores a process may use, read from control groups of both versions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aprendiz.neural.engine import cpu

ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def machine(root: Path, group: str, files: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(group)
    for name, content in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("group", "files"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}),
        ("0::/host/path\n", {"cpu.max": "100000 100000\n"}),
        (
            "5:cpu,cpuacct:/box\n4:memory:/box\n",
            {"cpu/box/cpu.cfs_quota_us": "90000\n", "cpu/box/cpu.cfs_period_us": "100000\n"},
        ),
    ],
)
def test_a_quota_of_a_core_or_less_is_one_core(tmp_path, group, files):
    assert cpu.cores(machine(tmp_path, group, files)) == 1


@pytest.mark.parametrize(
    ("group", "files"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}),
        ("5:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}),
        ("0::/\n", {"cpu.max": "not numbers\n"}),
        ("0::/\n", {"cpu.max": "100000000 100000\n"}),
    ],
)
def test_without_a_quota_all_cores_of_the_affinity_count(tmp_path, group, files):
    assert cpu.cores(machine(tmp_path, group, files)) == ALL


def test_without_proc_the_operating_system_is_believed(tmp_path):
    assert cpu.cores(tmp_path) == ALL


def test_threads_are_those_asked_for_then_the_settings(monkeypatch):
    monkeypatch.setenv("APRENDIZ_THREADS", "3")
    assert cpu.threads(5) == 5
    assert cpu.threads() == 3
    monkeypatch.delenv("APRENDIZ_THREADS")
    assert cpu.threads() == cpu.cores()
