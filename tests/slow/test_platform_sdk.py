"""A whole working day of the official SDK against a real platform in a process of its own.

Every answer is held to the SDK's own types; what a vendor itself sends outside of them stands
in the one table, ``LOOSENED``, of ``tests/api/platform/sdk.py``. The shapes are looked at more
closely, and more quickly, in ``tests/api/platform``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")
pytest.importorskip("torch")
pytest.importorskip("sqlalchemy")

from openai import APIResponseValidationError, NotFoundError, OpenAI
from openai.types.fine_tuning import FineTuningJob

from tests.api.platform.sdk import WAYS, loosened
from tests.platforms import Running, platform
from tests.unit.platform.chats import held_out, lines

EPOCHS, BATCH = 3, 5  # 30 rows: six steps an epoch
LONG = {"n_epochs": 30, "batch_size": 2}
STEPS = 30 * 15


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with platform(tmp_path_factory.mktemp("day") / "platform") as running:
        yield running


@pytest.fixture(params=WAYS)
def client(request: pytest.FixtureRequest, running: Running) -> OpenAI:
    return WAYS[request.param](running.url, running.key)


@pytest.fixture
def files(client: OpenAI, tmp_path: Path) -> tuple[str, str]:
    """A training and a validation file, uploaded and processed."""
    ids = []
    for name, text in (("training.jsonl", lines()), ("validation.jsonl", held_out())):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        file = client.files.create(file=path, purpose="fine-tune")
        done = client.files.wait_for_processing(file.id, poll_interval=0.1)
        assert (done.status, done.filename, done.bytes) == ("processed", name, len(text.encode()))
        ids.append(file.id)
    return ids[0], ids[1]


def supervised(**numbers: Any) -> Any:
    return {"type": "supervised", "supervised": {"hyperparameters": numbers}}


def poll(
    client: OpenAI, job: str, enough: Callable[[FineTuningJob], bool], seconds: float = 200
) -> FineTuningJob:
    """Ask for a job until it is as wanted, as the vendors' own examples do."""
    deadline = time.monotonic() + seconds
    while not enough(now := client.fine_tuning.jobs.retrieve(job)):
        assert time.monotonic() < deadline and now.status != "failed", now
        time.sleep(0.2)
    return now


def steps_done(client: OpenAI, job: str) -> list[int]:
    """The steps whose training loss was told, oldest first."""
    events = reversed(list(client.fine_tuning.jobs.list_events(job, limit=100)))
    told = [event.data for event in events if event.type == "metrics"]
    return [each["step"] for each in told if isinstance(each, dict) and "train_loss" in each]


def test_train_follow_chat_and_delete(
    client: OpenAI, files: tuple[str, str], tiny_encoder: Path
) -> None:
    jobs = client.fine_tuning.jobs
    made = jobs.create(
        model=f"finetune:{tiny_encoder}",
        training_file=files[0],
        validation_file=files[1],
        method=supervised(n_epochs=EPOCHS, batch_size=BATCH, learning_rate_multiplier=2),
        suffix="tienda",
        seed=7,
        metadata={"way": "sdk"},
        extra_body={"trainingType": "GlobalStandard"},
    )
    assert made.status in ("validating_files", "queued")
    job = poll(client, made.id, lambda job: job.status == "succeeded")
    assert job.method is not None and job.method.supervised is not None
    numbers = job.method.supervised.hyperparameters
    assert numbers is not None
    assert (numbers.n_epochs, numbers.batch_size) == (EPOCHS, BATCH)
    assert numbers.learning_rate_multiplier == 2
    assert (job.seed, job.metadata) == (7, {"way": "sdk"})
    assert (job.model_extra or {})["trainingType"] == "GlobalStandard"
    assert job.trained_tokens and job.finished_at and job.finished_at >= job.created_at
    model = job.fine_tuned_model or ""
    assert ":tienda:" in model

    events = list(jobs.list_events(job.id, limit=3))
    assert len({event.id for event in events}) == len(events)
    said = [event.message for event in reversed(events)]
    for message in ("Created fine-tuning job", "Validating training file", "Files validated",
                    "Fine-tuning job started", "Step ", "Checkpoint created", "New fine-tuned",
                    "The job has successfully completed"):  # fmt: skip
        assert any(each.startswith(message) for each in said), message
    checkpoints = list(jobs.checkpoints.list(job.id, limit=2))
    assert [each.step_number for each in checkpoints] == [18, 12, 6]
    assert all(each.metrics.full_valid_loss is not None for each in checkpoints)
    rows = client.files.content(job.result_files[0]).text.splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == [
        str(step) for step in steps_done(client, job.id)
    ]

    kept = [each.fine_tuned_model_checkpoint for each in checkpoints]
    told = {name: chat(client, name, "please refund my payment") for name in (*kept, model)}
    assert len({told[name] for name in kept}) == 3  # each the model as it was then
    # The best of them on the held-out file. Its temperature is fitted in the arithmetic that it
    # answers in, theirs in that of the training (bf16 where the processor has it).
    assert any(told[model] == pytest.approx(told[name], rel=0.02) for name in kept)

    for name in (*kept, model):
        assert client.models.delete(name).deleted
        with pytest.raises(NotFoundError):
            client.chat.completions.create(model=name, messages=[question("hi")])
    for file in (*files, job.result_files[0]):
        assert client.files.delete(file).deleted
    with pytest.raises(NotFoundError):
        client.files.content(files[0])
    assert jobs.retrieve(job.id).status == "succeeded"  # the job itself stays


