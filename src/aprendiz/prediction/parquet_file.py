"""Parquet as a stream of rows, and written from JSON Lines. Through pyarrow, in its functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from aprendiz.errors import DataError, MissingExtra
from aprendiz.prediction.rows import Opened, Row, Wanted, choose, row_of

_ROWS = 8192  # read, or written as a group, at once

# The other columns are texts; a carried one has none of these names (see output.names_of).
_NUMBERS, _FLAGS, _LISTS = ("confidence", "scope"), ("abstained",), ("labels", "candidates")


@contextmanager
def open_parquet(file: Path, wanted: Wanted) -> Iterator[Opened]:
    """Open a Parquet file; only the columns that matter are read.

    Raises:
        DataError: it is damaged, or a wanted column is not in it.
        MissingExtra: pyarrow is not installed.
    """
    require()
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    try:
        opened = parquet.ParquetFile(file)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{file}: not a Parquet file ({str(error).splitlines()[0]})") from None
    with opened:
        names = opened.schema_arrow.names
        chosen = choose(names, wanted, str(file))
        kept = [names[place] for place in (chosen.text, *chosen.carried)]
        if twice := [name for name in kept if names.count(name) > 1]:
            raise DataError(
                f"{file}: more than one column is called '{twice[0]}'",
                "rename them, or name others with --columns",
            )
        done = 0

        def rows() -> Iterator[Row]:
            nonlocal done
            try:
                for batch in opened.iter_batches(_ROWS, columns=list(dict.fromkeys(kept))):
                    for text, *carried in zip(
                        *(_plain(batch.column(name)) for name in kept), strict=True
                    ):
                        done += 1
                        yield row_of(done, text, tuple(carried))
            except arrow.ArrowException as error:
                raise DataError(f"{file}: damaged after row {done} ({error})") from None

        yield Opened(chosen.names, rows(), lambda: done, opened.metadata.num_rows)


def _plain(column: Any) -> list[Any]:
    """Values of an Arrow column; bytes of a text that are not UTF-8 as lone surrogates."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        raw = column.cast("binary").to_pylist()
        values = [each and each.decode("utf-8", "surrogateescape") for each in raw]
    return values


def write_parquet(lines: Path, out: Path, names: tuple[str, ...]) -> None:
    """Turn JSON Lines into a Parquet file, a row group at a time."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    types = {
        **dict.fromkeys(_NUMBERS, arrow.float64()),
        **dict.fromkeys(_FLAGS, arrow.bool_()),
        **dict.fromkeys(_LISTS, arrow.list_(arrow.string())),
    }
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in names])
    with lines.open(encoding="utf-8") as source, parquet.ParquetWriter(out, schema) as writer:
        while some := [json.loads(line) for line in islice(source, _ROWS)]:
            writer.write_table(arrow.Table.from_pylist(some, schema))


def require() -> None:
    """Ask for pyarrow before any work is done.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise MissingExtra("train", "pyarrow") from None
