"""`aprendiz jobs`: every subcommand, in words and as JSON."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.errors import JobStopped, ProviderError
from aprendiz.methods.managed.endpoint import choose
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.records import JobRequest
from aprendiz.settings import get_settings


def run(*arguments: str):
    return CliRunner().invoke(app, ["jobs", *arguments])


@pytest.fixture
def created(vendor):
    """A vendor with jobs already created."""

    def start(count: int = 1, **oddities):
        service = vendor(**oddities)
        provider = Provider(choose("auto", get_settings()))
        for _ in range(count):
            provider.create(JobRequest("gpt-4o-mini", "file-1", None, {}, 1))
        return service

    return start


def test_the_list_is_newest_first_and_no_longer_than_asked(created):
    created(5)
    done = run("list", "--limit", "4", "--json")
    assert [job["id"] for job in json.loads(done.stdout)] == [f"ftjob-000{n}" for n in (4, 3, 2, 1)]
    assert run("list").stdout.count("ftjob-") == 5


def test_show_and_events(created):
    created()
    assert json.loads(run("show", "ftjob-0000", "--json").stdout)["checkpoints"] == []
    assert "status:     running" in run("show", "ftjob-0000").stdout
    assert "Created fine-tuning job" in run("events", "ftjob-0000").stdout
    (first, *_) = json.loads(run("events", "ftjob-0000", "--json").stdout)
    assert first["level"] == "info"


@pytest.mark.parametrize(
    ("command", "status"), [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]
)
def test_a_job_is_held_let_go_and_ended(command, status, created):
    service = created()
    assert json.loads(run(command, "ftjob-0000", "--json").stdout)["status"] == status
    assert service.jobs[0]["status"] == status


def test_wait_follows_to_the_end(created):
    created()
    done = run("wait", "ftjob-0000", "--json")
    assert json.loads(done.stdout)["tuned_model"] == "gpt-4o-mini.ft-ftjob-0000"


@pytest.mark.parametrize(("end", "error"), [("failed", ProviderError), ("cancelled", JobStopped)])
def test_wait_fails_when_the_job_does(end, error, created):
    created(statuses=["queued", end])
    assert isinstance(run("wait", "ftjob-0000").exception, error)


def test_a_job_that_is_not_there(created):
    created(0)
    refused = run("show", "ftjob-7").exception
    assert isinstance(refused, ProviderError)
    assert "no such job" in refused.message
