"""A comparison of real trainings on a small piece of the assistant's intents, in this process."""

from __future__ import annotations

import json

import pytest

import aprendiz
from aprendiz.errors import JobStopped, ModelFolderError, RecipeError
from aprendiz.interfaces import Silence
from tests.conftest import ROOT

LABELS = ("get_news", "get_weather", "play_music")


class Ear(Silence):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(scope="module")
def piece(tmp_path_factory):
    """Twelve rows for each of three intents to learn from, and the test rows of those."""
    folder = tmp_path_factory.mktemp("piece")
    data = ROOT / "projects" / "intents" / "data"
    for name, most in (("intents", 12), ("test", 17)):
        told = json.loads((data / f"{name}.json").read_text(encoding="utf-8"))
        some = {label: told[label][:most] for label in LABELS}
        (folder / f"{name}.json").write_text(json.dumps(some), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def asked(piece, tiny_encoder):
    """What every comparison here is asked: two methods, 51 rows to measure on."""
    return {
        "data": piece / "intents.json",
        "test": piece / "test.json",
        "methods": ["tfidf", "probe"],
        "overrides": [f"probe.base_model={tiny_encoder}", "probe.regularization=1"],
        "apart": False,
        "track": False,
    }


@pytest.fixture(scope="module")
def made(asked, tmp_path_factory):
    """A comparison, its folder, and what was said."""
    ear, out = Ear(), tmp_path_factory.mktemp("compared") / "out"
    return aprendiz.compare(**asked, out=out, observer=ear), out, ear.said


def test_both_are_measured_on_the_same_rows_and_one_is_taken(made):
    told, out, _ = made
    values = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert values == told.as_dict()
    assert [each["name"] for each in values["methods"]] == ["tfidf", "probe"]
    assert values["data"]["test"] == 51
    for each in values["methods"]:
        for score in each["scores"].values():
            low, high = score["ci"]
            assert 0 <= low <= score["mean"] <= high <= 1
        costs = each["costs"]
        assert costs["training_seconds"]["mean"] > 0 and costs["model_bytes"] > 1_000
        assert 0 < costs["one_text"]["median_ms"] <= costs["one_text"]["p95_ms"]
        assert (costs["one_text"]["texts"], costs["batch"]["texts"]) == (1, 32)
        assert costs["peak_memory_bytes"] is None  # not a process of its own
        assert costs["price"] is None and "nobody charges" in costs["price_note"]
    [pair] = values["pairs"]
    assert (pair["first"], pair["second"], pair["n"]) == ("tfidf", "probe", 51)
    assert values["chosen"] in values["sentence"]
    assert any(each["unbeaten"]["training"] for each in values["methods"])


def test_it_leaves_models_pictures_a_page_and_markdown(made):
    told, out, _ = made
    for name in ("accuracy_by_training", "accuracy_by_latency"):
        assert (out / "plots" / f"{name}.png").stat().st_size > 5_000
        assert "<svg" in (out / "plots" / f"{name}.svg").read_text(encoding="utf-8")
    assert told.verdict.sentence in (out / "comparison.md").read_text(encoding="utf-8")
    assert "which method</title>" in (out / "comparison.html").read_text(encoding="utf-8")
    for each in told.methods:
        model = aprendiz.load(out / each.model)
        assert model.manifest.scores["accuracy"] == pytest.approx(each.accuracy.mean)


def test_what_is_done_is_kept_and_the_table_is_the_same(made, asked):
    told, out, _ = made
    before = (out / "cells" / "probe-13.json").stat().st_mtime_ns
    ear = Ear()
    again = aprendiz.compare(**asked, out=out, observer=ear)
    assert again.as_dict() == told.as_dict()
    assert (out / "cells" / "probe-13.json").stat().st_mtime_ns == before
    assert "2 of 2 trainings were done before and kept" in ear.said


def test_a_budget_that_is_spent_says_so(asked, tmp_path):
    with pytest.raises(JobStopped, match=r"budget of 1e-09 s was spent before the first"):
        aprendiz.compare(**asked, out=tmp_path / "out", budget=1e-9)


def test_it_writes_into_no_other_folder(asked, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ModelFolderError, match="other files"):
        aprendiz.compare(**asked, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.txt"]


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"worth": 1.0}])
def test_settings_out_of_range_are_refused(wrong, asked, tmp_path):
    with pytest.raises(RecipeError):
        aprendiz.compare(**asked, **wrong, out=tmp_path / "out")
