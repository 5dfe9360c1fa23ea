"""The platform's service and its trainings killed at bad moments: no job lost, none run twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sqlalchemy")

from aprendiz.platform import child, journal
from aprendiz.platform.records import JobRecord, JobRequest
from aprendiz.platform.service import Platform
from aprendiz.platform.store.store import Store
from aprendiz.settings import Settings
from tests.unit.platform.chats import (
    ended,
    events,
    hashes,
    held_out,
    lines,
    messages,
    send,
    wait_until,
)

pytestmark = [pytest.mark.crash, pytest.mark.slow]

EPOCHS, STEPS_AN_EPOCH = 40, 15

SERVICE = """
import sys, time
from pathlib import Path
from aprendiz.platform.service import Platform
from aprendiz.settings import Settings
Platform(Path(sys.argv[1]), settings=Settings()).start()
print("started", flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    # Sums in the same order each time, so that weights can be compared bit by bit.
    monkeypatch.setenv("APRENDIZ_THREADS", "1")


@contextmanager
def service(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A platform in a process of its own; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(home)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def a_job(home: Path, encoder: Path) -> str:
    """A job of forty epochs, created beside a service that is not there yet."""
    platform = Platform(home, settings=Settings())
    training, validation = send(platform, lines()), send(platform, held_out(), "v.jsonl")
    job = platform.jobs.create(
        JobRequest(
            f"finetune:{encoder}",
            training.id,
            validation.id,
            {"n_epochs": EPOCHS, "batch_size": 2, "learning_rate_multiplier": 2.0},
            seed=17,
        )
    )
    platform.stop()
    return job.id


def trainers(job_folder: Path) -> list[int]:
    """Numbers of the live processes that train this job."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if os.fsencode(job_folder) in words and state != "Z":
                found.append(int(entry.name))
    return found


def checkpoints(home: Path, job: str) -> int:
    """How many the training has kept, as its own journal tells: the service hears it later."""
    entries, _ = journal.read(home / "jobs" / job / child.JOURNAL, 0)
    return sum(entry.kind == "snapshot" for entry in entries)


@pytest.fixture(scope="module")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> dict[str, object]:
    """What the job gives when nothing happens to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APRENDIZ_THREADS", "1")
        home = tmp_path_factory.mktemp("uninterrupted")
        job = a_job(home, tiny_encoder)
        platform = Platform(home, settings=Settings())
        platform.start()
        record = ended(platform.store, job)
        assert record.status == "succeeded", record.error
        told = outcome(platform.store, home, record)
        platform.stop()
    return told


def outcome(store: Store, home: Path, job: JobRecord) -> dict[str, object]:
    """Everything of a finished job that an interruption must not change."""
    metrics = [event for event in events(store, job.id) if event.type == "metrics"]
    kept = store.checkpoints(job.id).rows
    return {
        "weights": hashes(home / "jobs" / job.id / "model"),
        "steps": [event.data["step"] for event in metrics if event.data],
        "validation": [
            (event.data["step"], event.data["valid_loss"])
            for event in metrics
            if event.data and "valid_loss" in event.data
        ],
        "checkpoints": [row.step for row in kept],
        "checkpoint weights": [
            hashes(home / store.model(row.model).folder) for row in kept
        ],
        "models": len(store.models()),
        "tokens": job.trained_tokens,
        "progress": job.progress,
        "results": len(store.files(purpose="fine-tune-results").rows),
        "said": [m for m in messages(store, job.id) if m[0] in "CFNT" and job.id not in m]
        .count("The job has successfully completed"),
    }  # fmt: skip


def finish(home: Path, job: str) -> dict[str, object]:
    """Start the service once more and let the job end."""
    platform = Platform(home, settings=Settings())
    platform.start()
    try:
        record = ended(platform.store, job)
        assert record.status == "succeeded", record.error
        return outcome(platform.store, home, record)
    finally:
        platform.stop()


def test_the_comparison_would_see_a_difference(
    uninterrupted: dict[str, object], tmp_path: Path, tiny_encoder: Path
) -> None:
    assert uninterrupted["weights"]
    assert uninterrupted["checkpoints"] == [
        STEPS_AN_EPOCH * epoch for epoch in (EPOCHS, EPOCHS - 1, EPOCHS - 2)
    ]
    assert uninterrupted["said"] == 1
    final, one, two = (
        uninterrupted["weights"],
        *uninterrupted["checkpoint weights"][:2],  # type: ignore[index]
    )
    assert one != two
    assert {"model.safetensors"} <= set(final)  # type: ignore[arg-type]


def test_kill_9_of_the_service_loses_nothing_and_runs_nothing_twice(
    uninterrupted: dict[str, object], tmp_path: Path, tiny_encoder: Path
) -> None:
    home = tmp_path / "platform"
    job = a_job(home, tiny_encoder)
    look = Store(home)
    for wanted in (2, 4):  # twice, each time after more checkpoints
        with service(home) as process:
            wait_until(lambda: checkpoints(home, job) >= wanted, f"{wanted} checkpoints")
            (trainer,) = trainers(home / "jobs" / job)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert look.job(job).status == "running"
            # It dies with its service.
            wait_until(lambda: trainer not in trainers(home / "jobs" / job), "its end")
    look.close()
    assert finish(home, job) == uninterrupted


def test_kill_9_of_the_training_starts_another_that_goes_on(
    uninterrupted: dict[str, object], tmp_path: Path, tiny_encoder: Path
) -> None:
    home = tmp_path / "platform"
    job = a_job(home, tiny_encoder)
    platform = Platform(home, settings=Settings())
    platform.start()
    wait_until(lambda: checkpoints(home, job) >= 2, "two checkpoints")
    (trainer,) = trainers(home / "jobs" / job)
    os.kill(trainer, signal.SIGKILL)
    record = ended(platform.store, job)
    assert (record.status, record.attempt) == ("succeeded", 2)
    assert outcome(platform.store, home, record) == uninterrupted
    warned = [event for event in events(platform.store, job) if event.level == "warn"]
    assert ["signal 9" in event.message for event in warned] == [True]
    assert "going on from step" in (home / "jobs" / job / "log.txt").read_text()
    platform.stop()


def test_a_training_that_is_always_killed_fails_after_three_attempts(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    home = tmp_path / "platform"
    job = a_job(home, tiny_encoder)
    platform = Platform(home, settings=Settings())
    platform.start()
    for attempt in (1, 2, 3):
        wait_until(lambda: platform.store.job(job).attempt == attempt, f"attempt {attempt}")
        wait_until(lambda: bool(trainers(home / "jobs" / job)), "its process")
        for trainer in trainers(home / "jobs" / job):
            os.kill(trainer, signal.SIGKILL)
    record = ended(platform.store, job)
    assert (record.status, record.attempt) == ("failed", 3)
    assert record.error is not None
    assert "killed (signal 9)" in record.error.message
    platform.stop()
    assert not list((home / "jobs" / job).glob(".model.partial"))


def test_stop_and_pause_keep_what_was_learnt(
    uninterrupted: dict[str, object], tmp_path: Path, tiny_encoder: Path
) -> None:
    home = tmp_path / "platform"
    job = a_job(home, tiny_encoder)
    platform = Platform(home, settings=Settings())
    platform.start()
    wait_until(lambda: checkpoints(home, job) >= 2, "two checkpoints")
    assert platform.jobs.pause(job).status == "paused"
    wait_until(lambda: not trainers(home / "jobs" / job), "the end of its process")
    # Read beside a service that is gone: paused jobs stay paused over a restart.
    platform.stop()
    platform = Platform(home, settings=Settings())
    platform.start()
    assert platform.store.job(job).status == "paused"
    assert platform.jobs.resume(job).status == "queued"
    wait_until(lambda: checkpoints(home, job) >= 4, "four checkpoints")
    platform.stop()
    assert trainers(home / "jobs" / job) == []
    told = finish(home, job)
    assert told == uninterrupted
    log = (home / "jobs" / job / "log.txt").read_text()
    assert log.count("going on from step") == 2


def test_a_model_that_was_sealed_before_it_could_be_reported_is_not_trained_again(
    uninterrupted: dict[str, object], tmp_path: Path, tiny_encoder: Path
) -> None:
    home = tmp_path / "platform"
    job = a_job(home, tiny_encoder)
    folder = home / "jobs" / job
    platform = Platform(home, settings=Settings())
    platform.start()
    ended(platform.store, job)
    platform.stop()
    # As a kill between the sealing and the last line of the journal leaves it.
    for name in ("platform.db", "platform.db-wal", "platform.db-shm"):
        (home / name).unlink(missing_ok=True)
    journal = folder / "journal.jsonl"
    kept = [line for line in journal.read_text().splitlines(True) if '"end"' not in line]
    journal.write_text("".join(kept) + '{"kind": "en')
    store = Store(home)
    first = Platform(tmp_path / "other", settings=Settings())
    training = send(first, lines())
    again = first.jobs.create(JobRequest("tfidf", training.id))
    from dataclasses import replace

    store.add_job(replace(again, id=job, model=f"finetune:{tiny_encoder}", status="running"))
    store.close()
    first.stop()
    sealed = (folder / "model" / "manifest.json").stat().st_mtime_ns
    told = finish(home, job)
    assert (folder / "model" / "manifest.json").stat().st_mtime_ns == sealed
    for name in ("weights", "steps", "checkpoints", "tokens", "models", "said"):
        assert told[name] == uninterrupted[name]


def test_a_base_model_that_is_not_there_fails_in_words(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "platform", settings=Settings())
    platform.start()
    request = JobRequest("probe:/nowhere/at/all", send(platform, lines()).id)
    job = ended(platform.store, platform.jobs.create(request).id)
    assert job.status == "failed"
    assert job.error is not None
    assert "/nowhere/at/all" in job.error.message
    platform.stop()
