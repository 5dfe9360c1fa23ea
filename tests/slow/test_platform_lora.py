"""Open answers on the platform, for real: upload, learn, follow, chat, killed and gone on.

By the official SDK with strict types against a platform in a process of its own; the language
model is a small one with random weights that learns ten answers by heart.
"""

from __future__ import annotations

import csv
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")
pytest.importorskip("peft")
pytest.importorskip("trl")
pytest.importorskip("sqlalchemy")

from openai import BadRequestError, OpenAI
from openai.types.fine_tuning import FineTuningJob

from aprendiz import load_chat_model
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Sampling
from aprendiz.platform.store.store import Store
from tests.api.platform.sdk import WAYS, openai
from tests.platforms import Running, platform
from tests.unit.platform.chats import chat as line
from tests.unit.platform.chats import ended, events, hashes

ROWS, BATCH, EPOCHS = 16, 4, 6
STEPS_AN_EPOCH = ROWS // BATCH
QUESTIONS = [f"what is {n} and {n}?" for n in range(ROWS)]


def answers(numbers: range) -> str:
    return "".join(
        line(f"what is {n} and {n}?", f"{n} + {n} = {2 * n}. So {2 * n}!") for n in numbers
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APRENDIZ_THREADS", "1")
        with platform(tmp_path_factory.mktemp("lora") / "platform") as running:
            yield running


@pytest.fixture(scope="module")
def files(running: Running) -> tuple[str, str]:
    client = openai(running.url, running.key)
    ids = []
    for name, numbers in (("train.jsonl", range(ROWS)), ("valid.jsonl", range(ROWS, ROWS + 4))):
        file = client.files.create(file=(name, answers(numbers).encode()), purpose="fine-tune")
        assert client.files.wait_for_processing(file.id, poll_interval=0.1).status == "processed"
        ids.append(file.id)
    return ids[0], ids[1]


@pytest.fixture(scope="module")
def job(running: Running, files: tuple[str, str], tiny_causal: Path) -> FineTuningJob:
    """A job that has succeeded."""
    client = openai(running.url, running.key)
    made = client.fine_tuning.jobs.create(
        model=f"lora:{tiny_causal}",
        training_file=files[0],
        validation_file=files[1],
        method=supervised(n_epochs=EPOCHS, batch_size=BATCH, learning_rate_multiplier=4),
        suffix="tutor",
        seed=7,
    )
    return poll(client, made.id, lambda job: job.status == "succeeded")


def supervised(**numbers: Any) -> Any:
    return {"type": "supervised", "supervised": {"hyperparameters": numbers}}


def poll(
    client: OpenAI, job: str, enough: Callable[[FineTuningJob], bool], seconds: float = 200
) -> FineTuningJob:
    deadline = time.monotonic() + seconds
    while not enough(now := client.fine_tuning.jobs.retrieve(job)):
        assert time.monotonic() < deadline and now.status != "failed", now
        time.sleep(0.2)
    return now


def question(text: str) -> Any:
    return {"role": "user", "content": text}


def test_the_job_tells_what_it_did(running: Running, job: FineTuningJob) -> None:
    client = openai(running.url, running.key)
    assert job.method is not None and job.method.supervised is not None
    numbers = job.method.supervised.hyperparameters
    assert numbers is not None
    assert (numbers.n_epochs, numbers.batch_size) == (EPOCHS, BATCH)
    assert numbers.learning_rate_multiplier == 4
    assert ":tutor:" in (job.fine_tuned_model or "")

    told = list(client.fine_tuning.jobs.list_events(job.id, limit=100))
    figures = [event.data for event in told if isinstance(event.data, dict)]
    steps = [each["step"] for each in reversed(figures) if "train_loss" in each]
    assert steps == sorted(set(steps))
    assert steps[-1] == EPOCHS * STEPS_AN_EPOCH
    assert {each["total_steps"] for each in figures if "total_steps" in each} == {steps[-1]}
    losses = [each["train_loss"] for each in reversed(figures) if "train_loss" in each]
    assert losses[-1] < losses[0]
    said = [event.message for event in told]
    assert not any(each.startswith(("Stopped", "All epochs are done")) for each in said)

    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert len(checkpoints) == 3 and checkpoints[0].step_number == steps[-1]
    for each in checkpoints:
        assert each.metrics.full_valid_loss is not None
        assert 0 <= (each.metrics.full_valid_mean_token_accuracy or -1) <= 1
    rows = list(csv.DictReader(client.files.content(job.result_files[0]).text.splitlines()))
    assert [int(row["step"]) for row in rows] == steps
    assert all(
        0 <= float(row["train_mean_token_accuracy"]) <= 1 for row in rows if row["train_loss"]
    )
    assert any(row["full_valid_loss"] for row in rows)


def test_trained_tokens_are_those_of_the_models_own_tokenizer(
    job: FineTuningJob, tiny_causal: Path
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_causal)
    turns = [
        [
            {"role": "user", "content": f"what is {n} and {n}?"},
            {"role": "assistant", "content": f"{n} + {n} = {2 * n}. So {2 * n}!"},
        ]
        for n in range(ROWS)
    ]
    rendered = [tokenizer.apply_chat_template(each, tokenize=False) for each in turns]
    exact = sum(len(tokenizer(each, add_special_tokens=False).input_ids) for each in rendered)
    # What comes after the end of the last turn is nobody's to learn, and may not be counted.
    assert 0 <= EPOCHS * exact - (job.trained_tokens or 0) <= EPOCHS * ROWS


@pytest.mark.parametrize("way", WAYS)
def test_the_tuned_model_speaks_for_itself_plain_and_token_by_token(
    running: Running, job: FineTuningJob, way: str
) -> None:
    client = WAYS[way](running.url, running.key)
    name = job.fine_tuned_model or ""
    own = load_chat_model(running.home / "jobs" / job.id / "model")
    asked: dict[str, Any] = {"model": name, "messages": [question(QUESTIONS[3])], "max_tokens": 12}
    (reply,) = own.replies([[Message("user", QUESTIONS[3])]], Sampling(max_tokens=12))
    plain = client.chat.completions.create(**asked)
    assert plain.usage is not None
    assert plain.choices[0].message.content == reply.text
    assert plain.choices[0].finish_reason == reply.finish_reason
    assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (
        reply.prompt_tokens, reply.completion_tokens,
    )  # fmt: skip
    pieces, usage = [], None
    for chunk in client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    ):
        usage = chunk.usage or usage
        pieces += [choice.delta.content or "" for choice in chunk.choices]
    assert "".join(pieces) == reply.text
    assert usage == plain.usage
    assert sum(bool(piece) for piece in pieces) > 3  # as it came, not at once
    cut = reply.text[4]
    stopped = client.chat.completions.create(**asked, stop=cut).choices[0]
    assert stopped.message.content == reply.text.partition(cut)[0]
    with pytest.raises(BadRequestError):
        client.chat.completions.create(**asked, logprobs=True)


