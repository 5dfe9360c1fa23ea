"""Column types: how a Python value becomes a cell, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, Text, TypeDecorator

from aprendiz.platform.records import JobError

#: Grows with every row, so that rows of one second have an order. SQLite numbers rows only
#: in a column whose type is exactly INTEGER (which holds 64 bits there).
Sequence = BigInteger().with_variant(Integer, "sqlite")

#: Plain JSON; ``None`` is an empty cell, not the JSON word ``null``.
Json = JSON(none_as_null=True)


class PlainText(TypeDecorator[str]):
    """Text from outside, which may hold what no database takes.

    PostgreSQL refuses U+0000 and both refuse half a surrogate pair; JSON carries either.
    They are replaced, so that an odd id is simply not found and an odd name is kept readable.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is written."""
        if value is None:
            return None
        return value.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")


class ErrorJson(TypeDecorator[JobError]):
    """A :class:`JobError` as JSON."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: JobError | None, dialect: Dialect) -> Any:
        """What is written."""
        return None if value is None else asdict(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> JobError | None:
        """What is read."""
        return None if value is None else JobError(**value)


class PairJson(TypeDecorator[tuple[int, int]]):
    """Two whole numbers as JSON."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: tuple[int, int] | None, dialect: Dialect) -> Any:
        """What is written."""
        return None if value is None else list(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[int, int] | None:
        """What is read."""
        return None if value is None else (value[0], value[1])
