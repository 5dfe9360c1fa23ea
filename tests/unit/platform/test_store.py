"""The store, over SQLite and PostgreSQL: order, pages, compare-and-set, and threads."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from aprendiz.errors import ProviderError, SettingsError
from aprendiz.platform import said
from aprendiz.platform.records import (
    CheckpointRecord,
    DeploymentRecord,
    FileRecord,
    JobError,
    JobRecord,
    ModelRecord,
    Refusal,
)
from aprendiz.platform.store.jobs import Intake
from aprendiz.platform.store.store import Store


def a_file(number: int, purpose: str = "fine-tune", **values: object) -> FileRecord:
    record = FileRecord(f"file-{number}", f"{number}.jsonl", purpose, 10, 1_700, "processed")
    return replace(record, **values)


def a_job(number: int, **values: object) -> JobRecord:
    record = JobRecord(f"ftjob-{number}", 1_700, "tfidf", "tfidf", "", "file-1", seed=3)
    return replace(record, **values)


def all_pages(read: object, limit: int, **more: object) -> list[str]:
    """Every id, read a page at a time, as a client's auto-pagination does."""
    ids: list[str] = []
    after = None
    while True:
        page = read(after=after, limit=limit, **more)  # type: ignore[operator]
        ids += [row.id for row in page.rows]
        if not page.has_more:
            return ids
        after = ids[-1]


def test_rows_of_one_second_page_without_gaps_or_repeats(store: Store) -> None:
    for number in range(7):
        store.add_file(a_file(number))
    newest_first = [f"file-{number}" for number in reversed(range(7))]
    for limit in (1, 2, 3, 7, 100):
        assert all_pages(store.files, limit) == newest_first
    assert all_pages(store.files, 3, order="asc") == newest_first[::-1]


def test_a_page_says_truly_whether_more_follow(store: Store) -> None:
    for number in range(4):
        store.add_file(a_file(number))
    assert store.files(limit=4).has_more is False
    assert store.files(limit=3).has_more is True
    assert store.files(limit=2, after="file-2") == store.files(limit=100, after="file-2")


def test_a_row_that_comes_between_two_pages_is_not_repeated(store: Store) -> None:
    for number in range(4):
        store.add_file(a_file(number))
    first = store.files(limit=2)
    store.add_file(a_file(9))
    second = store.files(limit=2, after=first.rows[-1].id)
    assert [row.id for row in (*first.rows, *second.rows)] == [
        "file-3", "file-2", "file-1", "file-0",
    ]  # fmt: skip


@pytest.mark.parametrize("after", ["file-77", "ftjob-1", "a\x00b", "x" * 5_000])
def test_an_unknown_cursor_is_refused(store: Store, after: str) -> None:
    store.add_file(a_file(1))
    with pytest.raises(Refusal) as told:
        store.files(after=after)
    assert (told.value.status, told.value.param) == (400, "after")


def test_a_cursor_of_another_list_is_refused(store: Store) -> None:
    store.add_file(a_file(1))
    store.add_file(a_file(2, "batch"))
    with pytest.raises(Refusal, match="nothing with the id"):
        store.files(purpose="batch", after="file-1")
    store.add_job(a_job(1), [said.created("ftjob-1")])
    store.add_job(a_job(2), [said.created("ftjob-2")])
    other = store.events("ftjob-1").rows[0].id
    with pytest.raises(Refusal, match="nothing with the id"):
        store.events("ftjob-2", after=other)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(Refusal, match="limit"):
        store.jobs(limit=limit)


def test_a_limit_beyond_reason_is_capped_not_refused(store: Store) -> None:
    store.add_file(a_file(1))
    assert len(store.files(limit=10**15).rows) == 1


def test_files_are_listed_by_purpose(store: Store) -> None:
    store.add_file(a_file(1))
    store.add_file(a_file(2, "fine-tune-results"))
    assert [row.id for row in store.files(purpose="fine-tune-results").rows] == ["file-2"]


