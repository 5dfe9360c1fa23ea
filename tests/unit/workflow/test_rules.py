"""From what is asked of the answers to a folder that obeys it, and choosing again without training."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.cli.main import app
from aprendiz.errors import DataError, ModelFolderError, RecipeError
from tests.conftest import EXAMPLES

pytest.importorskip("sklearn")

STARS = [
    f"{ask} {star}"
    for ask in ("how old is the", "what colour has the", "who named the")
    for star in ("moon", "sun", "sea", "wind", "rain", "snow")
]


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, task: str, done: int, total: int) -> None:
        """Ignored."""


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("".join(json.dumps({"text": t, "label": y}) + "\n" for t, y in rows))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A hundred and eight rows to learn from, and thirty-nine to measure on, strangers in both."""
    place = tmp_path_factory.mktemp("data")
    pairs = [
        (f"{one}, {other}", label)
        for label, texts in EXAMPLES.items()
        for one, other in itertools.combinations(texts, 2)
    ]
    train = [pair for at, pair in enumerate(pairs) if at % 5]
    test = [pair for at, pair in enumerate(pairs) if not at % 5]
    return (
        write(place / "train.jsonl", [*train, *((text, "oos") for text in STARS[:9])]),
        write(place / "test.jsonl", [*test, *((text, "oos") for text in STARS[9:])]),
    )


@pytest.fixture(scope="module")
def folder(files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was asked for nothing."""
    train, test = files
    place = tmp_path_factory.mktemp("model") / "m"
    workflow.train(train, test=test, out=place, method="tfidf", track=False)
    return place


def copy(folder: Path, place: Path) -> Path:
    import shutil

    return Path(shutil.copytree(folder, place))


def test_strangers_are_measured_beside_the_scores(folder, files):
    told = workflow.evaluate(folder, files[1])
    assert told.scope.outside == 9 and told.n == 27
    assert told.scope.auroc > 0.7 and told.scope.by == "scope"
    assert "out of scope: AUROC" in told.in_words()
    words = told.decisions
    assert words.answered.answered + words.needs_clarification + words.out_of_scope == told.n
    again = json.loads((folder / "evaluation.json").read_text())
    assert again["scope"]["auroc"] == pytest.approx(told.scope.auroc)


def test_card_and_report_say_when_it_answers(folder):
    card = (folder / "README.md").read_text()
    assert "## When it answers" in card and "`out_of_scope`" in card
    assert "Of 9 rows about none of its labels" in card
    page = (folder / "report.html").read_text()
    assert "When it answers" in page and "largest distance" in page
    assert "9 rows about none of the labels were measured" in page
    assert (folder / "plots" / "risk_coverage.png").stat().st_size > 1_000


def test_a_target_is_kept_in_the_folder_with_what_it_was_chosen_on(files, tmp_path):
    train, test = files
    workflow.train(train, test=test, out=tmp_path / "m", method="tfidf", precision=0.9, sets=0.1)
    told = json.loads((tmp_path / "m" / "decision.json").read_text())
    assert told["answer"]["asked"] == "precision" and told["answer"]["met"]
    assert told["answer"]["effect"]["rows"] == "out of fold"
    assert told["answer"]["effect"]["precision_ci"][0] >= 0.9
    assert told["sets"]["alpha"] == 0.1 and told["oos_label"] == "oos"
    assert "decision.json" in manifests.read(tmp_path / "m").files


def test_a_target_out_of_reach_is_said_and_the_model_made_all_the_same(files, tmp_path):
    heard = Heard()
    workflow.train(files[0], out=tmp_path / "m", method="tfidf", precision=0.999, observer=heard)
    assert any("warning:" in said and "cannot show" in said for said in heard.said)
    rule = workflow.load(tmp_path / "m").decisions.answer
    assert not rule.met and rule.goal == 0.999


@pytest.mark.parametrize(
    "wrong", [{"precision": 0.9, "cost": 3.0}, {"precision": 2.0}, {"sets": 0.9}]
)
def test_wishes_without_sense_are_refused_before_anything_is_learnt(files, tmp_path, wrong):
    with pytest.raises(RecipeError):
        workflow.train(files[0], out=tmp_path / "m", method="tfidf", **wrong)
    assert not (tmp_path / "m").exists()


def test_choosing_again_changes_the_rules_and_nothing_else(folder, files, tmp_path):
    place = copy(folder, tmp_path / "m")
    before = workflow.load(place)
    texts = ["hello there", "give my money back", "how old is the snow"]
    told = workflow.threshold(place, files[1], coverage=0.6, false_alarms=0.2)
    after = workflow.load(place)  # every hash is right
    assert after.decisions == told and after.version != before.version
    assert told.answer.effect.rows == "test.jsonl" and told.answer.effect.n == 27
    assert told.scope.threshold == 0.2 and told.scope.found[1] == 9
    assert (after.probabilities(texts) == before.probabilities(texts)).all()
    figures = json.loads((place / "evaluation.json").read_text())
    assert figures["decisions"] is None and figures["accuracy"] > 0
    assert "when it answers" in (place / "report.html").read_text().lower()
    assert "chosen for a coverage of 0.6" in (place / "README.md").read_text()
    assert (place / "README.md").read_text().count("\n## ") == (
        (folder / "README.md").read_text().count("\n## ")
    )
    third = workflow.threshold(place, files[1], cost=4)
    assert third.scope.threshold == 0.2  # what is not asked for stays
    assert third.answer.threshold == 0.75


def test_rows_that_do_not_show_it_leave_the_folder_as_it_was(folder, files, tmp_path):
    place = copy(folder, tmp_path / "m")
    before = workflow.load(place).version
    with pytest.raises(DataError, match="cannot show") as caught:
        workflow.threshold(place, files[1], precision=0.99)
    assert caught.value.exit_code == 2
    with pytest.raises(DataError, match="need 99 rows"):
        workflow.threshold(place, files[1], sets=0.01)
    with pytest.raises(ModelFolderError):
        workflow.threshold(tmp_path / "nothing", files[1], coverage=0.9)
    assert workflow.load(place).version == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_commands_say_the_same(folder, files, tmp_path, capsys):
    place = copy(folder, tmp_path / "m")
    app(
        ["threshold", str(place), "--data", str(files[1]), "--coverage", "0.8", "--json"],
        standalone_mode=False,
    )
    told = json.loads(capsys.readouterr().out)
    assert told["answer"]["asked"] == "coverage"
    app(["threshold", str(place), "--data", str(files[1]), "--cost", "5"], standalone_mode=False)
    assert "answers from a confidence of 0.800 on, for a cost of 5" in capsys.readouterr().out
    app(["predict", str(place), "zzz qqq xxx", "--json"], standalone_mode=False)
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["decision"] == "out_of_scope" and answer["abstained"]
    app(["predict", str(place), "zzz qqq xxx"], standalone_mode=False)
    assert "(out of scope: about none of the labels)" in capsys.readouterr().out


def test_a_model_with_that_label_means_something_else_by_it(files, tmp_path):
    train, test = files
    result = workflow.train(train, test=test, out=tmp_path / "m", method="tfidf", oos_label="")
    assert "oos" in workflow.load(result.folder).labels
    told = workflow.evaluate(result.folder, test)
    assert told.n == 36 and told.scope is None
