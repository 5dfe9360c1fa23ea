"""Files as people have them: Latin-1 headers, NaN, wrong places. No row is lost, and no input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aprendiz.artifact.model import Model
from aprendiz.errors import DataError
from aprendiz.prediction.predict_file import predict_file
from aprendiz.prediction.rows import Row
from aprendiz.prediction.windows import MOST_CHARACTERS, windows
from tests.unit.prediction.test_predict_file import read_back


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_header_that_is_not_utf_8_is_carried_as_far_as_it_can_be_read(
    model: Model, tmp_path: Path, form: str
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / f"out.{form}"
    source.write_bytes("año,text\n2026,hello\n".encode("latin-1"))
    predict_file(model, source, out, columns=["*"])
    [row] = read_back(out, form)
    assert (row["a\ufffdo"], row["text"]) == ("2026", "hello")


def test_a_quoted_nothing_is_a_row_where_there_is_one_column(model: Model, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text('text\nhello\n""\n\n   \n" "\nbye\n')
    predict_file(model, source, out)
    assert [row["text"] for row in read_back(out, "jsonl")] == ["hello", "", " ", "bye"]


def test_no_line_of_the_output_says_nan_which_is_no_json(model: Model, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "hello", "n": NaN, "o": [1, Infinity]}\n')
    predict_file(model, source, out, columns=["*"])
    [row] = [json.loads(line, parse_constant=pytest.fail) for line in out.read_text().splitlines()]
    assert (row["n"], row["o"], row["text"]) == (None, [1, None], "hello")


def test_a_damaged_text_in_parquet_costs_its_own_row(model: Model, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    ends = arrow.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 2, 5)))
    texts = arrow.Array.from_buffers(arrow.string(), 2, [None, ends, arrow.py_buffer(b"h\xffbye")])
    source, out = tmp_path / "in.parquet", tmp_path / "out.jsonl"
    parquet.write_table(arrow.table({"text": texts, "note": texts}), source)
    predict_file(model, source, out, columns=["note"])
    rows = read_back(out, "jsonl")
    assert [row["note"] for row in rows] == ["h\ufffd", "bye"]
    assert ["byte 0xFF is not UTF-8" in str(row["problem"]) for row in rows] == [True, False]


def test_columns_of_one_name_in_parquet_are_refused_only_where_they_are_wanted(
    model: Model, tmp_path: Path
) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    arrays = [arrow.array(["hello"]), arrow.array([1]), arrow.array([2])]
    source = tmp_path / "in.parquet"
    parquet.write_table(arrow.Table.from_arrays(arrays, names=["text", "n", "n"]), source)
    assert predict_file(model, source, tmp_path / "out.csv").answered == 1
    with pytest.raises(DataError, match=r"in\.parquet: more than one column is called 'n'"):
        predict_file(model, source, tmp_path / "other.csv", columns=["*"])


@pytest.mark.parametrize("link", [False, True])
def test_the_input_is_never_written_over(model: Model, tmp_path: Path, link: bool) -> None:
    source = out = tmp_path / "in.csv"
    source.write_text("id,text\n1,hello\n")
    if link:
        out = tmp_path / "out.csv"
        out.symlink_to(source)
    with pytest.raises(DataError, match="is the input itself"):
        predict_file(model, source, out, force=True)
    assert source.read_text() == "id,text\n1,hello\n"


def test_a_folder_in_the_place_of_the_output_is_told_before_the_work(
    model: Model, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text\nhello\n")
    out.mkdir()
    with pytest.raises(DataError, match=r"out\.csv: is a folder"):
        predict_file(model, source, out, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_value_of_a_document_that_is_too_long_is_called_so(model: Model, tmp_path: Path) -> None:
    source = tmp_path / "in.json"
    source.write_text('[{"text": "hello"},\n{"text": "' + 9_000_000 * "a" + '"}]')
    with pytest.raises(DataError, match=r"in\.json:2: .* longer than 4 million characters"):
        predict_file(model, source, tmp_path / "out.csv")


@pytest.mark.parametrize("value", ["x" * 1_000_000, ["x" * 1_000_000], b"x" * 1_000_000])
def test_a_window_is_bounded_by_what_its_rows_carry(value: object) -> None:
    rows = (Row(n, "hello", "", (value,)) for n in range(20))
    assert max(len(window) for window in windows(rows)) <= MOST_CHARACTERS // 1_000_000 + 1
