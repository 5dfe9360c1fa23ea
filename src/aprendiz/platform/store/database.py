"""The connection: which database, how it is opened, transactions, and who may claim it.

Threads may share one :class:`Database`; each transaction takes a connection of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, create_engine, event, insert, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from aprendiz.errors import MissingExtra, ProviderError, SettingsError
from aprendiz.platform.store.tables import METADATA, SCHEMA, VERSION

T = TypeVar("T")

_CLAIM = 0x61_70_72_65  # PostgreSQL's advisory locks are numbers; this one is ours
_WAIT_MS = 10_000  # how long one SQLite writer waits for another


class Database:
    """An open database with our tables in it.

    Args:
        home: folder of the SQLite file ``platform.db``, used when ``address`` is empty.
        address: a ``postgresql://`` address.

    Raises:
        SettingsError: the address is not one we can use, or the tables are newer than we are.
        ProviderError: the database does not answer.
        MissingExtra: PostgreSQL's driver is not installed.
    """

    def __init__(self, home: Path, address: str = "") -> None:
        url = _url(home, address)
        self.place = url.render_as_string(hide_password=True)
        self._engine = _engine(url)
        self._claim: Connection | None = None
        try:
            self._prepare()
        except SQLAlchemyError as error:
            raise ProviderError(
                f"the platform's database {self.place} cannot be used: "
                f"{str(error).splitlines()[0]}",
                "see that it runs and that the address, user and password are right",
            ) from None

    def claim(self) -> bool:
        """Hold the database for one service, so that two never run the same job.

        An SQLite file is held by the lock of its home; PostgreSQL needs a lock of its own,
        which ends with the connection, however the process ends.
        """
        if self._engine.dialect.name != "postgresql" or self._claim is not None:
            return True
        # Its own transactions are never left open: an idle one would hold back vacuuming.
        holder = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if holder.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _CLAIM}):
            self._claim = holder
            return True
        holder.close()
        return False

    def close(self) -> None:
        """Let go of the claim and of every connection."""
        if self._claim is not None:
            with suppress(SQLAlchemyError):  # it ends with the connection in any case
                # At once: the server notices a closed connection a moment later, and a quick
                # restart would be refused.
                self._claim.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _CLAIM})
            self._claim.invalidate()
            self._claim.close()
            self._claim = None
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One transaction that changes nothing."""
        with self._engine.connect() as connection:
            yield connection.execution_options(aprendiz_reads=True)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or, after an exception, none of it."""
        with self._engine.begin() as connection:
            yield connection

    def _prepare(self) -> None:
        with self._writing() as connection:
            if self._engine.dialect.name == "postgresql":
                # Two processes that open an empty database make its tables one after the other.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM + 1})
            METADATA.create_all(connection)
            found = connection.scalar(select(SCHEMA.c.version))
            if found is None:
                connection.execute(insert(SCHEMA).values(version=VERSION))
            elif found > VERSION:
                raise SettingsError(
                    f"the platform's database {self.place} has tables of version {found}; "
                    f"this aprendiz knows version {VERSION}",
                    "use the newer aprendiz that made it, or another --home",
                )


def record(kind: type[T], row: Row[Any]) -> T:
    """The record that a row of its table keeps."""
    values = dict(row._mapping)
    values.pop("seq", None)
    return kind(**values)


def _url(home: Path, address: str) -> URL:
    if not address:
        return URL.create("sqlite", database=str(home / "platform.db"))
    try:
        url = make_url(address)
    except ArgumentError:
        # The address is not shown: what is wrong with it may be the password.
        raise SettingsError(
            "the platform's database is not an address", "postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if url.get_backend_name() != "postgresql":
        raise SettingsError(
            f"the platform cannot keep its records in {url.get_backend_name()!r}",
            "leave it empty for a file in its home, or give postgresql://USER:PASSWORD@HOST/NAME",
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, pool_size=10, max_overflow=30)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, pool_size=10, max_overflow=30, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise MissingExtra("platform", error.name or "psycopg") from None


def _configure_sqlite(connection: Any, _: object) -> None:
    # Python's sqlite3 would begin transactions by its own rules; ours begin in _begin_sqlite.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",  # readers and one writer do not wait for each other
        "synchronous=FULL",  # what was committed survives the power going out
        "foreign_keys=ON",
        f"busy_timeout={_WAIT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another has written in
    # between; taking the write lock at its beginning makes it wait instead.
    reads = connection.get_execution_options().get("aprendiz_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