def test_every_checkpoint_is_the_model_as_it_was_then(running: Running, job: FineTuningJob) -> None:
    client = openai(running.url, running.key)
    store = Store(running.home)
    kept = [store.model(row.model) for row in store.checkpoints(job.id).rows]
    store.close()
    assert len({str(hashes(running.home / each.folder)) for each in kept}) == 3
    for each in kept:
        told = client.chat.completions.create(
            model=each.id, messages=[question("hi")], max_tokens=4
        )
        assert told.model == each.id
        assert told.usage is not None and 1 <= told.usage.completion_tokens <= 4


def test_kill_9_of_the_training_goes_on_and_ends_the_same(
    running: Running, job: FineTuningJob, files: tuple[str, str], tiny_causal: Path
) -> None:
    client = openai(running.url, running.key)
    again = client.fine_tuning.jobs.create(
        model=f"lora:{tiny_causal}",
        training_file=files[0],
        validation_file=files[1],
        method=supervised(n_epochs=EPOCHS, batch_size=BATCH, learning_rate_multiplier=4),
        seed=7,
    ).id
    folder = running.home / "jobs" / again
    deadline = time.monotonic() + 120
    while len(list(client.fine_tuning.jobs.checkpoints.list(again))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (trainer,) = _trainers(folder)
    os.kill(trainer, signal.SIGKILL)
    store = Store(running.home)
    record = ended(store, again)
    assert (record.status, record.attempt) == ("succeeded", 2), record.error
    assert "going on from step" in (folder / "log.txt").read_text()
    weights = [hashes(running.home / "jobs" / each / "model") for each in (job.id, again)]
    assert weights[0] and weights[0] == weights[1]
    told = [
        [
            (e.data["step"], e.data["train_loss"])
            for e in events(store, each)
            if e.data and "train_loss" in e.data
        ]
        for each in (job.id, again)
    ]
    assert [step for step, _ in told[0]] == [step for step, _ in told[1]]
    assert told[1][-1][1] == pytest.approx(told[0][-1][1], abs=1e-4)
    store.close()


def _trainers(job_folder: Path) -> list[int]:
    """Numbers of the live processes that train a job."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(job_folder) in words:
                found.append(int(entry.name))
    return found


def test_a_vendors_name_learns_open_answers_on_the_model_we_carry(
    running: Running, files: tuple[str, str]
) -> None:
    client = openai(running.url, running.key)
    made = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=files[0])
    client.fine_tuning.jobs.cancel(made.id)
    said = [event.message for event in client.fine_tuning.jobs.list_events(made.id)]
    assert any("lora on maths-tiny" in each for each in said)
