"""The assistant kind of project: its file, its tables, its last words. The whole run is a slow test."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.errors import ProjectError
from aprendiz.evaluation.replies import AnswersEvaluation, GradedReply, Replies
from aprendiz.projects.assistant import learning, measuring, tables
from aprendiz.projects.assistant.closing import closing
from aprendiz.projects.kinds import read
from aprendiz.projects.ledger import Ledger, write_json

MATHS = Path(__file__).resolve().parents[3] / "projects" / "maths"

Row = tuple[str, bool, bool]
"""Kind, whether the base has it right, whether the tuned model has."""


def reply(number: int, kind: str, right: bool) -> GradedReply:
    return GradedReply(
        "asked", "Answer: 4", "Answer: 4", right, "4", "4", "", (), "stop", 3, "t.jsonl", number,
        {"concept": f"about {kind}", "kind": kind},
    )  # fmt: skip


def compared(rows: list[Row]) -> AnswersEvaluation:
    base = tuple(reply(number, kind, was) for number, (kind, was, _) in enumerate(rows))
    tuned = tuple(reply(number, kind, now) for number, (kind, _, now) in enumerate(rows))
    replies = Replies("model", tuned, 2.0)
    return AnswersEvaluation("maths", "t.jsonl", replies, Replies("maths-tiny", base, 1.0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped project, where files may be changed."""
    place = tmp_path / "maths"
    shutil.copytree(MATHS, place, ignore=shutil.ignore_patterns("output", "base", "generate"))
    return place


class TestFile:
    def test_several_files_to_learn_from_are_found(self, folder: Path) -> None:
        project, kind = read(folder)
        assert [Path(each).parent for each in learning.sources(project)] == [folder / "data"] * 2
        names = [step.name for step in kind.steps]
        assert names == ["check", "stats", "train", "evaluate", "questions", "export"]

    def test_each_of_them_has_to_be_there(self, folder: Path) -> None:
        (folder / "data" / "pairs.json").unlink()
        with pytest.raises(ProjectError, match=r"data: there is no file .*pairs\.json"):
            read(folder)

    def test_other_data_take_the_place_of_all(self, folder: Path) -> None:
        project, _ = read(folder, {"data": "mine.jsonl"})
        assert learning.sources(project) == ("mine.jsonl",)

    def test_a_setting_reaches_the_recipe(self, folder: Path) -> None:
        project, kind = read(folder, {"recipe_settings": ["base_model=SmolLM", "rank=3"]})
        recipe = learning.recipe(project)
        assert (recipe.base_model, recipe.rank) == ("SmolLM", 3)
        # What hangs on the recipe, and what does not.
        plain, _ = read(folder)
        differ = {
            step.name for step in kind.steps if step.settings(project) != step.settings(plain)
        }
        assert differ == {"check", "train"}


class TestTables:
    @given(
        st.lists(
            st.tuples(st.sampled_from(["known", "unseen"]), st.booleans(), st.booleans()),
            min_size=1, max_size=30,
        )
    )  # fmt: skip
    def test_fractions_are_those_of_the_rows(self, rows: list[Row]) -> None:
        told = compared(rows)
        fractions = tables.by_kind(told)
        for side, place in (("base", 1), ("tuned", 2)):
            for kind in {row[0] for row in rows}:
                some = [row[place] for row in rows if row[0] == kind]
                assert fractions[side][kind] == pytest.approx(sum(some) / len(some))
            assert set(fractions[side]) == {row[0] for row in rows}
        lines = list(csv.DictReader(io.StringIO(tables.as_csv(told))))
        assert int(lines[0]["tuned_right"]) == sum(row[2] for row in rows)
        for line in lines:
            assert float(line["base_low"]) <= float(line["base"]) <= float(line["base_high"])
            assert float(line["base"]) == pytest.approx(
                int(line["base_right"]) / int(line["conversations"])
            )

    def test_without_kinds_there_is_one(self) -> None:
        rows = (GradedReply("a", "4", "4", True, "4", "4", "", (), "stop", 1, "t", 1, {}),)
        told = AnswersEvaluation("maths", "t", Replies("m", rows, 1.0), Replies("b", rows, 1.0))
        assert tables.by_kind(told) == {"base": {"all": 1.0}, "tuned": {"all": 1.0}}

    def test_for_people(self) -> None:
        table = tables.as_markdown(compared([("known", True, True), ("known", False, True)]))
        assert "| kind | known | 2 | 50.0 % | 9.5–90.5 % | 100.0 % | 34.2–100.0 % |" in table


class TestClosing:
    def test_nothing_done_nothing_said(self, tmp_path: Path) -> None:
        assert closing(tmp_path) == {"lines": []}

    def test_base_and_tuned_by_kind(self, tmp_path: Path) -> None:
        rows = [("known", True, True), ("unseen", False, True), ("unseen", False, False)]
        told = compared(rows)
        write_json(tmp_path / measuring.TABLE, told.as_dict())
        write_json(tmp_path / measuring.RESULTS, tables.by_kind(told))
        (tmp_path / learning.MODEL).mkdir()
        Ledger(tmp_path).record("train", "f", [learning.MODEL], 61.0)
        words = closing(tmp_path)
        unseen = next(line for line in words["lines"] if line.startswith("unseen:"))
        assert (
            "base 0.0 % (0.0–65.8 %), tuned 50.0 % (9.5–90.5 %), difference +50.0 points ("
            in unseen
        )
        assert words["results"]["tuned"] == {"known": 1.0, "unseen": 0.5}
        assert words["seconds"] == {"train": 61.0}
        assert words["lines"][-1].endswith(f"aprendiz chat {tmp_path / 'model'}")


def test_the_command_tells_it_as_one_document(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["run", str(folder), "--only", "stats", "--out", str(out), "--json"]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert [(step["step"], step["state"]) for step in told["steps"]] == [("stats", "done")]
    assert "lines" not in told
    figures = json.loads((out / learning.FIGURES).read_text(encoding="utf-8"))
    assert [Path(each["file"]).name for each in figures["files"]] == [
        "pairs.json", "conversations.jsonl",
    ]  # fmt: skip
    assert figures["rows"] > 600
