"""Opening a data file: is it there, what is it really, how are its characters encoded.

Everything up to plain text (or raw bytes, for Parquet) happens here; what the text
says is for ``table.py`` and what fills it.
"""

from __future__ import annotations

import difflib
import gzip
import shlex
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.body import Body, is_utf8
from aprendiz.data.records import Finding

TEXT_FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
FORMATS = {**TEXT_FORMATS, ".parquet": "parquet"}
READABLE = ".csv .tsv .json .jsonl .parquet, and each of them with .gz"

_MOST_BAD_LINES = 1000  # findings kept for undecodable lines; the last one counts the rest

_EXPORT = "open it in its program and save it as CSV UTF-8"
_SIGNATURES = (
    (b"%PDF-", "a PDF document", "copy the examples into a CSV file"),
    (b"PAR1", "a Parquet file", "rename it to .parquet"),
    (b"\x1f\x8b", "gzip-compressed", "add .gz to its name, or gunzip it"),
    (b"BZh91AY&SY", "bzip2-compressed", "unpack it with bunzip2"),
    (b"\xfd7zXZ\x00", "xz-compressed", "unpack it with unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "unpack it with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and give the file inside"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document", _EXPORT),
    (b"{\\rtf", "a rich-text document", _EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"ARROW1", "an Arrow file", "write it as Parquet"),
    (b"\x89PNG", "a PNG picture", ""),
    (b"\xff\xd8\xff", "a JPEG picture", ""),
    (b"version https://git-lfs", "a Git LFS pointer, not the data itself", "git lfs pull"),
)


@dataclass(frozen=True)
class Contents:
    """The bytes of a data file, unpacked, and the format that its name promises.

    Attributes:
        data: the bytes.
        format: ``csv``, ``tsv``, ``json``, ``jsonl`` or ``parquet``.
        gzipped: whether the bytes were compressed in the file.
    """

    data: bytes
    format: str
    gzipped: bool


def open_file(source: str | Path) -> Contents | Finding:
    """Read a file, or say in one finding why that is not possible."""
    file, path = str(source), Path(source)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    gzipped = suffixes[-1:] == [".gz"]
    promised = (suffixes[-2:-1] if gzipped else suffixes[-1:]) or [""]
    raw = _bytes_of(path, file)
    if isinstance(raw, Finding):
        return raw
    if not raw.strip():
        return Finding(file, 0, "empty_file", "error", "the file is empty", "write examples to it")
    data = raw
    if gzipped:
        try:
            data = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            return _bad_gzip(raw, file, error)
        if not data.strip():
            return Finding(file, 0, "empty_file", "error", "the compressed file is empty")
    format = FORMATS.get(promised[0])
    if format is None:
        looks, hint = identify(data) or (None, None)
        named = f"is {looks}, which" if looks else f"has the extension {promised[0]!r}, which"
        message = f"the file {named} is not a format that can be read ({READABLE})"
        return _wrong(file, message, hint or "rename it after what is in it")
    if format == "parquet":
        return _checked_parquet(data, file, gzipped)
    if (found := identify(data)) is not None:
        return _wrong(file, f"the file is named {promised[0]} but is {found[0]}", found[1])
    return Contents(data, format, gzipped)


def _bytes_of(path: Path, file: str) -> bytes | Finding:
    try:
        if path.is_dir():
            inside = "give a file in it" if any(path.iterdir()) else "the folder is empty"
            return Finding(file, 0, "not_a_file", "error", "this is a folder, not a file", inside)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Finding(file, 0, "missing_file", "error", "there is no such file", _near(path))
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        why = getattr(error, "strerror", None) or str(error)
        message = f"the file cannot be read: {why.lower()}"
        return Finding(file, 0, "unreadable_file", "error", message, "check its permissions")


