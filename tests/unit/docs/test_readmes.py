"""Both READMEs say the same, start at once, and lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz._version import __version__
from aprendiz.methods.catalogue import METHODS
from tests.unit.docs import pages
from tests.unit.docs.pages import ROOT

ENGLISH, SPANISH = ROOT / "README.md", ROOT / "README.es.md"


def _commands(path: Path) -> list[str]:
    return [
        command.line
        for block in pages.blocks(path)
        if block.kind in ("console", "hidden")
        for command in block.commands()
    ]


def test_the_same_chapters_in_both_languages() -> None:
    english = [level for level, _ in pages.headings(ENGLISH)]
    assert english == [level for level, _ in pages.headings(SPANISH)]
    assert len(english) >= 6


def test_the_same_blocks_in_both_languages() -> None:
    def told(path: Path) -> list[tuple[str, tuple[str, ...]]]:
        return [(block.kind, tuple(block.marks)) for block in pages.blocks(path)]

    assert told(ENGLISH) == told(SPANISH)
    # What follows a # is a remark, and remarks are translated.
    without_remarks = [
        [line.partition("  #")[0].rstrip() for line in _commands(path)]
        for path in (ENGLISH, SPANISH)
    ]
    assert without_remarks[0] == without_remarks[1]
    assert len(without_remarks[0]) >= 6


@pytest.mark.parametrize("readme", [ENGLISH, SPANISH], ids=["english", "spanish"])
def test_the_first_command_comes_at_once(readme: Path) -> None:
    lines = readme.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines, 1) if line.startswith("$ "))
    assert first <= 20


@pytest.mark.parametrize("readme", [ENGLISH, SPANISH], ids=["english", "spanish"])
def test_every_method_is_in_the_table(readme: Path) -> None:
    rows = [
        line for line in readme.read_text(encoding="utf-8").splitlines() if line.startswith("| [`")
    ]
    assert [row.split("`")[1] for row in rows] == list(METHODS)


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    checked = 0
    for path in [*pages.pages(), ROOT / "CHANGELOG.md", ROOT / "docs" / "STYLE.md"]:
        for link in pages.links(path):
            target, _, anchor = link.partition("#")
            if "://" in link or link.startswith("mailto:") or "generated/" in target:
                continue
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), f"{path.relative_to(ROOT)}: {link}"
            if anchor and there.suffix == ".md":
                anchors = [_anchor(text) for _, text in pages.headings(there)]
                assert anchor in anchors, f"{path.relative_to(ROOT)}: {link}"
            checked += 1
    assert checked > 40


def _anchor(heading: str) -> str:
    kept = "".join(sign for sign in heading.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def test_the_changelog_ends_with_this_version() -> None:
    released = [
        text
        for level, text in pages.headings(ROOT / "CHANGELOG.md")
        if level == 2 and "Unreleased" not in text
    ]
    assert released[0].split("]")[0].strip("[") == __version__
