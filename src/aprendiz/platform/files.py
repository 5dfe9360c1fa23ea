"""Files that clients send: taken to disk whole or not at all, checked, found again, removed.

The bytes lie in ``HOME/files`` under the file's id; the row about them is in the store. Beside
a checked file lies its verdict (``ID.json``), so that a job need not read the file again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from aprendiz.data.chat.labels import closed_set, has_several_turns, why_open
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.rules import PLATFORM, check_conversations, vendor_code
from aprendiz.data.check import errors_in
from aprendiz.data.records import Finding
from aprendiz.platform.ids import new_id, now
from aprendiz.platform.records import FileRecord, Refusal
from aprendiz.platform.store.store import Store

#: What a client may say a file is for.
PURPOSES = (
    "fine-tune",
    "fine-tune-results",
    "assistants",
    "batch",
    "user_data",
    "vision",
    "evals",
)
_SHORTEST_LIFE, _LONGEST_LIFE = 3_600, 2_592_000  # seconds; the protocol's own bounds
_PIECE = 1 << 20  # bytes read at a time
_FINDINGS_TOLD = 5
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look into a file of conversations found.

    Attributes:
        examples: usable conversations.
        labels: the answers, sorted, when they form a small closed set.
        open_because: why they do not; empty when they do.
        code: the vendor's code for the first fault; empty for a sound file.
        faults: the faults with their lines, in words; empty for a sound file.
        several_turns: some conversation holds more than a question and its answer.
    """

    examples: int
    labels: tuple[str, ...] = ()
    open_because: str = ""
    code: str = ""
    faults: str = ""
    several_turns: bool = False


