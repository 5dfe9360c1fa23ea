"""Rows about files; the bytes themselves lie in the home (``platform/files.py``)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from sqlalchemy import delete, insert, select

from aprendiz.platform.records import FileRecord, Page, Refusal
from aprendiz.platform.store.database import Database, record
from aprendiz.platform.store.paging import page
from aprendiz.platform.store.tables import FILES


class FileRows(Database):
    """What the store knows of files."""

    def add_file(self, file: FileRecord) -> None:
        """Keep a new file's record."""
        with self._writing() as connection:
            connection.execute(insert(FILES).values(asdict(file)))

    def file(self, id: str) -> FileRecord:
        """One file.

        Raises:
            Refusal: 404, there is none with this id.
        """
        with self._reading() as connection:
            row = connection.execute(select(FILES).where(FILES.c.id == id)).one_or_none()
        if row is None:
            raise _no_file(id)
        return record(FileRecord, row)

    def files(
        self,
        purpose: str | None = None,
        after: str | None = None,
        limit: int = 10_000,
        order: Literal["asc", "desc"] = "desc",
    ) -> Page[FileRecord]:
        """Files in pages, of one purpose or of all.

        Raises:
            Refusal: 400, unknown cursor or limit.
        """
        wanted = [FILES.c.purpose == purpose] if purpose else []
        with self._reading() as connection:
            return page(
                connection,
                FILES,
                FileRecord,
                *wanted,
                after=after,
                limit=limit,
                newest_first=order != "asc",
            )

    def expired_files(self, time: int) -> tuple[FileRecord, ...]:
        """Files whose time was over at ``time``, in Unix seconds."""
        with self._reading() as connection:
            rows = connection.execute(select(FILES).where(FILES.c.expires_at <= time)).all()
        return tuple(record(FileRecord, row) for row in rows)

    def delete_file(self, id: str) -> None:
        """Forget a file.

        Raises:
            Refusal: 404, there is none with this id.
        """
        with self._writing() as connection:
            gone = connection.execute(delete(FILES).where(FILES.c.id == id)).rowcount
        if not gone:
            raise _no_file(id)


def _no_file(id: str) -> Refusal:
    return Refusal(404, f"No such File object: {id}", code="file_not_found", param="id")
