"""Whole jobs through the platform's own door, each trained in a process of its own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from aprendiz import workflow
from aprendiz.errors import SettingsError
from aprendiz.platform.records import JobRequest
from aprendiz.platform.service import Platform
from aprendiz.settings import Settings
from tests.conftest import EXAMPLES
from tests.unit.platform.chats import (
    chat,
    ended,
    events,
    held_out,
    lines,
    messages,
    send,
    wait_until,
)


def test_a_job_becomes_a_model_that_answers(running: Platform, examples_file: Path) -> None:
    training, validation = send(running, lines()), send(running, held_out(), "v.jsonl")
    asked = JobRequest(
        "tfidf", training.id, validation.id, {"n_epochs": 3}, suffix="tienda", seed=11
    )
    job = running.jobs.create(asked)
    # The job has its own hold on the files.
    running.files.delete(training.id)
    running.files.delete(validation.id)
    job = ended(running.store, job.id)
    assert (job.status, job.error) == ("succeeded", None)
    assert job.fine_tuned_model == f"ft:tfidf:local:tienda:{job.id[-8:]}"
    assert job.resolved == {"n_epochs": 1, "batch_size": 30, "learning_rate_multiplier": 1.0}
    assert job.trained_tokens is not None and job.trained_tokens > 30 * 6
    assert job.started_at is not None and job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at

    checkpoint = f"{job.fine_tuned_model}:ckpt-step-1"
    told = messages(running.store, job.id)
    assert told[0] == f"Created fine-tuning job: {job.id}"
    assert told[1] == (
        f"Validating training file: {training.id} and validation file: {validation.id}"
    )
    assert told[2] == "Files validated, moving job to queued state"
    assert told[3].startswith("n_epochs: asked for, but tfidf")
    assert told[4] == "Fine-tuning job started"
    assert told[5].startswith("Step 1/1: training loss=")
    assert told[6:] == [
        "Checkpoint created at step 1",
        f"New fine-tuned model created: {job.fine_tuned_model}",
        "The job has successfully completed",
    ]

    (kept,) = running.store.checkpoints(job.id).rows
    assert (kept.step, kept.model) == (1, checkpoint)
    assert job.result_file is not None
    results = running.store.file(job.result_file)
    assert (results.filename, results.purpose) == ("results.csv", "fine-tune-results")
    text = running.files.path(results).read_text()
    assert len(text.encode()) == results.bytes
    (row,) = csv.DictReader(text.splitlines())
    figures = {name: float(value) for name, value in row.items() if name != "step"}
    assert figures == kept.metrics
    assert set(figures) == {
        "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy",
        "full_valid_loss", "full_valid_mean_token_accuracy",
    }  # fmt: skip
    data = events(running.store, job.id)[5].data
    assert data == {"step": 1, "total_steps": 1, **kept.metrics}

    # The same model as training directly with that seed.
    validation_rows = examples_file.parent / "validation.json"
    held = {label: [f"{text} today" for text in EXAMPLES[label][:2]] for label in EXAMPLES}
    validation_rows.write_text(json.dumps(held))
    direct = examples_file.parent / "direct"
    workflow.train(
        examples_file, out=direct, method="tfidf", overrides=["seed=11"],
        validation=validation_rows, track=False,
    )  # fmt: skip
    texts = ["hello you", "two beers please", "refund me"]
    expected = workflow.load(direct).probabilities(texts).tolist()
    for name in (job.fine_tuned_model, checkpoint):
        folder = running.home / running.store.model(name).folder
        assert workflow.load(folder).probabilities(texts).tolist() == expected


def test_a_job_over_postgresql(tmp_path: Path, postgres_address: str) -> None:
    platform = Platform(tmp_path / "a", database=postgres_address, settings=Settings())
    platform.start()
    job = platform.jobs.create(JobRequest("tfidf", send(platform, lines()).id)).id
    assert ended(platform.store, job).status == "succeeded"
    assert len(platform.store.models()) == 2
    other = Platform(tmp_path / "b", database=postgres_address, settings=Settings())
    with pytest.raises(SettingsError, match="on the database") as told:
        other.start()
    assert "postgres" in told.value.message
    other.stop()
    platform.stop()
    assert not (tmp_path / "a" / "platform.db").exists()


def test_faults_that_only_a_training_sees_name_the_clients_line(running: Platform) -> None:
    training = send(running, "\n" + lines() + "\n" + chat("what is this", "only once"))
    job = ended(running.store, running.jobs.create(JobRequest("tfidf", training.id)).id)
    assert job.status == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.param) == ("invalid_file_format", "training_file")
    assert "line 33: " in job.error.message and "only once" in job.error.message
    assert events(running.store, job.id)[-1].level == "error"
    assert running.store.models() == ()


def test_a_validation_label_that_was_never_learnt_fails_with_its_line(running: Platform) -> None:
    validation = send(running, held_out() + chat("bye", "farewell"), "v.jsonl")
    request = JobRequest("tfidf", send(running, lines()).id, validation.id)
    job = ended(running.store, running.jobs.create(request).id)
    assert job.error is not None
    assert (job.error.code, job.error.param) == ("invalid_file_format", "validation_file")
    assert "line 7: " in job.error.message and "farewell" in job.error.message


def test_jobs_wait_their_turn_and_can_be_put_aside(running: Platform) -> None:
    training = send(running, lines()).id
    first, second, third = (
        running.jobs.create(JobRequest("tfidf", training, seed=1)).id for _ in range(3)
    )
    wait_until(lambda: running.store.job(first).status == "running", "the first to run")
    wait_until(lambda: running.store.job(third).status == "queued", "the third to wait")
    running.jobs.pause(third)
    running.jobs.cancel(second)
    assert ended(running.store, first).status == "succeeded"
    assert running.store.job(third).status == "paused"
    assert running.store.job(second).status == "cancelled"
    assert running.store.job(second).attempt == 0  # no process was ever started for it
    running.jobs.resume(third)
    assert ended(running.store, third).status == "succeeded"
    told = messages(running.store, third)
    assert told.index("Fine-tuning job paused") < told.index("Fine-tuning job resumed")
    assert told.index("Fine-tuning job resumed") < told.index("Fine-tuning job started")


def test_a_job_cancelled_while_it_runs_leaves_no_process_and_no_model(running: Platform) -> None:
    job = running.jobs.create(JobRequest("tfidf", send(running, lines()).id)).id
    wait_until(lambda: running.store.job(job).attempt == 1, "its process")
    running.jobs.cancel(job)
    next_job = running.jobs.create(JobRequest("tfidf", send(running, lines()).id)).id
    # The next begins only when the process of the first is gone.
    assert ended(running.store, next_job).status == "succeeded"
    assert running.store.job(job).status == "cancelled"
    assert {model.job for model in running.store.models()} == {next_job}
    assert not (running.home / "jobs" / job / "model").exists()


def test_a_service_that_stops_takes_its_jobs_up_again(running: Platform) -> None:
    training = send(running, lines()).id
    jobs = [running.jobs.create(JobRequest("tfidf", training, seed=1)).id for _ in range(2)]
    wait_until(lambda: running.store.job(jobs[0]).attempt == 1, "its process")
    running.stop()
    after = Platform(running.home, settings=Settings())
    statuses = [after.store.job(job).status for job in jobs]
    assert statuses[0] in {"running", "succeeded"} and statuses[1] != "succeeded"
    after.start()
    for job in jobs:
        assert ended(after.store, job).status == "succeeded"
        told = messages(after.store, job)
        assert told.count("Fine-tuning job started") == 1
        assert told.count("The job has successfully completed") == 1
    assert len(after.store.models()) == 4
    after.stop()


def test_two_services_never_share_a_home(running: Platform) -> None:
    other = Platform(running.home, settings=Settings())
    with pytest.raises(SettingsError, match="another aprendiz platform"):
        other.start()
    other.store.close()


def test_models_that_were_deleted_and_folders_of_no_job_go_at_the_next_start(
    running: Platform,
) -> None:
    job = running.jobs.create(JobRequest("tfidf", send(running, lines()).id)).id
    ended(running.store, job)
    for model in running.store.models():
        running.store.delete_model(model.id)
    stray = running.home / "jobs" / "ftjob-without-a-row"
    stray.mkdir()
    running.stop()
    after = Platform(running.home, settings=Settings())
    after.start()
    assert not stray.exists()
    assert not (running.home / "jobs" / job / "model").exists()
    assert (running.home / "jobs" / job / "journal.jsonl").exists()
    after.stop()


def test_a_damaged_job_folder_ends_that_job_and_no_other(still: Platform) -> None:
    training = send(still, lines()).id
    bad, good = (still.jobs.create(JobRequest("tfidf", training)).id for _ in range(2))
    (still.home / "jobs" / bad / "order.json").write_text("{")
    still.start()
    assert ended(still.store, good).status == "succeeded"
    assert still.store.job(bad).status == "failed"
