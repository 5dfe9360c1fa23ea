"""A deployment is found, made, or described; never taken from another model."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.methods.managed import deploy as deploying
from aprendiz.methods.managed.deploy import deploy, deployment_name
from aprendiz.methods.managed.pointer import Pointer
from tests.unit.methods.managed.conftest import Listening

RESOURCE = "https://shop.openai.azure.com"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A managed model's pointer to an Azure resource, in a folder called `my shop!`."""

    def make(kind: str, address: str):
        place = tmp_path / "my shop!"
        place.mkdir(exist_ok=True)
        Pointer(kind, address, "2024-10-21", "j", "ft-model", "", ("a", "b"), "s", 4).write(place)
        return place

    monkeypatch.setattr(deploying, "_PAUSE", 0.01)
    return make


def test_openai_needs_none(vendor, folder):
    service = vendor()
    told = deploy(folder("openai", f"{service.address}/v1"))
    assert (told.state, told.name) == ("ready", "ft-model")
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "state"),
    [("succeeded", "ready"), ("creating", "creating"), ("failed", "attention")],
)
@pytest.mark.parametrize("kind", ["azure", "azure-v1"])
def test_one_that_is_there_is_found(kind, status, state, vendor, folder):
    service = vendor(kind, deployments={"shop": {"model": "ft-model", "status": status}})
    told = deploy(folder(kind, service.address))
    assert (told.state, told.name, told.word, told.made) == (state, "shop", status, False)
    assert bool(told.steps) == (state != "ready")


def test_one_is_made_and_waited_for(vendor, folder):
    service = vendor("azure", deployments={}, arm_states=["Accepted", "Creating", "Succeeded"])
    heard = Listening()
    told = deploy(folder("azure", service.address), tell=heard)
    assert (told.state, told.name, told.made) == ("ready", "my-shop", True)
    row = service.arm["my-shop"]
    assert row["properties"]["model"] == {"format": "OpenAI", "name": "ft-model", "version": "1"}
    assert row["sku"] == {"name": "Standard", "capacity": 1}
    assert service.count("PUT", service.asked[-1][1]) == 1
    assert any("Accepted" in said for said in heard.said)


def test_nobody_has_to_wait(vendor, folder):
    service = vendor("azure", deployments={}, arm_states=["Creating"])
    told = deploy(folder("azure", service.address), name="n1", wait=False)
    assert (told.state, told.name) == ("creating", "n1")


def test_a_name_that_carries_another_model_is_left_alone(vendor, folder):
    service = vendor("azure", deployments={})
    service.arm["taken"] = {
        "name": "taken", "polls": 0, "properties": {"model": {"name": "another"}},
    }  # fmt: skip
    told = deploy(folder("azure", service.address), name="taken")
    assert told.state == "attention"
    assert "another" in told.word
    assert not any(method == "PUT" for method, _ in service.asked)


def test_without_credentials_the_steps_are_the_answer(folder, monkeypatch):
    """Nobody answers at Azure's address from here: the listing is asked of a vendor instead."""
    monkeypatch.setattr(deploying.Provider, "deployments", lambda _: None)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", RESOURCE)
    monkeypatch.setenv("AZURE_OPENAI_KEY", "k")
    told = deploy(folder("azure", RESOURCE), sku="GlobalStandard")
    assert told.state == "absent"
    steps = "\n".join(told.steps)
    for part in ("shop", "ft-model", "my-shop", "GlobalStandard", "AZURE_SUBSCRIPTION_ID"):
        assert part in steps


def test_the_resource_manager_gets_its_own_key_only(vendor, folder, monkeypatch):
    """A Resource Manager on this machine is ours; the key of the real resource is not for it."""
    manager = vendor("azure", deployments={})
    monkeypatch.setattr(deploying.Provider, "deployments", lambda _: ())
    monkeypatch.setenv("AZURE_RESOURCE_MANAGER_ENDPOINT", manager.address)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", RESOURCE)
    monkeypatch.setenv("AZURE_OPENAI_KEY", "secret-of-azure")
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "sub")
    monkeypatch.setenv("AZURE_RESOURCE_GROUP", "group")
    monkeypatch.setenv("APRENDIZ_PLATFORM_KEY", "p")
    assert deploy(folder("azure", RESOURCE)).state == "ready"
    assert "/subscriptions/sub/resourceGroups/group/" in manager.asked[0][1]
    assert "/accounts/shop/" in manager.asked[0][1]
    assert {each["authorization"] for each in manager.headers} == {"Bearer p"}
    assert "secret-of-azure" not in str(manager.headers)


def test_a_refusal_of_the_resource_manager_ends_in_the_steps(vendor, folder):
    service = vendor("azure", deployments={}, key="other")
    service.odd.key = ""
    answer = service.answer

    def forbids(method, path, query, body):
        if "subscriptions" in path:
            return 403, {"error": {"code": "AuthorizationFailed", "message": "no write action"}}
        return answer(method, path, query, body)

    service.answer = forbids
    heard = Listening()
    told = deploy(folder("azure", service.address), tell=heard)
    assert told.state == "absent"
    assert told.steps
    assert any("no write action" in said for said in heard.said)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("my shop!", "my-shop"),
        ("x", "model-x"),
        ("é", "model"),
        ("a" * 99, "a" * 64),
        ("a.b", "a.b"),
    ],
)
def test_names_are_made_to_fit(wanted, name):
    assert deployment_name(wanted) == name


def test_the_command_answers_as_json(vendor, folder):
    service = vendor("azure", deployments={"shop": {"model": "ft-model", "status": "succeeded"}})
    done = CliRunner().invoke(app, ["deploy", str(folder("azure", service.address)), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["state"] == "ready"
