"""Every session on every page runs, ends as the page says and prints what the page shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.unit.docs import pages
from tests.unit.docs.pages import ROOT, Block, Command
from tests.unit.docs.session import Session, _line_pattern

# How many blocks run, page by page, so that none can slip out of the tests unseen. A page
# that is not here has none.
RUN = {
    "README.md": 7,
    "README.es.md": 7,
    "docs/how-to/base-models.md": 2,
    "docs/how-to/chat.md": 1,
    "docs/how-to/choose-a-method.md": 2,
    "docs/how-to/compare-methods.md": 4,
    "docs/how-to/fix-rejected-data.md": 6,
    "docs/how-to/freeze-a-split.md": 4,
    "docs/how-to/load-the-pt-file.md": 2,
    "docs/how-to/load-with-hugging-face.md": 4,
    "docs/how-to/look-at-the-data.md": 4,
    "docs/how-to/method-finetune.md": 1,
    "docs/how-to/method-lora.md": 3,
    "docs/how-to/method-managed.md": 1,
    "docs/how-to/method-probe.md": 1,
    "docs/how-to/method-tfidf.md": 1,
    "docs/how-to/predict-a-file.md": 2,
    "docs/how-to/repair-labels.md": 4,
    "docs/how-to/resume.md": 1,
    "docs/how-to/run-a-project.md": 2,
    "docs/how-to/run-the-platform.md": 2,
    "docs/how-to/see-runs-in-mlflow.md": 2,
    "docs/how-to/serve-and-stop.md": 4,
    "docs/how-to/when-to-ask.md": 5,
    "docs/reference/data-files.md": 1,
    "docs/tutorials/asistente-de-matematicas.md": 2,
    "docs/tutorials/first-model.md": 3,
    "docs/tutorials/maths-assistant.md": 2,
    "docs/tutorials/primer-modelo.md": 3,
    "docs/tutorials/serve-it.md": 5,
    "docs/tutorials/your-own-service.md": 4,
}

MOST_LEFT_OUT = 28  # blocks that do not run, each with its reason


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _parameters() -> list[object]:
    return [
        pytest.param(path, id=_name(path), marks=[pytest.mark.slow] * pages.is_marked(path, "slow"))
        for path in pages.pages()
        if _name(path) in RUN
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", _parameters())
def test_page(path: Path, tmp_path: Path) -> None:
    if "curl" in path.read_text(encoding="utf-8") and shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    pytest.importorskip("torch")
    folder = tmp_path / "reader"
    folder.mkdir()
    session = Session(folder, pages.is_marked(path, "tracked"))
    try:
        for block in pages.blocks(path):
            session.run(block)
    finally:
        session.close()
    assert session.ran == RUN[_name(path)]


def test_no_session_is_forgotten() -> None:
    found: dict[str, int] = {}
    for path in pages.pages():
        runs = [
            block
            for block in pages.blocks(path)
            if block.kind in ("console", "pycon", "hidden") and "not run" not in block.marks
        ]
        if runs:
            found[_name(path)] = len(runs)
    assert found == RUN


def test_what_does_not_run_says_why() -> None:
    left_out = [
        (path, block)
        for path in pages.pages()
        for block in pages.blocks(path)
        if "not run" in block.marks
    ]
    assert 0 < len(left_out) <= MOST_LEFT_OUT
    assert all(len(block.marks["not run"]) > 10 for _, block in left_out)


def test_shell_commands_stand_in_sessions() -> None:
    """A fence of another shell language would never be run."""
    checked = 0
    for path in pages.pages():
        for block in pages.blocks(path):
            checked += 1
            where = f"{_name(path)}:{block.line}"
            assert block.kind not in ("bash", "sh", "shell", "python"), where
            assert block.kind, f"{where}: a fence without a language"
    assert checked > 20


def test_a_session_is_taken_apart() -> None:
    block = Block("console", {}, ("$ one \\", "    two", "out", "$ three"), 1)
    assert block.commands() == [Command("one two", ("out",)), Command("three", ())]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("trained in 2.1 s", "trained in 17 s", True),
        ("version 9c1f04d2ab37", "version 0123456789ab", True),
        ("12 rows", "13 rows", False),
        ('{"intent":"get_news",...}', '{"intent":"get_news","confidence":0.9}', True),
        ("http://127.0.0.1:8000", "http://127.0.0.2:8000", False),
        ("accuracy: 0.91", "accuracy: none", False),
    ],
)
def test_lines_are_compared(shown: str, printed: str, same: bool) -> None:
    assert bool(re.fullmatch(_line_pattern(shown), printed)) is same


def test_a_wrong_page_fails(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.run(Block("console", {}, ("$ echo right", "right"), 1))
    session.run(Block("console", {}, ("$ false", "$ echo $?", "1"), 1))
    for wrong in (("$ echo right", "wrong"), ("$ false",), ("$ echo 0.50", "0.90")):
        with pytest.raises(AssertionError):
            session.run(Block("console", {}, wrong, 1))
