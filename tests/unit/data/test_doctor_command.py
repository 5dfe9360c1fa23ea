"""``aprendiz data check`` on whole files: one page, a report, repairs, exit codes, conversations."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aprendiz.data.examine import Question, examine
from aprendiz.data.kinds import KINDS
from aprendiz.report.doctor import render
from tests.unit.data import planted_chats
from tests.unit.data.conftest import Write
from tests.unit.data.planted import CLEAN, FORMATS, ROWS
from tests.unit.data.planted_chats import CHATS
from tests.unit.data.test_data_command import GOOD, run

MOST_LINES = 25


@pytest.fixture
def everything(write: Write) -> Path:
    """A file with every fault of rows that CSV can have."""
    rows = [row for planted in ROWS if "csv" not in planted.never for row in planted.rows]
    return write("all.csv", FORMATS["csv"][1]([*CLEAN, *rows])[0])


def test_one_page_whatever_the_file(everything: Path) -> None:
    code, said = run(everything, "--against", everything)
    assert code == 2
    assert len(said.splitlines()) <= MOST_LINES
    assert "error empty_text" in said and "more kinds" in said
    assert said.rstrip().splitlines()[-1].startswith("Not usable yet: ")


def test_many_files_on_one_page(write: Write) -> None:
    files = [write(f"{at}.csv", GOOD) for at in range(40)]
    code, said = run(*files)
    assert code == 0
    assert len(said.splitlines()) <= MOST_LINES
    assert "… and 34 more files" in said


@pytest.mark.parametrize("kinds", [1, 2, 4, 7, 12])
def test_fewer_kinds_are_told_in_more_detail(kinds: int, write: Write) -> None:
    faults = ["", "see <b>it</b>", "a\x07b", "N/A", "a@b.org", "x  y", "http://a.b/c", "¡!", "c\ufffd",
              "d\u200be", "4111111111111111", "cafÃ© e"][:kinds]  # fmt: skip
    rows = [
        (fault + " " * at if not fault.strip() else fault, "greet")
        for at, fault in enumerate(faults)
    ]
    _, said = run(write("a.csv", FORMATS["csv"][1]([*CLEAN, *rows])[0]))
    assert len(said.splitlines()) <= MOST_LINES
    headings = [
        line for line in said.splitlines() if line.startswith(("error ", "warning ", "info "))
    ]
    assert len(headings) == kinds
    if kinds <= 7:
        assert said.count("→ ") == kinds


def test_json_has_every_finding_and_its_count(everything: Path) -> None:
    document = json.loads(run(everything, "--json")[1])
    assert sum(document["counts"].values()) == sum(each["count"] for each in document["findings"])
    assert set(document["counts"]) == {each["kind"] for each in document["findings"]}
    assert document["language"] == "en"


def test_private_data_is_shown_nowhere(everything: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    shown = run(everything)[1] + run(everything, "--json", "--report", page)[1] + page.read_text()
    for private in (
        "4111 1111",
        "jane.roe@",
        "12345678Z",
        "AKIAIOSFODNN7",
        "612 345 678",
        "whiskers9",
    ):
        assert private not in shown


def test_strict_ends_with_2_on_warnings(write: Write) -> None:
    path = write("a.csv", GOOD + "one,a\n")
    assert run(path)[0] == 0
    assert run(path, "--strict")[0] == 2
    assert run(write("b.csv", GOOD + "five  six,a\n"), "--strict")[0] == 0  # only said


def test_fix_repairs_and_checks_the_copy(write: Write, tmp_path: Path) -> None:
    path = write("a.csv", GOOD + "five  six,A\none,a\n")
    out = tmp_path / "b.csv"
    code, said = run(path, "--fix", out, "--strict")
    assert code == 0
    assert "repaired   duplicate 1, near_labels 1, odd_space 1" in said
    assert str(out) in said and f"{out}.diff" in said
    document = json.loads(run(path, "--fix", out, "--json")[1])
    assert document["fixed"]["repaired"] == {"duplicate": 1, "near_labels": 1, "odd_space": 1}
    assert document["files"][0]["file"] == str(out)
    assert run(path, path, "--fix", out)[0] == 2


class _Page(HTMLParser):
    """Collects what a page would load, and checks that its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_report_has_every_kind_and_needs_nothing_else(everything: Path, tmp_path: Path) -> None:
    hostile = everything.with_name("<script>alert(1)<.csv")
    hostile.write_bytes(
        everything.read_bytes().replace(b"my cat gone", b"<script>alert(1)</script>")
    )
    code, _ = run(hostile, "--report", tmp_path / "page.html")
    assert code == 2
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert "script" not in page.tags
    assert all(link.startswith("#") for link in page.links)
    found = {finding.kind for finding in examine(Question([str(hostile)])).findings}
    assert len(found) > 20
    assert {f"#{kind}" for kind in found} == set(page.links)
    for kind in found:
        assert KINDS[kind].meaning.split("'")[0].split("<")[0] in text


