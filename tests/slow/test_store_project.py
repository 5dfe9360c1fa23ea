"""The eight steps for real: on a platform the project starts itself, and on one named as Azure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aprendiz.projects.run import run
from aprendiz.projects.steps import NobodyWatches
from tests.platforms import platform

STORE = Path(__file__).resolve().parents[2] / "projects" / "store"
OUTPUTS = (
    "data/raw/intent_examples.json",
    "data/processed/training_prompts.jsonl",
    "data/training/train_data.jsonl",
    "data/validation/validation_data.jsonl",
    "data/processed/data_preparation_summary.json",
    "results/fine_tuning_info.json",
    "results/deployment_info.json",
    "results/test_results.json",
    "results/improvement_analysis.json",
)


class Witness(NobodyWatches):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_OPENAI_MODEL", "gpt-4.1-nano")  # stands for probe: seconds
    monkeypatch.chdir(tmp_path)


def loaded(output: Path, name: str) -> dict[str, object]:
    return json.loads((output / "results" / f"{name}.json").read_text(encoding="utf-8"))


def whole(output: Path) -> None:
    assert [name for name in OUTPUTS if not (output / name).is_file()] == []
    tuned = loaded(output, "fine_tuning_info")
    assert tuned["status"] == "succeeded"
    assert str(tuned["model"]).startswith("ft:gpt-4.1-nano-2025-04-14:local:store:")
    assert loaded(output, "deployment_info")["state"] == "ready"
    results = loaded(output, "test_results")
    assert results["n"] == len(results["right"]) + len(results["wrong"]) >= 40
    assert results["accuracy_ci"][0] < results["accuracy"] < results["accuracy_ci"][1]
    analysis = loaded(output, "improvement_analysis")
    assert analysis["grade"]["low"] == results["accuracy_ci"][0]
    assert analysis["suggestions"]


def test_without_credentials_it_brings_its_own_platform(tmp_path):
    witness = Witness()
    output = tmp_path / "out"
    run(STORE, out=output, watcher=witness)
    assert "our own platform" in witness.said[0]
    whole(output)
    again = run(STORE, out=output)
    assert {result.state for result in again} == {"skipped"}
    # A step alone starts the platform again, which still has the model.
    run(STORE, out=output, only="test")
    whole(output)


def test_the_same_steps_go_to_azures_address(tmp_path, monkeypatch):
    with platform(tmp_path / "platform") as running:
        for name, value in running.azure.items():
            monkeypatch.setenv(name, value)
        witness = Witness()
        run(STORE, out=tmp_path / "out", watcher=witness)
        assert running.url in witness.said[0]
        assert "api-version" in witness.said[0]
        whole(tmp_path / "out")
        assert loaded(tmp_path / "out", "deployment_info")["name"]
    assert not (tmp_path / "out" / "platform").exists()
