"""Texts with any number of labels, from a file to the wire."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aprendiz import workflow
from aprendiz.cli.main import app
from aprendiz.errors import DataError, RecipeError

pytest.importorskip("sklearn")

WORDS = {
    "price": ["cost", "expensive", "cheap", "invoice", "bill"],
    "speed": ["slow", "fast", "late", "delay", "waiting"],
    "taste": ["flavour", "delicious", "bitter", "salty", "sweet"],
    "staff": ["waiter", "rude", "friendly", "manager", "helpful"],
}
SHARES = (0.5, 0.35, 0.25, 0.12)
FILLER = [
    "place",
    "was",
    "on",
    "a",
    "day",
    "in",
    "our",
    "street",
    "with",
    "my",
    "family",
    "then",
    "we",
    "went",
    "home",
    "again",
]
NOISE = 0.1  # share of words that come from a label the text does not have
TEXTS = ["the waiter was rude and it was expensive", "our street", "", "é 日本語"]


def rows(n: int = 300, seed: int = 3) -> list[dict[str, Any]]:
    """Texts with the words of each label they have, and a few of others."""
    chance = random.Random(seed)
    made = []
    for number in range(n):
        labels = [name for name, p in zip(WORDS, SHARES, strict=True) if chance.random() < p]
        words = [chance.choice(WORDS[name]) for name in labels for _ in range(2)]
        words += [chance.choice(WORDS[name]) for name in WORDS if chance.random() < NOISE]
        words += [*chance.choices(FILLER, k=5), f"{seed}x{number}"]
        chance.shuffle(words)
        made.append({"text": " ".join(words), "labels": labels})
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    for name, seed in (("train", 3), ("new", 4)):
        lines = [json.dumps(row) for row in rows(seed=seed)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    workflow.train(folder / "train.jsonl", out=folder / "model", method="tfidf", track=False)
    return folder


def test_planted_labels_are_found(files: Path) -> None:
    told = workflow.evaluate(files / "model", files / "new.jsonl").as_dict()
    assert told["n"] == 300
    assert told["micro_f1"] > 0.85 and told["macro_f1"] > 0.8
    assert told["subset_accuracy"] > 0.6


def test_thresholds_are_in_force(files: Path) -> None:
    model = workflow.load(files / "model")
    rules = model.decisions.several
    assert rules is not None and set(rules.each) == set(WORDS) and rules.rows == "out of fold"
    for told in model.predict([row["text"] for row in rows(20, seed=5)] + TEXTS):
        above = [name for name, p in told.scores.items() if p >= rules.each[name].threshold]
        assert list(told.labels or ()) == above
        assert told.label == next(iter(told.scores)) and told.confidence == told.scores[told.label]
        assert told.decision == ("answer" if above else "out_of_scope")
    assert {len(told.labels or ()) for told in model.predict(TEXTS, threshold=0.0)} == {4}


def test_the_folder_says_so(files: Path) -> None:
    card = (files / "model" / "README.md").read_text(encoding="utf-8")
    assert "any number of 4 labels" in card and "Subset accuracy" in card
    page = (files / "model" / "report.html").read_text(encoding="utf-8")
    assert all(f">{name}</th>" in page for name in WORDS)
    again = workflow.report(files / "model", files / "again")
    assert again.read_text(encoding="utf-8") == page


def test_the_wire_says_what_the_library_says(files: Path) -> None:
    from fastapi.testclient import TestClient

    from aprendiz.serving.app import create_app
    from aprendiz.settings import Settings
    from tests.api.conftest import wait_ready

    expected = workflow.load(files / "model").predict(TEXTS[:2])
    with TestClient(create_app(files / "model", settings=Settings(_env_file=None))) as client:
        wait_ready(client)
        for told in expected:
            answer = client.post("/classify", json={"text": told.text}).json()
            assert answer["labels"] == list(told.labels or ())
            assert (answer["intent"], answer["decision"]) == (told.label, told.decision)


def test_predict_prints_one_document(files: Path) -> None:
    told = CliRunner().invoke(app, ["predict", str(files / "model"), TEXTS[0], "--json"])
    assert told.exit_code == 0 and set(json.loads(told.stdout)[0]["labels"]) == {"price", "staff"}
    plain = CliRunner().invoke(app, ["predict", str(files / "model"), TEXTS[1]])
    assert plain.exit_code == 0 and plain.stdout.startswith("(none)\t")


def test_csv_with_a_separator_learns_the_same(files: Path, tmp_path: Path) -> None:
    lines = ["text,labels", *(f"{row['text']},{'|'.join(row['labels'])}" for row in rows())]
    (tmp_path / "train.csv").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "model"
    workflow.train(
        tmp_path / "train.csv", out=out, method="tfidf", track=False, label_separator="|"
    )
    ours, theirs = workflow.load(out), workflow.load(files / "model")
    assert [a.scores for a in ours.predict(TEXTS)] == [b.scores for b in theirs.predict(TEXTS)]


def test_probe_learns_them_too(files: Path, tmp_path: Path, tiny_encoder: Path) -> None:
    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    workflow.train(files / "train.jsonl", out=tmp_path / "m", recipe=recipe, track=False)
    model = workflow.load(tmp_path / "m")
    assert model.decisions.several is not None
    table = model.probabilities(TEXTS)
    assert table.shape == (4, 4) and (table > 0).all() and (table < 1).all()
    told = workflow.evaluate(model, files / "new.jsonl").as_dict()
    assert 0 < told["micro_f1"] <= 1


def tuning(encoder: Path, **more: Any) -> dict[str, Any]:
    """A recipe that moves the tiny encoder in little time."""
    quick = {"epochs": 4, "learning_rate": 5e-3, "max_length": 32}
    return {"method": "finetune", "base_model": str(encoder), **quick, **more}


@pytest.fixture(scope="module")
def tuned(files: Path, tiny_encoder: Path) -> Path:
    return workflow.train(
        files / "train.jsonl",
        out=files / "tuned",
        recipe=tuning(tiny_encoder),
        track=False,
        snapshots=files / "snapshots",
    ).folder


def test_finetune_learns_them_too(files: Path, tuned: Path) -> None:
    told = workflow.evaluate(tuned, files / "new.jsonl").as_dict()
    # Every label on every text is a micro F1 of 0.47.
    assert told["micro_f1"] > 0.62 and told["macro_f1"] > 0.55
    rules = workflow.load(tuned).decisions.several
    assert rules is not None and (rules.asked, rules.rows) == ("f1", "validation")
    # Calibrated: as many are given a label, in all, as have it.
    table = workflow.load(tuned).probabilities([row["text"] for row in rows(seed=4)])
    have = [sum(name in row["labels"] for row in rows(seed=4)) for name in sorted(WORDS)]
    assert table.sum(axis=0) == pytest.approx(have, rel=0.5)
    history = json.loads((tuned / "history.json").read_text(encoding="utf-8"))
    measured = [step for step in history if "eval_f1" in step]
    assert measured and {"eval_loss", "eval_accuracy", "eval_recall"} <= set(measured[0])
    assert "which also chose the checkpoint" in (tuned / "README.md").read_text(encoding="utf-8")


def test_the_pt_file_answers_as_the_folder_does(tuned: Path) -> None:
    from tests.unit.neural.test_torch_file import _loader

    plain = _loader().IntentClassifier(tuned / "intent_classifier.pt")
    for told in workflow.load(tuned).predict(TEXTS):
        assert plain.predict(told.text) == pytest.approx(dict(told.scores), abs=1e-5)


def test_a_snapshot_gives_several_labels(files: Path, tuned: Path) -> None:
    newest = max((files / "snapshots").glob("step-*"), key=lambda at: int(at.name.split("-")[1]))
    for told in workflow.load(newest).predict(TEXTS):
        assert told.labels == tuple(name for name, p in told.scores.items() if p >= 0.5)


def test_finetune_calibrates_without_validation_rows(tmp_path: Path, tiny_encoder: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows(60)), "utf-8")
    out, recipe = tmp_path / "m", tuning(tiny_encoder, epochs=1, label_smoothing=0.1)
    workflow.train(tmp_path / "rows.jsonl", out=out, recipe=recipe, holdout=0.0, track=False)
    told = workflow.load(out).decisions.several
    assert told is not None and (told.rows, told.n) == ("the 12 rows a twin had not seen", 12)


def test_many_rows_give_a_twentieth_with_every_label() -> None:
    from aprendiz.data.multi_dataset import MultiDataset
    from aprendiz.data.records import MultiExample
    from aprendiz.methods.finetune.calibrate import kept_back

    whole = MultiDataset.of(
        MultiExample.of(row["text"], tuple(row["labels"]), "f", at)
        for at, row in enumerate(rows(400))
    )
    told = kept_back(whole, seed=1)
    assert isinstance(told, MultiDataset) and told.labels == whole.labels
    assert sorted((*told.train, *told.validation), key=lambda row: row.line) == list(whole.train)
    assert 16 <= len(told.validation) <= 24
    assert {name for row in told.validation for name in row.labels} == set(WORDS)


def test_thresholds_are_chosen_again(files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(files / "model", folder)
    scores = [told.scores for told in workflow.load(folder).predict(TEXTS)]
    strict = workflow.threshold(folder, files / "new.jsonl", precision=0.9).several
    assert strict is not None and (strict.asked, strict.rows, strict.n) == (
        "precision", "new.jsonl", 300,
    )  # fmt: skip
    assert all(rule.right / rule.given >= 0.9 for rule in strict.each.values() if rule.given)
    model = workflow.load(folder)  # sealed: every file agrees with its hash
    assert model.decisions.several == strict
    assert [told.scores for told in model.predict(TEXTS)] == scores
    assert not (folder / "report.html").exists() and not (folder / "evaluation.json").exists()
    assert "Not measured" in (folder / "README.md").read_text(encoding="utf-8")
    loose = workflow.threshold(folder, files / "new.jsonl").several
    assert loose is not None and loose.asked == "f1"
    assert sum(rule.given for rule in loose.each.values()) > sum(
        rule.given for rule in strict.each.values()
    )
    flat = workflow.threshold(folder, files / "new.jsonl", threshold=0.4).several
    assert flat is not None and {rule.threshold for rule in flat.each.values()} == {0.4}


def test_what_cannot_be_done_is_said(files: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="several labels"):
        workflow.train(files / "train.jsonl", out=tmp_path / "m", method="managed")
    with pytest.raises(RecipeError, match="plain"):
        workflow.train(
            files / "train.jsonl", out=tmp_path / "m", method="finetune", overrides=["plain=true"]
        )
    with pytest.raises(RecipeError, match="coverage"):
        workflow.train(
            files / "train.jsonl", out=tmp_path / "m", method="tfidf", coverage=0.9, track=False
        )
    with pytest.raises(RecipeError, match="coverage"):
        workflow.threshold(files / "model", files / "new.jsonl", coverage=0.9)
    (tmp_path / "one.jsonl").write_text('{"text": "a", "label": "price"}\n', encoding="utf-8")
    with pytest.raises(DataError):
        workflow.evaluate(files / "model", tmp_path / "one.jsonl")


def test_a_frozen_split_keeps_its_rows(files: Path, tmp_path: Path) -> None:
    told = workflow.train(
        files / "train.jsonl",
        out=tmp_path / "m",
        method="tfidf",
        split=files / "model",
        track=False,
    )
    first = json.loads((files / "model" / "manifest.json").read_text(encoding="utf-8"))
    assert told.manifest is not None
    assert told.manifest.data["fingerprint"] == first["data"]["fingerprint"]
