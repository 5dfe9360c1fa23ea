"""Creating and steering jobs: what is refused, what fails later and says why, which state allows what."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from aprendiz.platform.order import Order
from aprendiz.platform.records import JobRequest, JobStatus, Refusal
from aprendiz.platform.service import Platform
from tests.unit.platform.chats import chat, ended, held_out, lines, messages, send


@pytest.fixture
def request_(still: Platform) -> JobRequest:
    return JobRequest("tfidf", send(still, lines()).id)


def refused(platform: Platform, request: JobRequest) -> Refusal:
    with pytest.raises(Refusal) as told:
        platform.jobs.create(request)
    assert platform.store.jobs().rows == ()
    assert list((platform.home / "jobs").iterdir()) == []
    return told.value


def test_a_new_job_shows_what_was_asked_for(still: Platform) -> None:
    training, validation = send(still, lines()), send(still, held_out(), "v.jsonl")
    request = JobRequest(
        "gpt-4o-mini", training.id, validation.id, {"n_epochs": 2}, suffix="tienda", seed=7,
        metadata={"team": "a"}, extra={"trainingType": 1},
    )  # fmt: skip
    job = still.jobs.create(request)
    assert job == still.store.job(job.id)
    assert (job.status, job.model, job.method) == (
        "validating_files", "gpt-4o-mini-2024-07-18", "finetune",
    )  # fmt: skip
    assert job.asked == {
        "n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": "auto",
    }  # fmt: skip
    assert (job.seed, job.suffix, job.metadata) == (7, "tienda", {"team": "a"})
    assert job.extra == {"trainingType": 1}
    assert messages(still.store, job.id) == [f"Created fine-tuning job: {job.id}"]


def test_a_seed_is_drawn_when_none_is_given(still: Platform, request_: JobRequest) -> None:
    seeds = {still.jobs.create(request_).seed for _ in range(4)}
    assert len(seeds) > 1
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_two_equal_requests_make_two_jobs(still: Platform, request_: JobRequest) -> None:
    assert still.jobs.create(request_).id != still.jobs.create(request_).id


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"model": "claude"}, 404, "model"),
        ({"model": "ft:gpt-4o:local::12345678"}, 400, "model"),
        ({"method": "dpo"}, 400, "method.type"),
        ({"method": "reinforcement"}, 400, "method.type"),
        ({"training_file": "file-none"}, 400, "training_file"),
        ({"validation_file": "file-none"}, 400, "validation_file"),
        ({"suffix": ""}, 400, "suffix"),
        ({"suffix": "x" * 65}, 400, "suffix"),
        ({"suffix": "a:b"}, 400, "suffix"),
        ({"suffix": "../x"}, 400, "suffix"),
        ({"seed": -1}, 400, "seed"),
        ({"seed": 2**31}, 400, "seed"),
        ({"hyperparameters": {"n_epochs": 0}}, 400, "hyperparameters.n_epochs"),
        ({"hyperparameters": {"batch_size": 300}}, 400, "hyperparameters.batch_size"),
        ({"metadata": {str(n): "x" for n in range(17)}}, 400, "metadata"),
        ({"metadata": {"k" * 65: "x"}}, 400, "metadata"),
        ({"metadata": {"k": "v" * 513}}, 400, "metadata"),
        ({"metadata": {"k": 1}}, 400, "metadata"),
        ({"extra": {"x": float("nan")}}, 400, None),
    ],
)
def test_what_is_impossible_is_refused_by_name(
    still: Platform, request_: JobRequest, change: dict[str, object], status: int, param: str
) -> None:
    told = refused(still, replace(request_, **change))
    assert (told.status, told.param) == (status, param)


def test_what_is_just_possible_is_taken(still: Platform, request_: JobRequest) -> None:
    metadata = {f"{n:064}": "v" * 512 for n in range(16)}
    request = replace(request_, suffix="a-b_c.D" * 9, seed=2**31 - 1, metadata=metadata)
    assert still.jobs.create(request).metadata == metadata


def test_a_file_for_something_else_is_refused(still: Platform, request_: JobRequest) -> None:
    other = send(still, lines(), purpose="assistants")
    told = refused(still, replace(request_, training_file=other.id))
    assert (told.status, told.param) == (400, "training_file")
    assert "assistants" in told.message


def open_answers(rows: int = 12) -> str:
    return "".join(chat(f"question {n}", f"a sentence of its own, number {n}") for n in range(rows))


@pytest.mark.parametrize("name", ["tfidf", "probe", "finetune:x"])
def test_a_method_of_labels_refuses_open_answers_with_the_reason(
    still: Platform, name: str
) -> None:
    told = refused(still, JobRequest(name, send(still, open_answers()).id))
    assert (told.status, told.param) == (400, "training_file")
    assert "not a small closed set, because there are 12 different answers" in told.message
    assert "ask for the model 'lora'" in told.message


@pytest.mark.parametrize("name", ["gpt-4o-mini", "lora"])
def test_open_answers_make_a_job_for_a_language_model(still: Platform, name: str) -> None:
    pytest.importorskip("peft")
    pytest.importorskip("trl")
    file, validation = send(still, open_answers()), send(still, open_answers(2), "v.jsonl")
    job = still.jobs.create(JobRequest(name, file.id, validation.id, {"n_epochs": 2}, seed=4))
    assert (job.method, job.base_model) == ("lora", "maths-tiny")
    order = Order.read(still.home / "jobs" / job.id)
    assert (order.recipe["method"], order.recipe["seed"]) == ("lora", 4)
    assert (order.fault, order.validated, order.steps) == (None, True, 2)
    said = messages(still.store, job.id)
    if name == "lora":
        assert said == [f"Created fine-tuning job: {job.id}"]
    else:  # who asks for a vendor's model is told what learns instead of a classifier
        assert job.model == "gpt-4o-mini-2024-07-18"
        assert "12 different answers" in said[1] and "lora on maths-tiny" in said[1]


def test_a_language_model_may_learn_labels_too(still: Platform, request_: JobRequest) -> None:
    pytest.importorskip("peft")
    pytest.importorskip("trl")
    job = still.jobs.create(replace(request_, model="lora:./mine"))
    assert (job.method, job.base_model) == ("lora", "./mine")


@pytest.mark.parametrize("library", ["peft", "trl"])
@pytest.mark.parametrize("name", ["gpt-4o-mini", "lora"])
def test_without_the_extra_it_is_named_at_once(
    still: Platform, monkeypatch: pytest.MonkeyPatch, library: str, name: str
) -> None:
    pytest.importorskip("torch")
    if library == "trl":
        pytest.importorskip("peft")
    monkeypatch.setitem(sys.modules, library, None)
    told = refused(still, JobRequest(name, send(still, open_answers()).id))
    assert (told.status, told.code, told.param) == (400, "missing_library", "model")
    assert library in told.message and "aprendiz[lora]" in told.message


@pytest.mark.parametrize(
    ("training", "validation", "code", "param", "said"),
    [
        (lines({"a": "12345", "b": "67"}), None, "invalid_n_examples", "training_file",
         "Training file has 7 example(s), but must have at least 10 examples"),
        (lines() + '{"messages": [{"role": "user"}]}\n', None, None, "training_file", "line 31"),
        (lines(), "what?\n", None, "validation_file", "line 1"),
    ],
)  # fmt: skip
def test_a_faulty_file_makes_a_job_that_fails_and_says_why(
    running: Platform, training: str, validation: str | None, code: str, param: str, said: str
) -> None:
    also = send(running, validation).id if validation else None
    job = running.jobs.create(JobRequest("tfidf", send(running, training).id, also))
    assert job.status == "validating_files"
    job = ended(running.store, job.id)
    assert job.status == "failed"
    assert job.error is not None
    assert said in job.error.message
    assert job.error.param == param
    assert job.error.code == (code or job.error.code)
    assert (job.resolved, job.attempt, job.started_at) == (None, 0, None)
    assert job.finished_at is not None
    told = messages(running.store, job.id)
    assert told[1].startswith("Validating training file: ")
    assert told[2] == job.error.message


STATES: tuple[JobStatus, ...] = (
    "validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled",
)  # fmt: skip
ALLOWED = {
    "cancel": {"validating_files", "queued", "running", "paused"},
    "pause": {"queued", "running"},
    "resume": {"paused"},
}
BECOMES = {"cancel": "cancelled", "pause": "paused", "resume": "queued"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ALLOWED)
def test_an_action_needs_the_right_state(
    still: Platform, request_: JobRequest, action: str, state: JobStatus
) -> None:
    job = still.jobs.create(request_)
    still.store.transition(job.id, {"validating_files"}, state)
    act = getattr(still.jobs, action)
    if state in ALLOWED[action]:
        assert act(job.id).status == still.store.job(job.id).status == BECOMES[action]
        assert len(messages(still.store, job.id)) == 2
    else:
        with pytest.raises(Refusal) as told:
            act(job.id)
        assert told.value.status == 400
        assert state in told.value.message
        assert still.store.job(job.id).status == state
        assert len(messages(still.store, job.id)) == 1


@pytest.mark.parametrize("action", ALLOWED)
def test_an_unknown_job_is_not_found(still: Platform, action: str) -> None:
    with pytest.raises(Refusal) as told:
        getattr(still.jobs, action)("ftjob-none")
    assert told.value.status == 404
