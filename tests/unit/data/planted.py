"""A corpus of faults, each planted in good data in every format it can occur in.

``ROWS`` are faults of rows: rows put behind the clean ones, and which of them the finding must
name. ``FILES`` are faults of one format alone. Conversations are in ``planted_chats.py``.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import EXAMPLES

Row = tuple[object, object]

CLEAN: list[Row] = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
CLEAN_TEST: list[Row] = [
    ("what a lovely afternoon, friends", "greet"),
    ("two slices of lemon cake, please", "order"),
    ("nobody has paid me back so far", "refund"),
]


@dataclass(frozen=True)
class Planted:
    """A fault of rows.

    Attributes:
        kind: of the finding.
        rows: put behind the clean ones.
        at: which of ``rows`` the findings name; None for a finding about the file.
        against: held-out rows; the findings name these instead of ``rows``.
        besides: other kinds that the same rows rightly have.
        never: formats in which this cannot be written.
    """

    kind: str
    rows: Sequence[Row] = ()
    at: tuple[int, ...] | None = (0,)
    against: Sequence[Row] = ()
    besides: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}" if self.name else self.kind


def _planted(kind: str, *rows: Row, **more: object) -> Planted:
    for name in ("besides", "never"):
        if name in more:
            more[name] = frozenset(str(more[name]).split())
    return Planted(kind, rows, **more)  # type: ignore[arg-type]


_THINGS = (
    "lamp chair sofa clock vase piano bench plant mirror stool drum globe radio kettle "
    "basket ladder carpet candle statue fridge cradle hammock"
)
TYPED = "csv tsv csv.gz"  # formats in which every value is a text
_LONG = " ".join(f"and then I went to shop number {number} to ask about it" for number in range(30))

ROWS: list[Planted] = [
    # Values that are missing.
    _planted("empty_text", ("", "greet")),
    _planted("empty_text", ("\u200b ", "greet"), name="invisible"),
    _planted("empty_text", (None, "greet"), never=TYPED + " by_label", name="null"),
    _planted("missing_label", ("where has my cat gone", ""), never="by_label"),
    _planted("missing_label", ("where has my cat gone", None), never=TYPED + " by_label", name="null"),
    _planted("bad_type", (["a", "list"], "greet"), never=TYPED + " parquet"),
    _planted("bad_type", ("where has my cat gone", 0.5), never=TYPED + " by_label parquet", name="label"),
    _planted("nul_byte", ("where has\0my cat gone", "greet")),
    _planted("placeholder_text", ("N/A", "greet")),
    _planted("placeholder_text", ("None", "greet"), name="none"),
    _planted("placeholder_text", ("nan", "greet"), name="nan"),
    _planted("placeholder_text", ("-", "greet"), name="dash"),
    _planted(
        "placeholder_label",
        ("where has my cat gone", "null"),
        ("it rains in the mountains", "null"),
        besides="scarce_label",
    ),
    # Labels.
    _planted("rare_label", ("where has my cat gone", "pets")),
    _planted("near_labels", ("where has my cat gone", "Greet"), besides="rare_label"),
    _planted("near_labels", ("where has my cat gone", "gréet"), besides="rare_label", name="accent"),
    _planted("near_labels", ("where has my cat gone", "gre et"), besides="rare_label", name="space"),
    _planted("label_typo", ("where has my cat gone", "gret"), besides="rare_label"),
    _planted("label_typo", ("where has my cat gone", "refudn"), besides="rare_label", name="swapped"),
    _planted(
        "scarce_label", ("where has my cat gone", "pets"), ("the dog sleeps all day", "pets")
    ),
    _planted(
        "imbalance",
        ("where has my cat gone", "pets"),
        *((f"{word} stands in the corner of room {at * 37}", "greet") for at, word in enumerate(_THINGS.split())),
        at=None,
        besides="rare_label near_duplicate",
    ),
    _planted("unknown_label", against=[("the dog sleeps all day", "pets")]),
    # The same again.
    _planted("duplicate", ("hello there", "greet")),
    _planted("label_conflict", ("hello there", "order")),
    _planted("near_duplicate", ("Hello, there!", "greet")),
    _planted("near_duplicate", ("the refund has not yet arrived", "refund"), name="a word"),
    _planted("near_conflict", ("HELLO THERE", "order")),
    _planted("leak", against=[("hello there", "greet")]),
    _planted("near_leak", against=[("hello there!", "greet")]),
    _planted("near_leak", against=[("please refund my payments", "refund")], name="a word"),
    # What stands in a text.
    _planted("too_long", (_LONG, "greet")),
    _planted("control_character", ("where has\x07my cat gone", "greet")),
    _planted("invisible_character", ("where has my c\u200bat gone", "greet")),
    _planted("invisible_character", ("where has my \u202ecat gone", "greet"), name="direction"),
    _planted("lost_character", ("where has my ca\ufffd gone", "greet")),
    _planted("mojibake", ("one cafÃ© au lait for me", "order")),
    _planted("mojibake", ("I donâ€™t know where my cat is", "greet"), name="quotation mark"),
    _planted("not_nfc", ("one cafe\u0301 au lait for me", "order")),
    _planted("html", ("<p>where has my cat gone</p>", "greet")),
    _planted("html", ("where has my cat gone&nbsp;today", "greet"), name="entity"),
    _planted("url_only", ("https://example.com/cats?id=3", "greet")),
    _planted("no_words", ("¡!… ?!", "greet")),
    _planted("wrong_language", ("¿dónde está mi gato? no lo encuentro por la casa", "greet")),
    _planted("wrong_language", ("wo ist meine Katze und warum kommt sie nicht", "greet"), name="German"),
    _planted("wrong_language", ("где моя кошка", "greet"), name="script"),
    _planted("odd_space", ("where has  my cat gone", "greet")),
    _planted("odd_space", ("where has\u00a0my cat gone", "greet"), name="no-break"),
    # Private data: every number is made up, or the documented example of its kind.
    _planted("email", ("write to jane.roe@contoso.com about my cat", "greet")),
    _planted("phone", ("ring me on +34 612 345 678 about my cat", "greet")),
    _planted("phone", ("my phone is 6123 456 789, about the cat", "greet"), name="named"),
    _planted("phone", ("ring (212) 555-0147 about my cat", "greet"), name="US"),
    _planted("card_number", ("pay my cat with 4111 1111 1111 1111", "refund")),
    _planted("national_id", ("the cat of 12345678Z has gone", "greet"), name="DNI"),
    _planted("national_id", ("the cat of X1234567L has gone", "greet"), name="NIE"),
    _planted("national_id", ("the cat of 078-05-1120 has gone", "greet"), name="SSN"),
    _planted("iban", ("pay the cat to ES91 2100 0418 4502 0005 1332", "refund")),
    _planted("secret", ("my cat typed AKIAIOSFODNN7EXAMPLE", "greet"), name="AWS"),
    _planted("secret", ("my cat typed sk-abcdefghijklmnopqrstuv12", "greet"), name="API key"),
    _planted("secret", ("my cat typed ghp_" + "a1B2" * 9, "greet"), name="GitHub"),
    _planted("secret", ("cat eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "greet"), name="JWT"),
    _planted("secret", ("-----BEGIN RSA PRIVATE KEY----- MIIEow", "greet"), name="private key"),
    _planted("secret", ("my cat's password: whiskers9", "greet"), name="password"),
]  # fmt: skip


# ------------------------------------------------------------------ the formats

Written = tuple[bytes, list[int]]
"""The file, and the line on which each row stands."""


def _table(delimiter: str) -> Callable[[Sequence[Row]], Written]:
    def write(rows: Sequence[Row]) -> Written:
        out = io.StringIO()
        told = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        told.writerow(["text", "label"])
        lines = []
        for row in rows:
            lines.append(out.getvalue().count("\n") + 1)
            told.writerow(row)
        return out.getvalue().encode(), lines

    return write


def _jsonl(rows: Sequence[Row]) -> Written:
    records = [json.dumps({"text": text, "label": label}) + "\n" for text, label in rows]
    return "".join(records).encode(), list(range(1, len(rows) + 1))


def _json(rows: Sequence[Row]) -> Written:
    records = [
        json.dumps({"text": text, "label": label}, ensure_ascii=False, indent=2)
        for text, label in rows
    ]
    return ("[\n" + ",\n".join(records) + "\n]\n").encode(), [2 + 4 * at for at in range(len(rows))]


def _by_label(rows: Sequence[Row]) -> Written:
    labels: dict[object, list[int]] = {}
    for at, (_, label) in enumerate(rows):
        labels.setdefault(label, []).append(at)
    said, lines = ["{"], [0] * len(rows)
    for label, places in labels.items():
        said.append(f"{json.dumps(label)}: [")
        for at in places:
            said.append(json.dumps(rows[at][0]) + ("," if at != places[-1] else ""))
            lines[at] = len(said)
        said.append("]" if label == list(labels)[-1] else "],")
    return "\n".join([*said, "}"]).encode(), lines


def _parquet(rows: Sequence[Row]) -> Written:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"text": [row[0] for row in rows], "label": [row[1] for row in rows]})
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue(), list(range(1, len(rows) + 1))


def _gzipped(write: Callable[[Sequence[Row]], Written]) -> Callable[[Sequence[Row]], Written]:
    def compressed(rows: Sequence[Row]) -> Written:
        data, lines = write(rows)
        return gzip.compress(data), lines

    return compressed


FORMATS: dict[str, tuple[str, Callable[[Sequence[Row]], Written]]] = {
    "csv": (".csv", _table(",")),
    "tsv": (".tsv", _table("\t")),
    "csv.gz": (".csv.gz", _gzipped(_table(","))),
    "jsonl": (".jsonl", _jsonl),
    "jsonl.gz": (".jsonl.gz", _gzipped(_jsonl)),
    "json": (".json", _json),
    "by_label": (".json", _by_label),
    "parquet": (".parquet", _parquet),
}


def plant(planted: Planted, format: str, folder: Path) -> tuple[Path, Path, set[tuple[str, int]]]:
    """Write the files; where the fault must be found, as file and line."""
    suffix, write = FORMATS[format]
    train, test = folder / f"train{suffix}", folder / f"test{suffix}"
    data, lines = write([*CLEAN, *planted.rows])
    train.write_bytes(data)
    held, held_lines = write([*CLEAN_TEST, *planted.against])
    test.write_bytes(held)
    if planted.at is None:
        return train, test, {(str(train), 0)}
    file, places, skip = train, lines, len(CLEAN)
    if planted.against:
        file, places, skip = test, held_lines, len(CLEAN_TEST)
    return train, test, {(str(file), places[skip + at]) for at in planted.at}


# ------------------------------------------------------------------ faults of one format


@dataclass(frozen=True)
class Broken:
    """A file that is broken in a way of its own.

    Attributes:
        kind: of the finding.
        file: name of the file.
        data: what is in it.
        line: where the finding must be.
        besides: other kinds that it rightly has.
    """

    kind: str
    file: str
    data: bytes
    line: int
    besides: frozenset[str] = field(default_factory=frozenset)


def _csv(*rows: bytes) -> bytes:
    return FORMATS["csv"][1](CLEAN)[0] + b"".join(row + b"\n" for row in rows)


_LAST = len(CLEAN) + 2  # the line behind the clean rows of a CSV file
_JSONL = _jsonl(CLEAN)[0]
_JSON = _json(CLEAN)[0].rstrip()
_JSON_LAST = 2 + 4 * len(CLEAN)
_TSV = FORMATS["tsv"][1](CLEAN)[0]

FILES: list[Broken] = [
    Broken("empty_file", "a.csv", b"", 0),
    Broken("empty_file", "a.jsonl", b" \n", 0),
    Broken("empty_file", "a.csv.gz", gzip.compress(b""), 0),
    Broken("no_rows", "a.csv", b"text,label\n", 0),
    Broken("no_rows", "a.json", b"[]", 0),
    Broken("wrong_format", "a.csv", b"%PDF-1.7 ...", 1),
    Broken("wrong_format", "a.parquet", b"text,label\nhello,greet\n", 1),
    Broken("wrong_format", "a.jsonl", _JSON, 1),
    Broken("wrong_format", "a.csv", _JSONL, 1),
    Broken("damaged_gzip", "a.csv.gz", gzip.compress(_csv())[:-20], 0),
    Broken("damaged_gzip", "a.jsonl.gz", gzip.compress(_JSONL)[:-20], 0),
    Broken("encoding", "a.csv", _csv("mañana,greet".encode("latin1")), _LAST),
    Broken("encoding", "a.tsv", _TSV + "mañana\tgreet\n".encode("latin1"), _LAST),
    Broken("encoding", "a.jsonl", _JSONL + b'{"text": "ma\xf1ana", "label": "greet"}\n', len(CLEAN) + 1),
    Broken("encoding", "a.jsonl", _JSONL + b'{"text": "half \\ud83d", "label": "greet"}\n', len(CLEAN) + 1),
    Broken("encoding", "a.csv", _csv().decode().encode("utf-16"), 1),
    Broken("bom", "a.csv", b"\xef\xbb\xbf" + _csv(), 1),
    Broken("bom", "a.jsonl", b"\xef\xbb\xbf" + _JSONL, 1),
    Broken("invalid_json", "a.jsonl", _JSONL + b"{'text': 'x', 'label': 'greet'}\n", len(CLEAN) + 1),
    Broken("invalid_json", "a.json", _JSON[:-1] + b",\n{'text': 'x'}\n]", _JSON_LAST + 1),
    Broken("truncated_json", "a.json", _JSON[:-30], _JSON[:-30].count(b"\n") + 1),
    Broken("truncated_json", "a.jsonl", _JSONL + b'{"text": "cut', len(CLEAN) + 1),
    Broken("missing_columns", "a.csv", b"id,body text\n1,hello\n", 1),
    Broken("missing_columns", "a.jsonl", b'{"id": 1, "words": "hello"}\n', 0),
    Broken("ambiguous_columns", "a.csv", b"text,query,label\nhello,hi,greet\n", 1),
    Broken("bad_row", "a.csv", _csv(b"one, two, three,greet"), _LAST),
    Broken("bad_row", "a.csv", _csv(b'a "quoted" word,greet', b'"open,greet'), _LAST + 1),
    Broken("bad_row", "a.jsonl", _JSONL + b'["a", "list"]\n', len(CLEAN) + 1),
    Broken("nul_byte", "a.csv", _csv(b"where has\0my cat gone,greet"), _LAST),
    Broken("duplicate_key", "a.json", b'{"a": ["one cat", "two dogs"],\n"b": ["no bird", "a fish"],\n"a": ["five snakes"]}', 3),
    Broken("empty_label", "a.json", b'{"a": ["one cat", "two dogs"],\n"b": ["no bird", "a fish"],\n"c": []}', 3),
    Broken("single_label", "a.csv", b"text,label\none cat,a\ntwo dogs,a\n", 0),
]  # fmt: skip
