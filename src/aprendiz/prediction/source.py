"""Opening an input by its name: CSV, TSV, JSON, JSON Lines, plain lines, Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aprendiz.data.files import FORMATS
from aprendiz.errors import DataError
from aprendiz.prediction.delimited import delimited_rows
from aprendiz.prediction.json_rows import json_rows, jsonl_rows
from aprendiz.prediction.lines import TOO_LONG, Line, TextFile, open_text
from aprendiz.prediction.parquet_file import open_parquet
from aprendiz.prediction.rows import Opened, Row, Wanted, row_of

_READABLE = {**FORMATS, ".txt": "txt"}
_NAMES = ".csv .tsv .json .jsonl .txt, also with .gz, and .parquet"


@contextmanager
def open_rows(file: Path, wanted: Wanted) -> Iterator[Opened]:
    """Open an input; its rows come as they are asked for, and none is left out.

    Raises:
        DataError: there is no such file, its format is unknown, or a wanted column is not in
            it; while rows are read, also a JSON document or a gzip file that is damaged.
        MissingExtra: pyarrow is not installed.
    """
    if not file.is_file():
        raise DataError(f"{file}: there is no such file")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    promised = suffixes[-2:-1] if gzipped else suffixes[-1:]
    form = _READABLE.get(promised[0] if promised else "")
    if form is None:
        raise DataError(f"{file}: not a format that can be read ({_NAMES})")
    if form == "parquet":
        if gzipped:
            raise DataError(f"{file}: Parquet is not read through gzip", f"gunzip {file}")
        with open_parquet(file, wanted) as opened:
            yield opened
        return
    with open_text(file, gzipped) as text:
        names, rows = _text_rows(text, form, wanted, str(file))
        yield Opened(names, rows, text.position, text.total)


def _text_rows(
    text: TextFile, form: str, wanted: Wanted, file: str
) -> tuple[tuple[str, ...], Iterator[Row]]:
    if not text.head.strip() and form != "txt":
        return (), iter(())
    if form == "json":
        return json_rows(text, wanted, file)
    if form == "jsonl":
        return jsonl_rows(text, wanted, file)
    if form != "txt":
        return delimited_rows(text, form, wanted, file)
    if wanted.text or wanted.carried:
        raise DataError(
            f"{file}: a .txt file is one text a line, and has no columns",
            "leave --text-column and --columns out",
        )
    return (), map(_plain, text.lines())


def _plain(line: Line) -> Row:
    problem = f"the line is {TOO_LONG}" if line.cut else ""
    return row_of(line.number, line.text.rstrip("\r\n"), (), problem)
