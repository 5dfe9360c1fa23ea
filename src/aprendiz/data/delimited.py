"""CSV and TSV to a table, with the line on which every row starts.

Rows that are not rows at all (too many fields, a quotation mark gone astray) become
findings. Not for what the values mean.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from aprendiz.data.body import Body
from aprendiz.data.columns import recognised
from aprendiz.data.excerpt import excerpt
from aprendiz.data.records import Finding
from aprendiz.data.table import Table, misnamed

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def csv_table(body: Body, file: str, format: str, chosen: tuple[str | None, str | None]) -> Table:
    """A table with a header line; the delimiter is found from that line.

    Args:
        body: the whole file.
        file: for the findings.
        format: ``csv`` or ``tsv``; settles ties between delimiters.
        chosen: text and label column as the user named them, None where not.
    """
    head = body.head()
    if re.match(r'\s*(\{\s*["\'}]|\[\s*[\[{"\]])', head):
        looks = "JSON Lines" if head.lstrip().startswith("{") else "a JSON list"
        return misnamed(file, format, f".{format}", looks)
    delimiter, skip = delimiter_of(body, format, chosen)
    table = Table(
        format if delimiter == _first(format)[0] else f"csv with {_DELIMITERS[delimiter]}"
    )
    # The limit is the csv module's own and holds for the whole process; texts may be longer.
    csv.field_size_limit(max(csv.field_size_limit(), len(body.data)))
    header: list[str] | None = None
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    for line, row in _csv_rows(body, delimiter, skip):
        if isinstance(row, csv.Error):
            table.refused += 1
            table.findings.append(_bad_quotes(file, line, row, body))
        elif header is None:
            header, table.header_line = [name.strip() for name in row], line
        elif len(row) == len(header):
            rows.append(tuple(row))
            lines.append(line)
        else:
            table.refused += 1
            table.findings.append(_bad_width(file, line, row, len(header), delimiter))
    table.columns = tuple(header or ())
    table.lines = lines
    table.column = lambda position: [row[position] for row in rows]
    return table


def _csv_rows(
    body: Body, delimiter: str, skip: int = 0
) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Every row that is not blank, or the error in its place, with the line it starts on.

    ``strict`` makes the reader complain about a stray quotation mark, which otherwise
    silently swallows the rows up to the next one; it goes on with the line after.
    """
    source = body.lines()
    for _ in range(skip):
        next(source, "")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        line = skip + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, error
            continue
        if row and (len(row) > 1 or row[0].strip(" \t")):
            yield line, row


def _first(format: str) -> list[str]:
    """Delimiters in the order in which the format's name makes them likely."""
    return ["\t", ",", ";"] if format == "tsv" else [",", ";", "\t"]


def delimiter_of(body: Body, format: str, chosen: tuple[str | None, str | None]) -> tuple[str, int]:
    """The delimiter, and the number of lines before the header.

    Excel may announce the delimiter on a line of its own (``sep=;``). Otherwise the
    one that yields columns we know wins, then the one that yields most columns.
    """
    if announced := re.match(r"sep=([,;\t])\s*?(\r\n?|\n)", body.head()):
        return announced[1], 1
    best, best_score = _first(format)[0], (0, 1)
    for delimiter in _first(format):
        header = next((row for _, row in _csv_rows(body, delimiter)), None)
        if isinstance(header, list):
            score = (recognised(header, *chosen), len(header))
            if score > best_score:
                best, best_score = delimiter, score
    return best, 0


def _bad_quotes(file: str, line: int, error: csv.Error, body: Body) -> Finding:
    if "unexpected end" in str(error):
        swallowed = len(re.findall(rb"\r\n?|\n", body.data.rstrip())) + 1 - line
        message = (
            "a quotation mark that opens in this row is never closed; "
            f"the {swallowed} lines after it cannot be told apart"
        )
    else:
        message = "a quotation mark closes before the end of its field"
    hint = 'put " around the whole field and write "" for each quotation mark inside it'
    return Finding(file, line, "bad_row", "error", message, hint)


def _bad_width(file: str, line: int, row: list[str], width: int, delimiter: str) -> Finding:
    fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
    message = f"the row has {fields} where the header has {width}: {excerpt(delimiter.join(row))}"
    mark = {",": "a comma", ";": "a semicolon", "\t": "a tab"}[delimiter]
    hint = f'put " around a text that holds {mark}' if len(row) > width else "complete the row"
    return Finding(file, line, "bad_row", "error", message, hint)
