"""A managed training from the data to the pointer, and every way in which it can end."""

from __future__ import annotations

import json

import pytest

from aprendiz import workflow
from aprendiz.errors import DataError, JobStopped, ProviderError, RecipeError, SettingsError
from aprendiz.methods.managed import follow
from tests.unit.methods.managed.conftest import Listening

RESULTS = "step,train_loss,valid_loss,full_valid_loss\n1,1,,\n2,0.5,,0.7\n5,0.1,0.3,0.2\n"


@pytest.mark.parametrize("kind", ["openai", "azure", "azure-v1"])
@pytest.mark.parametrize("encoded", [False, True])
def test_the_whole_way(kind, encoded, vendor, train, tmp_path):
    deployments = {"shop": {"model": "gpt-4o-mini.ft-ftjob-0000", "status": "succeeded"}}
    service = vendor(
        kind,
        hollow_errors=True,
        missing_fields=kind == "azure",
        no_has_more=kind == "azure",
        file_statuses=["pending", "running", "processed"],
        deployments=deployments,
        results=RESULTS,
        base64_results=encoded,
    )
    heard = Listening()
    result = train(heard, epochs=2, suffix="shop")
    pointer = json.loads((tmp_path / "m" / "managed.json").read_text())
    assert pointer["model"] == "gpt-4o-mini.ft-ftjob-0000"
    assert pointer["deployment"] == ("gpt-4o-mini.ft-ftjob-0000" if kind == "openai" else "shop")
    assert pointer["provider"] == kind
    assert "k" not in pointer.values()
    history = json.loads((tmp_path / "m" / "history.json").read_text())
    losses = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    assert losses == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 0.25), (5, 0.1)]
    assert [entry["eval_loss"] for entry in history if "eval_loss" in entry] == [0.7, 0.2]
    said = [line for line in heard.said if "Created fine-tuning job" in line]
    assert len(said) == 1
    assert heard.bars[-1] == (follow.TASK, 4, 4)
    assert result.manifest.training["job"] == "ftjob-0000"
    sent = next(iter(service.files.values()))
    assert sent.startswith(b"\xef\xbb\xbf") == (kind != "openai")
    rows = [json.loads(line) for line in sent.decode("utf-8-sig").splitlines()]
    assert len(rows) == 30
    assert [message["role"] for message in rows[0]["messages"]] == ["system", "user", "assistant"]


def test_a_dry_run_sends_nothing_and_needs_no_provider(examples_file, tmp_path, left_behind):
    heard = Listening()
    workflow.train(
        examples_file,
        out=tmp_path / "m",
        recipe={"method": "managed", "epochs": 3, "price_per_million_tokens": 3.0},
        dry_run=True,
        observer=heard,
    )
    assert any("tokens" in said and "cost" in said for said in heard.said)
    assert left_behind() == []


def test_a_dry_run_against_a_provider_sends_nothing(vendor, examples_file, tmp_path):
    service = vendor()
    workflow.train(examples_file, out=tmp_path / "m", recipe={"method": "managed"}, dry_run=True)
    assert service.asked == []


def test_too_few_examples_are_refused_before_anything_is_sent(vendor, tmp_path, left_behind):
    service = vendor()
    source = tmp_path / "few.json"
    source.write_text(json.dumps({"a": ["one", "two"], "b": ["three", "four"]}))
    with pytest.raises(DataError, match="at least 10") as caught:
        workflow.train(source, out=tmp_path / "m", recipe={"method": "managed"}, holdout=0)
    assert caught.value.findings
    assert service.asked == []
    assert left_behind() == []


@pytest.mark.parametrize("setting", [{"prompt_loss_weight": 0.1}, {"training_type": "Standard"}])
def test_azures_own_settings_are_refused_elsewhere(setting, vendor, train):
    service = vendor()
    with pytest.raises(RecipeError, match=next(iter(setting))):
        train(**setting)
    assert service.asked == []


def test_without_a_provider_the_ways_to_one_are_named(train, left_behind):
    with pytest.raises(SettingsError) as caught:
        train()
    assert "aprendiz platform" in caught.value.hint
    assert left_behind() == []


def test_nobody_at_the_address_leaves_nothing_behind(vendor, train, left_behind):
    service = vendor()
    service.server.shutdown()
    service.server.server_close()
    with pytest.raises(ProviderError, match="nobody answers"):
        train()
    assert left_behind() == []


def test_a_file_that_the_provider_refuses_is_a_data_error(vendor, train, left_behind):
    service = vendor(file_statuses=["pending", "error"], file_details="line 3: no messages")
    with pytest.raises(DataError, match="line 3: no messages") as caught:
        train()
    assert caught.value.exit_code == 2
    assert service.jobs == []
    assert left_behind() == []


def test_a_failed_job_says_why(vendor, train, left_behind):
    fault = {"code": "invalid_n_examples", "message": "has 7 examples.", "param": "training_file"}
    vendor(statuses=["queued", "failed"], fault=fault)
    with pytest.raises(ProviderError) as caught:
        train()
    assert "has 7 examples (invalid_n_examples, training_file)" in caught.value.message
    assert caught.value.exit_code == 4
    assert left_behind() == []


def test_a_cancelled_job_stops(vendor, train, left_behind):
    vendor(statuses=["queued", "cancelled"])
    with pytest.raises(JobStopped, match="cancelled"):
        train()
    assert left_behind() == []


def test_a_paused_job_is_waited_for_and_said_once(vendor, train):
    vendor(statuses=["running", "paused", "paused", "meditating", "paused", "succeeded"])
    heard = Listening()
    train(heard)
    assert sum("is paused" in said for said in heard.said) == 2  # once each time


def test_a_lost_connection_is_said_once_and_survived(vendor, train):
    service = vendor(poll_faults=[503, 502, 429])
    heard = Listening()
    train(heard)
    assert sum("attempts to reach it" in said for said in heard.said) == 1
    assert sum("connected again" in said for said in heard.said) == 1
    assert len(service.jobs) == 1


def test_a_revoked_key_ends_the_following_but_not_the_job(vendor, train, monkeypatch):
    service = vendor(poll_faults=[401])
    with pytest.raises(ProviderError):
        train()
    train(resume=True)
    assert len(service.jobs) == 1


def test_an_azure_model_that_is_not_deployed_says_how(vendor, train, tmp_path):
    vendor("azure", deployments={"other": {"model": "m", "status": "succeeded"}})
    heard = Listening()
    result = train(heard, holdout=0.2)
    assert result.evaluation is None
    assert any("aprendiz deploy" in said for said in heard.said)
    assert (tmp_path / "m" / "manifest.json").is_file()


def test_the_held_out_rows_are_sent_and_measured(vendor, train):
    service = vendor()
    result = train(holdout=0.2, system_prompt="Say what it is.")
    assert len(service.files) == 2
    assert service.bodies[0]["validation_file"] == "file-0001"
    assert result.evaluation.n == 6
    assert service.bodies[-1]["messages"][0]["content"] == "Say what it is."