def chat(client: OpenAI, model: str, text: str) -> float:
    """The log-probability of the answer, which must be the same plain and streaming."""
    asked: dict[str, Any] = {"model": model, "messages": [question(text)], "logprobs": True}
    plain = client.chat.completions.create(**asked).choices[0]
    assert plain.logprobs is not None and plain.logprobs.content is not None
    text, tokens = "", []
    for chunk in client.chat.completions.create(**asked, stream=True):
        text += chunk.choices[0].delta.content or ""
        if chunk.choices[0].logprobs is not None:
            tokens += chunk.choices[0].logprobs.content or []
    assert text == plain.message.content
    assert [token.logprob for token in tokens] == [each.logprob for each in plain.logprobs.content]
    return tokens[0].logprob


def question(text: str) -> Any:
    return {"role": "user", "content": text}


def test_list_cancel_pause_and_resume(
    client: OpenAI, files: tuple[str, str], tiny_encoder: Path
) -> None:
    jobs = client.fine_tuning.jobs
    before = {job.id for job in jobs.list(limit=5)}
    long = jobs.create(
        model=f"finetune:{tiny_encoder}", training_file=files[0], method=supervised(**LONG), seed=7
    ).id
    # It has the one place, so these wait behind it.
    waiting = [jobs.create(model="tfidf", training_file=files[0]).id for _ in range(25)]
    listed = [job.id for job in jobs.list(limit=5)]
    assert len(set(listed)) == len(listed)
    assert [id for id in listed if id not in before] == [*reversed(waiting), long]
    for id in waiting:
        assert jobs.cancel(id).status == "cancelled"
    assert {job.status for job in jobs.list(limit=5) if job.id in waiting} == {"cancelled"}

    deadline = time.monotonic() + 200
    while not steps_done(client, long):  # it learns
        assert time.monotonic() < deadline
        time.sleep(0.1)
    relaxed = loosened(client, "paused")
    assert relaxed.fine_tuning.jobs.pause(long).status == "paused"
    with pytest.raises(APIResponseValidationError):  # or the row of the table can go
        jobs.retrieve(long)
    told = steps_done(client, long)
    assert told[-1] < STEPS, "it was over before it could be paused: make it longer"
    time.sleep(1)
    assert steps_done(client, long) == told  # nothing is learnt while it is paused

    assert jobs.resume(long).status == "queued"
    job = poll(client, long, lambda job: job.status == "succeeded")
    steps = steps_done(client, long)
    assert steps == sorted(set(steps)) and steps[-1] == STEPS  # none lost, none twice
    said = [event.message for event in jobs.list_events(long, limit=100)]
    assert said.count("Fine-tuning job paused") == said.count("Fine-tuning job resumed") == 1
    assert chat(client, job.fine_tuned_model or "", "please refund my payment") <= 0
