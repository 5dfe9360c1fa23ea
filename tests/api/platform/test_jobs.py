"""Jobs over HTTP: what a client sends comes back, lists end, states are kept to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from aprendiz.platform.http.app import create_app
from aprendiz.platform.records import JobRequest
from aprendiz.platform.service import Platform
from aprendiz.settings import Settings
from tests.api.platform.conftest import DIALECTS, LivedIn, upload, user
from tests.unit.platform.chats import ended, lines, send

JOBS = "/fine_tuning/jobs"


@pytest.fixture
def file(api: TestClient) -> str:
    return str(upload(api, lines()).json()["id"])


def create(api: TestClient, file: str, at: str = "/v1", **more: Any) -> Any:
    body = {"model": "gpt-4o-mini", "training_file": file} | more
    return api.post(f"{at}{JOBS}{DIALECTS[at][0]}", json=body)


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_new_job_echoes_what_was_sent_in_the_vendors_shape(
    api: TestClient, file: str, prefix: str
) -> None:
    answer = create(
        api, file, prefix, suffix="tienda", seed=7, metadata={"a": "b"},
        method={"type": "supervised", "supervised": {"hyperparameters": {
            "n_epochs": 2, "prompt_loss_weight": 0.1}}},
        trainingType="GlobalStandard", integrations=[{"type": "wandb", "wandb": {"project": "p"}}],
        status="succeeded", id="ftjob-mine", fine_tuned_model="ft:mine",
    )  # fmt: skip
    assert answer.status_code == DIALECTS[prefix][1]
    job = answer.json()
    where = f"{prefix}{JOBS}/{job['id']}"
    assert answer.headers.get("location") == (
        f"http://testserver{where}" if prefix == "/openai" else None
    )
    numbers = {
        "n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": "auto",
        "prompt_loss_weight": 0.1,
    }  # fmt: skip
    assert job == {
        "object": "fine_tuning.job", "id": job["id"], "created_at": job["created_at"],
        "finished_at": None, "estimated_finish": None, "model": "gpt-4o-mini-2024-07-18",
        "fine_tuned_model": None, "organization_id": "org-local", "status": "validating_files",
        "training_file": file, "validation_file": None, "result_files": [],
        "trained_tokens": None, "error": None, "seed": 7, "hyperparameters": numbers,
        "method": {"type": "supervised", "supervised": {"hyperparameters": numbers}},
        "integrations": [{"type": "wandb", "wandb": {"project": "p"}}], "metadata": {"a": "b"},
        "user_provided_suffix": "tienda", "suffix": "tienda", "usage_metrics": None,
        "shared_with_openai": False, "trainingType": "GlobalStandard",
    }  # fmt: skip
    assert job["id"].startswith("ftjob-") and job["id"] != "ftjob-mine"
    assert api.get(where).json() == job


def test_the_older_place_of_hyperparameters_counts_and_the_newer_one_wins(
    api: TestClient, file: str
) -> None:
    old = create(api, file, hyperparameters={"n_epochs": 4}).json()
    assert old["hyperparameters"]["n_epochs"] == 4
    newer = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 5}}}
    both = create(api, file, hyperparameters={"n_epochs": 4}, method=newer).json()
    assert both["method"]["supervised"]["hyperparameters"]["n_epochs"] == 5


def walk(api: TestClient, path: str, **query: str) -> list[str]:
    """Every id of a list, as auto-pagination finds them; fails when the list does not end."""
    seen: list[str] = []
    while True:
        page = api.get(path, params=query).json()
        seen += [row["id"] for row in page["data"]]
        assert len(set(seen)) == len(seen), "a row came twice"
        if not page["has_more"]:
            return seen
        query["after"] = page["data"][-1]["id"]


def test_lists_of_jobs_and_events_end_and_miss_nothing(
    api: TestClient, still: Platform, file: str
) -> None:
    ids = [create(api, file).json()["id"] for _ in range(7)]
    assert walk(api, f"/v1{JOBS}", limit="3") == ids[::-1]
    assert walk(api, f"/openai{JOBS}", limit="7") == ids[::-1]
    for _ in range(3):
        api.post(f"/v1{JOBS}/{ids[0]}/cancel")  # the second and third are refused
    assert len(walk(api, f"/v1{JOBS}/{ids[0]}/events", limit="1")) == 2
    other = still.store.events(ids[1]).rows[0].id
    strange = api.get(f"/v1{JOBS}/{ids[0]}/events", params={"after": other})
    assert (strange.status_code, strange.json()["error"]["code"]) == (400, "invalid_cursor")


def test_jobs_are_found_by_their_metadata(api: TestClient, file: str) -> None:
    plain = create(api, file).json()["id"]
    blue = create(api, file, metadata={"team": "blue", "odd key&=": "ñ +"}).json()["id"]
    red = create(api, file, metadata={"team": "red", "odd key&=": "ñ +"}).json()["id"]

    def found(**query: str) -> list[str]:
        return walk(api, f"/v1{JOBS}", limit="1", **query)

    assert found(**{"metadata[team]": "blue"}) == [blue]
    assert found(**{"metadata[odd key&=]": "ñ +"}) == [red, blue]
    assert found(**{"metadata[odd key&=]": "ñ +", "metadata[team]": "red"}) == [red]
    assert found(**{"metadata[team]": "green"}) == []
    assert found(metadata="null") == [plain]
    assert found() == [red, blue, plain]


@pytest.mark.parametrize(
    ("deed", "status"), [("cancel", "cancelled"), ("pause", None), ("resume", None)]
)
def test_a_deed_takes_an_empty_body_that_calls_itself_json(
    api: TestClient, file: str, deed: str, status: str | None
) -> None:
    job = create(api, file).json()["id"]
    headers = {"content-type": "application/json", "content-length": "0"}
    answer = api.post(f"/openai/v1{JOBS}/{job}/{deed}", headers=headers)
    if status:
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert answer.json()["finished_at"] >= answer.json()["created_at"]
        answer = api.post(f"/openai/v1{JOBS}/{job}/{deed}", headers=headers)
    # 400, not 409: the official client would repeat a 409 by itself.
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_job_state")


def test_a_job_pauses_and_goes_on(api: TestClient, still: Platform, file: str) -> None:
    job = create(api, file).json()["id"]
    still.store.transition(job, {"validating_files"}, "queued")
    paused = api.post(f"/v1{JOBS}/{job}/pause").json()
    assert (paused["status"], paused["error"]) == ("paused", None)
    assert api.post(f"/v1{JOBS}/{job}/resume").json()["status"] == "queued"
    said = [row["message"] for row in api.get(f"/v1{JOBS}/{job}/events").json()["data"]]
    assert said[:2] == ["Fine-tuning job resumed", "Fine-tuning job paused"]


def test_a_finished_job_tells_its_numbers_its_model_and_its_results(lived_in: LivedIn) -> None:
    job = lived_in.client.get(f"/v1{JOBS}/{lived_in.job.id}").json()
    assert job["status"] == "succeeded"
    assert job["fine_tuned_model"].startswith("ft:tfidf:local::")
    assert job["trained_tokens"] > 0
    assert job["hyperparameters"] == {
        "n_epochs": 1, "batch_size": 30, "learning_rate_multiplier": 1.0,
    }  # fmt: skip
    assert job["created_at"] <= job["finished_at"]
    (results,) = job["result_files"]
    file = lived_in.client.get(f"/openai/files/{results}").json()
    assert (file["purpose"], file["filename"]) == ("fine-tune-results", "results.csv")
    rows = lived_in.client.get(f"/openai/files/{results}/content").text.splitlines()
    assert rows[0].startswith("step,train_loss,train_mean_token_accuracy,valid_loss,")
    assert len(rows) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_azures_documentation_may_ask_for_events_and_checkpoints_with_post(
    lived_in: LivedIn, method: str
) -> None:
    for prefix in ("/openai", "/openai/v1"):
        for part in ("events", "checkpoints"):
            path = f"{prefix}{JOBS}/{lived_in.job.id}/{part}"
            answer = lived_in.client.request(method, f"{path}?limit=1", json={})
            assert len(answer.json()["data"]) == 1
    by_post = lived_in.client.post(f"/v1{JOBS}/{lived_in.job.id}/events")
    assert by_post.status_code == 405


def test_only_an_ended_job_is_deleted_and_only_where_azure_has_it(
    api: TestClient, still: Platform, file: str
) -> None:
    job = create(api, file, metadata={"a": "b"}).json()["id"]
    path = f"/openai{JOBS}/{job}?api-version=2024-10-21"
    early = api.delete(path)
    assert (early.status_code, early.json()["error"]["code"]) == (400, "invalid_job_state")
    api.post(f"/v1{JOBS}/{job}/cancel")
    assert api.delete(f"/v1{JOBS}/{job}").status_code == 405
    gone = api.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert api.delete(path).status_code == api.get(f"/v1{JOBS}/{job}").status_code == 404
    assert api.get(f"/v1{JOBS}/{job}/events").status_code == 404
    assert walk(api, f"/v1{JOBS}") == walk(api, f"/v1{JOBS}", **{"metadata[a]": "b"}) == []
    assert (still.home / "jobs" / job).is_dir()
    still.start()
    assert list((still.home / "jobs").iterdir()) == []  # nothing is left of it


def test_a_deleted_job_leaves_its_models_also_after_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "platform"
    platform = Platform(home, settings=Settings(_env_file=None))
    platform.start()
    job = platform.jobs.create(JobRequest("tfidf", send(platform, lines()).id))
    model = ended(platform.store, job.id).fine_tuned_model
    body = {"model": model, "messages": [user("please refund my payment")]}
    for restart in (False, True):
        with TestClient(create_app(platform, open_without_key=True)) as client:
            if not restart:
                assert client.delete(f"/openai{JOBS}/{job.id}").status_code == 204
            answer = client.post("/v1/chat/completions", json=body)
            assert answer.json()["choices"][0]["message"]["content"] == "refund"
            assert client.get(f"/v1/models/{model}").json()["fine_tune"] == job.id
        platform.stop()
        if not restart:
            platform = Platform(home, settings=Settings(_env_file=None))
            platform.start()
