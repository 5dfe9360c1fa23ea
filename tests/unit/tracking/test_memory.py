"""The run in memory, and the journal that outlives its process."""

from __future__ import annotations

import json
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aprendiz.tracking.memory import MemoryRun


def test_history_is_what_was_told_in_order():
    run = MemoryRun()
    run.metrics({"loss": 2.0}, step=1)
    run.metrics({"loss": 1.0, "lr": 0.1}, step=2)
    run.close("finished")
    run.metrics({"loss": 0.0}, step=3)
    assert run.history == [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0, "lr": 0.1}]


@given(st.lists(st.floats(), max_size=5))
def test_only_finite_figures_are_kept_so_that_json_stays_valid(values):
    run = MemoryRun()
    run.metrics({f"m{number}": value for number, value in enumerate(values)}, step=1)
    json.dumps(run.history, allow_nan=False)
    kept = sum(len(entry) - 1 for entry in run.history)
    assert kept == sum(math.isfinite(value) for value in values)


def test_the_first_status_counts():
    run = MemoryRun()
    run.close("killed")
    run.close("finished")
    assert run.status == "killed"


def test_a_resumed_run_gets_its_earlier_history_back(tmp_path: Path):
    journal = tmp_path / "run.json"
    before = MemoryRun(journal)
    before.note(run_id="abc")
    for step in (1, 2, 3):
        before.metrics({"loss": 1 / step}, step)

    after = MemoryRun(journal)
    assert after.notes == {"run_id": "abc"}
    assert after.history == before.history


def test_what_is_learnt_again_after_a_resume_is_not_told_twice(tmp_path: Path):
    journal = tmp_path / "run.json"
    straight = MemoryRun()
    interrupted = MemoryRun(journal)
    for step in range(1, 9):
        for run in (straight, interrupted):
            run.metrics({"loss": 1 / step}, step)
            run.metrics({"cpu": 50.0}, step)
    for checkpoint in (6, 4):  # killed twice, the second time it had gone further back
        interrupted = MemoryRun(journal)
        for step in range(checkpoint + 1, 9):
            interrupted.metrics({"loss": 1 / step}, step)
            interrupted.metrics({"cpu": 50.0}, step)
    assert interrupted.history == straight.history
    assert MemoryRun(journal).history == straight.history


def test_a_line_cut_by_the_kill_costs_only_itself(tmp_path: Path):
    journal = tmp_path / "run.json"
    MemoryRun(journal).metrics({"loss": 1.0}, 1)
    with journal.open("a") as stream:
        stream.write('{"step": 2, "lo')
    resumed = MemoryRun(journal)
    resumed.metrics({"loss": 0.5}, 2)
    assert MemoryRun(journal).history == [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}]
