"""The page of promises names tests that exist, and every promise has a test or says why not."""

from __future__ import annotations

import ast
import re

from tests.unit.docs.pages import ROOT

PAGE = ROOT / "docs" / "explanation" / "reliability.md"


def _rows() -> list[tuple[str, str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return [(row[0], row[-1]) for row in cells if re.fullmatch(r"[A-Z]\d+", row[0])]


def test_every_row_of_the_checklist_is_there() -> None:
    counts = {"A": 12, "R": 16, "S": 8, "L": 9, "T": 9, "C": 5}
    expected = [f"{part}{n}" for part, most in counts.items() for n in range(1, most + 1)]
    assert [number for number, _ in _rows()] == expected


def test_every_test_it_names_exists() -> None:
    named = 0
    for number, cell in _rows():
        tests = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", cell)
        assert tests or cell in ("none", "not needed"), number
        for file, name in tests:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert name in functions, f"{number}: {file} has no {name}"
            named += 1
    assert named > 60
