"""``--fix``: what is certain is repaired, the diff applies, the original stays as it was."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.data.chat.read import read_conversations
from aprendiz.data.examine import Question, examine
from aprendiz.data.mend import Mended, mend
from aprendiz.data.read import read_examples
from aprendiz.data.spelling import tidy
from aprendiz.data.unified import UnifiedDiff
from aprendiz.errors import DataError
from tests.unit.data import planted_chats
from tests.unit.data.conftest import Write
from tests.unit.data.planted import CLEAN, FORMATS, Row

FAULTY: list[Row] = [
    ("one  more cup\tof coffee ", "order"),
    ("one cafÃ© au lait for me", "order"),
    ("two cre\u0301pes with sugar", "order"),
    ("a glass\u200b of water", "order"),
    ("ring\x07 the bell", "order"),
    ("where has\u00a0my cat gone", "Greet"),
    ("the dog sleeps all day", "greet "),
    ("hello there", "greet"),
    ("hello  there", "greet"),
]
MENDED = {
    "odd_space", "mojibake", "not_nfc", "invisible_character", "control_character",
    "near_labels", "duplicate",
}  # fmt: skip


def patched(original: bytes, diff: Path, folder: Path) -> bytes:
    """What ``patch`` makes of the original."""
    if shutil.which("patch") is None:
        pytest.skip("patch is not on this machine")
    copy = folder / "copy"
    copy.write_bytes(original)
    if diff.stat().st_size:
        subprocess.run(["patch", "--silent", "--binary", copy, diff], check=True)
    return copy.read_bytes()


def round_trip(path: Path) -> Mended:
    """Repair a file, and hold the diff and the original against the copy."""
    before = path.read_bytes()
    mended = mend(path, path.with_name(f"out-{path.name}"))
    assert path.read_bytes() == before
    if mended.diff is not None:
        unpack = gzip.decompress if path.suffix == ".gz" else bytes
        copy = unpack(mended.out.read_bytes())
        assert patched(unpack(before), mended.diff, path.parent) == copy
    return mended


@pytest.mark.parametrize("format", FORMATS)
def test_the_fixed_file_passes(format: str, tmp_path: Path) -> None:
    suffix, write_rows = FORMATS[format]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(write_rows([*CLEAN, *FAULTY])[0])
    mended = round_trip(path)
    left = {found.kind for found in examine(Question([str(mended.out)])).findings}
    if format == "by_label":  # a label is the key of a list there; its spelling is left alone
        assert set(mended.repaired) == MENDED - {"near_labels"}
        assert left == {"near_labels", "rare_label"}
    else:
        assert set(mended.repaired) == MENDED
        assert left == set()
        assert mended.repaired["duplicate"] == 2
    assert mended.out.name == f"out-a{suffix}"
    texts = [row.text for row in read_examples(mended.out).examples]
    assert len(texts) == len(CLEAN) + len(FAULTY) - 2
    assert {
        "one more cup of coffee",
        "one café au lait for me",
        "two cr\u00e9pes with sugar",
    } <= set(texts)


def test_fixing_twice_changes_nothing_more(write: Write) -> None:
    first = round_trip(write("a.csv", FORMATS["csv"][1]([*CLEAN, *FAULTY])[0]))
    second = round_trip(first.out)
    assert second.repaired == {}
    assert second.out.read_bytes() == first.out.read_bytes()
    assert second.diff is not None and second.diff.read_bytes() == b""


def test_other_columns_lines_and_quotes_stay(write: Write) -> None:
    path = write(
        "a.csv",
        'id;text;label;"note"\r\n'
        '1;"say ""hi"" to him";a;"x  y"\r\n'
        "\r\n"
        "2;two  words;a;x  y\r\n"
        '"3";"over two\n lines ";"b";"z"\r\n'
        "4;the end;b;",
    )
    round_trip(path)
    assert path.with_name("out-a.csv").read_bytes() == (
        b'id;text;label;"note"\r\n'
        b'1;"say ""hi"" to him";a;"x  y"\r\n'
        b"\r\n"
        b"2;two words;a;x  y\r\n"
        b'"3";"over two\nlines";"b";"z"\r\n'
        b"4;the end;b;"
    )


def test_json_keeps_its_form(write: Write) -> None:
    path = write(
        "a.json",
        '[ {"id": 1,\n   "label":"a", "text":"one  cat"},\n {"text" : "two", "label":"a",'
        ' "more": {"note": "x  y"}},\n {"text":"two","label":"a"}\n , {"text":"si\\u0301","label":7} ]\n',
    )
    mended = round_trip(path)
    assert mended.out.read_text(encoding="utf-8") == (
        '[ {"id": 1,\n   "label":"a", "text":"one cat"},\n {"text" : "two", "label":"a",'
        ' "more": {"note": "x  y"}}\n , {"text":"s\\u00ed","label":7} ]\n'
    )


def test_first_text_of_a_list_can_go(write: Write) -> None:
    path = write("a.json", '{"a": ["one", "two"], "b": ["three"], "a": ["one", "four"]}')
    mended = round_trip(path)
    assert mended.out.read_text() == '{"a": ["one", "two"], "b": ["three"], "a": [ "four"]}'


@pytest.mark.parametrize(
    "codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-8-sig"]
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_encoding(codec: str, name: str, write: Write) -> None:
    rows: list[Row] = [
        ("mañana vuelvo “ya”", "sí"),
        ("otro día", "sí"),
        ("uno", "no"),
        ("dos", "no"),
    ]
    format = name.removeprefix("a.")
    body = FORMATS[format][1](rows)[0].decode()
    if format == "jsonl":
        body = "".join(
            json.dumps(json.loads(line), ensure_ascii=False) + "\n" for line in body.splitlines()
        )
    mended = round_trip(write(name, body.encode(codec)))
    assert mended.out.read_text(encoding="utf-8") == body
    assert set(mended.repaired) == {"bom" if codec == "utf-8-sig" else "encoding"}


def test_mixed_encodings_and_contradictions_are_left(write: Write) -> None:
    data = "text,label\nmañana,a\n".encode() + "otro día,a\n".encode("latin1")
    path = write("a.csv", data + b"one,a\none,b\ntwo,b\n,b\n")
    mended = round_trip(path)
    assert mended.out.read_bytes() == path.read_bytes()
    assert mended.repaired == {}


def test_conversations_keep_their_spaces(write: Write) -> None:
    said = "def f():\n    return  1\u200b"
    chats = [*planted_chats.CLEAN, planted_chats.line(planted_chats.ASK, ("assistant", said))]
    mended = round_trip(write("a.jsonl", "\n".join(chats) + "\n"))
    assert mended.repaired == {"invisible_character": 1}
    last = read_conversations(mended.out).conversations[-1]
    assert last.answer == "def f():\n    return  1"


@pytest.mark.parametrize(
    ("source", "out", "hint"),
    [
        ("a.csv", "a.csv", "another name"),
        ("a.csv", "a.json", ".csv"),
        ("a.csv", "none/a.csv", "make it"),
        ("b.csv", "c.csv", ""),
    ],
)
def test_refused(source: str, out: str, hint: str, write: Write) -> None:
    path = write("a.csv", "text,label\none,a\n")
    with pytest.raises(DataError) as caught:
        mend(path.with_name(source), path.with_name("x").parent / out)
    assert hint in caught.value.hint
    assert path.read_bytes() == b"text,label\none,a\n"
    assert [each.name for each in path.parent.iterdir()] == ["a.csv"]


def test_broken_json_is_refused_and_leaves_nothing(write: Write) -> None:
    path = write("a.json", '[{"text": "one", "label": "a"}, {"text"')
    with pytest.raises(DataError, match="1"):
        mend(path, path.with_name("out.json"))
    assert [each.name for each in path.parent.iterdir()] == ["a.json"]


def test_the_original_cannot_be_reached_by_another_name(write: Write) -> None:
    path = write("a.csv", "text,label\none  two,a\n")
    link = path.with_name("b.csv")
    link.symlink_to(path)
    with pytest.raises(DataError, match="original"):
        mend(path, link)


_WORDS = st.text(
    st.sampled_from("aé\u0301\u200b\x07 \t\u00a0\n,;\"'Ã©ñ€\ufeff{}[]\\:"), max_size=12
)
_ROWS = st.lists(
    st.tuples(_WORDS.map(lambda word: f"x{word}"), st.sampled_from("abAB")), max_size=12
)


@given(rows=_ROWS, format=st.sampled_from(["csv", "tsv", "jsonl", "json", "by_label"]))
@settings(max_examples=60)
def test_any_rows_round_trip(
    rows: list[Row], format: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mend")
    suffix, write_rows = FORMATS[format]
    path = folder / f"a{suffix}"
    rows = [("a first row", "a"), *rows]
    path.write_bytes(write_rows(rows)[0])
    mended = round_trip(path)
    got = [row.text for row in read_examples(mended.out).examples]
    wanted = [tidy(str(text)) for text, _ in rows]
    assert set(got) == set(wanted)
    again = mend(mended.out, folder / f"again{suffix}")
    assert again.out.read_bytes() == mended.out.read_bytes()


_LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"d", b""]), max_size=4)


@given(pieces=st.lists(st.tuples(_LINES, st.none() | _LINES), max_size=12))
@settings(max_examples=60)
def test_any_diff_applies(
    pieces: Sequence[tuple[list[bytes], list[bytes] | None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("diff")
    path = folder / "a.diff"
    old = new = b""
    with path.open("wb") as file:
        diff = UnifiedDiff(file, "old", "new")
        for was, becomes in pieces:
            before = b"".join(was)
            after = before if becomes is None else b"".join(becomes)
            diff.add(before, after)
            old, new = old + before, new + after
        diff.close()
    if new or not old:  # patch removes a file that becomes empty
        assert patched(old, path, folder) == new


def test_every_form_of_conversation_is_mended(write: Write) -> None:
    rows = [
        {"instruction": "why\u200b", "output": "so", "note": "as\u200bis"},
        {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "cafÃ©"}]},
    ]
    mended = round_trip(write("a.json", json.dumps({"data": rows}, indent=1)))
    assert mended.repaired == {"invisible_character": 1, "mojibake": 1}
    first, second = read_conversations(mended.out).conversations
    assert (first.messages[0].content, first.field("note")) == ("why", "as\u200bis")
    assert second.answer == "café"
