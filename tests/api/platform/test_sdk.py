"""The official SDK against a real socket, with every answer held to its types.

What takes a training of its own is in ``tests/slow/test_platform_sdk.py``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openai")

from openai import APIResponseValidationError, BadRequestError, NotFoundError, OpenAI

from aprendiz.platform.http.app import create_app
from aprendiz.platform.service import Platform
from tests.api.platform.conftest import Live, LivedIn, live_app, user
from tests.api.platform.sdk import WAYS, azure, loosened
from tests.unit.platform.chats import lines

FILE = ("train.jsonl", lines().encode())


@pytest.fixture(scope="module")
def address(lived_in: LivedIn) -> Iterator[str]:
    with live_app(create_app(lived_in.platform, open_without_key=True)) as address:
        yield address


@pytest.fixture(params=WAYS)
def client(request: pytest.FixtureRequest, address: str) -> OpenAI:
    return WAYS[request.param](address, "any")


def test_a_file_goes_up_is_found_comes_back_and_goes(client: OpenAI) -> None:
    file = client.files.create(file=FILE, purpose="fine-tune")
    assert client.files.wait_for_processing(file.id, poll_interval=0.01).status == "processed"
    assert client.files.content(file.id).read() == FILE[1]
    assert file.id in [each.id for each in client.files.list(purpose="fine-tune", limit=25)]
    assert client.files.delete(file.id).deleted
    with pytest.raises(NotFoundError) as gone:
        client.files.retrieve(file.id)
    assert (gone.value.code, gone.value.param) == ("file_not_found", "id")
    assert gone.value.request_id
    lasting = client.files.create(
        file=io.BytesIO(b"x"), purpose="batch",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )  # fmt: skip
    assert lasting.expires_at == lasting.created_at + 3600


def test_a_finished_job_is_read_with_its_events_checkpoints_and_results(
    client: OpenAI, lived_in: LivedIn
) -> None:
    jobs = client.fine_tuning.jobs
    job = jobs.retrieve(lived_in.job.id)
    assert (job.status, job.fine_tuned_model) == ("succeeded", lived_in.model)
    events = list(jobs.list_events(job.id, limit=2))  # by auto-pagination
    said = [event.message for event in reversed(events)]
    assert said[0] == f"Created fine-tuning job: {job.id}"
    assert said[-1] == "The job has successfully completed"
    assert "metrics" in {event.type for event in events}
    (checkpoint,) = jobs.checkpoints.list(job.id)
    assert checkpoint.fine_tuning_job_id == job.id
    assert 0 <= (checkpoint.metrics.full_valid_mean_token_accuracy or -1) <= 1
    assert client.files.content(job.result_files[0]).text.startswith("step,train_loss")
    tuned = client.models.retrieve(lived_in.model)
    assert tuned in list(client.models.list())


def test_a_tuned_model_and_its_checkpoint_chat_plain_and_streaming(
    client: OpenAI, lived_in: LivedIn
) -> None:
    (checkpoint,) = client.fine_tuning.jobs.checkpoints.list(lived_in.job.id)
    for model in (lived_in.model, checkpoint.fine_tuned_model_checkpoint):
        asked: dict[str, Any] = {
            "model": model, "messages": [user("please refund my payment")],
            "logprobs": True, "top_logprobs": 3,
        }  # fmt: skip
        plain = client.chat.completions.create(**asked)
        assert (plain.choices[0].message.content, plain.model) == ("refund", model)
        pieces = client.chat.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}
        )
        text, usage, logprobs = "", None, None
        for chunk in pieces:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                logprobs = choice.logprobs or logprobs
        assert (text, usage) == ("refund", plain.usage)
        assert logprobs is not None and plain.choices[0].logprobs is not None
        assert logprobs.content == plain.choices[0].logprobs.content


def test_errors_are_the_sdks_own(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as early:
        client.chat.completions.create(model="gpt-4o-mini", messages=[user("hi")])
    assert early.value.code == "model_not_available"
    assert "learnt nothing yet" in str(early.value)
    with pytest.raises(NotFoundError) as unknown:
        client.chat.completions.create(model="ft:none", messages=[user("hi")])
    assert unknown.value.code in ("model_not_found", "DeploymentNotFound")
    with pytest.raises(BadRequestError) as nothing:
        client.fine_tuning.jobs.create(model="tfidf", training_file="file-none")
    assert (nothing.value.code, nothing.value.param) == ("invalid_file", "training_file")


@pytest.mark.parametrize("way", WAYS)
def test_jobs_are_made_listed_to_the_end_cancelled_and_paused(
    still: Platform, live: Live, way: str
) -> None:
    with live(still) as address:
        client = WAYS[way](address, "any")
        file = client.files.create(file=FILE, purpose="fine-tune")
        made = [
            client.fine_tuning.jobs.create(
                model="tfidf", training_file=file.id, suffix=f"s-{n}", seed=n,
                metadata={"half": str(n % 2)}, extra_body={"trainingType": "Standard"},
                method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
            )
            for n in range(5)
        ]  # fmt: skip
        assert {job.status for job in made} == {"validating_files"}
        ids = [job.id for job in made]
        assert [job.id for job in client.fine_tuning.jobs.list(limit=2)] == ids[::-1]
        odd = client.fine_tuning.jobs.list(limit=2, metadata={"half": "1"})
        assert [job.id for job in odd] == ids[1::2][::-1]
        assert client.fine_tuning.jobs.cancel(ids[0]).status == "cancelled"
        with pytest.raises(BadRequestError):
            client.fine_tuning.jobs.cancel(ids[0])

        still.store.transition(ids[1], {"validating_files"}, "queued")
        relaxed = loosened(client, "paused")
        assert relaxed.fine_tuning.jobs.pause(ids[1]).status == "paused"
        with pytest.raises(APIResponseValidationError):  # or the row of the table can go
            client.fine_tuning.jobs.retrieve(ids[1])
        assert client.fine_tuning.jobs.resume(ids[1]).status == "queued"


def test_azures_own_paths_through_its_own_class(still: Platform, live: Live) -> None:
    with live(still) as address:
        client = azure(address, "any")
        file = client.files.create(file=FILE, purpose="fine-tune")
        one, two = (
            client.fine_tuning.jobs.create(model="tfidf", training_file=file.id).id
            for _ in range(2)
        )
        for job in (one, two):
            client.fine_tuning.jobs.cancel(job)
        with pytest.raises(APIResponseValidationError):  # or the row of the table can go
            client.delete(f"/fine_tuning/jobs/{one}", cast_to=object)
        loosened(client, "no content").delete(f"/fine_tuning/jobs/{two}", cast_to=object)
        assert list(client.fine_tuning.jobs.list()) == []
        listed = client.get("/deployments", cast_to=object)
        assert listed == {
            "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False,
        }  # fmt: skip
