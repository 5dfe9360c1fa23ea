"""Parquet to a table and back, through pyarrow. Also the one place that knows class numbers of ``datasets``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from aprendiz.data.table import Table, misnamed
from aprendiz.errors import MissingExtra


def parquet_table(data: bytes, file: str) -> Table:
    """A Parquet file; rows are numbered from 1 where other formats have lines.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtra("train", "pyarrow") from None
    try:
        opened = parquet.ParquetFile(arrow.BufferReader(data))
        schema, rows = opened.schema_arrow, opened.metadata.num_rows
        opened.read(columns=[])  # meets a damaged file here rather than at the first column
    except (arrow.ArrowException, OSError) as error:
        return misnamed(file, "parquet", ".parquet", f"damaged ({str(error).splitlines()[0]})")
    classes = _class_names(schema.metadata or {})

    def column(position: int) -> Sequence[object]:
        name = schema.names[position]
        values = opened.read(columns=[name]).column(0).to_pylist()
        return with_names(values, classes[name]) if name in classes else values

    return Table("parquet", columns=tuple(schema.names), lines=range(1, rows + 1), column=column)


def raw_columns(data: bytes, names: Sequence[str]) -> dict[str, list[object]]:
    """The values of some columns as they are stored, class numbers as numbers."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    table = parquet.read_table(arrow.BufferReader(data), columns=list(names))
    return {name: table.column(name).to_pylist() for name in names}


def write_changed(
    data: bytes, out: Path, columns: Mapping[str, Sequence[object]], kept: Sequence[int]
) -> None:
    """Write a Parquet file again, with other values in some columns and only some rows.

    Types, other columns and metadata stay.
    """
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    table = parquet.read_table(arrow.BufferReader(data))
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        table = table.set_column(place, field, arrow.array(values, field.type))
    aside = out.with_name(f".{out.name}.partial")
    try:
        parquet.write_table(table.take(kept), aside)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """Label names that the ``datasets`` library wrote beside numbered labels, per column."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {
            name: feature["names"]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def with_names(values: Sequence[object], names: Sequence[str]) -> list[object]:
    """Class numbers to class names; -1 is how ``datasets`` writes a missing label."""
    return [
        (names[value] if 0 <= value < len(names) else None if value == -1 else value)
        if type(value) is int
        else value
        for value in values
    ]
