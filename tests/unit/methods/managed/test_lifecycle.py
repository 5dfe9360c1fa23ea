"""A base model that retires is refused with the date, before anything is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from aprendiz.errors import RecipeError
from aprendiz.methods.managed.lifecycle import objection
from aprendiz.methods.managed.records import Lifecycle
from tests.unit.methods.managed.conftest import Listening

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("known", "part"),
    [
        (Lifecycle("m", answers_until=date(2026, 11, 20)), "was shut down on 2026-11-20"),
        (Lifecycle("m", answers_until=date(2026, 12, 1)), "in 10 days"),
        (Lifecycle("m", tuned_until=date(2026, 10, 14)), "no longer be tuned since 2026-10-14"),
        (Lifecycle("m", can_be_tuned=False), "cannot be tuned"),
        (Lifecycle("m", answers_until=date(2027, 1, 14), can_be_tuned=True), ""),
        (Lifecycle("m", tuned_until=date(2027, 4, 14)), ""),
        (Lifecycle("m"), ""),
    ],
)
def test_the_providers_dates_decide(known, part):
    said = objection(known, 30, TODAY)
    assert part in said
    assert bool(said) == bool(part)


def stamp(days: int) -> int:
    return int((datetime.now(UTC) + timedelta(days=days)).timestamp())


@pytest.mark.parametrize(
    "model",
    [
        {"created": 1, "owned_by": "x", "shutdown_date": "2020-02-03"},
        {"deprecation": {"fine_tune": stamp(-3), "inference": stamp(400)}},
        {"deprecation": {"inference": stamp(5)}, "lifecycle_status": "generally-available"},
        {"capabilities": {"fine_tune": False}},
    ],
)
@pytest.mark.parametrize("name", ["gpt-old", "gpt-old-2024-07-18"])
def test_refused_before_any_upload(model, name, vendor, train, left_behind):
    service = vendor(models={name: model})
    with pytest.raises(RecipeError, match="gpt-old") as caught:
        train(base_model="gpt-old")
    assert caught.value.exit_code == 2
    assert "yes-really" in caught.value.hint
    if "shutdown_date" in model:
        assert "2020-02-03" in caught.value.message
    assert {method for method, _ in service.asked} == {"GET"}
    assert left_behind() == []


def test_yes_really_goes_on_and_says_so(vendor, train):
    service = vendor(models={"gpt-old": {"shutdown_date": "2020-02-03"}})
    heard = Listening()
    train(heard, base_model="gpt-old", yes_really=True)
    assert len(service.jobs) == 1
    assert any("2020-02-03" in said and "warning" in said for said in heard.said)


def test_a_provider_that_says_nothing_is_no_obstacle(vendor, train):
    service = vendor()
    heard = Listening()
    train(heard)
    assert len(service.jobs) == 1
    assert any("nothing of when it retires" in said for said in heard.said)
