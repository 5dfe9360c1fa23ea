"""Rows about keys: only what tells a right key from a wrong one, never the key."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select

from aprendiz.platform.records import KeyRecord, Refusal
from aprendiz.platform.store.database import Database, record
from aprendiz.platform.store.tables import KEYS


class KeyRows(Database):
    """What the store knows of keys."""

    def add_key(self, key: KeyRecord) -> None:
        """Keep a new key's record."""
        with self._writing() as connection:
            connection.execute(insert(KEYS).values(asdict(key)))

    def key_records(self) -> tuple[KeyRecord, ...]:
        """Every key, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(select(KEYS).order_by(KEYS.c.seq)).all()
        return tuple(record(KeyRecord, row) for row in rows)

    def delete_key(self, id: str) -> None:
        """Forget a key, which then opens nothing.

        Raises:
            Refusal: 404, there is none with this id.
        """
        with self._writing() as connection:
            if not connection.execute(delete(KEYS).where(KEYS.c.id == id)).rowcount:
                raise Refusal(404, f"there is no key {id!r}", code="key_not_found")