def test_report_of_conversations(write: Write) -> None:
    lines = [*planted_chats.CLEAN, *(line for each in CHATS if each.good for line in each.lines)]
    page = render(examine(Question([str(write("a.jsonl", "\n".join(lines)))], service="platform")))
    assert "Rules of aprendiz platform" in page
    assert "unknown_role" in page


def test_conversations_with_tokens_and_price(write: Write) -> None:
    path = write("a.jsonl", "\n".join(planted_chats.CLEAN) + "\n")
    code, said = run(path, "--for", "openai", "--price", "25")
    assert code == 0
    assert "rules    of OpenAI" in said
    assert "12 examples" in said and "cost" in said
    assert "Usable: 12 conversations, no faults." in said
    document = json.loads(run(path, "--for", "azure", "--price", "25", "--json")[1])
    estimate = document["estimate"]
    assert estimate["billed_tokens"] == estimate["tokens"] * estimate["epochs"] > 0
    assert estimate["cost"] == pytest.approx(estimate["billed_tokens"] * 25 / 1e6)
    assert [found["kind"] for found in document["findings"]] == ["bom_missing"]
    assert document["files"][0]["conversations"] == 12


def test_labelled_texts_and_conversations_side_by_side(write: Write) -> None:
    chats = write("a.jsonl", "\n".join(planted_chats.CLEAN) + "\n")
    code, said = run(write("a.csv", GOOD), chats)
    assert code == 0
    assert "Usable: 16 examples, no faults." in said


def test_longest_text_can_be_set(write: Write) -> None:
    path = write(
        "a.csv",
        GOOD
        + "a text of some nineteen words that goes on for a while until it has reached its very end,a\n",
    )
    assert json.loads(run(path, "--json")[1])["counts"] == {}
    assert json.loads(run(path, "--json", "--max-length", "16")[1])["counts"] == {"too_long": 1}


def test_more_of_a_kind_than_are_kept_are_counted(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aprendiz.data import gather

    monkeypatch.setattr(gather, "MOST_OF_A_KIND", 10)
    path = write("a.csv", GOOD + "".join(f"number  {at} of cats{'s' * at},a\n" for at in range(50)))
    document = json.loads(run(path, "--json")[1])
    spaces = [found for found in document["findings"] if found["kind"] == "odd_space"]
    assert len(spaces) == 11
    assert document["counts"]["odd_space"] == 50
    assert [found["line"] for found in spaces] == list(range(6, 17))  # the first ones of the file


def test_of_many_repeats_the_first_are_listed(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aprendiz.data import gather

    monkeypatch.setattr(gather, "MOST_OF_A_KIND", 3)
    document = json.loads(run(write("a.csv", GOOD + "four,b\none,a\n" * 4), "--json")[1])
    repeats = [found["line"] for found in document["findings"] if found["kind"] == "duplicate"]
    assert repeats == [6, 7, 8, 9]
    assert document["counts"]["duplicate"] == 8
