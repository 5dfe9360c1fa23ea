"""Every format gives the same examples, with their lines."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from aprendiz.data.read import Reading, read_examples
from tests.unit.data.conftest import Write

ROWS = [("hello, you", "greet"), ("good bye", "leave"), ("¿cuánto cuesta?", "preguntar")]


def rows(reading: Reading) -> list[tuple[str, str]]:
    return [(row.text, row.label) for row in reading.examples]


def lines(reading: Reading) -> list[int]:
    return [row.line for row in reading.examples]


def test_csv(write: Write) -> None:
    path = write(
        "a.csv", 'text,label\n"hello, you",greet\ngood bye,leave\n¿cuánto cuesta?,preguntar\n'
    )
    reading = read_examples(path)
    assert rows(reading) == ROWS
    assert lines(reading) == [2, 3, 4]
    assert reading.findings == ()
    assert (reading.format, reading.encoding) == ("csv", "utf-8")
    assert (reading.text_column, reading.label_column, reading.rows) == ("text", "label", 3)
    assert {row.file for row in reading.examples} == {str(path)}


def test_csv_row_knows_the_line_it_starts_on(write: Write) -> None:
    path = write("a.csv", 'text,label\r\n"one\r\ntwo\r\nthree",a\r\n\r\nfour,b\r\n')
    assert lines(read_examples(path)) == [2, 6]
    assert read_examples(path).examples[0].text == "one\r\ntwo\r\nthree"


def test_csv_with_old_mac_line_ends(write: Write) -> None:
    assert lines(read_examples(write("a.csv", "text,label\rone,a\rtwo,b\r"))) == [2, 3]


def test_spanish_excel_writes_semicolons(write: Write) -> None:
    path = write("a.csv", "\ufefffrase;categoría\r\nhola, quiero esto;comprar\r\nno va;queja\r\n")
    reading = read_examples(path)
    assert rows(reading) == [("hola, quiero esto", "comprar"), ("no va", "queja")]
    assert reading.format == "csv with semicolons"
    assert (reading.text_column, reading.label_column) == ("frase", "categoría")
    assert [(found.kind, found.severity) for found in reading.findings] == [("bom", "warning")]


def test_excel_may_announce_the_delimiter(write: Write) -> None:
    reading = read_examples(write("a.csv", "sep=;\r\ntext;label\r\none;a\r\n"))
    assert rows(reading) == [("one", "a")]
    assert lines(reading) == [3]


def test_tsv(write: Write) -> None:
    path = write(
        "a.tsv", "text\tlabel\nhello, you\tgreet\ngood bye\tleave\n¿cuánto cuesta?\tpreguntar"
    )
    assert rows(read_examples(path)) == ROWS
    assert read_examples(path).format == "tsv"


def test_csv_text_longer_than_the_csv_module_likes(write: Write) -> None:
    long = "x" * 400_000
    assert read_examples(write("a.csv", f"text,label\n{long},a\n")).examples[0].text == long


def test_json_by_label(write: Write) -> None:
    path = write("a.json", '{\n  "buy": ["one",\n    "two"],\n  "ask": [ "three" ]\n}\n')
    reading = read_examples(path)
    assert rows(reading) == [("one", "buy"), ("two", "buy"), ("three", "ask")]
    assert lines(reading) == [2, 3, 4]
    assert (reading.format, reading.text_column, reading.label_column) == (
        "json by label",
        None,
        None,
    )


def test_json_label_given_twice_keeps_the_texts_of_both_places(write: Write) -> None:
    reading = read_examples(write("a.json", '{"a": ["1"],\n"b": ["2"],\n"a": ["3"]}'))
    assert rows(reading) == [("1", "a"), ("2", "b"), ("3", "a")]
    assert [(f.kind, f.severity, f.line) for f in reading.findings] == [
        ("duplicate_key", "warning", 3)
    ]


def test_json_list(write: Write) -> None:
    path = write(
        "a.json", json.dumps([{"id": 1, "utterance": t, "intent": i} for t, i in ROWS], indent=1)
    )
    reading = read_examples(path)
    assert rows(reading) == ROWS
    assert lines(reading) == [2, 7, 12]
    assert (reading.text_column, reading.label_column) == ("utterance", "intent")


def test_jsonl(write: Write) -> None:
    records = [json.dumps({"query": text, "class": label}) for text, label in ROWS]
    reading = read_examples(write("a.jsonl", f"{records[0]}\r\n\r\n{records[1]}\r\n{records[2]}"))
    assert rows(reading) == ROWS
    assert lines(reading) == [1, 3, 4]


def test_jsonl_line_separator_inside_a_text_is_no_line_end(write: Write) -> None:
    path = write(
        "a.ndjson", '{"text": "a\u2028b\x85c", "label": "x"}\n{"text": "d", "label": "y"}\n'
    )
    assert lines(read_examples(path)) == [1, 2]


@pytest.mark.parametrize("name", ["a.csv.gz", "A.CSV.GZ"])
def test_gzipped_csv(write: Write, name: str) -> None:
    reading = read_examples(write(name, gzip.compress(b"text,label\none,a\n")))
    assert rows(reading) == [("one", "a")]
    assert reading.format == "gzipped csv"


def test_gzipped_jsonl(write: Write) -> None:
    path = write("a.jsonl.gz", gzip.compress(b'{"text": "one", "label": "a"}\n'))
    assert rows(read_examples(path)) == [("one", "a")]


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    path = tmp_path / "a.parquet"
    table = pyarrow.table(
        {
            "text": [text for text, _ in ROWS],
            "label": [label for _, label in ROWS],
            "n": [1, 2, 3],
        }
    )
    parquet.write_table(table, path)
    reading = read_examples(path)
    assert rows(reading) == ROWS
    assert lines(reading) == [1, 2, 3]
    assert (reading.format, reading.encoding) == ("parquet", "")


def test_parquet_class_numbers_become_names(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    features = {"label": {"names": ["world", "sports"], "_type": "ClassLabel"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    table = pyarrow.table({"text": ["a", "b", "c"], "label": [1, 0, -1]})
    path = tmp_path / "a.parquet"
    parquet.write_table(table.replace_schema_metadata(metadata), path)
    reading = read_examples(path)
    assert rows(reading) == [("a", "sports"), ("b", "world")]
    assert [(f.kind, f.line) for f in reading.findings] == [("missing_label", 3)]


def test_whole_number_labels_become_strings(write: Write) -> None:
    path = write("a.jsonl", '{"text": "one", "label": 0}\n{"text": "two", "label": -12}\n')
    assert rows(read_examples(path)) == [("one", "0"), ("two", "-12")]


def test_outer_white_space_goes(write: Write) -> None:
    assert rows(read_examples(write("a.csv", "text,label\n  one ,\ta \n"))) == [("one", "a")]


def test_column_names_are_found_without_case_accents_or_spaces(write: Write) -> None:
    reading = read_examples(write("a.csv", "id, FRASE ,Intenci\u00f3n\n1,uno,a\n"))
    assert (reading.text_column, reading.label_column) == ("FRASE", "Intención")
    decomposed = read_examples(write("b.csv", "frase,Intencio\u0301n\nuno,a\n"))
    assert rows(decomposed) == [("uno", "a")]


def test_columns_can_be_named(write: Write) -> None:
    path = write("a.csv", "text,query,label,gold\none,two,three,four\n")
    assert rows(read_examples(path, text="query", label="GOLD")) == [("two", "four")]


def test_a_named_column_matters_to_the_delimiter(write: Write) -> None:
    path = write("a.csv", "q;g,h,i,j\none;two,x,y,z\n")
    assert rows(read_examples(path, text="q", label="g,h,i,j")) == [("one", "two,x,y,z")]


def test_reading_loads_no_heavy_library(write: Write) -> None:
    path = write("a.csv", "text,label\none,a\ntwo,a\n")
    code = (
        "import sys\n"
        "from aprendiz.data.check import check\n"
        "from aprendiz.data.read import read_examples\n"
        f"check([read_examples({str(path)!r})])\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'pandas', 'pyarrow', 'datasets', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
