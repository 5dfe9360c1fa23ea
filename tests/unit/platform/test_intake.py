"""From journal entries to events, checkpoints, models and the results file."""

from __future__ import annotations

import csv
from pathlib import Path

from aprendiz.platform.intake import Reader, results_csv
from aprendiz.platform.journal import Entry
from aprendiz.platform.records import FileRecord, JobRecord
from aprendiz.platform.store.jobs import Intake

JOB = JobRecord("ftjob-0123456789", 1, "gpt-4o", "finetune", "x", "file-1", 3, status="running")


def read(*entries: Entry, steps: int = 20, estimate: int | None = None) -> Intake:
    def results() -> FileRecord:
        return FileRecord("file-r", "results.csv", "fine-tune-results", 1, 1, "processed")

    return Reader(JOB, steps, results, estimate).intake(entries)


def test_figures_are_told_as_the_vendors_tell_them() -> None:
    told = read(
        Entry("metrics", 7.9, {"step": 1, "train_loss": 0.2249}),
        Entry("metrics", 8.0, {"step": 20, "valid_loss": 0.5, "full_valid_loss": 0.5}),
        estimate=99,
    )
    assert [event.message for event in told.events] == [
        "Step 1/20: training loss=0.22",
        "Step 20/20: validation loss=0.50, full validation loss=0.50",
    ]
    first = told.events[0]
    assert (first.type, first.created_at) == ("metrics", 7)
    assert first.data == {"step": 1, "total_steps": 20, "train_loss": 0.2249}
    assert told.values == {"progress": (20, 20), "estimated_finish": 99}


def test_the_end_ends_the_job_whatever_was_estimated() -> None:
    told = read(Entry("end", 9.0, {"steps": 20, "tokens": 70}), estimate=99)
    assert told.values["status"] == "succeeded"
    assert told.values["estimated_finish"] is None
    assert told.values["fine_tuned_model"] == "ft:gpt-4o:local::23456789"
    assert [model.folder for model in told.models] == ["jobs/ftjob-0123456789/model"]
    assert [file.id for file in told.files] == ["file-r"]
    assert not any("Stopped" in event.message for event in told.events)


def test_a_training_that_ended_early_says_so() -> None:
    told = read(Entry("end", 9.0, {"steps": 15, "tokens": 70}))
    assert told.values["progress"] == (15, 15)
    assert "Stopped after step 15 of 20" in told.events[0].message


def test_a_training_that_had_less_to_do_says_so() -> None:
    """All epochs were done, in fewer steps: the trainer left out conversations too long for it."""
    told = read(Entry("end", 9.0, {"steps": 15, "tokens": 70, "epochs": 1.0}))
    assert "left out" in told.events[0].message
    assert not any("Stopped" in event.message for event in told.events)


def test_an_error_fails_the_job() -> None:
    told = read(Entry("error", 9.0, {"code": "c", "message": "m", "param": None}))
    assert told.values["status"] == "failed"
    assert (told.events[0].level, told.events[0].message) == ("error", "m")
    assert told.models == told.files == ()


def test_the_results_have_a_row_a_step_and_empty_cells() -> None:
    entries = [
        Entry("begin", 1.0, {"steps": 2}),
        Entry("metrics", 1.0, {"step": 2, "train_loss": 0.25, "unknown": 1}),
        Entry("metrics", 1.0, {"step": 1, "train_loss": 0.5}),
        Entry("metrics", 1.0, {"step": 2, "valid_loss": 0.75}),
    ]
    text = results_csv(entries).decode()
    assert text.startswith(
        "step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy,"
        "full_valid_loss,full_valid_mean_token_accuracy\n"
    )
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["step"], row["train_loss"], row["valid_loss"]) for row in rows] == [
        ("1", "0.5", ""), ("2", "0.25", "0.75"),
    ]  # fmt: skip


def test_a_results_file_without_figures_is_only_a_header(tmp_path: Path) -> None:
    assert results_csv([]).decode().count("\n") == 1
