"""Models in the shape of both vendors; deployments as Azure's two doors have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.platform.conftest import DATED, DIALECTS, LivedIn, user

ARM = (
    "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
    "/deployments"
)


@pytest.mark.parametrize("prefix", DIALECTS)
def test_the_list_of_models_holds_bases_and_what_was_tuned(lived_in: LivedIn, prefix: str) -> None:
    listed = lived_in.client.get(f"{prefix}/models{DIALECTS[prefix][0]}").json()
    assert listed["has_more"] is False
    models = {model["id"]: model for model in listed["data"]}
    tuned, base = models[lived_in.model], models["gpt-4o-mini"]
    assert (tuned["model"], tuned["fine_tune"]) == ("tfidf", lived_in.job.id)
    assert tuned["capabilities"]["chat_completion"] and tuned["capabilities"]["inference"]
    assert tuned["created"] == tuned["created_at"] >= lived_in.job.created_at
    assert base["capabilities"]["fine_tune"] and not base["capabilities"]["chat_completion"]
    assert "gpt-4o-mini*" not in models  # a pattern is no model
    for id in (lived_in.model, "gpt-4o-mini"):
        assert lived_in.client.get(f"{prefix}/models/{id}").json() == models[id]


def test_a_base_with_slashes_in_its_name_is_found(lived_in: LivedIn) -> None:
    for spelled in ("probe:some/base", "probe%3Asome%2Fbase"):
        assert lived_in.client.get(f"/v1/models/{spelled}").json()["id"] == "probe:some/base"


def test_a_base_model_cannot_be_deleted(lived_in: LivedIn) -> None:
    answer = lived_in.client.delete("/v1/models/gpt-4o-mini")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


@pytest.fixture
def client(lived_in: LivedIn) -> Iterator[TestClient]:
    """The shared platform; what a test deployed on it is removed."""
    yield lived_in.client
    for record in lived_in.platform.store.deployments():
        lived_in.platform.store.delete_deployment(record.name)


def arm_body(model: str, **sku: Any) -> dict[str, Any]:
    """As Azure's clients put a deployment."""
    chosen = {"format": "OpenAI", "name": model, "version": "1"}
    return {"sku": {"name": "Standard", "capacity": 1} | sku, "properties": {"model": chosen}}


def answers(client: TestClient, name: str) -> Any:
    """Chat with a deployment, as ``AzureOpenAI`` does."""
    path = f"/openai/deployments/{name}/chat/completions{DATED}"
    return client.post(path, json={"messages": [user("please refund my payment")]})


def test_a_deployment_made_through_the_resource_manager(
    client: TestClient, lived_in: LivedIn
) -> None:
    made = client.put(f"{ARM}/shop?api-version=2024-10-01", json=arm_body(lived_in.model))
    assert made.status_code == 201
    assert made.json() == {
        "id": f"{ARM}/shop",
        "name": "shop",
        "type": "Microsoft.CognitiveServices/accounts/deployments",
        "sku": {"name": "Standard", "capacity": 1},
        "properties": {
            "model": {"format": "OpenAI", "name": lived_in.model, "version": "1"},
            "provisioningState": "Succeeded",
        },
    }
    assert client.get(f"{ARM}/shop").json() == made.json()
    assert client.get(ARM).json() == {"value": [made.json()]}
    (listed,) = client.get(f"/openai/deployments{DATED}").json()["data"]
    assert (listed["id"], listed["model"], listed["status"]) == (
        "shop", lived_in.model, "succeeded",
    )  # fmt: skip
    assert client.get(f"/openai/deployments/shop{DATED}").json() == listed
    told = answers(client, "shop").json()
    assert (told["model"], told["choices"][0]["message"]["content"]) == (lived_in.model, "refund")
    # Azure's newer interface names the deployment as the model.
    body = {"model": "shop", "messages": [user("two pizzas please")]}
    assert client.post("/openai/v1/chat/completions", json=body).json()["model"] == lived_in.model

    changed = client.put(f"{ARM}/shop", json=arm_body(lived_in.several.fine_tuned_model or ""))
    assert changed.status_code == 200
    assert answers(client, "shop").json()["model"] == lived_in.several.fine_tuned_model

    assert client.delete(f"{ARM}/shop").status_code == 200
    gone = answers(client, "shop")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "DeploymentNotFound")
    assert client.get(f"{ARM}/shop").status_code == client.delete(f"{ARM}/shop").status_code == 404


def test_a_deployment_made_through_the_data_plane(client: TestClient, lived_in: LivedIn) -> None:
    body = {"model": lived_in.model, "id": "my/shop 2", "scale_settings": {"capacity": 3}}
    made = client.post("/openai/deployments?api-version=2022-12-01", json=body)
    assert made.status_code == 201
    assert made.json()["scale_settings"]["capacity"] == 3
    assert answers(client, "my%2Fshop%202").json()["model"] == lived_in.model
    assert client.delete("/openai/deployments/my%2Fshop%202").status_code == 204
    assert client.get("/openai/deployments").json()["data"] == []


def test_a_checkpoint_is_deployed_by_its_id_or_name(client: TestClient, lived_in: LivedIn) -> None:
    (checkpoint,) = client.get(f"/v1/fine_tuning/jobs/{lived_in.job.id}/checkpoints").json()["data"]
    name = checkpoint["fine_tuned_model_checkpoint"]
    for asked in (checkpoint["id"], name):
        made = client.put(f"{ARM}/checked", json=arm_body(asked)).json()
        assert made["properties"]["model"]["name"] == name
        assert answers(client, "checked").json()["model"] == name


def test_a_tuned_model_needs_no_deployment(client: TestClient, lived_in: LivedIn) -> None:
    assert answers(client, lived_in.model).json()["model"] == lived_in.model


def test_a_deployment_shadows_no_other_model(client: TestClient, lived_in: LivedIn) -> None:
    other = lived_in.several.fine_tuned_model
    taken = client.put(f"{ARM}/{other}", json=arm_body(lived_in.model))
    assert (taken.status_code, taken.json()["error"]["param"]) == (400, "id")
    own = client.post("/openai/deployments", json={"model": lived_in.model})
    assert (own.status_code, own.json()["id"]) == (201, lived_in.model)
    assert answers(client, lived_in.model).json()["model"] == lived_in.model
    assert answers(client, other or "").json()["model"] == other


def test_only_a_tuned_model_is_deployed(client: TestClient) -> None:
    for model in ("gpt-4o-mini", "ft:none"):
        answer = client.put(f"{ARM}/shop", json=arm_body(model))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    nothing = client.put(f"{ARM}/shop", json={"properties": {}})
    assert nothing.json()["error"]["param"] == "properties.model"
    number = client.put(f"{ARM}/shop", content=b'{"sku": {"capacity": NaN}, "properties": '
                        b'{"model": {"name": "ft:none"}}}')  # fmt: skip
    assert (number.status_code, number.json()["error"]["param"]) == (400, "sku")


def test_a_deployed_model_is_not_deleted(client: TestClient, lived_in: LivedIn) -> None:
    client.put(f"{ARM}/shop", json=arm_body(lived_in.model))
    answer = client.delete(f"/v1/models/{lived_in.model}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_deployed")
    assert "'shop'" in answer.json()["error"]["message"]