def test_what_is_not_there_is_said_with_the_vendors_code(store: Store) -> None:
    lookups = [
        (store.file, "file_not_found"),
        (store.delete_file, "file_not_found"),
        (store.job, "fine_tune_not_found"),
        (store.events, "fine_tune_not_found"),
        (store.checkpoints, "fine_tune_not_found"),
        (store.model, "model_not_found"),
        (store.delete_model, "model_not_found"),
        (store.deployment, "DeploymentNotFound"),
        (store.delete_deployment, "DeploymentNotFound"),
    ]
    for look_up, code in lookups:
        for id in ("nothing", "a\x00b", "\ud800"):
            with pytest.raises(Refusal) as told:
                look_up(id)
            assert (told.value.status, told.value.code) == (404, code)


def test_a_job_comes_back_as_it_went_in(store: Store) -> None:
    job = a_job(
        1,
        validation_file="file-2",
        suffix="tienda",
        metadata={"équipe": "ñandú", 'a."b$': "c"},
        asked={"n_epochs": "auto", "batch_size": 4, "learning_rate_multiplier": 0.1},
        resolved={"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.1},
        error=JobError("invalid_n_examples", "too few", "training_file"),
        progress=(3, 9),
        extra={"trainingType": "GlobalStandard", "deep": {"list": [1, None, True]}},
        seed=2**31 - 1,
    )
    store.add_job(job)
    assert store.job(job.id) == job


def test_jobs_are_found_by_metadata(store: Store) -> None:
    store.add_job(a_job(1, metadata={"team": "a", "run": "1"}))
    store.add_job(a_job(2, metadata={"team": "a", "run": "2"}))
    store.add_job(a_job(3))

    def found(metadata: dict[str, str] | None) -> list[str]:
        return [job.id for job in store.jobs(metadata=metadata).rows]

    assert found({"team": "a"}) == ["ftjob-2", "ftjob-1"]
    assert found({"team": "a", "run": "1"}) == ["ftjob-1"]
    assert found({"team": "b"}) == []
    assert found({"run": "a"}) == []  # another key's value
    assert found({}) == ["ftjob-3"]
    assert found(None) == ["ftjob-3", "ftjob-2", "ftjob-1"]


def test_a_transition_happens_only_from_the_states_named(store: Store) -> None:
    store.add_job(a_job(1))
    assert store.transition("ftjob-1", {"running"}, "paused", [said.created("ftjob-1")]) is None
    assert store.job("ftjob-1").status == "validating_files"
    assert store.events("ftjob-1").rows == ()
    moved = store.transition(
        "ftjob-1", {"validating_files"}, "queued", [said.created("ftjob-1")], attempt=2
    )
    assert moved == store.job("ftjob-1")
    assert (moved.status, moved.attempt) == ("queued", 2)
    assert len(store.events("ftjob-1").rows) == 1


def test_of_many_threads_that_move_a_job_one_does(store: Store) -> None:
    store.add_job(a_job(1, status="queued"))
    begin = threading.Barrier(8)

    def move(number: int) -> bool:
        begin.wait()
        event = said.event("ftjob-1", f"thread {number}")
        return store.transition("ftjob-1", {"queued"}, "running", [event]) is not None

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(move, range(8)))
    assert sum(won) == 1
    assert store.events("ftjob-1").rows[0].message == f"thread {won.index(True)}"


def test_threads_may_read_and_write_at_once(store: Store) -> None:
    def work(number: int) -> int:
        store.add_file(a_file(number))
        return len(store.files().rows)

    with ThreadPoolExecutor(12) as threads:
        seen = list(threads.map(work, range(60)))
    assert max(seen) == 60
    assert len(all_pages(store.files, 7)) == 60


def test_threads_that_look_before_they_change_wait_for_each_other(store: Store) -> None:
    store.add_job(a_job(1, status="running"))
    models = tuple(ModelRecord(f"m{number}", "ftjob-1", "b", 1, "f") for number in range(40))
    store.take_in(store.job("ftjob-1"), 1, Intake(models=models))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(store.delete_model, [model.id for model in models]))
    assert store.models() == ()


def a_checkpoint(step: int) -> Intake:
    model = f"ft:m:ckpt-step-{step}"
    return Intake(
        {"progress": (step, 9)},
        (said.checkpoint("ftjob-1", step, model, 1_700),),
        (CheckpointRecord(f"ftckpt_{step}", "ftjob-1", 1_700, step, model, {"train_loss": 0.5}),),
        (ModelRecord(model, "ftjob-1", "m", 1_700, f"jobs/1/checkpoints/step-{step}", step),),
    )


