"""Rows about jobs. A job's status moves only by compare-and-set, never by a plain write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update

from aprendiz.platform.records import (
    ENDED,
    CheckpointRecord,
    EventRecord,
    FileRecord,
    JobRecord,
    JobStatus,
    ModelRecord,
    Page,
    Refusal,
)
from aprendiz.platform.store.database import Database, record
from aprendiz.platform.store.events import no_job, write_checkpoints, write_events
from aprendiz.platform.store.paging import page
from aprendiz.platform.store.tables import FILES, JOB_METADATA, JOBS, MODELS


@dataclass(frozen=True, slots=True)
class Intake:
    """What part of a child's journal means for the store; all of it is kept, or none.

    Attributes:
        values: columns of the job to set; ``status`` among them ends it.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[EventRecord, ...] = ()
    checkpoints: tuple[CheckpointRecord, ...] = ()
    models: tuple[ModelRecord, ...] = ()
    files: tuple[FileRecord, ...] = ()


class JobRows(Database):
    """What the store knows of jobs."""

    def add_job(self, job: JobRecord, events: Iterable[EventRecord] = ()) -> None:
        """Keep a new job with its first events."""
        with self._writing() as connection:
            connection.execute(insert(JOBS).values(_row(job)))
            pairs = [
                {"job": job.id, "key": key, "value": value}
                for key, value in (job.metadata or {}).items()
            ]
            if pairs:
                connection.execute(insert(JOB_METADATA), pairs)
            write_events(connection, events)

    def job(self, id: str) -> JobRecord:
        """One job.

        Raises:
            Refusal: 404, there is none with this id.
        """
        with self._reading() as connection:
            return _read(connection, id)

    def jobs(
        self,
        after: str | None = None,
        limit: int = 20,
        metadata: Mapping[str, str] | None = None,
    ) -> Page[JobRecord]:
        """Jobs, newest first.

        Args:
            metadata: pairs that a job must have, all of them; an empty mapping means the
                jobs that have no metadata at all, ``None`` means every job.

        Raises:
            Refusal: 400, unknown cursor or limit.
        """
        pair = JOB_METADATA.c
        wanted: list[ColumnElement[bool]] = [
            exists().where(pair.job == JOBS.c.id, pair.key == key, pair.value == value)
            for key, value in (metadata or {}).items()
        ]
        if metadata is not None and not metadata:
            wanted = [~exists().where(pair.job == JOBS.c.id)]
        with self._reading() as connection:
            return page(connection, JOBS, JobRecord, *wanted, after=after, limit=limit)

    def jobs_in(self, statuses: Collection[JobStatus]) -> tuple[JobRecord, ...]:
        """Every job in one of these states, oldest first."""
        query = select(JOBS).where(JOBS.c.status.in_(statuses)).order_by(JOBS.c.seq)
        with self._reading() as connection:
            return tuple(record(JobRecord, row) for row in connection.execute(query))

    def job_counts(self) -> dict[str, int]:
        """How many jobs there are in each state that any is in."""
        query = select(JOBS.c.status, func.count()).group_by(JOBS.c.status)
        with self._reading() as connection:
            return {status: count for status, count in connection.execute(query)}

    def transition(
        self,
        job: str,
        from_: Collection[JobStatus],
        to: JobStatus,
        events: Iterable[EventRecord] = (),
        **values: Any,
    ) -> JobRecord | None:
        """Move a job from one of the states ``from_`` to ``to``, with its events.

        Args:
            values: other columns to set.

        Returns:
            The job as it is now; ``None`` when it was in another state, and then nothing
            has changed.
        """
        change = (
            update(JOBS)
            .where(JOBS.c.id == job, JOBS.c.status.in_(from_))
            .values(status=to, **values)
        )
        with self._writing() as connection:
            if not connection.execute(change).rowcount:
                return None
            write_events(connection, events)
            return _read(connection, job)

    def delete_job(self, id: str) -> None:
        """Forget a job that has ended, with its events and checkpoints; its models answer on.

        Raises:
            Refusal: 404, there is none with this id; 400, it has not ended.
        """
        ended = delete(JOBS).where(JOBS.c.id == id, JOBS.c.status.in_(ENDED))
        with self._writing() as connection:
            if not connection.execute(ended).rowcount:
                job = _read(connection, id)
                raise Refusal(
                    400,
                    f"Job '{id}' is {job.status}; cancel it before it is deleted.",
                    code="invalid_job_state",
                    param="fine_tuning_job_id",
                )

    def take_in(self, job: JobRecord, read_to: int, intake: Intake) -> JobRecord | None:
        """Keep what a piece of a running job's journal means, exactly once.

        The place up to which the journal was read moves in the same transaction.

        Args:
            job: the job as it was when the piece was read; the piece began at its
                ``journal_read``.
            read_to: where the piece ended, in bytes.

        Returns:
            The job as it is now; ``None`` when it is no longer running or that piece has
            been taken in already, and then nothing has changed.
        """
        change = (
            update(JOBS)
            .where(
                JOBS.c.id == job.id,
                JOBS.c.status == "running",
                JOBS.c.journal_read == job.journal_read,
            )
            .values(journal_read=read_to, **intake.values)
        )
        with self._writing() as connection:
            if not connection.execute(change).rowcount:
                return None
            write_events(connection, intake.events)
            for table, rows in ((MODELS, intake.models), (FILES, intake.files)):
                if rows:
                    connection.execute(insert(table), [asdict(row) for row in rows])
            write_checkpoints(connection, intake.checkpoints)
            return _read(connection, job.id)


def _read(connection: Connection, id: str) -> JobRecord:
    row = connection.execute(select(JOBS).where(JOBS.c.id == id)).one_or_none()
    if row is None:
        raise no_job(id)
    return record(JobRecord, row)


def _row(job: JobRecord) -> dict[str, Any]:
    """Not ``asdict``: a JobError has a column type of its own and must stay whole."""
    return {column.name: getattr(job, column.name) for column in fields(job)}
