"""Deploying a tuned model: find the deployment, make it, or say how to make it by hand.

OpenAI answers under a model's own name at once; Azure only under the name of a deployment.
Nothing is written into the model folder: which deployment carries the model is asked of the
provider, who knows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aprendiz.artifact import manifest as manifests
from aprendiz.errors import ModelFolderError, ProviderError
from aprendiz.interfaces import Observer, Silence
from aprendiz.methods.managed import pointer as pointers
from aprendiz.methods.managed.endpoint import Endpoint, choose_for
from aprendiz.methods.managed.pointer import Pointer
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.records import Deployment, State
from aprendiz.methods.managed.refusals import Refused
from aprendiz.methods.managed.resource_manager import Account, ResourceManager, account
from aprendiz.settings import Settings, get_settings

STANDARD = "Standard"
_LONGEST_WAIT = 1200.0  # Azure takes minutes as a rule
_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Deployed:
    """How a model stands.

    Attributes:
        state: ``ready``, ``creating``, ``attention`` (somebody has to look) or ``absent``.
        name: what it answers under, or would.
        model: the tuned model.
        word: the provider's own word for the state, or ours where it has none.
        made: whether it was made just now.
        steps: what to do by hand, in order; empty when nothing is to be done.
    """

    state: State
    name: str
    model: str
    word: str
    made: bool = False
    steps: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def in_words(self) -> str:
        """The state in a few lines for a person."""
        lines = [f"{self.state}: {self.model} as {self.name} ({self.word})"]
        lines += [f"  {number}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join(lines)


def deploy(
    folder: Path,
    *,
    name: str | None = None,
    sku: str = STANDARD,
    wait: bool = True,
    tell: Observer | None = None,
) -> Deployed:
    """Have a managed model answer, or say what has to be done for it.

    Args:
        folder: the model folder.
        name: of the deployment; FINE_TUNED_MODEL_DEPLOYMENT or the model folder's own name
            when not given.
        sku: Azure's kind of deployment (``Standard``, ``GlobalStandard``, ``DeveloperTier`` …).
        wait: until it is ready, at most twenty minutes.
        tell: whom to tell.

    Raises:
        ModelFolderError: not a managed model.
        SettingsError: this machine is not set up for the model's provider.
        ProviderError: the provider says no.
    """
    settings = get_settings()
    target = pointers.read(folder)
    provider = Provider(choose_for(target.provider, target.address, settings))
    tell = tell or Silence()
    tell.say(provider.endpoint.in_words())
    if not provider.endpoint.is_azure:
        return Deployed("ready", target.model, target.model, "nothing to deploy")
    wanted = deployment_name(name or settings.fine_tuned_model_deployment or _folder_name(folder))
    place = account(provider.endpoint, settings)
    found = _there(provider, target.model, name or settings.fine_tuned_model_deployment)
    if found is not None:
        return _judged(found, target.model, made=False)
    if place is None:
        return _absent(target, wanted, sku)
    return _make(provider.endpoint, place, settings, target, wanted, sku, wait, tell)


def _make(
    endpoint: Endpoint,
    place: Account,
    settings: Settings,
    target: Pointer,
    name: str,
    sku: str,
    wait: bool,
    tell: Observer,
) -> Deployed:
    """Create the deployment through the Resource Manager, unless its name is taken."""
    try:
        key = endpoint.key if endpoint.is_local else settings.platform_key.get_secret_value()
        manager = ResourceManager(place, key)
        found = manager.get(name)
        made = found is None
        if found is None:
            tell.say(f"deploying {target.model} as {name} ({sku})")
            found = manager.put(name, target.model, sku)
        if wait and found.model == target.model:
            found = _until_ready(manager, found, tell)
    except ProviderError as no:
        if isinstance(no, Refused) and no.status not in {401, 403}:
            raise
        # Not signed in, or not allowed: a person who is can still do it.
        tell.say(f"{no.message}: it cannot be deployed from here")
        return _absent(target, name, sku)
    return _judged(found, target.model, made=made)


def _until_ready(manager: ResourceManager, found: Deployment, tell: Observer) -> Deployment:
    end = time.monotonic() + _LONGEST_WAIT
    pause = _PAUSE
    said = ""
    while found.state == "creating" and time.monotonic() < end:
        if found.word != said:
            tell.say(f"{found.name}: {found.word}")
            said = found.word
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)
        found = manager.get(found.name) or found
    return found


def _judged(found: Deployment, model: str, *, made: bool) -> Deployed:
    if found.model and found.model != model:
        return Deployed(
            "attention",
            found.name,
            model,
            f"the name carries another model, {found.model}",
            steps=("choose another name: aprendiz deploy MODEL --name NAME",),
        )
    steps: tuple[str, ...] = ()
    if found.state == "creating":
        steps = ("wait, and ask again: aprendiz deploy MODEL",)
    elif found.state == "attention":
        steps = (f"look at deployment {found.name} in the portal, and delete it to try again",)
    return Deployed(found.state, found.name, model, found.word, made, steps)


def where_it_answers(provider: Provider, model: str, preferred: str = "") -> tuple[str, str]:
    """The name that a freshly tuned model answers under, and why it does not answer yet.

    One of the two is empty. ``preferred`` wins among several deployments of the model.
    """
    if not provider.endpoint.is_azure:
        return model, ""
    found = _there(provider, model)
    named = _there(provider, model, preferred) if preferred else found
    found = named if named is not None and named.model == model else found
    if found is not None and found.state == "ready":
        return found.name, ""
    if found is None and provider.endpoint.is_local and _answers(provider, model):
        return model, ""
    how = f"is not deployed yet ({found.word})" if found else "is not deployed"
    return "", f"{model} is finished but {how}: aprendiz deploy MODEL"


def deployment_name(wanted: str) -> str:
    """A name that Azure takes for a deployment: 2 to 64 of letters, digits, ``-``, ``_``, ``.``."""
    fitting = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-._")[:64]
    return fitting if len(fitting) >= 2 else f"model-{fitting}".rstrip("-")


def _there(provider: Provider, model: str, name: str = "") -> Deployment | None:
    """The deployment of that name or, without one, of that model; a ready one first."""
    listed: Iterable[Deployment] = provider.deployments() or ()
    if name:
        return next((each for each in listed if each.name == name), None)
    of_model = [each for each in listed if each.model == model]
    return min(of_model, key=lambda each: (each.state != "ready", each.name), default=None)


def _answers(provider: Provider, model: str) -> bool:
    """Whether a model answers under its own name, as on our own platform."""
    try:
        provider.chat(
            model, [{"role": "user", "content": "?"}], most_tokens=1, alternatives=0, retries=0
        )
    except Refused as no:
        if no.status == 404:
            return False
        raise
    return True


def _folder_name(folder: Path) -> str:
    try:
        return manifests.read(folder).name
    except ModelFolderError:
        return folder.resolve().name


def _absent(target: Pointer, name: str, sku: str) -> Deployed:
    steps = _by_hand(target, name, sku)
    return Deployed("absent", name, target.model, "not deployed", steps=steps)


def _by_hand(target: Pointer, name: str, sku: str) -> tuple[str, ...]:
    """The portal's steps, each with what to choose in it."""
    resource = target.address.split("//", 1)[-1].split(".", 1)[0].split("/", 1)[0]
    return (
        f"open https://ai.azure.com and choose the resource {resource}",
        "go to Deployments, then Deploy model, then Deploy fine-tuned model",
        f"choose {target.model}",
        f"deployment name {name}, deployment type {sku}, capacity 1; then Deploy",
        "ask for its state with: aprendiz deploy MODEL",
        "to have it done from here: az login, and set AZURE_SUBSCRIPTION_ID and "
        "AZURE_RESOURCE_GROUP",
    )