def _near(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"the folder {path.parent} does not exist either"
    close = difflib.get_close_matches(path.name, names, 1)
    return f"did you mean {path.parent / close[0]}?" if close else "check the path"


def _bad_gzip(raw: bytes, file: str, error: Exception) -> Finding:
    if raw.startswith(b"\x1f\x8b"):
        message = f"the gzip file is damaged or cut short ({str(error).lower()})"
        return Finding(file, 0, "damaged_gzip", "error", message, "copy or download it again")
    looks = (identify(raw) or ("not gzip-compressed",))[0]
    return _wrong(file, f"the file is named .gz but is {looks}", "remove .gz from its name")


def _checked_parquet(data: bytes, file: str, gzipped: bool) -> Contents | Finding:
    if data.startswith(b"PAR1") and data.endswith(b"PAR1"):
        return Contents(data, "parquet", gzipped)
    if data.startswith(b"PAR1"):
        message = "the Parquet file is cut short: its closing index is missing"
        return _wrong(file, message, "copy or download it again")
    looks, hint = identify(data) or ("text", "rename it after what is in it, such as .csv")
    return _wrong(file, f"the file is named .parquet but is {looks}", hint)


def _wrong(file: str, message: str, hint: str) -> Finding:
    return Finding(file, 1, "wrong_format", "error", message, hint)


def identify(data: bytes) -> tuple[str, str] | None:
    """What bytes that are not a text table really are, and what to do; None if nothing is known."""
    for signature, name, hint in _SIGNATURES:
        if data.startswith(signature):
            return name, hint
    if data.startswith(b"PK\x03\x04"):
        if b"xl/" in data:
            return "an Excel workbook", _EXPORT
        if b"word/" in data or b"opendocument" in data[:200]:
            return "an office document", _EXPORT
        return "a zip archive", "unpack it and give the file inside"
    head = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page", "download the file itself; the link may need a login"
    if head.startswith(b"<?xml"):
        return "XML", "convert it to CSV or JSON"
    sample = data[:8192]
    if not sample.strip(b"\0"):
        return "nothing but zero bytes", "copy or download it again"
    if utf16_order(sample) is None and sample.count(0) > len(sample) / 10:
        return "binary data", "give a text file"
    return None


def utf16_order(sample: bytes) -> str | None:
    """``utf-16-le`` or ``utf-16-be`` where the zero bytes fall as in Latin text; else None.

    A byte-order mark settles it; without one, at least two in five characters
    must have an empty high byte and next to none an empty low byte.
    """
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if sample[0] == 0xFF else "utf-16-be"
    pairs = len(sample) // 2
    even, odd = sample[: 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if pairs and odd > 0.4 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if pairs and even > 0.4 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return None


def decode(data: bytes, file: str) -> tuple[Body | None, str, list[Finding]]:
    """Bytes to text: the text, the name of the encoding, and what is wrong with it.

    Only UTF-8 is accepted. A text in UTF-16 comes back as None. Where single lines
    are not UTF-8 the text comes back with those bytes as lone surrogates
    (``surrogateescape``), so that the other lines can still be examined.
    """
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return None, "utf-32", [_not_utf8(file, "UTF-32", "utf-32")]
    if (order := utf16_order(data[:8192])) is not None:
        marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        name = f"UTF-16 ({'little' if order == 'utf-16-le' else 'big'}-endian"
        name += ")" if marked else ", without a byte-order mark)"
        return None, order, [_not_utf8(file, name, "utf-16" if marked else order)]
    findings = []
    if data.startswith(b"\xef\xbb\xbf"):
        message = "the file starts with a byte-order mark (BOM); it is left out"
        hint = "save as UTF-8 without BOM to be rid of this warning"
        findings.append(Finding(file, 1, "bom", "warning", message, hint))
        data = data[3:]
    if is_utf8(data):
        return Body(data), "utf-8", findings
    # Offsets are given as in the file, so the mark's three bytes count.
    bad = undecodable_lines(data, file, skipped=3 if findings else 0)
    return Body(data, damaged=True), "unknown", findings + bad


def _not_utf8(file: str, name: str, code: str) -> Finding:
    message = f"the text is encoded as {name}, not as UTF-8"
    return Finding(file, 1, "encoding", "error", message, _iconv(file, code))


def _iconv(file: str, code: str) -> str:
    old, new = shlex.quote(file), shlex.quote(f"utf8-{Path(file).name}")
    if file.endswith(".gz"):
        return f"gunzip -c {old} | iconv -f {code} -t utf-8 | gzip > {new}"
    return f"iconv -f {code} -t utf-8 {old} > {new}"


def undecodable_lines(data: bytes, file: str, skipped: int = 0) -> list[Finding]:
    """One finding for each line that is not UTF-8, naming its first bad byte."""
    bad: list[tuple[int, int, int]] = []  # line, column in bytes, offset in the file
    healthy = 0  # lines that use UTF-8 for more than ASCII
    offset = skipped
    lines = data.splitlines(keepends=True)
    for number, content in enumerate(lines, start=1):
        if not content.isascii():
            try:
                content.decode("utf-8")
                healthy += 1
            except UnicodeDecodeError as error:
                bad.append((number, error.start, offset + error.start))
        offset += len(content)
    advice = _advice(data, file, bad, healthy, cut=_ends_inside_a_character(data, lines))
    findings = [
        Finding(file, line, "encoding", "error", _bad_byte(data, column, at, skipped), advice)
        for line, column, at in bad[:_MOST_BAD_LINES]
    ]
    if rest := len(bad) - len(findings):
        message = f"{rest} more lines from here on are not UTF-8"
        line = bad[_MOST_BAD_LINES][0]
        findings.append(Finding(file, line, "encoding", "error", message, advice, count=rest))
    return findings


def _bad_byte(data: bytes, column: int, offset: int, skipped: int) -> str:
    byte = data[offset - skipped]
    return f"byte 0x{byte:02X} is not UTF-8 (byte {column + 1} of the line, offset {offset})"


def _ends_inside_a_character(data: bytes, lines: Sequence[bytes]) -> bool:
    try:
        lines[-1].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def _advice(
    data: bytes, file: str, bad: list[tuple[int, int, int]], healthy: int, cut: bool
) -> str:
    """What to do about undecodable lines, with the likeliest encoding named."""
    if cut and len(bad) == 1:
        return "the file ends in the middle of a character: copy or download it again"
    if healthy:
        return (
            f"{healthy} other lines are good UTF-8, so the file mixes encodings: "
            "correct these lines by hand"
        )
    code = single_byte_encoding(data)
    if code is None:
        return "save the file as UTF-8 in the program that wrote it"
    name = {"cp1252": "Windows-1252", "latin1": "Latin-1"}[code]
    return f"it looks like {name}: {_iconv(file, code)}"


def single_byte_encoding(data: bytes) -> str | None:
    """``cp1252`` or ``latin1``, whichever bytes that are not UTF-8 are likelier to be."""
    high = {byte for byte in set(data) if byte >= 0x80}
    if high & {0x81, 0x8D, 0x8F, 0x90, 0x9D}:  # the five that Windows-1252 leaves undefined
        return None
    return "cp1252" if any(byte < 0xA0 for byte in high) else "latin1"


def foreign_encoding(data: bytes) -> str | None:
    """The codec of a file that is not UTF-8 where one fits all of it; None otherwise.

    A file in which some lines are good UTF-8 beyond ASCII mixes encodings: None.
    """
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if (order := utf16_order(data[:8192])) is not None:
        return "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else order
    if is_utf8(data):
        return None
    for line in data.splitlines():
        if not line.isascii() and is_utf8(line):
            return None
    return single_byte_encoding(data)
