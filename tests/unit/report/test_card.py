"""The model card: its front matter, its figures, and code in it that really runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from aprendiz.artifact.card import write_card
from aprendiz.artifact.manifest import Manifest
from aprendiz.evaluation.metrics import Evaluation, score

LABELS = ("greet", "order", "refund | all", "`odd`")


def manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "method": "probe",
        "name": "assistant",
        "created": "2026-01-02T03:04:05Z",
        "labels": LABELS,
        "threshold": 0.7,
        "recipe": {"method": "probe", "seed": 13, "max_length": 64},
        "data": {
            "fingerprint": "ab" * 32,
            "sources": ["rows.csv"],
            "split": "80 % / 20 %, stratified",
            "train": 1200,
            "validation": 300,
            "test": 0,
        },
        "scores": {"part": "validation", "chose_on_validation": False},
        "training": {"seconds": 2.0, "base_model": "all-MiniLM-L6-v2", "temperature": 0.5},
        "libraries": {"aprendiz": "0.1.0"},
    }
    return Manifest.model_validate({**values, **changes})


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    random = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [140, 155, 5])
    answered = np.where(random.random(300) < 0.9, truth, (truth + 1) % 4)
    return score(np.eye(4)[answered] * 0.8 + 0.05, truth, LABELS)


def front_matter(card: str) -> dict[str, Any]:
    _, front, _ = card.split("---\n", 2)
    return yaml.safe_load(front)


def test_the_front_matter_is_what_the_hub_reads(evaluation: Evaluation):
    front = front_matter(write_card(manifest(), evaluation.as_dict(), hf_loadable=False))
    assert front["pipeline_tag"] == "text-classification"
    assert front["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert "license" not in front and "language" not in front and "library_name" not in front
    told = {m["type"]: m["value"] for m in front["model-index"][0]["results"][0]["metrics"]}
    assert told["accuracy"] == pytest.approx(evaluation.accuracy, abs=1e-4)
    assert told["f1"] == pytest.approx(evaluation.macro_f1, abs=1e-4)
    spanish = write_card(manifest(), None, hf_loadable=True, language="es")
    assert front_matter(spanish)["language"] == "es"
    assert front_matter(spanish)["library_name"] == "transformers"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("prajjwal1/bert-tiny@6f75de8b60a9", "prajjwal1/bert-tiny"),
        ("models/mine", None),
        ("/home/somebody/models/mine", None),
    ],
)
def test_only_a_base_model_of_the_hub_is_linked(base: str, expected: str | None):
    card = write_card(manifest(training={"base_model": base}), None, hf_loadable=True)
    assert front_matter(card).get("base_model") == expected
    assert "/home/somebody" not in card


def test_scores_stand_with_rows_and_intervals(evaluation: Evaluation):
    card = write_card(manifest(), evaluation.as_dict(), hf_loadable=False)
    assert "300 validation rows it had not learnt from" in card
    for name in ("accuracy", "macro_f1", "precision", "recall", "ece"):
        low, high = getattr(evaluation, f"{name}_ci")
        assert f"| {getattr(evaluation, name):.3f} | {low:.3f} to {high:.3f} |" in card
    for told in ("ab" * 32, "1,200", "rows.csv", "seed: 13", "64 tokens", "0.7"):
        assert told in card


def test_weaknesses_come_from_the_figures(evaluation: Evaluation):
    card = write_card(manifest(), evaluation.as_dict(), hf_loadable=False)
    limits = card.split("## Limits and known weaknesses")[1].split("\n## ")[0]
    weakest = min((e for e in evaluation.per_label if e.support), key=lambda entry: entry.f1)
    assert weakest.label.split(" ")[0] in limits
    assert "1 of 4 labels were measured on fewer than 10 rows" in limits
    assert "nothing is known of them: 1." in limits
    first = evaluation.confused_pairs[0]
    assert f"| `{first.true}` | " in limits and f" | {first.count} |" in limits


def test_rows_that_chose_the_checkpoint_are_named(evaluation: Evaluation):
    told = manifest(scores={"part": "validation", "chose_on_validation": True})
    card = write_card(told, evaluation.as_dict(), hf_loadable=False)
    assert "also chose the checkpoint" in card and "expect a little less" in card
    assert "had not learnt from" not in card


def test_without_an_evaluation_it_says_so():
    card = write_card(manifest(), None, hf_loadable=False)
    assert "Not measured" in card and "model-index" not in card


def test_names_with_markdown_in_them_do_not_break_tables(evaluation: Evaluation):
    card = write_card(manifest(), evaluation.as_dict(), hf_loadable=False)
    assert "`` `odd` ``" in card
    for line in card.splitlines():
        if line.startswith("|") and "refund" in line:
            assert r"refund \| all" in line


def test_a_method_without_a_network_says_so():
    card = write_card(manifest(method="tfidf", training={"seconds": 1.0}), None, hf_loadable=False)
    assert "no neural network" in card
    assert "from transformers" not in card and "AutoModel" not in card


def snippet(card: str) -> str:
    """The code under "Without aprendiz"."""
    return re.findall(r"```python\n(.*?)```", card.split("### Without aprendiz")[1], re.DOTALL)[0]


@pytest.mark.parametrize(("plain", "pooling"), [(False, "mean"), (False, "cls"), (True, "its own")])
def test_the_code_in_the_card_gives_our_probabilities(
    plain: bool, pooling: str, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForSequenceClassification

    from aprendiz.neural import encoder, tokenize

    torch.manual_seed(3)
    folder = tmp_path / "assistant"
    folder.mkdir()
    if plain:
        names = dict(enumerate(LABELS))
        network = AutoModelForSequenceClassification.from_pretrained(
            tiny_encoder, num_labels=len(LABELS), id2label=names
        )
    else:
        bare = encoder.load_encoder(tiny_encoder)
        network = encoder.PooledClassifier(bare, len(LABELS), pooling, normalize=pooling == "mean")
    tokenizer = tokenize.load_tokenizer(tiny_encoder)
    encoder.save(network.eval(), tokenizer, folder, max_length=16, temperature=0.3)
    told = manifest()
    (folder / "manifest.json").write_text(told.to_json(), encoding="utf-8")

    code = snippet(write_card(told, None, hf_loadable=plain))
    texts = ["hello there", "I want my money back, all of it, and " + "please " * 30]
    code = code.replace('["a text of yours"]', repr(texts))
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    exec(code, known)
    ours = encoder.load(folder, LABELS).probabilities(texts)
    assert known["probabilities"].numpy() == pytest.approx(ours, abs=1e-5)


def test_a_pointer_says_where_the_model_is():
    told = {"job": "ftjob-1", "model": "ft:m", "device": "OpenAI at https://api.openai.com/v1"}
    card = write_card(manifest(method="managed", training=told), None, hf_loadable=False)
    assert "not in this folder" in card
    assert "OpenAI at https://api.openai.com/v1" in card
    assert "none of its labels" in card
    assert "head.safetensors" not in card
    assert "always names one" not in card
