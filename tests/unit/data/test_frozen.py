"""A frozen split: no row it knows ever moves, and nothing new leaks across it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.data.frozen import PARTS, Frozen, Rule, row_key
from aprendiz.data.near import clusters, near_pairs
from aprendiz.data.records import Example
from aprendiz.data.split import ALL_PARTS, Division, divide
from aprendiz.errors import DataError, RecipeError

RULE = Rule(13, {"validation": 0.1, "test": 0.2})
HELD_OUT = ("validation", "test")


def distinct(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:24]


def rows_of(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(text, label, "a.csv", line) for line, (text, label) in enumerate(pairs, 2)]


def sides(division: Division) -> dict[int, str]:
    return {row.line: part for part in ALL_PARTS for row in division.parts[part]}


def sentence(first: int, words: int = 8) -> str:
    """Words in a row: two that begin one apart are just not near, the one over both is to each."""
    return " ".join(distinct(number)[:6] for number in range(first, first + words))


BASE = rows_of([(sentence(n), "XYZ"[n % 3]) for n in range(120)])
# A copy, a near copy, a bridge between two rows, or something new; any label.
ADDED = st.lists(
    st.tuples(
        st.sampled_from(["copy", "spelt", "near", "bridge", "new"]),
        st.integers(0, 119),
        st.integers(0, 119),
        st.sampled_from(["X", "Y", "Z", "other"]),
    ),
    max_size=40,
)


def text_of(kind: str, one: int, other: int) -> str:
    return {
        "copy": BASE[one].text,
        "spelt": f"{BASE[one].text.upper()}!",
        "near": f"{BASE[one].text} {distinct(other)[:3]}",
        "bridge": sentence(one, 9),
        "new": sentence(1000 * (one + 1) + 10 * other),
    }[kind]


@settings(max_examples=150)
@given(ADDED, st.randoms())
def test_adding_rows_moves_none(added, chance) -> None:
    first = divide(BASE, RULE)
    more = rows_of([(text_of(*what[:3]), what[3]) for what in added])
    more = [Example(row.text, row.label, row.file, row.line + 1000) for row in more]
    everything = [*BASE, *more]
    chance.shuffle(everything)
    then = sides(divide(everything, RULE, frozen=first.frozen))
    before = sides(first)
    assert {line: then[line] for line in before} == before
    assert len(then) == len(everything)


@settings(max_examples=80)
@given(ADDED)
def test_nothing_learnt_is_near_what_is_measured(added) -> None:
    """Bridges included: what would stand on two sides is left out, and said to be."""
    frozen = divide(BASE, RULE).frozen
    rows = [*BASE, *rows_of([(text_of(*what[:3]), what[3]) for what in added])]
    parts = divide(rows, RULE, frozen=frozen).parts
    measured = [row.text for part in HELD_OUT for row in parts[part]]
    assert not list(near_pairs(measured, [row.text for row in parts["train"]]))


def test_a_bridge_between_two_sides_is_left_out() -> None:
    first = divide(BASE, RULE)
    side = sides(first)
    assert len(set(clusters([row.text for row in BASE]))) == len(BASE)
    crossing = [n for n in range(119) if side[n + 2] != side[n + 3]]
    bridges = [Example(sentence(n, 9), "X", "b.csv", 1000 + n) for n in range(119)]
    then = sides(divide([*BASE, *bridges], RULE, frozen=first.frozen))
    assert {line: then[line] for line in side} == side
    assert len(crossing) > 20
    assert all(then[1000 + n] == "left_out" for n in crossing)
    alone = Example(sentence(crossing[0], 9), "X", "b.csv", 1000)
    assert sides(divide([*BASE, alone], RULE, frozen=first.frozen))[1000] == "left_out"
    within = next(n for n in range(119) if side[n + 2] == side[n + 3] == "test")
    inside = Example(sentence(within, 9), "X", "b.csv", 1000)
    assert sides(divide([*BASE, inside], RULE, frozen=first.frozen))[1000] == "test"


@pytest.mark.parametrize("seed", range(12))
def test_a_label_that_stands_in_one_cluster_only_is_learnt(seed: int) -> None:
    rare = [(f"{sentence(0)} abc", "rare")]
    rows = rows_of([*((sentence(20 * n), "XY"[n % 2]) for n in range(20)), *rare])
    assert "rare" in {row.label for row in divide(rows, Rule(seed, {"test": 0.4})).parts["train"]}


def test_a_thousand_rows_more() -> None:
    first = divide(BASE, RULE)
    more = rows_of([(distinct(5000 + n), "XYZ"[n % 3]) for n in range(1000)])
    more = [Example(row.text, row.label, row.file, row.line + 1000) for row in more]
    then = divide([*BASE, *more], RULE, frozen=first.frozen)
    before = sides(first)
    assert {line: part for line, part in sides(then).items() if line in before} == before
    assert then.new == 1000
    assert 0.15 < len(then.parts["test"]) / 1120 < 0.25
    assert 0.06 < len(then.parts["validation"]) / 1120 < 0.14


def test_a_near_duplicate_follows_its_original() -> None:
    first = divide(BASE, RULE)
    held = first.parts["test"][0]
    copy = Example(f"{held.text} e", held.label, "a.csv", 999)
    assert sides(divide([*BASE, copy], RULE, frozen=first.frozen))[999] == "test"


def test_a_mended_label_or_spelling_moves_nothing() -> None:
    first = divide(BASE, RULE)
    mended = [Example(f" {row.text.upper()} .", "Z", row.file, row.line) for row in BASE]
    assert sides(divide(mended, RULE, frozen=first.frozen)) == sides(first)


@pytest.mark.parametrize("each", [5, 8, 10, 50])
def test_every_label_is_on_every_side(each: int) -> None:
    rows = rows_of([(distinct(n), f"label {n % 7}") for n in range(7 * each)])
    parts = divide(rows, RULE).parts
    for part in PARTS:
        assert {row.label for row in parts[part]} == {f"label {n}" for n in range(7)}


def test_out_of_scope_rows_are_apart() -> None:
    rows = rows_of([(distinct(n), "oos" if n < 9 else "XY"[n % 2]) for n in range(60)])
    parts = divide(rows, Rule(1, RULE.shares, oos="oos")).parts
    assert [row.line for row in parts["oos"]] == list(range(2, 11))
    assert "oos" not in {row.label for part in PARTS for row in parts[part]}


def test_groups_stay_together_and_do_not_leak() -> None:
    texts = ["thank you very much", *(distinct(n) for n in range(199))]
    pairs = [(texts[0] if n % 8 == 0 else texts[n], "XY"[n % 2]) for n in range(200)]
    rows, groups = rows_of(pairs), [f"customer {n % 23}" for n in range(200)]
    rule = Rule(3, RULE.shares, group="customer")
    division = divide(rows, rule, groups=groups)
    side = sides(division)
    of_group: dict[str, set[str]] = {}
    for row, group in zip(rows, groups, strict=True):
        of_group.setdefault(group, set()).add(side[row.line])
    assert all(len(found - {"left_out"}) <= 1 for found in of_group.values())
    assert all(division.parts[part] for part in ALL_PARTS if part != "oos")
    measured = [row.text for part in HELD_OUT for row in division.parts[part]]
    assert not list(near_pairs(measured, [row.text for row in division.parts["train"]]))
    again = divide(rows, rule, groups=groups, frozen=division.frozen)
    assert sides(again) == side
    more = Example("something else altogether", "X", "a.csv", 999)
    held = next(group for group in sorted(of_group) if "test" in of_group[group])
    then = divide([*rows, more], rule, groups=[*groups, held], frozen=division.frozen)
    assert sides(then) == {**side, 999: "test"}


def test_a_new_row_goes_where_its_group_is() -> None:
    """Also when the group would be on another side by now, among many more."""
    rule = Rule(3, RULE.shares, group="customer")
    rows = rows_of([(sentence(20 * n), "XY"[n % 2]) for n in range(30)])
    groups = [f"customer {n % 6}" for n in range(30)]
    first = divide(rows, rule, groups=groups)
    side_of = {groups[line - 2]: part for line, part in sides(first).items()}
    more = [Example(sentence(5000 + 20 * n), "X", "b.csv", 1000 + n) for n in range(60)]
    theirs = [f"customer {n}" for n in range(60)]
    then = sides(divide([*rows, *more], rule, groups=[*groups, *theirs], frozen=first.frozen))
    assert {f"customer {n}": then[1000 + n] for n in range(6)} == side_of
    assert set(side_of.values()) == set(PARTS)


def test_the_file_gives_back_what_was_frozen(tmp_path: Path) -> None:
    frozen = divide(BASE, RULE).frozen
    frozen.write(tmp_path / "split.json")
    assert Frozen.read(tmp_path / "split.json") == frozen
    assert Frozen.read(tmp_path) == frozen


def test_a_row_costs_a_few_bytes_and_no_text_is_told(tmp_path: Path) -> None:
    rows = rows_of([(f"secret {distinct(n)}", "XY"[n % 2]) for n in range(5000)])
    divide(rows, RULE).frozen.write(tmp_path / "split.json")
    written = (tmp_path / "split.json").read_text()
    assert len(written) < 10 * len(rows)
    assert "secret" not in written


@pytest.mark.parametrize(
    "damage",
    [
        lambda told: told.pop("rows"),
        lambda told: told.update(format=99),
        lambda told: told["rows"]["train"].pop(),
        lambda told: told["rows"].update(train=["!!!"]),
        lambda told: told["rows"].update(dev=[]),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage) -> None:
    path = tmp_path / "split.json"
    divide(BASE, RULE).frozen.write(path)
    told = json.loads(path.read_text())
    damage(told)
    path.write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"split\.json"):
        Frozen.read(path)


def test_keys_tell_texts_and_groups_apart() -> None:
    assert row_key("Hello, World!") == row_key("hello world")
    assert len({row_key("a"), row_key("b"), row_key("a", "g"), row_key("a", "h")}) == 4


def test_shares_that_leave_nothing() -> None:
    with pytest.raises(RecipeError, match="nothing to learn"):
        divide(BASE, Rule(1, {"test": 0.6, "validation": 0.5}))
