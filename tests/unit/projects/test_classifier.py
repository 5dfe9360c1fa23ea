"""The shipped projects, carried out for real on their own or on small files."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from aprendiz.errors import DataError, ProjectError, ProviderError, RecipeError
from aprendiz.projects.demo import demo, intents_folder
from aprendiz.projects.run import run

PROJECTS = Path(__file__).resolve().parents[3] / "projects"
STEPS = ["data", "train", "evaluate", "report", "predict"]
SUBJECTS = {
    "World": "minister treaty border election embassy parliament president refugees",
    "Sports": "goal striker tournament coach stadium penalty championship medal",
    "Business": "shares profit bank merger inflation investors quarterly dividend",
    "Sci/Tech": "software satellite chip researchers browser telescope robot internet",
}


def copied(name: str, tmp_path: Path) -> Path:
    folder = tmp_path / name
    shutil.copytree(PROJECTS / name, folder, ignore=shutil.ignore_patterns("output"))
    return folder


def articles(path: Path, each: int, first: int = 0) -> str:
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "label"])
        for number in range(first, first + each):
            for label, words in SUBJECTS.items():
                one, two = words.split()[number % 8], words.split()[(number * 3 + 1) % 8]
                rows.writerow([f"Story {number}: the {one} and the {two} of {number * 7}", label])
    return str(path)


def rows_of(folder: Path, part: str) -> list[dict[str, str]]:
    path = folder / "output" / "data" / f"{part}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def states(results) -> dict[str, str]:
    return {result.name: result.state for result in results}


class TestIntents:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return copied("intents", tmp_path)

    @pytest.fixture
    def changes(self, folder: Path) -> dict[str, object]:
        return {"recipe": str(folder / "recipes" / "tfidf.yaml")}

    def test_the_whole_way(self, folder, changes):
        results = run(folder, changes=changes)
        assert states(results) == dict.fromkeys(STEPS, "done")
        for result in results:
            assert all(path.exists() for path in result.outputs), result.name
        output = folder / "output"
        figures = json.loads((output / "evaluation.json").read_text())
        assert (figures["part"], figures["n"]) == ("test", 187)
        # Eleven intents: chance is 0.09.
        assert figures["accuracy"] > 0.5
        (answer,) = json.loads((output / "prediction.json").read_text())
        assert answer["label"] in {each["label"] for each in figures["per_label"]}
        assert 0 < answer["confidence"] <= 1
        assert sum(answer["scores"].values()) == pytest.approx(1)
        assert (output / "plots" / "confusion_matrix.png").stat().st_size > 1000

        assert states(run(folder, changes=changes)) == dict.fromkeys(STEPS, "skipped")

        # One test row less: also the model is made anew, since its own report counts the rows.
        test = folder / "data" / "test.json"
        values = json.loads(test.read_text())
        values["get_news"].pop()
        test.write_text(json.dumps(values))
        assert states(run(folder, changes=changes))["evaluate"] == "done"
        assert json.loads((output / "evaluation.json").read_text())["n"] == 186

    def test_another_example_only_predicts_again(self, folder, changes):
        run(folder, changes=changes)
        project = folder / "project.yaml"
        project.write_text(project.read_text().rstrip() + "\n  - put on some music\n")
        told = states(run(folder, changes=changes))
        assert told == {**dict.fromkeys(STEPS, "skipped"), "predict": "done"}
        assert len(json.loads((folder / "output" / "prediction.json").read_text())) == 2

    def test_a_comment_in_the_recipe_changes_nothing(self, folder, changes):
        run(folder, changes=changes)
        with Path(str(changes["recipe"])).open("a") as recipe:
            recipe.write("# a thought\n")
        assert set(states(run(folder, changes=changes)).values()) == {"skipped"}
        told = states(run(folder, changes={**changes, "recipe_settings": ["seed=99"]}))
        assert (told["data"], told["train"]) == ("skipped", "done")

    def test_the_data_step(self, folder):
        run(folder, only="data")
        train, held = rows_of(folder, "train"), rows_of(folder, "validation")
        assert (len(train) + len(held), len(rows_of(folder, "test"))) == (462, 187)
        assert set(Counter(row["label"] for row in held).values()) <= {8, 9}
        assert train[0]["source"].startswith("data/intents.json:")
        summary = json.loads((folder / "output" / "data" / "summary.json").read_text())
        assert summary["parts"]["train"]["rows"] == len(train)
        assert str(folder) not in json.dumps(summary)

    def test_the_same_data_wherever_the_project_lies(self, folder, tmp_path):
        run(folder, only="data")
        other = copied("intents", tmp_path / "elsewhere")
        run(other, only="data")
        assert rows_of(folder, "train") == rows_of(other, "train")

    def test_a_wrong_setting_is_told_before_any_step(self, folder, changes):
        with pytest.raises(RecipeError, match="regularisation"):
            run(folder, changes={**changes, "recipe_settings": ["regularisation=2"]})
        assert not (folder / "output").exists()

    def test_broken_data_stops_at_the_data_step(self, folder, tmp_path):
        bad = tmp_path / "bad.csv"
        bad.write_text("text,label\nhello,\nbye,a\n")
        with pytest.raises(DataError, match="step 'data'") as caught:
            run(folder, changes={"data": str(bad)})
        assert any(finding.line == 2 for finding in caught.value.findings)
        assert not (folder / "output" / "model").exists()


class TestNews:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return copied("news", tmp_path)

    def test_small_files_the_whole_way(self, folder, tmp_path):
        changes = {
            "data": articles(tmp_path / "train.csv", 30),
            "validation": articles(tmp_path / "validation.csv", 10, first=100),
            "test": articles(tmp_path / "test.csv", 10, first=200),
            "recipe": str(folder / "recipes" / "tfidf.yaml"),
        }
        results = run(folder, changes=changes)
        assert states(results) == dict.fromkeys(STEPS, "done")
        figures = json.loads((folder / "output" / "evaluation.json").read_text())
        assert (figures["n"], figures["part"]) == (40, "test")
        assert figures["accuracy"] > 0.6
        assert len(json.loads((folder / "output" / "prediction.json").read_text())) == 2

    def test_the_sample_is_exact_and_in_proportion(self, folder, tmp_path):
        changes = {
            "data": articles(tmp_path / "train.csv", 500),
            "test": articles(tmp_path / "test.csv", 5, first=900),
        }
        run(folder, only="data", changes=changes)
        train, validation = rows_of(folder, "train"), rows_of(folder, "validation")
        assert Counter(row["label"] for row in train) == dict.fromkeys(SUBJECTS, 250)
        assert Counter(row["label"] for row in validation) == dict.fromkeys(SUBJECTS, 125)
        assert not {row["text"] for row in train} & {row["text"] for row in validation}
        again = rows_of(folder, "train")
        run(folder, only="data", changes=changes)
        assert rows_of(folder, "train") == again

    def test_few_rows_are_shared_in_the_same_proportion(self, folder, tmp_path):
        changes = {
            "data": articles(tmp_path / "train.csv", 30),
            "test": articles(tmp_path / "test.csv", 5, first=900),
        }
        run(folder, only="data", changes=changes)
        assert (len(rows_of(folder, "train")), len(rows_of(folder, "validation"))) == (80, 40)

    def test_fewer_rows_than_labels_is_refused(self, folder, tmp_path):
        project = folder / "project.yaml"
        project.write_text(project.read_text().replace("train: 1000", "train: 3"))
        changes = {
            "data": articles(tmp_path / "train.csv", 600),
            "test": articles(tmp_path / "test.csv", 5, first=900),
        }
        with pytest.raises(ProjectError, match="sample"):
            run(folder, changes=changes)

    def test_without_the_hub_it_says_so(self, folder, monkeypatch):
        pytest.importorskip("datasets")
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setattr("aprendiz.data.hub._cached", lambda name: False)
        with pytest.raises(ProviderError, match="step 'data'") as caught:
            run(folder)
        assert "--data" in caught.value.hint


def test_the_command_line(tmp_path):
    folder = copied("intents", tmp_path)
    command = [sys.executable, "-m", "aprendiz", "run", str(folder), "--json", "--recipe"]
    command.append(str(folder / "recipes" / "tfidf.yaml"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [step["state"] for step in told["steps"]] == ["done"] * 5
    assert told["predictions"][0]["confidence"] > 0
    assert Path(told["report"]).is_file()
    assert "steps: data, train, evaluate, report, predict" in done.stderr
    plain = subprocess.run(
        [each for each in command if each != "--json"],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert "train: skipped" in plain.stderr
    assert "report:" in plain.stdout and "%" in plain.stdout


def test_a_wrong_step_on_the_command_line_exits_with_2(tmp_path):
    command = [sys.executable, "-m", "aprendiz", "run", str(PROJECTS / "intents"), "--only", "bake"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "bake" in done.stderr and "evaluate" in done.stderr
    assert done.stdout == ""


def test_reading_a_project_loads_no_heavy_library():
    code = (
        "import sys; from pathlib import Path; import aprendiz.projects.run, aprendiz.projects.demo;"
        "from aprendiz.projects.kinds import read; read(Path(sys.argv[1]));"
        "print([n for n in ('torch','transformers','sklearn','matplotlib','mlflow','pandas')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(PROJECTS / "intents")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


class TestDemo:
    def test_trains_measures_and_answers(self, tmp_path, monkeypatch):
        folder = copied("intents", tmp_path)
        shutil.copy(folder / "recipes" / "tfidf.yaml", folder / "recipe.yaml")
        monkeypatch.setattr("aprendiz.projects.demo.intents_folder", lambda: folder)
        told = demo(tmp_path / "model")
        assert told.training.part == "test" and told.training.evaluation.n == 187
        assert (tmp_path / "model" / "report.html").is_file()
        assert "confidence" in told.summary() and "report.html" in told.summary()
        assert json.loads(json.dumps(told.as_dict()))["predictions"][0]["label"]

    def test_finds_the_project_from_any_working_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert intents_folder() == PROJECTS / "intents"
