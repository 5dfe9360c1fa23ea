"""Providers differ; what comes out of them does not. Real SDK, real HTTP, odd vendors."""

from __future__ import annotations

from datetime import date

import pytest

from aprendiz.errors import ProviderError
from aprendiz.methods.managed.endpoint import Endpoint
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.records import JobRequest
from aprendiz.methods.managed.refusals import Refused
from tests.unit.methods.managed.vendor import Vendor, event


def at(service: Vendor, kind: str = "openai", key: str = "k") -> Provider:
    path = {"openai": "/v1", "azure": "", "azure-v1": "/openai/v1"}[kind]
    version = "2024-10-21" if kind == "azure" else ""
    return Provider(Endpoint(kind, service.address + path, version, key))


def request(**more) -> JobRequest:
    return JobRequest("gpt-4o-mini", "file-1", None, {"n_epochs": 3}, 13, **more)


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("oddity", [{}, {"no_has_more": True}])
def test_lists_are_whole_and_end(oddity, oldest_first):
    with Vendor(oldest_first=oldest_first, **oddity) as service:
        provider = at(service)
        for _ in range(8):
            provider.create(request())
        assert sorted(job.id for job in provider.jobs()) == [f"ftjob-{n:04d}" for n in range(8)]


def test_a_list_that_ignores_the_cursor_ends_too():
    with Vendor(ignores_after=True, no_has_more=True) as service:
        provider = at(service)
        for _ in range(5):
            provider.create(request())
        assert len(list(provider.jobs())) == 3  # all that such a vendor ever shows
        assert service.count("GET", "/fine_tuning/jobs") == 2


@pytest.mark.parametrize("oldest_first", [False, True])
def test_events_come_in_order_and_only_the_new_ones(oldest_first):
    with Vendor(oldest_first=oldest_first) as service:
        provider = at(service)
        job = provider.create(request()).id
        service.events[job] = [event(job, number, f"event {number}") for number in range(10)]
        first = provider.events(job)
        assert [each.message for each in first] == [f"event {number}" for number in range(10)]
        service.events[job].append(event(job, 10, "event 10"))
        asked = service.count("GET", f"/fine_tuning/jobs/{job}/events")
        new = provider.events(job, {each.id for each in first})
        assert [each.message for each in new] == ["event 10"]
        if not oldest_first:  # pages of what is known are not read again
            assert service.count("GET", f"/fine_tuning/jobs/{job}/events") - asked <= 2


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("validating_files", "validating"), ("pending", "queued"), ("created", "queued"),
        ("queued", "queued"), ("running", "running"), ("Running", "running"),
        ("paused", "paused"), ("succeeded", "succeeded"), ("failed", "failed"),
        ("cancelled", "cancelled"), ("canceled", "cancelled"), ("meditating", "running"),
    ],
)  # fmt: skip
def test_every_word_for_a_status_is_one_of_ours(word, status):
    with Vendor(statuses=[word]) as service:
        job = at(service).create(request())
        assert (job.status, job.word) == (status, word)


@pytest.mark.parametrize("oddity", [{"hollow_errors": True}, {"missing_fields": True}, {}])
def test_a_healthy_job_has_no_fault(oddity):
    with Vendor(**oddity) as service:
        provider = at(service)
        job = provider.job(provider.create(request()).id)
        assert job.fault is None
        assert job.result_files == ()
        assert "n_epochs" not in job.hyperparameters  # "auto" is no number


def test_hyperparameters_go_where_each_kind_looks_for_them():
    with Vendor() as service:
        for kind in ("openai", "azure-v1", "azure"):
            at(service, kind).create(request(training_type="GlobalStandard", suffix="shop"))
        modern, v1, dated = service.bodies
        for body in (modern, v1):
            numbers = body["method"]["supervised"]["hyperparameters"]
            assert numbers == {"n_epochs": 3}
            assert "hyperparameters" not in body
        assert dated["hyperparameters"] == {"n_epochs": 3}
        assert "method" not in dated
        assert dated["trainingType"] == "GlobalStandard"
        assert {body["suffix"] for body in service.bodies} == {"shop"}


def test_each_kind_brings_its_key_its_own_way():
    with Vendor() as service:
        for kind in ("openai", "azure-v1", "azure"):
            list(at(service, kind).jobs())
        modern, v1, dated = service.headers
        assert modern["authorization"] == v1["authorization"] == "Bearer k"
        assert dated["api-key"] == "k"


def test_a_proxy_of_the_environment_is_not_used_on_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Vendor() as service:
        assert list(at(service).jobs()) == []


def test_create_is_sent_once_whatever_is_answered():
    with Vendor(create_faults=["500 after", "500 after"]) as service:
        with pytest.raises(Refused) as caught:
            at(service).create(request())
        assert caught.value.may_have_happened
        assert service.count("POST", "/fine_tuning/jobs") == 1


def test_a_refusal_carries_the_vendors_words():
    with Vendor(key="right") as service:
        with pytest.raises(ProviderError) as caught:
            at(service, key="wrong").job("ftjob-1")
        for part in ("Incorrect API key provided", "invalid_api_key", "HTTP 401", "req-7"):
            assert part in caught.value.message
        assert caught.value.exit_code == 4
        assert "key" in caught.value.hint
        with pytest.raises(Refused) as caught:
            at(service, key="right").job("ftjob-1")
        assert caught.value.status == 404
        assert not caught.value.passing


def test_nobody_there_names_the_address():
    with Vendor() as service:
        address = service.address
    with pytest.raises(Refused, match=address) as caught:
        list(Provider(Endpoint("openai", f"{address}/v1", key="k")).jobs())
    assert caught.value.passing
    assert "aprendiz platform" in caught.value.hint


@pytest.mark.parametrize("kind", ["openai", "azure"])
def test_a_web_page_is_a_wrong_address(kind, monkeypatch):
    with Vendor() as service:
        monkeypatch.setattr(service, "answer", lambda *_: b"<html>hello</html>")
        provider = at(service, kind)
        for ask in (lambda: list(provider.jobs()), lambda: provider.job("j"), provider.deployments):
            with pytest.raises(Refused, match="not in the fine-tuning protocol") as caught:
                ask()
            assert ("AZURE_OPENAI_ENDPOINT" if kind == "azure" else "OPENAI_BASE_URL") in (
                caught.value.hint
            )


def test_dates_of_either_vendor_are_days():
    models = {
        "a": {"created": 1, "owned_by": "x", "shutdown_date": "2027-01-14"},
        "b": {"deprecation": {"fine_tune": 1_800_000_000, "inference": 1_810_000_000}},
        "c": {"created": 1, "shutdown_date": "soon"},
        "d": {"deprecation": {"fine_tune": 0}, "capabilities": {"fine_tune": True}},
    }
    with Vendor(models=models) as service:
        known = {name: at(service).lifecycle(name) for name in models}
        assert known["a"].answers_until == date(2027, 1, 14)
        assert known["b"].tuned_until == date(2027, 1, 15)
        assert known["b"].answers_until == date(2027, 5, 11)
        assert known["c"].answers_until is None
        assert known["d"].tuned_until is None
        assert known["d"].can_be_tuned is True
        assert at(service).lifecycle("unknown") is None


def test_an_interface_without_deployments_says_so():
    with Vendor() as service:
        assert at(service, "azure").deployments() is None
    with Vendor(deployments={"shop": {"model": "m", "status": "succeeded"}}) as service:
        for kind in ("azure", "azure-v1"):
            (found,) = at(service, kind).deployments()
            assert (found.name, found.model, found.state) == ("shop", "m", "ready")
