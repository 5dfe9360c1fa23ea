"""Platforms and stores for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from aprendiz.platform.service import Platform
from aprendiz.platform.store.store import Store
from aprendiz.settings import Settings
from tests.unit.platform import postgres


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Platform]:
    """A platform whose supervisor does not run: what is created stays as it is."""
    platform = Platform(tmp_path / "platform", settings=Settings())
    yield platform
    platform.stop()


@pytest.fixture
def running(still: Platform) -> Platform:
    """A platform that sees to its jobs; stopped at the end."""
    still.start()
    return still


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A PostgreSQL server for the whole session."""
    with postgres.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, over each kind of database."""
    address = ""
    if request.param == "postgresql":
        address = _new_database(request.getfixturevalue("postgres_address"), tmp_path.name)
    made = Store(tmp_path / "platform", address)
    yield made
    made.close()


def _new_database(address: str, name: str) -> str:
    import psycopg
    from psycopg import sql

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return address.rpartition("/")[0] + f"/{name}"
