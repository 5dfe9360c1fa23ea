"""The maths project, every step for real, on a little of its data."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from aprendiz.projects.assistant.project import STEPS
from aprendiz.projects.run import run

MATHS = Path(__file__).resolve().parents[2] / "projects" / "maths"
pytest.importorskip("peft")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def a_few(path: Path, out: Path, each: int) -> None:
    """The first rows of each concept of a file, in its own form."""
    array = path.suffix == ".json"
    rows = json.loads(path.read_text(encoding="utf-8")) if array else lines(path)
    kept: list[dict[str, object]] = []
    for row in rows:
        if sum(row["concept"] == other["concept"] for other in kept) < each:
            kept.append(row)
    written = json.dumps(kept) if array else "\n".join(json.dumps(row) for row in kept)
    out.write_text(written, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The shipped project with a little of its data and one epoch."""
    folder = tmp_path / "maths"
    shutil.copytree(MATHS, folder, ignore=shutil.ignore_patterns("output", "base", "generate"))
    for name, each in (("pairs.json", 4), ("conversations.jsonl", 1), ("test.jsonl", 2)):
        a_few(MATHS / "data" / name, folder / "data" / name, each)
    (folder / "recipe.yaml").write_text(
        "method: lora\nbase_model: maths-tiny\nepochs: 1\nrank: 2\n", encoding="utf-8"
    )
    return folder


def states(results: list) -> dict[str, str]:
    return {result.name: result.state for result in results}


def test_every_step_leaves_what_it_promises(project: Path) -> None:
    names = [step.name for step in STEPS]
    results = run(project)
    assert states(results) == dict.fromkeys(names, "done")
    for result in results:
        assert [path for path in result.outputs if not path.exists()] == []
    output = project / "output"

    # What is learnt from: both forms, one file, each row with its place.
    learnt = lines(output / "data" / "train.jsonl")
    checked = json.loads((output / "data" / "check.json").read_text())
    assert [each["file"] for each in checked["files"]] == [
        "data/pairs.json", "data/conversations.jsonl", "data/test.jsonl",
    ]  # fmt: skip
    assert len(learnt) == sum(each["conversations"] for each in checked["files"][:2])
    assert {str(each["source"]).split(":")[0] for each in learnt} == {
        "data/pairs.json", "data/conversations.jsonl",
    }  # fmt: skip
    (first, *_) = json.loads((output / "data" / "preview.json").read_text())
    trained = "".join(token["text"] for token in first["tokens"] if token["trained"])
    assert str(learnt[0]["messages"][-1]["content"]) in trained
    assert str(learnt[0]["messages"][0]["content"]) not in trained
    assert "<svg" in (output / "data" / "stats.html").read_text(encoding="utf-8")

    # The figures, computed again from the replies.
    replies = lines(output / "results" / "replies.jsonl")
    shipped = lines(project / "data" / "test.jsonl")
    assert len(replies) == len(shipped)
    again = {
        side: {
            kind: sum(bool(row[side]["right"]) for row in replies if row["kind"] == kind)
            / sum(row["kind"] == kind for row in shipped)
            for kind in ("known", "unseen")
        }
        for side in ("base", "tuned")
    }
    assert json.loads((output / "results" / "evaluation.json").read_text()) == again
    with (output / "results" / "table.csv").open(encoding="utf-8") as file:
        table = {(row["by"], row["group"]): row for row in csv.DictReader(file)}
    assert int(table["all", "all"]["conversations"]) == len(shipped)
    concepts = {name for by, name in table if by == "concept"}
    assert concepts == {row["concept"] for row in shipped}
    known = table["kind", "known"]
    assert float(known["tuned_low"]) <= float(known["tuned"]) <= float(known["tuned_high"])
    for name in ("loss_function", "token_accuracy", "learning_rate", "by_concept"):
        assert (output / "plots" / f"{name}.png").stat().st_size > 1000
        assert "<svg" in (output / "plots" / f"{name}.svg").read_text(encoding="utf-8")
    assert "base" in (output / "results" / "evaluation.md").read_text(encoding="utf-8")

    # The questions, right or wrong, each a conversation that the chat opens.
    from aprendiz.assistants.conversation import open_saved

    answered = json.loads((output / "questions" / "answers.json").read_text())
    asked = lines(project / "questions.jsonl")
    assert [each["question"] for each in answered] == [each["question"] for each in asked]
    assert all(isinstance(each["right"], bool) for each in answered)
    saved = open_saved(output / "questions" / "conversations" / "001.json")
    assert [each.role for each in saved.messages] == ["user", "assistant"]

    # Both exports answer as the model does, or would not be there.
    from aprendiz import load_chat_model

    exports = json.loads((output / "exports" / "exports.json").read_text())
    assert set(exports) == {"hf", "gguf"}
    for form, made in exports.items():
        assert made["identical"] >= made["required"] * made["prompts"] > 0
        assert load_chat_model(output / "exports" / form).context > 0

    assert states(run(project)) == dict.fromkeys(names, "skipped")
    # Other questions concern nothing but their own step.
    (project / "questions.jsonl").write_text('{"question": "2 + 2?", "answer": "4"}\n')
    expected = {name: "done" if name == "questions" else "skipped" for name in names}
    assert states(run(project)) == expected

    # Another setting of the recipe trains anew, and the data are what they were.
    (project / "project.yaml").write_text(
        (project / "project.yaml").read_text().replace("exports: [hf, gguf]", "exports: []")
    )
    changed = states(run(project, changes={"recipe_settings": ["rank=3"]}))
    assert changed["stats"] == "skipped"
    assert changed["train"] == changed["evaluate"] == "done"
    config = json.loads((output / "model" / "adapter_config.json").read_text())
    assert config["r"] == 3


@pytest.mark.timeout(1200)
def test_the_shipped_recipe_teaches_what_the_base_does_not_know(tmp_path: Path) -> None:
    """The project's promise, on its own data and base: 40 points gained, no more than 2 lost."""
    for step in ("check", "train", "evaluate"):
        run(MATHS, out=tmp_path, only=step)
    told = json.loads((tmp_path / "results" / "evaluation.json").read_text())
    base, tuned = told["base"], told["tuned"]
    assert tuned["unseen"] - base["unseen"] >= 0.40
    assert tuned["known"] - base["known"] >= -0.02
