"""Keys pressed in a repair: what is decided, undone, skipped and taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz.cli.repair_session import RepairSession
from aprendiz.data.doubtful import Doubtful
from aprendiz.data.repair import Decision, Patch, read_patch
from aprendiz.errors import DataError

LABELS = ["order", "order status", "refund", "return"]
CHOICES = (("refund", 0.9), ("order", 0.06), ("return", 0.03))
ROWS = [
    Doubtful("one", "order", "refund", 2, choices=CHOICES),
    Doubtful("two", "order", "refund", 3, choices=CHOICES),
    Doubtful("three", "refund", "", 4),
    Doubtful("new", "", "return", 0),
]


@pytest.fixture
def session(tmp_path: Path) -> RepairSession:
    return RepairSession(ROWS, LABELS, Patch(tmp_path / "p.jsonl"))


def press(session: RepairSession, *keys: str) -> list[Decision]:
    """The decisions on disk after some keys."""
    for key in keys:
        session.press(key)
    return read_patch(session.patch.path) if session.patch.path.exists() else []


def test_one_key_each(session: RepairSession) -> None:
    assert press(session, "enter", "k", "d", "enter") == [
        Decision("relabel", "one", "order", "refund", 2),
        Decision("keep", "two", "order", "", 3),
        Decision("drop", "three", "refund", "", 4),
        Decision("add", "new", "", "return", 0),
    ]
    assert session.shown is None and session.decided == 4
    session.press("enter")
    assert session.over


def test_a_number_takes_one_of_the_labels_offered(session: RepairSession) -> None:
    assert session.offered == ["refund", "return"]
    assert press(session, "9") == []
    assert press(session, "2") == [Decision("relabel", "one", "order", "return", 2)]


def test_choosing_a_label_by_its_letters(session: RepairSession) -> None:
    session.press("c")
    assert session.matching == LABELS
    for key in ("r", "e", "t", "backspace"):
        session.press(key)
    assert session.matching == ["refund", "return"]
    assert press(session, "down", "enter") == [Decision("relabel", "one", "order", "return", 2)]


def test_choosing_can_be_left_and_a_label_typed_with_a_space(session: RepairSession) -> None:
    assert press(session, "c", "escape") == []
    assert session.choosing is None and session.shown == ROWS[0]
    taken = press(session, "c", "r", "space", "s", "enter")
    assert taken == [Decision("relabel", "one", "order", "order status", 2)]


def test_choosing_the_label_it_has_keeps_it(session: RepairSession) -> None:
    assert press(session, "c", *"order", "enter") == [Decision("keep", "one", "order", "", 2)]


def test_no_label_is_invented(session: RepairSession) -> None:
    assert press(session, "c", *"zzz", "enter") == []
    assert session.choosing is not None


def test_undo_takes_back_what_is_on_disk(session: RepairSession) -> None:
    assert len(press(session, "enter", "d")) == 2
    assert press(session, "u") == [Decision("relabel", "one", "order", "refund", 2)]
    assert session.shown == ROWS[1]
    assert press(session, "u") == []
    assert session.shown == ROWS[0]
    session.press("u")
    assert "nothing to undo" in session.said


def test_skipped_rows_come_again_and_decided_ones_do_not(session: RepairSession) -> None:
    press(session, "k", "space", "q")
    assert session.over
    again = RepairSession(ROWS, LABELS, Patch(session.patch.path))
    assert again.shown == ROWS[1] and again.decided == 1
    press(again, "space", "u")
    assert again.shown == ROWS[1]


def test_nothing_suggested_needs_another_key(session: RepairSession) -> None:
    press(session, "k", "k")
    assert len(press(session, "enter")) == 2
    assert "nothing is suggested" in session.said


def test_a_new_text_is_not_added_when_dropped(session: RepairSession) -> None:
    press(session, "k", "k", "k")
    assert press(session, "d")[-1] == Decision("ignore", "new", "")


def test_a_terminal_is_needed(examples_file: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from aprendiz.cli.main import app

    outcome = CliRunner().invoke(app, ["data", "repair", str(examples_file)])
    assert isinstance(outcome.exception, DataError)
    assert "terminal" in outcome.exception.message
    patch = tmp_path / "p.jsonl"
    patch.write_text("")
    again = CliRunner().invoke(app, ["data", "repair", str(examples_file), "--out", str(patch)])
    assert isinstance(again.exception, DataError) and "--resume" in again.exception.hint
