"""Files: taken whole or not at all, checked line by line, removed when their time is over."""

from __future__ import annotations

import io
import os

import pytest

from aprendiz.platform import files as files_room
from aprendiz.platform.files import Files
from aprendiz.platform.records import FileRecord, Refusal
from aprendiz.platform.service import Platform
from tests.unit.platform.chats import chat, lines, send


def on_disk(platform: Platform) -> set[str]:
    return {path.name for path in (platform.home / "files").iterdir()}


def test_a_sound_file_is_processed_and_kept_byte_for_byte(still: Platform) -> None:
    content = b"\xef\xbb\xbf" + lines().encode()  # with a byte-order mark, as Azure wants it
    record = send(still, content)
    assert record.id.startswith("file-") and len(record.id) == 29
    assert (record.status, record.status_details) == ("processed", None)
    assert record.bytes == len(content)
    assert still.store.file(record.id) == record
    assert still.files.path(record).read_bytes() == content


def test_a_faulty_file_is_kept_with_the_first_faults_and_their_lines(still: Platform) -> None:
    good = chat("hello", "greet")
    record = send(still, good + "nonsense\n" + good + "{}\n" * 7)
    assert record.status == "error"
    assert record.status_details is not None
    assert record.status_details.startswith("line 2: ")
    for line in (2, 4, 5, 6, 7):
        assert f"line {line}: " in record.status_details
    assert "line 8" not in record.status_details
    assert record.status_details.endswith("and 3 more")
    assert still.store.file(record.id) == record


def test_few_examples_are_no_fault_of_a_file(still: Platform) -> None:
    # They may be a validation file; a job that trains on them is what fails.
    assert send(still, chat("hello", "greet")).status == "processed"


def test_an_empty_fine_tune_file_is_an_error(still: Platform) -> None:
    assert send(still, b"").status == "error"


@pytest.mark.parametrize("purpose", ["fine-tune-results", "assistants", "batch", "user_data",
                                     "vision", "evals"])  # fmt: skip
def test_files_for_other_purposes_are_not_looked_into(still: Platform, purpose: str) -> None:
    record = send(still, b"\x00\xff anything", "photo.png", purpose)
    assert (record.status, record.purpose) == ("processed", purpose)


@pytest.mark.parametrize("purpose", ["", "fine_tune", "assistants_output", "Fine-Tune"])
def test_an_unknown_purpose_is_refused_and_leaves_nothing(still: Platform, purpose: str) -> None:
    with pytest.raises(Refusal) as told:
        send(still, lines(), purpose=purpose)
    assert (told.value.status, told.value.param) == (400, "purpose")
    assert on_disk(still) == set()


@pytest.mark.parametrize("seconds", [0, 3_599, 2_592_001, -5])
def test_a_lifetime_out_of_bounds_is_refused(still: Platform, seconds: int) -> None:
    with pytest.raises(Refusal) as told:
        still.files.receive(io.BytesIO(b"x"), "x", "batch", expires_after=seconds)
    assert (told.value.status, told.value.param) == (400, "expires_after")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\train.jsonl", "train.jsonl"),
        ("a\r\nX-Evil: 1\x00.jsonl", "aX-Evil: 1.jsonl"),
        ("", "file"),
        ("ñandú.jsonl", "ñandú.jsonl"),
        ("x" * 400, "x" * 255),
    ],
)
def test_a_name_is_only_a_name(still: Platform, name: str, kept: str) -> None:
    record = send(still, b"x", name, "batch")
    assert still.store.file(record.id).filename == kept
    assert on_disk(still) == {record.id}


class Source(io.RawIOBase):
    """A stream that never ends, or breaks."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.given = 0
        self._breaks_after = breaks_after

    def read(self, size: int = -1) -> bytes:
        if self._breaks_after is not None and self.given >= self._breaks_after:
            raise ConnectionResetError("the client went away")
        self.given += size
        return b"x" * size


def test_too_large_a_file_is_cut_short_and_leaves_nothing(still: Platform) -> None:
    small = Files(still.home / "files", still.store, most_bytes=3_000_000)
    endless = Source()
    with pytest.raises(Refusal, match="3,000,000 bytes") as told:
        small.receive(endless, "endless", "batch")  # type: ignore[arg-type]
    assert told.value.status == 413
    assert endless.given < 6_000_000  # it did not read on
    assert on_disk(still) == set()
    assert still.store.files().rows == ()


def test_exactly_the_largest_size_is_taken(still: Platform) -> None:
    small = Files(still.home / "files", still.store, most_bytes=1_000)
    assert small.receive(io.BytesIO(b"x" * 1_000), "x", "batch").bytes == 1_000
    with pytest.raises(Refusal):
        small.receive(io.BytesIO(b"x" * 1_001), "x", "batch")


def test_a_client_that_goes_away_leaves_nothing(still: Platform) -> None:
    with pytest.raises(ConnectionResetError):
        still.files.receive(Source(2_000_000), "half", "fine-tune")  # type: ignore[arg-type]
    assert on_disk(still) == set()
    assert still.store.files().rows == ()


def test_a_deleted_file_is_gone_from_list_and_disk(still: Platform) -> None:
    record = send(still, lines())
    still.files.delete(record.id)
    assert on_disk(still) == set()
    with pytest.raises(Refusal) as told:
        still.files.delete(record.id)
    assert told.value.status == 404


def test_what_a_killed_service_left_half_done_is_removed_at_start(still: Platform) -> None:
    kept = send(still, lines())
    folder = still.home / "files"
    for name in ("file-half.partial", "file-unlisted", "file-unlisted.json", f"{kept.id}.partial"):
        (folder / name).write_bytes(b"half")
    still.start()
    assert on_disk(still) == {kept.id, f"{kept.id}.json"}


def test_files_whose_time_is_over_are_removed(
    still: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays = send(still, b"x", purpose="batch")
    goes = still.files.receive(io.BytesIO(b"x"), "x", "batch", expires_after=3_600)
    assert goes.expires_at == goes.created_at + 3_600
    still.files.remove_expired()
    assert len(still.store.files().rows) == 2
    monkeypatch.setattr(files_room, "now", lambda: goes.created_at + 3_601)
    still.files.remove_expired()
    assert still.store.files().rows == (stays,)
    assert on_disk(still) == {stays.id}


def test_a_file_is_on_disk_before_it_is_listed(
    still: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    genuine = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(1), genuine(descriptor)))
    listed: list[int] = []
    add = still.store.add_file

    def keep(record: FileRecord) -> None:
        listed.append(len(synced))
        assert still.files.path(record).is_file()
        add(record)

    monkeypatch.setattr(still.store, "add_file", keep)
    send(still, lines())
    assert listed == [3]  # the bytes, the verdict, the folder
