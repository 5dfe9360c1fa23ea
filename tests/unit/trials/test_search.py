"""Settings found by trying: what is tried, on which rows, and what comes of it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from aprendiz import recipe as recipes
from aprendiz.cli.main import app
from aprendiz.data.dataset import Dataset
from aprendiz.errors import JobStopped, RecipeError
from aprendiz.methods import catalogue
from aprendiz.methods.tfidf.recipe import TfidfRecipe
from aprendiz.trials.search import Found, Trial, search

pytest.importorskip("sklearn")
pytest.importorskip("optuna")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three labels told apart by endings, which only n-grams of characters see."""
    chance = random.Random(5)
    lines = [
        {"text": " ".join(f"{chance.randrange(10**6)}{ending}" for _ in range(4)), "label": ending}
        for ending in ("ing", "ous", "est")
        for _ in range(24)
    ]
    file = tmp_path / "endings.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def files_of_trials(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What lies in the folder of each trial when its model is loaded."""
    seen: list[set[str]] = []
    find = catalogue.loader

    def loader(method: str) -> Any:
        def load(folder: Path, labels: Any) -> Any:
            seen.append({path.name for path in folder.iterdir()})
            return find(method)(folder, labels)

        return load

    monkeypatch.setattr(catalogue, "loader", loader)
    return seen


def tried(data: Path, out: Path, trials: int = 4, **more: Any) -> Found:
    return search(data, trials=trials, out=out, method="tfidf", **more)


def test_one_seed_gives_one_search_and_it_begins_with_the_recipe_as_it_stands(
    data: Path, tmp_path: Path
) -> None:
    first, second = tried(data, tmp_path / "a"), tried(data, tmp_path / "b")
    assert first.trials == second.trials
    assert len(first.trials) == 4
    plain = TfidfRecipe()
    assert first.start.settings == {name: getattr(plain, name) for name in TfidfRecipe.SEARCHED}
    assert all(getattr(first.recipe, n) == value for n, value in first.best.settings.items())
    assert tried(data, tmp_path / "c", overrides=["seed=14"]).trials != first.trials


def test_only_what_is_better_by_more_than_chance_takes_the_recipes_place() -> None:
    def wrong(*rows: int) -> Trial:
        return Trial({}, 1 - len(rows) / 100, 0.5, frozenset(rows))

    start = wrong(*range(20))
    assert wrong(*range(10)).beats(start, 100)
    assert not wrong(*range(1, 20), 50).beats(start, 100)  # one won, one lost
    assert not wrong(*range(3, 20), 50, 51).beats(start, 100)  # three won, two lost
    assert not start.beats(start, 100)
    assert not start.beats(wrong(), 100)


@pytest.mark.parametrize("method", ["probe", "finetune"])
def test_encoders_are_searched_from_defaults_that_are_words(
    method: str,
    data: Path,
    tiny_encoder: Path,
    tmp_path: Path,
    files_of_trials: list[set[str]],
) -> None:
    # `regularization: auto` and `epochs: auto` are no numbers that a search could draw.
    given = [f"base_model={tiny_encoder}", "max_length=16"]
    found = search(data, trials=3, out=tmp_path / "m", method=method, overrides=given)
    assert files_of_trials, "the trials were asked"
    for files in files_of_trials:
        assert "model.safetensors" in files
        assert not {"model.onnx", "intent_classifier.pt"} & files, "nobody would ever read them"
    assert "auto" in found.start.settings.values()
    assert len(found.trials) == 3
    for name, value in found.best.settings.items():
        assert getattr(found.recipe, name) == value


def test_settings_that_are_given_stay(data: Path, tmp_path: Path) -> None:
    found = tried(data, tmp_path / "m", overrides=["character_ngrams=0", "word_ngrams=1"])
    assert {tuple(trial.settings) for trial in found.trials} == {("regularization",)}
    assert (found.recipe.character_ngrams, found.recipe.word_ngrams) == (0, 1)  # type: ignore[attr-defined]
    # Words are all different: without their endings nothing is learnt.
    assert found.best.accuracy < 0.7


def test_neither_test_rows_nor_held_out_rows_judge(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Dataset] = []
    learn = catalogue.trainer("tfidf")
    monkeypatch.setattr(
        catalogue, "trainer", lambda name: lambda rows, *rest: seen.append(rows) or learn(rows, *rest)
    )  # fmt: skip
    tried(data, tmp_path / "m", trials=2)
    from aprendiz.data.prepare import prepare

    scored = {row.text for row in prepare(str(data), seed=13).dataset.validation}
    assert scored
    for rows in seen:
        assert not rows.test
        assert not scored & {row.text for row in (*rows.train, *rows.validation)}
        assert not {row.text for row in rows.train} & {row.text for row in rows.validation}


def test_a_stopped_search_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn, asked = catalogue.trainer("tfidf"), []

    def stopping(*told: Any) -> Any:
        asked.append(told)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return learn(*told)

    monkeypatch.setattr(catalogue, "trainer", lambda name: stopping)
    with pytest.raises(JobStopped, match="2 of 4 trials are kept"):
        tried(data, tmp_path / "m")
    found = tried(data, tmp_path / "m")
    assert len(found.trials) == 4
    assert len(asked) == 5  # the two that were done were not done again
    drawn = [tuple(trial.settings.values()) for trial in found.trials]
    assert len(set(drawn)) == 4


def test_the_command_trains_with_what_it_found(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    command = ["train", "--data", str(data), "--out", str(out), "--method", "tfidf"]
    told = CliRunner().invoke(app, [*command, "--search", "3", "--json"])
    assert told.exit_code == 0, told.output
    found = tried(data, out, trials=3)  # reads the journal, trains nothing
    assert yaml.safe_load((out / "recipe.yaml").read_text()) == yaml.safe_load(
        recipes.dump(found.recipe)
    )


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("managed", [], "no settings to search"),
        ("probe", ["regularization=1"], "nothing is left to search"),
    ],
)
def test_what_cannot_be_searched_is_said(
    method: str, given: list[str], said: str, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=said) as fault:
        search(data, trials=2, out=tmp_path / "m", method=method, overrides=given)
    assert fault.value.hint


@pytest.mark.parametrize("name", ["lists.jsonl", "lists.csv"])
def test_lists_of_labels_are_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    rows = [("cheap and slow", ["price", "speed"]), ("cheap", ["price"]), ("slow", ["speed"])] * 3
    if name.endswith("csv"):
        lines = [
            "text,label",
            *(f"{text} {at},{'|'.join(has)}" for at, (text, has) in enumerate(rows)),
        ]
    else:
        lines = [
            json.dumps({"text": f"{t} {at}", "labels": has}) for at, (t, has) in enumerate(rows)
        ]
    (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [
        "train",
        "--data",
        str(tmp_path / name),
        "--out",
        str(tmp_path / "m"),
        "--search",
        "3",
    ]
    told = CliRunner().invoke(app, [*command, "--method", "tfidf", "--label-separator", "|"])
    assert isinstance(told.exception, RecipeError)
    assert "several labels each cannot be searched on" in told.exception.message
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
