"""Who may import whom, and who may name which library: read from the source, nothing is run."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from tests.guards import house
from tests.guards.house import ROOT


def test_contracts_are_kept() -> None:
    judged = house.contracts(ROOT)
    assert len(judged) == len(house.pyproject(ROOT)["tool"]["importlinter"]["contracts"]) >= 5
    assert [name for name, kept in judged.items() if not kept] == []


def test_bans_are_kept() -> None:
    assert house.ban_faults(ROOT) == []


def test_every_exception_to_the_bans_is_used() -> None:
    """A pattern that matches no file is an exception nobody needs any more."""
    names = [file.relative_to(ROOT).as_posix() for file in house.files(ROOT)]
    patterns = house.heavy_patterns(ROOT)
    unused = [p for p in patterns if not any(fnmatch(name, p) for name in names)]
    assert len(patterns) >= 5
    assert unused == []


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("errors", set()),
        ("interfaces", {"numpy"}),
        ("evaluation", {"numpy"}),
        ("settings", {"pydantic", "pydantic_settings"}),
        ("recipe", {"pydantic", "yaml"}),
    ],
)
def test_low_rooms_name_only_their_own_libraries(room: str, allowed: set[str]) -> None:
    assert house.third_party(ROOT, room) <= allowed


def test_every_imported_library_is_declared() -> None:
    """What the package imports stands in pyproject.toml, not only in somebody's dependencies."""
    assert len(house.imported(ROOT)) >= 15
    assert house.undeclared(ROOT) == []
