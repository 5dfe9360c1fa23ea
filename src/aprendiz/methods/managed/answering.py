"""The name under which a tuned model answers at its provider. Asks, and changes nothing."""

from __future__ import annotations

from aprendiz.errors import ProviderError
from aprendiz.methods.managed.pointer import Pointer
from aprendiz.methods.managed.provider import Provider


def answering_name(provider: Provider, pointer: Pointer, preferred: str) -> str:
    """What to call the model: its own name, on Azure the name of a deployment that carries it.

    Args:
        provider: the service.
        pointer: what the model folder says.
        preferred: a deployment that the settings name; empty for none.

    Raises:
        ProviderError: the service refuses, or the model is not deployed there.
    """
    if not provider.endpoint.is_azure:
        return pointer.model
    listed = provider.deployments()
    if listed is None:  # this interface does not say: what was known has to do
        return pointer.deployment or preferred or pointer.model
    carrying = [each for each in listed if each.model == pointer.model]
    ready = [each.name for each in carrying if each.state == "ready"]
    for name in (preferred, pointer.deployment, *ready):
        if name in ready:
            return name
    if pointer.deployment == pointer.model:
        return pointer.model  # answered under its own name before
    state = (
        f"its deployment {carrying[0].name} is {carrying[0].word}"
        if carrying
        else "deployed nowhere"
    )
    raise ProviderError(
        f"{pointer.model} does not answer at {provider.endpoint.address}: {state}",
        "aprendiz deploy MODEL",
    )