class Files:
    """The files of one home.

    Args:
        folder: where the bytes lie; made if need be.
        store: where the rows are.
        most_bytes: largest file taken.
    """

    def __init__(self, folder: Path, store: Store, most_bytes: int) -> None:
        self._folder = folder
        self._store = store
        self._most = most_bytes
        folder.mkdir(parents=True, exist_ok=True)

    def receive(
        self, stream: BinaryIO, filename: str, purpose: str, expires_after: int | None = None
    ) -> FileRecord:
        """Take a file in, a piece at a time. A fine-tune file is checked line by line.

        Args:
            expires_after: seconds until it is removed.

        Returns:
            The file's record: ``processed``, or ``error`` with the lines at fault.

        Raises:
            Refusal: 400, unknown purpose or impossible lifetime; 413, too large.
        """
        _check_request(purpose, expires_after)
        id = new_id("file-")
        partial = self._folder / f"{id}.partial"
        try:
            size = self._to_disk(stream, partial)
            verdict = look_into(partial) if purpose == "fine-tune" else None
            if verdict is not None:
                _write(self._verdict_path(id), json.dumps(asdict(verdict)).encode())
            partial.rename(self._folder / id)
        except BaseException:
            self._remove(id)
            raise
        _sync(self._folder)
        faulty = verdict is not None and bool(verdict.faults)
        return self._keep(
            FileRecord(
                id=id,
                filename=_name(filename),
                purpose=purpose,
                bytes=size,
                created_at=now(),
                status="error" if faulty else "processed",
                status_details=verdict.faults if verdict is not None and faulty else None,
                expires_at=now() + expires_after if expires_after else None,
            )
        )

    def put_down(self, content: bytes, filename: str, purpose: str) -> FileRecord:
        """Write a file of our own (results) to disk; its row is the caller's to keep."""
        id = new_id("file-")
        partial = self._folder / f"{id}.partial"
        _write(partial, content)
        partial.rename(self._folder / id)
        _sync(self._folder)
        return FileRecord(id, filename, purpose, len(content), now(), "processed")

    def path(self, record: FileRecord) -> Path:
        """Where the bytes lie."""
        return self._folder / record.id

    def verdict(self, record: FileRecord) -> Verdict:
        """What was found in a fine-tune file when it came.

        Raises:
            Refusal: 400, it is not a fine-tune file.
        """
        try:
            values = json.loads(self._verdict_path(record.id).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Refusal(
                400,
                f"File '{record.id}' has the purpose '{record.purpose}', not 'fine-tune'.",
                code="invalid_file",
            ) from None
        return Verdict(**{**values, "labels": tuple(values["labels"])})

    def delete(self, id: str) -> None:
        """Remove a file. Jobs that were given it keep their own hold on its bytes.

        Raises:
            Refusal: 404, there is none with this id.
        """
        self._store.delete_file(id)
        self._remove(id)

    def remove_expired(self) -> None:
        """Remove files whose time is over."""
        for record in self._store.expired_files(now()):
            try:
                self.delete(record.id)
            except Refusal:
                continue  # a client was quicker

    def remove_leftovers(self) -> None:
        """Remove what a killed service had begun to write: bytes without a row."""
        for path in self._folder.iterdir():
            try:
                self._store.file(path.name.partition(".")[0])
            except Refusal:
                path.unlink(missing_ok=True)
            else:
                if path.name.endswith(".partial"):
                    path.unlink(missing_ok=True)

    def _to_disk(self, stream: BinaryIO, path: Path) -> int:
        size = 0
        with path.open("wb") as out:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > self._most:
                    raise Refusal(
                        413,
                        f"The file is larger than {self._most:,} bytes, the most this service "
                        "takes.",
                        code="file_too_large",
                        param="file",
                    )
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        return size

    def _keep(self, record: FileRecord) -> FileRecord:
        try:
            self._store.add_file(record)
        except BaseException:
            self._remove(record.id)
            raise
        return record

    def _remove(self, id: str) -> None:
        for path in (self._folder / id, self._verdict_path(id), self._folder / f"{id}.partial"):
            path.unlink(missing_ok=True)

    def _verdict_path(self, id: str) -> Path:
        return self._folder / f"{id}.json"


def look_into(path: Path) -> Verdict:
    """Read a file of conversations and judge it.

    How many there must be is not judged here: a validation file may have fewer.
    """
    reading = read_conversations(str(path), PLATFORM.forms)
    findings = check_conversations(reading, replace(PLATFORM, least_examples=0))
    faults = errors_in(findings)
    if faults:
        return Verdict(len(reading.conversations), code=vendor_code(faults[0]), faults=told(faults))
    labels = closed_set(reading.conversations)
    return Verdict(
        len(reading.conversations),
        labels=labels or (),
        open_because="" if labels else why_open(reading.conversations),
        several_turns=any(has_several_turns(each.question) for each in reading.conversations),
    )


def told(faults: Sequence[Finding]) -> str:
    """The first faults with their lines, and how many more there are."""
    lines = [_one(fault) for fault in faults[:_FINDINGS_TOLD]]
    more = len(faults) - len(lines)
    return "; ".join(lines) + (f"; and {more:,} more" if more else "")


def _one(fault: Finding) -> str:
    where = f"line {fault.line}: " if fault.line else ""
    return f"{where}{fault.message}" + (f" ({fault.hint})" if fault.hint else "")


def _check_request(purpose: str, expires_after: int | None) -> None:
    if purpose not in PURPOSES:
        raise Refusal(
            400,
            f"'{purpose}' is not one of {_listed(PURPOSES)}.",
            code="invalid_purpose",
            param="purpose",
        )
    if expires_after is not None and not _SHORTEST_LIFE <= expires_after <= _LONGEST_LIFE:
        raise Refusal(
            400,
            f"expires_after must be {_SHORTEST_LIFE} to {_LONGEST_LIFE} seconds, "
            f"not {expires_after}.",
            code="invalid_expires_after",
            param="expires_after",
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _name(filename: str) -> str:
    """The last part of what the client said, without what would break a header or a screen."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME] or "file"


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
