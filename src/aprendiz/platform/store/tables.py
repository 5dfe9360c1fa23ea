"""The tables. A column has the name of the record's field it keeps; ``seq`` gives the order.

A change here that an older database does not have needs a new ``VERSION`` and a step that
brings the older one up to it (``database.py`` refuses what it does not know).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text

from aprendiz.platform.store.columns import ErrorJson, Json, PairJson, PlainText, Sequence

VERSION = 1

METADATA = MetaData()


def _seq() -> Column[int]:
    return Column("seq", Sequence, primary_key=True, autoincrement=True)


SCHEMA = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))

FILES = Table(
    "files",
    METADATA,
    _seq(),
    Column("id", PlainText, nullable=False, unique=True),
    Column("filename", PlainText, nullable=False),
    Column("purpose", PlainText, nullable=False, index=True),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_details", PlainText),
    Column("expires_at", BigInteger, index=True),
    sqlite_autoincrement=True,
)

JOBS = Table(
    "jobs",
    METADATA,
    _seq(),
    Column("id", PlainText, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("model", PlainText, nullable=False),
    Column("method", Text, nullable=False),
    Column("base_model", PlainText, nullable=False),
    Column("training_file", PlainText, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("validation_file", PlainText),
    Column("suffix", PlainText),
    Column("metadata", Json),
    Column("asked", Json, nullable=False),
    Column("resolved", Json),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("estimated_finish", BigInteger),
    Column("progress", PairJson),
    Column("fine_tuned_model", PlainText),
    Column("result_file", PlainText),
    Column("trained_tokens", BigInteger),
    Column("error", ErrorJson),
    Column("extra", Json, nullable=False),
    Column("journal_read", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    sqlite_autoincrement=True,
)

#: One row a pair, so that jobs can be looked up by any of their pairs.
JOB_METADATA = Table(
    "job_metadata",
    METADATA,
    Column("job", PlainText, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("key", PlainText, primary_key=True),
    Column("value", PlainText, nullable=False),
    Index("ix_job_metadata_pair", "key", "value"),
)

EVENTS = Table(
    "events",
    METADATA,
    _seq(),
    Column("id", PlainText, nullable=False, unique=True),
    Column("job", PlainText, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", PlainText, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Json),
    Index("ix_events_job", "job", "seq"),
    sqlite_autoincrement=True,
)

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    _seq(),
    Column("id", PlainText, nullable=False, unique=True),
    Column("job", PlainText, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("step", Integer, nullable=False),
    Column("model", PlainText, nullable=False),
    Column("metrics", Json, nullable=False),
    Index("ix_checkpoints_job", "job", "step", unique=True),
    sqlite_autoincrement=True,
)

MODELS = Table(
    "models",
    METADATA,
    _seq(),
    Column("id", PlainText, nullable=False, unique=True),
    Column("job", PlainText, nullable=False, index=True),
    Column("base", PlainText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("folder", PlainText, nullable=False),
    Column("step", Integer),
    sqlite_autoincrement=True,
)

DEPLOYMENTS = Table(
    "deployments",
    METADATA,
    _seq(),
    Column("name", PlainText, nullable=False, unique=True),
    Column("model", PlainText, nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("sku", Json, nullable=False),
    Column("scope", PlainText, nullable=False),
    sqlite_autoincrement=True,
)

KEYS = Table(
    "keys",
    METADATA,
    _seq(),
    Column("id", PlainText, nullable=False, unique=True),
    Column("name", PlainText, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
