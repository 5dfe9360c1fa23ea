"""A file is answered: any rows in, as many out, in order, with the answers of one by one."""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from aprendiz.artifact.model import Model
from aprendiz.errors import DataError, JobStopped
from aprendiz.prediction import windows
from aprendiz.prediction.journal import journal_of, partial_of
from aprendiz.prediction.predict_file import predict_file

TEXTS = st.lists(st.text(max_size=30), max_size=12)
GIVEN = ["I want a refund", "=1+1", "hello", "+34 600", "@home", "-x", "\tx", "\rx", "a,b;c"]


def as_dicts(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n")[:-1]]


@examples(max_examples=25)
@given(texts=TEXTS)
@pytest.mark.parametrize("form", [".jsonl", ".json", ".csv", ".jsonl.gz", ".tsv"])
def test_any_rows_in_the_same_rows_out(model: Model, form: str, texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / f"in{form}", Path(folder) / "out.jsonl"
        write(source, form, texts)
        told = predict_file(model, source, out, columns=["number"] if texts else [])
        rows = as_dicts(out)
        assert [row["number"] for row in rows] == [str(n) for n in range(len(texts))]
        assert told.rows == len(texts) == told.answered + told.broken
        for text, row in zip(texts, rows, strict=True):
            if not text.strip() or "\0" in text:
                assert row["label"] is None and row["problem"]
                continue
            [alone] = model.predict([text])
            assert (row["text"], row["label"]) == (text, alone.label)
            assert row["confidence"] == pytest.approx(alone.confidence, abs=1e-5)
            assert row["abstained"] == alone.abstained
            assert row["problem"] is None


def write(source: Path, form: str, texts: list[str]) -> None:
    rows = [{"number": str(n), "text": text} for n, text in enumerate(texts)]
    if form in (".csv", ".tsv"):
        with source.open("w", encoding="utf-8", newline="") as stream:
            mark = "," if form == ".csv" else "\t"
            writer = csv.DictWriter(
                stream, ["number", "text"], delimiter=mark, quoting=csv.QUOTE_ALL
            )
            writer.writeheader()
            writer.writerows(rows)
    elif form == ".json":
        source.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        source.write_bytes(gzip.compress(lines) if form.endswith(".gz") else lines)


@pytest.mark.parametrize("text", GIVEN)
def test_no_cell_of_a_csv_file_is_a_formula(model: Model, tmp_path: Path, text: str) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.csv"
    source.write_text(json.dumps({"text": text, "=also(this)": text}) + "\n", encoding="utf-8")
    predict_file(model, source, out, columns=["*"])
    with out.open(encoding="utf-8", newline="") as stream:
        table = list(csv.reader(stream))
    assert not [cell for row in table for cell in row if cell.startswith(tuple("=+-@\t\r"))]
    assert table[1][1] in (text, f"'{text}")


def test_a_broken_row_stands_at_its_place_and_costs_no_neighbour(
    model: Model, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_bytes(
        b'id,text,label\n1,hello,a\n2,"never closed,b\n3,a,refund,c\n4,,d\n5,caf\xe9,e\n'
        b'6,"two\nlines",f\n\n7,hello again,g\n'
    )
    told = predict_file(model, source, out, columns=["id", "label"])
    rows = as_dicts(out)
    assert [row["id"] for row in rows] == ["1", None, "3", "4", "5", "6", "7"]
    assert [bool(row["problem"]) for row in rows] == [False, True, True, True, True, False, False]
    assert [row["label"] is None for row in rows] == [bool(row["problem"]) for row in rows]
    assert rows[0]["input_label"] == "a"
    assert "never closed" in str(rows[1]["text"]) and rows[5]["text"] == "two\nlines"
    assert (told.rows, told.answered, told.broken) == (7, 3, 4)


def test_json_lines_that_are_no_record_say_why(model: Model, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines = ['{"text": "hello"}', "{", '{"text": 5}', "[1]", '{"text": "\\ud800"}', '{"other": 1}']
    source.write_text("\n".join([*lines, '"I want a refund"']), encoding="utf-8")
    predict_file(model, source, out)
    problems = [str(row["problem"] or "") for row in as_dicts(out)]
    wanted = ["", "not a JSON", "a number", "a list", "half a surrogate", "no text", ""]
    assert all(want in got for want, got in zip(wanted, problems, strict=True)), problems
    assert problems[0] == problems[-1] == ""


ASKED = ["I want a refund", "how old is the moon", "hello", "two coffees", "number 3 street 3"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("kind", ["model", "several"])
def test_what_the_rules_say_stands_in_columns_of_its_own(
    kind: str, form: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chosen: Model = request.getfixturevalue(kind)
    source, out = tmp_path / "in.jsonl", tmp_path / f"out.{form}"
    lines = [json.dumps({"text": text, "scope": "mine"}) for text in [*ASKED, ""]]
    source.write_text("\n".join(lines), encoding="utf-8")
    told = predict_file(chosen, source, out, columns=["scope"])
    rows = read_back(out, form)
    own = {"labels"} if kind == "several" else {"scope", "candidates"}
    always = {"input_scope", "text", "label", "confidence", "decision", "abstained", "problem"}
    assert set(rows[0]) == always | own
    expected = chosen.predict(ASKED)
    assert [row["decision"] or None for row in rows] == [each.decision for each in expected] + [
        None
    ]
    for row, each in zip(rows, expected, strict=False):
        assert (row["input_scope"], row["label"]) == ("mine", each.label)
        assert row["abstained"] == each.abstained
        if kind == "several":
            assert row["labels"] == list(each.labels or ())
        else:
            assert row["candidates"] == list(each.candidates)
            assert float(row["scope"]) == pytest.approx(each.scope, abs=1e-6)
    decisions = [each.decision for each in expected]
    assert told.abstained == len(ASKED) - decisions.count("answer") > 0
    assert told.out_of_scope == decisions.count("out_of_scope") > 0
    assert f"out of scope: {told.out_of_scope} rows" in told.in_words()


def read_back(out: Path, form: str) -> list[dict[str, Any]]:
    """Rows of an output; of CSV, where all is text, with the lists and truths that it spells."""
    if form == "jsonl":
        return as_dicts(out)
    if form == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        return parquet.read_table(out).to_pylist()
    with out.open(encoding="utf-8", newline="") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    for row in rows:
        spelled = {"labels", "candidates", "abstained"} & {key for key, cell in row.items() if cell}
        row |= {key: json.loads(row[key]) for key in spelled}
    return rows


def test_a_threshold_for_all_labels_takes_the_place_of_theirs(
    several: Model, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("\n".join(ASKED))
    predict_file(several, source, out, threshold=0.0)
    assert all(set(row["labels"]) == set(several.labels) for row in as_dicts(out))


def test_lines_of_a_txt_file_keep_their_numbers(model: Model, tmp_path: Path) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("\ufeffhello\n\nI want a refund\r\nlast", encoding="utf-8")
    predict_file(model, source, out)
    assert [row["text"] for row in as_dicts(out)] == ["hello", "", "I want a refund", "last"]


def test_labels_with_their_texts_are_read_too(model: Model, tmp_path: Path) -> None:
    source, out = tmp_path / "in.json", tmp_path / "out.jsonl"
    source.write_text('{"greet": ["hello", "hi"], "none": [], "refund": ["money"]}')
    predict_file(model, source, out, columns=["label"])
    told = [(row["text"], row["input_label"]) for row in as_dicts(out)]
    assert told == [("hello", "greet"), ("hi", "greet"), ("money", "refund")]


def test_a_json_document_that_breaks_off_is_named_with_its_line(
    model: Model, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.json", tmp_path / "out.csv"
    source.write_text('[{"text": "hello"},\n{"text": "hi"}\n{"text": "bye"}]')
    with pytest.raises(DataError, match=r"in\.json:3: not JSON from here on"):
        predict_file(model, source, out)
    assert not out.exists()


@pytest.mark.parametrize("bytes_", [100, 70_000])  # met with the head, and while rows are read
def test_a_gzip_file_that_is_cut_short_is_named(model: Model, tmp_path: Path, bytes_: int) -> None:
    source = tmp_path / "in.txt.gz"
    source.write_bytes(gzip.compress(b"x" * bytes_ + b"\nhello")[:-9])
    with pytest.raises(DataError, match="gzip file is damaged or cut short"):
        predict_file(model, source, tmp_path / "out.csv")


def test_parquet_in_and_out(model: Model, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = arrow.table({"text": ["hello", None, "I want a refund"], "n": [1, 2, 3]})
    parquet.write_table(table, source)
    predict_file(model, source, out, columns=["n"])
    rows = parquet.read_table(out).to_pylist()
    assert [(row["n"], row["label"] is None) for row in rows] == [
        ("1", False), ("2", True), ("3", False),
    ]  # fmt: skip
    assert rows[1]["problem"] == "the row has no text"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


def interrupted(model: Model, source: Path, out: Path, after: int) -> None:
    def stop(rows: int, _position: int, _total: int) -> None:
        if rows >= after:
            raise KeyboardInterrupt

    with pytest.raises(JobStopped):
        predict_file(model, source, out, moved=stop)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten rows, and windows of three."""
    monkeypatch.setattr(windows, "MOST_ROWS", 3)
    source = tmp_path / "in.txt"
    source.write_text("".join(f"hello number {n}\n" for n in range(10)))
    return source


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("after", [3, 6, 10])
def test_an_interrupted_run_goes_on_and_ends_the_same(
    model: Model, tmp_path: Path, source: Path, form: str, after: int
) -> None:
    straight, out = tmp_path / f"straight.{form}", tmp_path / f"out.{form}"
    predict_file(model, source, straight)
    interrupted(model, source, out, after)
    assert not out.exists()
    with partial_of(out).open("ab") as half:  # a window whose journal was not written any more
        half.write(b'{"text": "hal')
    told = predict_file(model, source, out)
    assert (told.resumed_at, told.rows) == (min(10, after), 10)
    assert out.read_bytes() == straight.read_bytes()
    assert not partial_of(out).exists() and not journal_of(out).exists()


def test_another_input_or_model_is_refused_until_forced(
    model: Model, tmp_path: Path, source: Path
) -> None:
    out = tmp_path / "out.csv"
    interrupted(model, source, out, 3)
    with pytest.raises(DataError, match="begun with another threshold"):
        predict_file(model, source, out, threshold=0.1)
    source.write_text("something else\n")
    with pytest.raises(DataError, match="begun with another input"):
        predict_file(model, source, out)
    assert predict_file(model, source, out, force=True).rows == 1
    with pytest.raises(DataError, match="stands there already"):
        predict_file(model, source, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.csv"]


def test_two_runs_cannot_write_one_output(model: Model, tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out.csv"

    def again(_rows: int, _position: int, _total: int) -> None:
        with pytest.raises(DataError, match="another process is writing it"):
            predict_file(model, source, out)

    assert predict_file(model, source, out, moved=again).rows == 10


def test_an_input_that_changes_meanwhile_is_noticed(
    model: Model, tmp_path: Path, source: Path
) -> None:
    def write_more(rows: int, _position: int, _total: int) -> None:
        if rows == 3:
            source.write_text(source.read_text() + "one more\n")

    with pytest.raises(DataError, match="changed while it was read"):
        predict_file(model, source, tmp_path / "out.csv", moved=write_more)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("in.csv", b"a,b\n1,2\n", "no text column"),
        ("in.csv", b"text,query\n1,2\n", "2 columns could be the text"),
        ("in.csv", b"%PDF-1.7", "a PDF document"),
        ("in.csv", "text\nhello".encode("utf-16"), "UTF-16"),
        ("in.doc", b"text\n", "not a format"),
        ("in.parquet", b"text\n", "not a Parquet file"),
        ("in.gz", b"", "not a format"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(
    model: Model, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    with pytest.raises(DataError, match=says):
        predict_file(model, source, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == [name]
