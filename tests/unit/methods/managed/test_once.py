"""One job for one training, whatever breaks between asking for it and hearing of it."""

from __future__ import annotations

import json
import time

import pytest

from aprendiz.errors import JobStopped, ProviderError
from aprendiz.methods.managed import once
from aprendiz.methods.managed.ledger import Ledger
from aprendiz.methods.managed.provider import Provider
from tests.unit.methods.managed.conftest import Listening


class Killed(BaseException):
    """What a kill -9 looks like from inside: nothing after it runs."""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(once, "_LOOKS", (0.0, 0.0))


def killed_when_noting(monkeypatch, **wanted):
    """The process dies just before this is written down."""
    note = Ledger.note

    def noting(self, **values):
        if wanted.items() <= values.items() or (wanted == {"job": any} and "job" in values):
            raise Killed
        note(self, **values)

    monkeypatch.setattr(Ledger, "note", noting)


def long_ago(tmp_path):
    """The intention was written down longer ago than a request can be on its way."""
    path = tmp_path / ".m.partial" / "checkpoints" / "job.json"
    entry = json.loads(path.read_text())
    path.write_text(json.dumps(entry | {"asked_at": time.time() - 60}))


@pytest.mark.parametrize("fault", ["500 after", "cut after"])
def test_a_job_that_was_created_without_an_answer_is_adopted(fault, vendor, train, tmp_path):
    service = vendor(create_faults=[fault])
    train()
    assert len(service.jobs) == 1
    assert json.loads((tmp_path / "m" / "managed.json").read_text())["job"] == service.jobs[0]["id"]


def test_killed_between_creation_and_the_note_of_its_id(vendor, train, monkeypatch):
    service = vendor()
    with monkeypatch.context() as dying, pytest.raises(Killed):
        killed_when_noting(dying, job=any)
        train()
    assert len(service.jobs) == 1
    heard = Listening()
    train(heard, resume=True)
    assert len(service.jobs) == 1
    assert service.count("POST", "/files") == 1
    assert any("found the job" in said for said in heard.said)


@pytest.mark.parametrize("newer", [0, 7])
def test_it_is_found_among_others(newer, vendor, train, monkeypatch):
    service = vendor()
    with monkeypatch.context() as dying, pytest.raises(Killed):
        killed_when_noting(dying, job=any)
        train()
    for number in range(newer):  # several pages of later jobs of other people
        service.jobs.append(service.jobs[0] | {"id": f"ftjob-9{number}", "training_file": "other"})
        service.events[f"ftjob-9{number}"] = []
    train(resume=True)
    assert service.count("POST", "/fine_tuning/jobs") == 1


def test_killed_before_the_request_was_sent(vendor, train, monkeypatch, tmp_path):
    service = vendor()

    def dies(*_):
        raise Killed

    with monkeypatch.context() as dying, pytest.raises(Killed):
        dying.setattr(Provider, "create", dies)
        train()
    assert service.jobs == []
    long_ago(tmp_path)
    heard = Listening()
    train(heard, resume=True)
    assert len(service.jobs) == 1
    assert any("never created" in said for said in heard.said)


def test_a_request_that_may_still_arrive_is_waited_for(vendor, train, monkeypatch):
    """The list does not show the job at first: that is no proof that there is none."""
    service = vendor()
    with monkeypatch.context() as dying, pytest.raises(Killed):
        killed_when_noting(dying, job=any)
        train()
    late = service.jobs.pop()
    looked = Provider.jobs

    def jobs(self):
        found = list(looked(self))
        if not service.jobs:
            service.jobs.append(late)
        return iter(found)

    monkeypatch.setattr(Provider, "jobs", jobs)
    train(resume=True)
    assert service.count("POST", "/fine_tuning/jobs") == 1


def test_not_created_and_not_known_is_said_and_not_repeated(vendor, train, tmp_path):
    service = vendor(create_faults=["500 before"])
    with pytest.raises(ProviderError, match="not known") as caught:
        train()
    assert "--resume" in caught.value.hint
    assert service.count("POST", "/fine_tuning/jobs") == 1
    long_ago(tmp_path)
    train(resume=True)
    assert len(service.jobs) == 1


def test_an_unreadable_list_is_no_proof_that_there_is_no_job(vendor, train, monkeypatch, tmp_path):
    service = vendor()
    with monkeypatch.context() as dying, pytest.raises(Killed):
        killed_when_noting(dying, job=any)
        train()
    long_ago(tmp_path)
    answer = service.answer

    def no_list(method, path, query, body):
        if path.endswith("/fine_tuning/jobs") and method == "GET":
            return 500, {"error": {"message": "no", "code": "x"}}
        return answer(method, path, query, body)

    with monkeypatch.context() as broken, pytest.raises(ProviderError):
        broken.setattr(service, "answer", no_list)
        train(resume=True)
    train(resume=True)
    assert service.count("POST", "/fine_tuning/jobs") == 1


def test_a_clear_refusal_leaves_nothing_behind(vendor, train, monkeypatch, left_behind):
    service = vendor()
    answer = service.answer

    def refuses(method, path, query, body):
        if path.endswith("/fine_tuning/jobs") and method == "POST":
            return 403, {"error": {"message": "existing customers only", "code": "forbidden"}}
        return answer(method, path, query, body)

    monkeypatch.setattr(service, "answer", refuses)
    with pytest.raises(ProviderError, match="existing customers only"):
        train()
    assert left_behind() == []


def test_ctrl_c_leaves_the_job_and_says_how_to_go_on(vendor, train, monkeypatch):
    service = vendor()
    with monkeypatch.context() as interrupted, pytest.raises(JobStopped) as stopped:

        def stop(*_):
            raise KeyboardInterrupt

        interrupted.setattr(Provider, "events", stop)
        train()
    job = service.jobs[0]["id"]
    assert stopped.value.exit_code == 5
    assert "--resume" in stopped.value.hint
    assert f"aprendiz jobs cancel {job}" in stopped.value.hint
    assert service.jobs[0]["status"] != "cancelled"
    heard = Listening()
    train(heard, resume=True)
    assert any(f"going on with job {job}" in said for said in heard.said)
    assert service.count("POST", "/fine_tuning/jobs") == 1
    assert service.count("POST", "/files") == 1
