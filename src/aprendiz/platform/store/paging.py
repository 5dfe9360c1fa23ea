"""Lists in pages: newest first (or oldest), after a cursor, with a word on whether more follow."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, select

from aprendiz.platform.records import Page, Refusal
from aprendiz.platform.store.database import record

T = TypeVar("T")

MOST = 10_000  # rows in one page, whatever is asked for


def page(
    connection: Connection,
    table: Table,
    kind: type[T],
    *conditions: ColumnElement[bool],
    after: str | None,
    limit: int,
    newest_first: bool = True,
) -> Page[T]:
    """Rows of ``table`` that meet the conditions, at most ``limit`` of them.

    Args:
        after: id of the last row already seen; that row itself is left out.

    Raises:
        Refusal: 400, there is no row ``after`` or ``limit`` is not positive.
    """
    if limit < 1:
        raise Refusal(400, f"limit must be at least 1, not {limit}", param="limit")
    size = min(limit, MOST)
    seq = table.c.seq
    query = select(table).where(*conditions)
    if after:
        place = connection.scalar(select(seq).where(table.c.id == after, *conditions))
        if place is None:
            raise Refusal(
                400,
                f"there is nothing with the id {after!r} to go on after",
                code="invalid_cursor",
                param="after",
            )
        query = query.where(seq < place if newest_first else seq > place)
    ordered = query.order_by(seq.desc() if newest_first else seq.asc()).limit(size + 1)
    found: list[Any] = list(connection.execute(ordered))
    return Page(tuple(record(kind, row) for row in found[:size]), has_more=len(found) > size)
