"""Rows about what happened to jobs, and about the checkpoints they left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TypeVar

from sqlalchemy import Connection, Table, delete, insert, select

from aprendiz.platform.records import CheckpointRecord, EventRecord, Page, Refusal
from aprendiz.platform.store.database import Database
from aprendiz.platform.store.paging import page
from aprendiz.platform.store.tables import CHECKPOINTS, EVENTS, JOBS, MODELS

T = TypeVar("T")

CHECKPOINTS_KEPT = 3  # as at the vendors: the last epoch and the two before it


class EventRows(Database):
    """What the store knows of events and checkpoints."""

    def events(self, job: str, after: str | None = None, limit: int = 20) -> Page[EventRecord]:
        """A job's events, newest first.

        Raises:
            Refusal: 404, no such job; 400, unknown cursor or limit.
        """
        return self._of_job(EVENTS, EventRecord, job, after, limit)

    def checkpoints(
        self, job: str, after: str | None = None, limit: int = 10
    ) -> Page[CheckpointRecord]:
        """A job's checkpoints, newest first.

        Raises:
            Refusal: 404, no such job; 400, unknown cursor or limit.
        """
        return self._of_job(CHECKPOINTS, CheckpointRecord, job, after, limit)

    def add_events(self, events: Iterable[EventRecord]) -> None:
        """Keep events that come with no other change."""
        with self._writing() as connection:
            write_events(connection, events)

    def _of_job(
        self, table: Table, kind: type[T], job: str, after: str | None, limit: int
    ) -> Page[T]:
        with self._reading() as connection:
            if connection.scalar(select(JOBS.c.seq).where(JOBS.c.id == job)) is None:
                raise no_job(job)
            return page(connection, table, kind, table.c.job == job, after=after, limit=limit)


def no_job(id: str) -> Refusal:
    """What a client is told of a job that is not there."""
    return Refusal(
        404, f"Could not find fine tune: {id}", code="fine_tune_not_found", param="fine_tune_id"
    )


def write_events(connection: Connection, events: Iterable[EventRecord]) -> None:
    """Add events within a transaction, in their order."""
    rows = [asdict(event) for event in events]
    if rows:
        connection.execute(insert(EVENTS), rows)


def write_checkpoints(connection: Connection, checkpoints: Iterable[CheckpointRecord]) -> None:
    """Add checkpoints within a transaction; of each job only the last three stay."""
    for checkpoint in checkpoints:
        connection.execute(insert(CHECKPOINTS).values(asdict(checkpoint)))
        steps = connection.scalars(
            select(CHECKPOINTS.c.step)
            .where(CHECKPOINTS.c.job == checkpoint.job)
            .order_by(CHECKPOINTS.c.step.desc())
            .offset(CHECKPOINTS_KEPT)
        ).all()
        for table in (CHECKPOINTS, MODELS) if steps else ():
            connection.execute(
                delete(table).where(table.c.job == checkpoint.job, table.c.step.in_(steps))
            )
