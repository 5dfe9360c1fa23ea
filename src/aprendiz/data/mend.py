"""A repaired copy of a data file, and the diff that says what was changed.

Only what is certain is repaired: the encoding, odd characters and spaces, labels that differ
in case or spaces alone, exact repeats. Contradictions, empty rows and everything else that
needs a decision stay as they are. The original is only read.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from gzip import GzipFile
from pathlib import Path

from aprendiz.data.body import Body, is_utf8
from aprendiz.data.files import Contents, foreign_encoding, open_file
from aprendiz.data.mend_rows import Repairs, csv_pieces, json_pieces, jsonl_pieces
from aprendiz.data.parquet import raw_columns, write_changed
from aprendiz.data.positions import BrokenJson
from aprendiz.data.read import read_examples, read_text
from aprendiz.data.records import Finding
from aprendiz.data.sniff import is_chat
from aprendiz.data.unified import UnifiedDiff
from aprendiz.errors import DataError


@dataclass(frozen=True)
class Mended:
    """What was repaired.

    Attributes:
        out: the repaired copy.
        diff: the unified diff (of the unpacked file, if it is compressed); None for Parquet.
        repaired: places repaired, by kind of finding.
    """

    out: Path
    diff: Path | None
    repaired: Counter[str]


def mend(
    source: str | Path, out: str | Path, *, text: str | None = None, label: str | None = None
) -> Mended:
    """Write a repaired copy and ``OUT.diff`` beside it; the original stays as it is.

    Args:
        source: a file of examples or conversations.
        out: the copy; its name promises the same format. ``.gz`` compresses it.
        text: name of the text column; None to look for one.
        label: name of the label column; None to look for one.

    Raises:
        DataError: the file cannot be taken apart, or the copy would take its place.
        MissingExtra: Parquet is wanted and its library is not installed.
    """
    source, out = Path(source), Path(out)
    diff = out.with_name(f"{out.name}.diff")
    _refuse(source, out, diff)
    contents = open_file(source)
    if isinstance(contents, Finding):
        raise DataError(f"{source}: {contents.message}", contents.hint, [contents])
    if contents.format == "parquet":
        repairs = _repairs(str(source), contents, text, label)
        _mend_parquet(contents.data, out, repairs)
        return Mended(out, None, repairs.made)
    coat = _Coat.of(contents.data)
    plain = replace(contents, data=coat.removed_from(contents.data))
    repairs = Repairs.of_chat() if is_chat(source) else _repairs(str(source), plain, text, label)
    if coat.kind:
        repairs.made[coat.kind] += 1
    pieces = _pieces(Body(plain.data, damaged=not is_utf8(plain.data)), plain.format, repairs)
    try:
        _write(source, out, diff, coat, pieces)
    except BrokenJson as broken:
        message = f"{source}:{broken.line}: {broken.problem}; such a file cannot be repaired"
        raise DataError(message, "correct the line first") from None
    return Mended(out, diff, repairs.made)


def _refuse(source: Path, out: Path, diff: Path) -> None:
    for path in (out, diff):
        if path.exists() and source.exists() and path.samefile(source):
            raise DataError(f"{path} is the original itself", "give the copy another name")
    if not out.parent.is_dir():
        raise DataError(f"there is no folder {out.parent}", "make it first")
    if _format(out) != _format(source):
        message = f"{out} would be in another format than {source}"
        raise DataError(message, f"end its name with {_format(source)}")


def _format(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


@dataclass(frozen=True)
class _Coat:
    """What a file has around its text instead of being plain UTF-8.

    Attributes:
        prefix: its byte-order mark.
        codec: how its characters are encoded.
        kind: of finding that goes with the coat; empty if there is none.
    """

    prefix: bytes = b""
    codec: str = "utf-8"
    kind: str = ""

    @classmethod
    def of(cls, data: bytes) -> _Coat:
        if data.startswith(codecs.BOM_UTF8):
            return cls(codecs.BOM_UTF8, kind="bom")
        codec = foreign_encoding(data)
        if codec is None:
            return cls()
        prefix = next((mark for mark in _MARKS if data.startswith(mark)), b"")
        return cls(prefix, _MARKS.get(prefix, codec), "encoding")

    def removed_from(self, data: bytes) -> bytes:
        """The text in UTF-8; as it is where that cannot be."""
        data = data[len(self.prefix) :]
        return data if self.codec == "utf-8" else data.decode(self.codec).encode()

    def put_on(self, piece: str, first: bool) -> bytes:
        """A piece of the text as it stands in the file."""
        raw = piece.encode(self.codec, "surrogateescape")
        return self.prefix + raw if first else raw


# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def _repairs(file: str, contents: Contents, text: str | None, label: str | None) -> Repairs:
    """The repairs of labelled texts; the file is read once for its columns and labels."""
    if contents.format == "parquet":
        reading = read_examples(file, text=text, label=label)
    else:
        reading = read_text(file, contents, text, label)
    if reading.format.endswith("json by label"):
        return Repairs(text="", label=None)
    if reading.text_column is None:
        errors = [found for found in reading.findings if found.severity == "error"]
        message, hint = "there are no rows to repair", ""
        if errors:
            message, hint = errors[0].message, errors[0].hint
        raise DataError(f"{file}: {message}", hint, errors)
    return Repairs.of_labelled(reading)


def _mend_parquet(data: bytes, out: Path, repairs: Repairs) -> None:
    names = [name for name in (repairs.text, repairs.label) if name]
    old = raw_columns(data, names)
    new = {
        name: [repairs.mended(name, value) if isinstance(value, str) else value for value in values]
        for name, values in old.items()
    }
    kept = [
        row
        for row, (text, label) in enumerate(zip(*new.values(), strict=True))
        if not isinstance(text, str)
        or label is None
        or not repairs.repeats(text.strip(), str(label).strip())
    ]
    write_changed(data, out, {name: new[name] for name in names if new[name] != old[name]}, kept)


def _pieces(body: Body, format: str, repairs: Repairs) -> Iterator[tuple[str, str]]:
    if format == "json":
        return json_pieces(body, repairs)
    if format == "jsonl":
        return jsonl_pieces(body, repairs)
    return csv_pieces(body, format, (repairs.text, repairs.label), repairs)


def _write(
    source: Path, out: Path, diff: Path, coat: _Coat, pieces: Iterator[tuple[str, str]]
) -> None:
    """Write both files aside and rename them when they are whole."""
    asides = [path.with_name(f".{path.name}.partial") for path in (out, diff)]
    unpacked = [path.name.removesuffix(".gz") for path in (source, out)]
    try:
        with ExitStack() as stack:
            copy, changes = (stack.enter_context(aside.open("wb")) for aside in asides)
            write: Callable[[bytes], int] = copy.write
            if out.suffix.lower() == ".gz":
                # No name and no time inside: the same rows give the same bytes.
                write = stack.enter_context(GzipFile("", "wb", fileobj=copy, mtime=0)).write
            told = UnifiedDiff(changes, *unpacked)
            for number, (old, new) in enumerate(pieces):
                written = new.encode("utf-8", "surrogateescape")
                write(written)
                told.add(coat.put_on(old, first=number == 0), written)
            told.close()
        for aside, path in zip(asides, (out, diff), strict=True):
            aside.replace(path)
    finally:
        for aside in asides:
            aside.unlink(missing_ok=True)
