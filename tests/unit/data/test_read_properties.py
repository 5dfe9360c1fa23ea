"""Whatever the texts are, every format gives them back with the line they start on."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from aprendiz.data.read import Reading, read_examples

# Any character that UTF-8 can hold, with those that trip readers up drawn more often.
CHARACTERS = st.one_of(
    st.sampled_from("\",;\t\n\r\\'[]{}:\u2028\x85\ufeff\x1cñ😀"),
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
)
# A plain letter at both ends: outer white space and invisible texts have tests of their own.
TEXTS = st.text(CHARACTERS, max_size=20).map(lambda text: f"a{text}z")
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def read(name: str, content: str, **columns: str) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content.encode())
        return read_examples(path, **columns)


def agrees(reading: Reading, rows: list[tuple[str, str]], lines: list[int]) -> None:
    assert [found for found in reading.findings if found.severity == "error"] == []
    assert [(row.text, row.label) for row in reading.examples] == rows
    assert [row.line for row in reading.examples] == lines


def line_after(content: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", content)) + 1


@given(ROWS, LINE_ENDS, st.sampled_from(",;\t"), st.booleans())
def test_delimited(rows: list[tuple[str, str]], end: str, delimiter: str, quoted: bool) -> None:
    # Left to itself the writer quotes only those line ends that it writes.
    quoting = csv.QUOTE_ALL if quoted or end != "\r\n" else csv.QUOTE_MINIMAL
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["text", "label"])
    lines = []
    for row in rows:
        lines.append(line_after(written.getvalue()))
        writer.writerow(row)
    agrees(read("a.csv", written.getvalue()), rows, lines)
    agrees(read("a.tsv", written.getvalue()), rows, lines)


@given(ROWS, LINE_ENDS, st.booleans())
def test_json_lines(rows: list[tuple[str, str]], end: str, escaped: bool) -> None:
    records = [json.dumps({"label": b, "text": a}, ensure_ascii=escaped) for a, b in rows]
    content = end.join(records)
    agrees(read("a.jsonl", content), rows, list(range(1, len(rows) + 1)))


@given(ROWS, st.booleans(), st.sampled_from([None, 0, 2]))
def test_json_list(rows: list[tuple[str, str]], escaped: bool, indent: int | None) -> None:
    records = [{"text": a, "label": b} for a, b in rows]
    content = json.dumps(records, ensure_ascii=escaped, indent=indent)
    lines = [1 if indent is None else 2 + 4 * number for number in range(len(rows))]
    agrees(read("a.json", content), rows, lines)


@given(
    st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=4),
    st.booleans(),
    LINE_ENDS,
)
def test_json_by_label(texts: dict[str, list[str]], escaped: bool, end: str) -> None:
    content = json.dumps(texts, ensure_ascii=escaped, indent=1).replace("\n", end)
    rows, lines, line = [], [], 1
    for label, its_texts in texts.items():
        line += 1  # the label's own line
        for text in its_texts:
            line += 1
            rows.append((text, label))
            lines.append(line)
        line += 1  # the closing bracket
    agrees(read("a.json", content), rows, lines)


@given(ROWS, st.data())
def test_no_cut_goes_unnoticed(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    content = json.dumps([{"text": a, "label": b} for a, b in rows], ensure_ascii=False)
    cut = content[: data.draw(st.integers(1, len(content) - 1))]
    reading = read("a.json", cut)
    assert any(found.kind == "truncated_json" for found in reading.findings)
    assert [row.text for row in reading.examples] == [a for a, _ in rows][: len(reading.examples)]


@given(
    st.binary(max_size=200), st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl", "a.csv.gz"])
)
@example(b"text,label\r\r\n\xff,\xfe\n", "a.csv")
@example(b'{"\\ud800": ["x"]}', "a.json")
@example(b"{}", "a.jsonl")
def test_no_bytes_whatever_raise_or_vanish(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        reading = read_examples(path)
    assert reading.examples or reading.findings or reading.rows == 0
    for found in reading.findings:
        assert f"{found.message}{found.hint}".isprintable()


FIELDS = st.sampled_from(["one", "two", "", " ", "a b", "\0", "ñ", "'", "\u2028"])


@given(st.lists(st.lists(FIELDS, min_size=1, max_size=3), max_size=8))
def test_every_csv_row_is_an_example_or_a_finding(fields: list[list[str]]) -> None:
    rows = [",".join(row) for row in fields]
    reading = read("a.csv", "\n".join(["text,label", *rows]))
    if any(found.kind == "wrong_format" for found in reading.findings):
        return  # so many NUL bytes that it is no text at all
    accounted = [row.line for row in reading.examples] + [f.line for f in reading.findings]
    assert sorted(accounted) == [line for line, row in enumerate(rows, start=2) if row.strip(" ")]
    assert reading.rows == len(accounted)
