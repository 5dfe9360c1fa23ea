"""Planted label errors are found, by models that have not seen the row or a copy of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.data.near import clusters
from aprendiz.data.read import read_examples
from aprendiz.data.repair import Decision, Patch
from aprendiz.errors import RecipeError
from aprendiz.interfaces import Silence
from aprendiz.methods import catalogue
from aprendiz.repair.find import find_suspects
from aprendiz.repair.out_of_fold import FOLDS, fold_of, nearest, out_of_fold, vectors_of
from aprendiz.repair.retrain import retrain

pytest.importorskip("sklearn")

TOPICS = {
    "weather": (
        ["rain", "sun", "wind", "snow", "storm", "cloud"],
        "what will the {} be like in {}",
    ),
    "food": (
        ["pizza", "soup", "salad", "bread", "fish", "rice"],
        "please bring some {} to table {}",
    ),
    "music": (
        ["jazz", "rock", "blues", "opera", "techno", "folk"],
        "play a little {} on speaker {}",
    ),
}
PLACES = ["lima", "quito", "bogota", "caracas", "madrid", "oviedo", "murcia", "leon"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """144 rows of three labels; the first of each label has a wrong one."""
    lines = ["text,label"]
    names = list(TOPICS)
    for number, (label, (words, pattern)) in enumerate(TOPICS.items()):
        for at, (word, place) in enumerate((w, p) for w in words for p in PLACES):
            given = names[(number + 1) % 3] if at == 0 else label
            lines.append(f"{pattern.format(word, place)},{given}")
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


PLANTED = {2, 50, 98}


def test_planted_errors_come_first(file: Path) -> None:
    told = find_suspects(str(file), method="tfidf")
    assert {suspect.line for suspect in told.found[:3]} == PLANTED
    assert told.estimated >= 3 and told.rows == 144
    first = next(each for each in told.found if each.line == 2)
    assert (first.label, first.suggested) == ("food", "weather")
    assert first.p_suggested > first.p_label and first.confident
    assert "'food' has probability" in first.reason
    assert first.neighbours and all(near.line != 2 for near in first.neighbours)
    assert len(find_suspects(str(file), method="tfidf", top=1).found) == 1


def test_probe_finds_them_too(file: Path, tiny_encoder: Path) -> None:
    told = find_suspects(
        str(file), method="probe", overrides=[f"base_model={tiny_encoder}"], top=10
    )
    assert {suspect.line for suspect in told.found} >= PLANTED


def test_methods_that_cannot_judge(file: Path) -> None:
    with pytest.raises(RecipeError, match="finetune"):
        find_suspects(str(file), method="finetune")


def test_no_row_is_judged_by_a_model_that_knows_it_or_a_copy(file: Path) -> None:
    """A label that exists in one cluster only is never answered for its own rows."""
    with file.open("a") as stream:
        stream.write("one of a kind,alone\nOne of a kind!,alone\n")
    rows = read_examples(file).examples
    cluster = clusters([row.text for row in rows])
    fold = fold_of(rows, cluster, 13)
    assert len({(number, at) for number, at in zip(cluster, fold, strict=True)}) == max(cluster) + 1
    assert set(np.bincount(fold, minlength=FOLDS) > 20) == {True}
    recipe = catalogue.choose_recipe("tfidf")
    vectors = vectors_of([row.text for row in rows], recipe, Silence())
    told = out_of_fold(rows, vectors, fold, recipe, Silence())
    assert np.allclose(told.probabilities.sum(axis=1), 1)
    assert list(np.flatnonzero(~told.judged)) == [144, 145]
    assert (told.probabilities[144:, 0] == 0).all()


def test_a_lonely_label_is_no_suspect(file: Path) -> None:
    with file.open("a") as stream:
        stream.write("one of a kind,alone\n")
    told = find_suspects(str(file), method="tfidf", top=1000)
    assert "alone" not in {suspect.label for suspect in told.found}
    assert told.rows == 144


def test_the_nearest_are_the_nearest() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(700, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places, similarity = nearest(vectors, 4, Silence())
    whole = vectors @ vectors.T
    np.fill_diagonal(whole, -2)
    assert np.allclose(similarity, -np.sort(-whole, axis=1)[:, :4], atol=1e-6)
    assert np.allclose(np.take_along_axis(whole, places, axis=1), similarity, atol=1e-6)


def test_the_command_and_its_file(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.jsonl"
    arguments = ["data", "suspects", str(file), "--method", "tfidf", "--out", str(out)]
    said = CliRunner().invoke(app, arguments)
    assert said.exit_code == 0
    assert f"{file}:2: " in said.stdout and f"data repair {file} --suspects {out}" in said.stdout
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert {line["line"] for line in lines[:3]} == PLANTED
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert told["suspects"] == lines


def test_what_a_repair_brings(file: Path, tmp_path: Path) -> None:
    """A third of one label is wrong; repaired, the same rows are answered better."""
    rows = file.read_text().splitlines()
    broken = [
        line.replace(",music", ",food") if n % 3 and ",music" in line else line
        for n, line in enumerate(rows)
    ]
    file.write_text("\n".join(broken) + "\n")
    patch = Patch(tmp_path / "p.jsonl")
    for line, (before, after) in enumerate(zip(broken, rows, strict=True), start=1):
        if before != after:
            text = before.rsplit(",", 1)[0]
            patch.decide(Decision("relabel", text, "food", "music", line))
    told = retrain(str(file), patch.path, method="tfidf")
    assert told.train_before == told.train_after
    assert told.change.n == 144 - told.train_before
    assert told.change.after > told.change.before
    assert told.change.change_ci[0] <= told.change.change <= told.change.change_ci[1]
    assert "McNemar" in told.in_words()
    dropped = Patch(tmp_path / "q.jsonl")
    dropped.decide(Decision("drop", rows[2].rsplit(",", 1)[0], rows[2].rsplit(",", 1)[1], line=3))
    less = retrain(str(file), dropped.path, method="tfidf")
    assert less.train_after + less.change.n == 143
