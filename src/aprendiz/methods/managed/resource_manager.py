"""Azure Resource Manager, as far as deployments need it: read one, make one.

Models that were tuned on Azure answer only when deployed, and deploying is the Resource
Manager's business, not the model service's. Our own platform speaks the same three paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aprendiz.methods.managed.endpoint import Endpoint, entra, on_this_machine
from aprendiz.methods.managed.records import Deployment
from aprendiz.methods.managed.refusals import Refused, refusal
from aprendiz.methods.managed.shapes import DEPLOYED
from aprendiz.settings import Settings

if TYPE_CHECKING:
    from openai import OpenAI

# managed-finetuning-contract, part c: the version that Microsoft's own example uses.
_VERSION = "2024-10-01"
_SCOPE = "https://management.azure.com/.default"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """Where an Azure OpenAI resource stands in the Resource Manager."""

    manager: str
    subscription: str
    group: str
    resource: str

    @property
    def address(self) -> str:
        """The resource's address in the Resource Manager."""
        return (
            f"{self.manager.rstrip('/')}/subscriptions/{self.subscription}/resourceGroups/"
            f"{self.group}/providers/Microsoft.CognitiveServices/accounts/{self.resource}"
        )


def account(endpoint: Endpoint, settings: Settings) -> Account | None:
    """The resource behind an endpoint; ``None`` when this machine does not know where it stands.

    A service on this machine is its own Resource Manager, whatever the subscription.
    """
    manager = settings.azure_resource_manager_endpoint
    subscription, group = settings.azure_subscription_id, settings.azure_resource_group
    if endpoint.is_local:
        manager = manager if on_this_machine(manager) else endpoint.root
        subscription, group = subscription or "local", group or "local"
    if not (subscription and group):
        return None
    host = urlsplit(endpoint.address).hostname or ""
    resource = settings.azure_openai_resource or ("local" if endpoint.is_local else "")
    return Account(manager, subscription, group, resource or host.split(".")[0])


class ResourceManager:
    """The deployments of one resource.

    Args:
        account: the resource.
        key: for a Resource Manager on this machine; Azure's is signed in to with Entra.

    Every method raises :class:`Refused` when the Resource Manager says no or nothing.
    """

    def __init__(self, account: Account, key: str) -> None:
        self._endpoint = Endpoint("openai", account.address, key=key)
        self._client = self._open()

    def _open(self) -> OpenAI:
        """The SDK's client, for its retries, time limits and errors; the paths are not its own.

        Azure's Resource Manager takes an Entra token and nothing else; one on this machine
        is our platform's, which takes its key.
        """
        if self._endpoint.is_local:
            return self._endpoint.open()
        import openai

        return openai.OpenAI(base_url=self._endpoint.address, api_key=entra(_SCOPE))

    def get(self, name: str) -> Deployment | None:
        """A deployment; ``None`` when there is none of that name."""
        try:
            return self._ask(
                f"deployment {name}",
                lambda client: client.get(
                    f"/deployments/{name}",
                    cast_to=object,
                    options={"params": {"api-version": _VERSION}},
                ),
            )
        except Refused as no:
            if no.status == 404:
                return None
            raise

    def put(self, name: str, model: str, sku: str) -> Deployment:
        """Deploy a model under a name; the same request twice makes one deployment."""
        body = {
            "sku": {"name": sku, "capacity": 1},
            "properties": {"model": {"format": "OpenAI", "name": model, "version": "1"}},
        }
        return self._ask(
            f"creating deployment {name}",
            lambda client: client.put(
                f"/deployments/{name}",
                cast_to=object,
                body=body,
                options={"params": {"api-version": _VERSION}},
            ),
        )

    def _ask(self, doing: str, call: Callable[[OpenAI], object]) -> Deployment:
        import openai

        try:
            told = call(self._client.with_options(timeout=_SECONDS))
        except openai.OpenAIError as error:
            raise refusal(error, doing, self._endpoint) from error
        return _deployment(told if isinstance(told, Mapping) else {})


def _deployment(told: Mapping[str, Any]) -> Deployment:
    properties = told.get("properties") or {}
    word = str(properties.get("provisioningState") or "")
    model = (properties.get("model") or {}).get("name")
    return Deployment(
        str(told.get("name") or ""),
        str(model or ""),
        DEPLOYED.get(word.lower(), "attention"),
        word,
    )