def test_a_piece_of_a_journal_is_taken_in_once(store: Store) -> None:
    store.add_job(a_job(1, status="running"))
    before = store.job("ftjob-1")
    after = store.take_in(before, 100, a_checkpoint(1))
    assert after is not None
    assert (after.journal_read, after.progress) == (100, (1, 9))
    assert store.take_in(before, 100, a_checkpoint(2)) is None  # read from the same place again
    assert [row.step for row in store.checkpoints("ftjob-1").rows] == [1]
    assert len(store.events("ftjob-1").rows) == len(store.models()) == 1


def test_a_job_that_no_longer_runs_takes_nothing_in(store: Store) -> None:
    store.add_job(a_job(1, status="running"))
    job = store.job("ftjob-1")
    store.transition("ftjob-1", {"running"}, "cancelled")
    assert store.take_in(job, 100, a_checkpoint(1)) is None
    assert store.job("ftjob-1").journal_read == 0
    assert store.models() == ()


def test_a_piece_that_cannot_be_kept_whole_is_not_kept_at_all(store: Store) -> None:
    store.add_job(a_job(1, status="running"))
    job = store.take_in(store.job("ftjob-1"), 100, a_checkpoint(1))
    assert job is not None
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.take_in(job, 200, a_checkpoint(1))  # a step that is there already
    assert store.job("ftjob-1") == job
    assert len(store.events("ftjob-1").rows) == 1


def test_the_last_three_checkpoints_are_kept_with_their_models(store: Store) -> None:
    store.add_job(a_job(1, status="running"))
    job = store.job("ftjob-1")
    for step in (5, 10, 15, 20, 25):
        job = store.take_in(job, job.journal_read + 10, a_checkpoint(step))
        assert job is not None
    assert [row.step for row in store.checkpoints("ftjob-1").rows] == [25, 20, 15]
    assert [model.step for model in store.models()] == [25, 20, 15]


def test_a_deployed_model_is_not_deleted(store: Store) -> None:
    store.add_job(a_job(1, status="running"))
    store.take_in(store.job("ftjob-1"), 10, a_checkpoint(1))
    model = store.models()[0].id
    assert store.put_deployment(DeploymentRecord("tienda", model, 1, 1)) is True
    with pytest.raises(Refusal, match="tienda") as told:
        store.delete_model(model)
    assert told.value.status == 400
    store.delete_deployment("tienda")
    store.delete_model(model)
    assert store.models() == ()


def test_a_deployment_put_again_is_changed_and_keeps_its_birth(store: Store) -> None:
    store.put_deployment(DeploymentRecord("d", "m1", 1, 1, {"name": "Standard"}, "/sub"))
    assert store.put_deployment(DeploymentRecord("d", "m2", 5, 5)) is False
    assert store.deployments() == (DeploymentRecord("d", "m2", 1, 5, {}, ""),)


def test_what_was_kept_is_there_when_opened_again(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.add_file(a_file(1))
    first.close()
    assert Store(tmp_path).file("file-1") == a_file(1)


def test_tables_newer_than_this_version_are_refused(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "platform.db") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(SettingsError, match=r"version 99.*knows version 1"):
        Store(tmp_path)


@pytest.mark.parametrize("address", ["mysql://u@127.0.0.1/x", "sqlite:///x.db", "hello"])
def test_another_kind_of_database_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError):
        Store(tmp_path, address)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ProviderError) as told:
        Store(tmp_path, "postgresql://me:hush@127.0.0.1:1/x")
    assert "127.0.0.1:1" in told.value.message
    assert "hush" not in told.value.message


def test_a_damaged_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "platform.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ProviderError, match="cannot be used"):
        Store(tmp_path)


def test_one_service_claims_a_postgresql_database(tmp_path: Path, postgres_address: str) -> None:
    one, other = Store(tmp_path / "a", postgres_address), Store(tmp_path / "b", postgres_address)
    assert one.claim()
    assert one.claim()  # it has it already
    assert not other.claim()
    one.close()
    assert other.claim()
    other.close()
