"""Every kind of broken file is named by kind and line, and nothing is dropped in silence."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from aprendiz.data.files import _MOST_BAD_LINES
from aprendiz.data.read import read_examples
from tests.unit.data.conftest import Write


def zipped(member: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "x")
    return buffer.getvalue()


HEAD = "text,label\n"
NESTED = '{"text": ' + "[" * 100_000 + "\n"

BROKEN: dict[str, tuple[str, str | bytes, list[tuple[str, int]]]] = {
    # what: (file name, content, [(kind, line) of every error])
    "empty": ("a.csv", "", [("empty_file", 0)]),
    "blank": ("a.json", " \n\n", [("empty_file", 0)]),
    "only a BOM": ("a.csv", b"\xef\xbb\xbf\n", [("empty_file", 0)]),
    "empty inside gzip": ("a.csv.gz", gzip.compress(b""), [("empty_file", 0)]),
    "UTF-16 with BOM": ("a.csv", (HEAD + "one,a\n").encode("utf-16"), [("encoding", 1)]),
    "UTF-16 little": ("a.csv", (HEAD + "one,a\n").encode("utf-16-le"), [("encoding", 1)]),
    "UTF-16 big": ("a.json", '{"a": ["one"]}'.encode("utf-16-be"), [("encoding", 1)]),
    "UTF-32": ("a.csv", (HEAD + "one,a\n").encode("utf-32"), [("encoding", 1)]),
    "Latin-1": (
        "a.csv",
        (HEAD + "one,a\nmañana,b\ntwo,a\nqué,b\n").encode("latin-1"),
        [("encoding", 3), ("encoding", 5)],
    ),
    "Windows-1252": ("a.jsonl", b'{"text": "5 \x80", "label": "a"}\n', [("encoding", 1)]),
    "half a surrogate pair": (
        "a.jsonl",
        '{"text": "ok", "label": "a"}\n{"text": "\\ud83d", "label": "a"}\n',
        [("encoding", 2)],
    ),
    "JSONL named JSON": (
        "a.json",
        '{"text": "one", "label": "a"}\n{"text": "two", "label": "b"}\n',
        [("wrong_format", 1)],
    ),
    "CSV named JSON": ("a.json", HEAD + "one,a\n", [("wrong_format", 1)]),
    "a number named JSON": ("a.json", "42", [("wrong_format", 1)]),
    "one record named JSON": ("a.json", '{"text": "x", "label": "y"}', [("wrong_format", 1)]),
    "records under a key": (
        "a.json",
        '{"data": [{"text": "x", "label": "y"}]}',
        [("wrong_format", 1)],
    ),
    "columns in JSON": (
        "a.json",
        '{"text": ["x", "y"], "label": ["a", "b"]}',
        [("wrong_format", 1)],
    ),
    "JSON named JSONL": (
        "a.jsonl",
        '[\n{"text": "one", "label": "a"}\n]\n',
        [("wrong_format", 1)],
    ),
    "one pretty object named JSONL": (
        "a.jsonl",
        '{\n"text": "one",\n"label": "a"\n}\n',
        [("wrong_format", 1)],
    ),
    "JSON named CSV": ("a.csv", '[{"text": "one", "label": "a"}]', [("wrong_format", 1)]),
    "JSONL named CSV": ("a.csv", '{"text": "one", "label": "a"}\n', [("wrong_format", 1)]),
    "text named Parquet": ("a.parquet", HEAD + "one,a\n", [("wrong_format", 1)]),
    "Parquet cut short": ("a.parquet", b"PAR1\x15\x04\x15", [("wrong_format", 1)]),
    "Parquet named CSV": ("a.csv", b"PAR1\x15\x04\x15PAR1", [("wrong_format", 1)]),
    "zip named CSV": ("a.csv", zipped("a.csv"), [("wrong_format", 1)]),
    "Excel named CSV": ("a.csv", zipped("xl/workbook.xml"), [("wrong_format", 1)]),
    "Excel by its name": ("a.xlsx", zipped("xl/workbook.xml"), [("wrong_format", 1)]),
    "PDF named CSV": ("a.csv", b"%PDF-1.7\n", [("wrong_format", 1)]),
    "web page named CSV": (
        "a.csv",
        "<!DOCTYPE html>\n<title>Log in</title>",
        [("wrong_format", 1)],
    ),
    "LFS pointer": (
        "a.csv",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        [("wrong_format", 1)],
    ),
    "gzip not named so": ("a.csv", gzip.compress(b"text,label\n"), [("wrong_format", 1)]),
    "gzip that is not": ("a.csv.gz", HEAD + "one,a\n", [("wrong_format", 1)]),
    "gzip cut short": (
        "a.csv.gz",
        gzip.compress(os.urandom(2000))[:-900],
        [("damaged_gzip", 0)],
    ),
    "unknown extension": ("a.txt", HEAD + "one,a\n", [("wrong_format", 1)]),
    "no extension": ("examples", HEAD + "one,a\n", [("wrong_format", 1)]),
    "zero bytes": ("a.csv", bytes(5000), [("wrong_format", 1)]),
    "binary": ("a.csv", bytes(range(256)) + bytes(200), [("wrong_format", 1)]),
    "JSON with a trailing comma": ("a.json", '{"a": ["x",\n"y",\n]}', [("invalid_json", 3)]),
    "JSON with single quotes": ("a.json", "{\n'a': ['x']}", [("invalid_json", 2)]),
    "JSON list with a missing comma": (
        "a.json",
        '[{"text": "x", "label": "a"}\n{"text": "y", "label": "b"}]',
        [("invalid_json", 2)],
    ),
    "JSON with something after it": (
        "a.json",
        '["a"]\nmore',
        [("bad_row", 1), ("invalid_json", 2)],
    ),
    "JSON text over two lines": ("a.json", '{"a": ["x\ny"]}', [("invalid_json", 1)]),
    "JSON number without end": (
        "a.json",
        '[{"text": "x", "label": ' + "9" * 5000 + "}]",
        [("invalid_json", 1)],
    ),
    "JSON nested without end": (
        "a.json",
        '[\n{"text": ' + "[" * 100_000,
        [("invalid_json", 2)],
    ),
    "JSONL nested without end": (
        "a.jsonl",
        '{"text": "x", "label": "a"}\n' + NESTED,
        [("invalid_json", 2)],
    ),
    "JSON cut inside a list": ("a.json", '{"a": ["x",\n"y"', [("truncated_json", 2)]),
    "JSON cut inside a text": ("a.json", '{"a": ["x",\n"y', [("truncated_json", 2)]),
    "JSON cut inside a record": (
        "a.json",
        '[{"text": "x", "label": "a"},\n{"text": "y", "lab',
        [("truncated_json", 2)],
    ),
    "JSONL cut short": (
        "a.jsonl",
        '{"text": "x", "label": "a"}\n{"text": "y", "la',
        [("truncated_json", 2)],
    ),
    "JSONL bad line": (
        "a.jsonl",
        '{"text": "x", "label": "a"}\n{"text" "y"}\n{"text": "z", "label": "a"}\n',
        [("invalid_json", 2)],
    ),
    "JSONL line that is no object": (
        "a.jsonl",
        '{"text": "x", "label": "a"}\n["y", "b"]\n7\n',
        [("bad_row", 2), ("bad_row", 3)],
    ),
    "record that names a column twice": (
        "a.jsonl",
        '{"text": "x", "text": "y", "label": "a"}\n{"text": "z", "label": "a"}\n',
        [("bad_row", 1)],
    ),
    "JSON list of texts": ("a.json", '["x",\n"y"]', [("bad_row", 1), ("bad_row", 2)]),
    "CSV row too long": (
        "a.csv",
        HEAD + "one,a\ntwo, or three,b\nfour,c\n",
        [("bad_row", 3)],
    ),
    "CSV row too short": ("a.csv", HEAD + '"one\nmore",a\ntwo\n', [("bad_row", 4)]),
    "CSV quote never closed": ("a.csv", HEAD + 'one,a\n"two,b\nthree,c\n', [("bad_row", 3)]),
    "CSV quote inside a field": (
        "a.csv",
        HEAD + '"say "hi" now",a\ntwo,b\n',
        [("bad_row", 2)],
    ),
    "CSV stray quote swallowing rows": (
        "a.csv",
        HEAD + '"one,a\ntwo,b\n"three, four",c\nfive,d\n',
        [("bad_row", 2)],
    ),
    "CSV without header": (
        "a.csv",
        "hello there,greet\nbye,leave\n",
        [("missing_columns", 1), ("missing_columns", 1)],
    ),
    "no label column": ("a.csv", "text,answer\none,a\n", [("missing_columns", 1)]),
    "two text columns": ("a.csv", "text,query,label\none,two,a\n", [("ambiguous_columns", 1)]),
    "one name twice": ("a.csv", "text,label,label\none,a,b\n", [("ambiguous_columns", 1)]),
    "two label columns in JSONL": (
        "a.jsonl",
        '{"text": "x", "label": "a", "intent": "b"}\n',
        [("ambiguous_columns", 0)],
    ),
    "empty text": ("a.csv", HEAD + "one,a\n  ,a\n", [("empty_text", 3)]),
    "invisible text": ("a.csv", HEAD + "one,a\n\u200b\ufeff,a\n", [("empty_text", 3)]),
    "neither text nor label": ("a.csv", HEAD + "one,a\n,\n", [("empty_text", 3)]),
    "empty text by label": ("a.json", '{"a": ["x",\n""]}', [("empty_text", 2)]),
    "null text": ("a.jsonl", '{"text": null, "label": "a"}\n', [("empty_text", 1)]),
    "record without text": (
        "a.jsonl",
        '{"text": "x", "label": "a"}\n{"label": "a"}\n',
        [("empty_text", 2)],
    ),
    "missing label": ("a.tsv", "text\tlabel\none\t\n", [("missing_label", 2)]),
    "null label": ("a.jsonl", '{"text": "x", "label": null}\n', [("missing_label", 1)]),
    "number as text": ("a.json", '{"a": ["x", 3]}', [("bad_type", 1)]),
    "list as label": ("a.jsonl", '{"text": "x", "label": ["a"]}\n', [("bad_type", 1)]),
    "object as label": ("a.jsonl", '{"text": "x", "label": {}}\n', [("bad_type", 1)]),
    "true as label": ("a.jsonl", '{"text": "x", "label": true}\n', [("bad_type", 1)]),
    "decimal as label": ("a.jsonl", '{"text": "x", "label": 1.5}\n', [("bad_type", 1)]),
    "label without a list": ("a.json", '{"a": ["x"],\n"b": "y"}', [("bad_type", 2)]),
    "NUL in CSV": ("a.csv", HEAD + "one,a\ntw\0o,a\n", [("nul_byte", 3)]),
    "NUL written in JSON": ("a.json", '{"a": ["x",\n"y\\u0000"]}', [("nul_byte", 2)]),
    "NUL raw in JSON": ("a.json", '{"a": ["x",\n"y\0z and a long text"]}', [("nul_byte", 2)]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_file_is_named_by_kind_and_line(write: Write, what: str) -> None:
    name, content, expected = BROKEN[what]
    path = write(name, content)
    errors = [found for found in read_examples(path).findings if found.severity == "error"]
    assert sorted((found.line, found.kind) for found in errors) == sorted(
        (line, kind) for kind, line in expected
    )
    assert all(found.file == str(path) and found.message for found in errors)


def test_missing_file_suggests_its_neighbour(write: Write) -> None:
    near = write("train.csv", HEAD)
    (found,) = read_examples(near.with_name("trian.csv")).findings
    assert (found.kind, found.line) == ("missing_file", 0)
    assert str(near) in found.hint


def test_missing_folder(tmp_path: Path) -> None:
    (found,) = read_examples(tmp_path / "no" / "train.csv").findings
    assert found.kind == "missing_file"


def test_folder_is_not_a_file(tmp_path: Path) -> None:
    assert [found.kind for found in read_examples(tmp_path).findings] == ["not_a_file"]


def test_impossible_name_is_a_finding() -> None:
    assert [found.kind for found in read_examples("a\0.csv").findings] == ["unreadable_file"]


def test_good_rows_around_a_bad_one_are_kept_and_counted(write: Write) -> None:
    reading = read_examples(write("a.csv", HEAD + "one,a\ntwo, or three,b\nfour,c\n,d\n"))
    assert [row.text for row in reading.examples] == ["one", "four"]
    assert reading.rows == 4


def test_unclosed_quote_says_how_much_it_swallows(write: Write) -> None:
    (found,) = read_examples(write("a.csv", HEAD + 'one,a\n"two,b\nthree,c\nfour,d\n')).findings
    assert "2 lines after it" in found.message


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("text,label\nmañana,a\n".encode("latin-1"), "iconv -f latin1 -t utf-8"),
        ("text,label\n“mañana”,a\n".encode("cp1252"), "iconv -f cp1252 -t utf-8"),
        ("text,label\nmañana,a\n".encode("utf-16"), "iconv -f utf-16 -t utf-8"),
        ("text,label\nmañana,a\n".encode("utf-16-le"), "iconv -f utf-16-le -t utf-8"),
        (b"text,label\nma\xc3\xb1ana,a\nma\xf1ana,b\n", "mixes encodings"),
        ("text,label\nsí,a\nmañ".encode()[:-1], "ends in the middle of a character"),
    ],
)
def test_encoding_fault_names_the_way_out(write: Write, content: bytes, advice: str) -> None:
    path = write("a b.csv", content)
    found = next(each for each in read_examples(path).findings if each.kind == "encoding")
    assert advice in found.hint
    if "iconv" in advice:
        assert f"'{path}'" in found.hint  # the space in the name is quoted for the shell


def test_undecodable_byte_is_placed_exactly(write: Write) -> None:
    content = b"\xef\xbb\xbftext,label\nbuenos d\xedas,a\n"
    reading = read_examples(write("a.csv", content))
    found = next(each for each in reading.findings if each.kind == "encoding")
    assert f"0xED is not UTF-8 (byte 9 of the line, offset {content.index(0xED)})" in found.message
    assert reading.examples == ()


def test_good_lines_of_a_badly_encoded_file_are_still_examined(write: Write) -> None:
    reading = read_examples(write("a.csv", b"text,label\nd\xedas,a\n,b\n"))
    assert [(found.kind, found.line) for found in reading.findings] == [
        ("encoding", 2),
        ("empty_text", 3),
    ]


def test_very_many_undecodable_lines_are_counted(write: Write) -> None:
    lines = _MOST_BAD_LINES + 500
    reading = read_examples(write("a.csv", b"text,label\n" + b"d\xedas,a\n" * lines))
    assert len(reading.findings) == _MOST_BAD_LINES + 1
    assert sum(found.count for found in reading.findings) == lines


def test_column_findings_list_the_columns_and_the_option(write: Write) -> None:
    (found,) = read_examples(write("a.csv", "text,query,label\none,two,a\n")).findings
    assert "'text', 'query', 'label'" in found.message
    assert "--text-column text" in found.hint
    (found,) = read_examples(write("b.csv", "text,gold_label\none,a\n")).findings
    assert "'text', 'gold_label'" in found.message
    assert "--label-column" in found.hint
    (found,) = read_examples(write("c.csv", "text,gold\none,a\n"), label="golds").findings
    assert (found.kind, "--label-column gold" in found.hint) == ("missing_columns", True)


def test_one_column_cannot_be_both(write: Write) -> None:
    (found,) = read_examples(write("a.csv", "text,label\none,a\n"), label="text").findings
    assert found.kind == "ambiguous_columns"


def test_what_a_file_holds_cannot_reach_the_terminal_raw(write: Write) -> None:
    reading = read_examples(write("a.csv", "te\x1b[2Jxt,label\none,a\n"))
    (escape,) = read_examples(write("b.csv", HEAD + "\x1b[2Jone,\n")).findings
    assert "\x1b" not in escape.message + reading.findings[0].message + reading.findings[0].hint


def test_label_without_texts_is_a_warning(write: Write) -> None:
    (found,) = read_examples(write("a.json", '{"a": ["x"],\n"b": []}')).findings
    assert (found.kind, found.severity, found.line) == ("empty_label", "warning", 2)
