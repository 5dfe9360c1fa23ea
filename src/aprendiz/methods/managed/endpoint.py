"""Which service is asked, at which address and with which key; opens the SDK's client.

The machine's settings decide, never a model folder: a key goes only to the address that
was configured together with it.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from aprendiz.errors import MissingExtra, ProviderError, SettingsError
from aprendiz.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

Kind = Literal["openai", "azure", "azure-v1"]

OPENAI = "https://api.openai.com/v1"

# Azure's two scopes: the dated interface and the one at /openai/v1.
_SCOPE = "https://cognitiveservices.azure.com/.default"
_SCOPE_V1 = "https://ai.azure.com/.default"

# A service of one's own on this machine may ask for no key, but the SDK insists on one.
_NO_KEY = "no-key"
_SECONDS = 120.0  # for one answer; an upload has its own
# The SDK's own repeating. A service on this machine that does not answer is not running,
# and that should be said at once.
_RETRIES, _RETRIES_HERE = 2, 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service that speaks the fine-tuning protocol.

    Attributes:
        kind: OpenAI's interface, Azure's dated one, or Azure's at ``/openai/v1``.
        address: for ``azure`` the resource (``https://NAME.openai.azure.com``), else the
            whole base address.
        api_version: Azure's date; empty elsewhere.
        key: empty signs in with Entra (Azure only).
    """

    kind: Kind
    address: str
    api_version: str = ""
    key: str = field(default="", repr=False)

    @property
    def is_azure(self) -> bool:
        """Whether models have to be deployed before they answer."""
        return self.kind != "openai"

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return on_this_machine(self.address)

    @property
    def is_vendors(self) -> bool:
        """Whether it is OpenAI or Azure itself, not a service that speaks like one."""
        return not self.is_local and (self.is_azure or self.address == OPENAI)

    @property
    def root(self) -> str:
        """The address without the path of the interface."""
        return self.address.removesuffix("/openai/v1").removesuffix("/v1")

    def in_words(self) -> str:
        """Which service is used, in one sentence for people."""
        if self.is_vendors:
            who = "Azure OpenAI" if self.is_azure else "OpenAI"
        else:
            who = "the service on this machine" if self.is_local else "an OpenAI-like service"
        dated = f", api-version {self.api_version}" if self.api_version else ""
        how = "" if self.key else ", signed in with Entra" if self.is_azure else ", without a key"
        return f"{who} at {self.address}{dated}{how}"

    def open(self) -> OpenAI:
        """The SDK's client. Talks to nobody yet.

        Raises:
            MissingExtra: the extra ``managed`` is not installed.
        """
        try:
            import openai
        except ModuleNotFoundError:
            raise MissingExtra("managed", "openai") from None
        # A proxy of the environment stands in the way of an address on this machine.
        http = openai.DefaultHttpxClient(trust_env=False) if self.is_local else None
        key = self.key or (_NO_KEY if self.is_local else "")
        retries = _RETRIES_HERE if self.is_local else _RETRIES
        if self.kind == "azure":
            return openai.AzureOpenAI(
                azure_endpoint=self.address,
                api_version=self.api_version,
                api_key=key or None,
                azure_ad_token_provider=None if key else entra(_SCOPE),
                timeout=_SECONDS,
                max_retries=retries,
                http_client=http,
            )
        nobody_asks = self.kind == "openai"
        return openai.OpenAI(
            base_url=self.address,
            api_key=key or (_NO_KEY if nobody_asks else entra(_SCOPE_V1)),
            timeout=_SECONDS,
            max_retries=retries,
            http_client=http,
        )


_IN_FORCE: ContextVar[Endpoint | None] = ContextVar("endpoint in force", default=None)


@contextmanager
def using(endpoint: Endpoint) -> Iterator[None]:
    """Have a service stand in for whatever is configured, inside a ``with`` block.

    For whoever has started one for itself and need not tell the environment.
    """
    token = _IN_FORCE.set(endpoint)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def choose(provider: str, settings: Settings) -> Endpoint:
    """The service that a recipe's ``provider`` and this machine's settings ask for.

    Args:
        provider: ``auto``, ``openai``, ``azure`` or ``azure-v1``.
        settings: this machine's.

    Raises:
        SettingsError: nothing is configured, or not what ``provider`` needs.
    """
    if in_force := _IN_FORCE.get():
        return in_force
    azure = settings.azure_openai_endpoint.strip().rstrip("/")
    openai_key = settings.openai_api_key.get_secret_value()
    openai = settings.openai_base_url.strip().rstrip("/")
    if provider == "auto":
        if azure:
            provider = "azure-v1" if "/openai/v1" in urlsplit(azure).path else "azure"
        elif openai_key or openai:
            provider = "openai"
        else:
            raise SettingsError(
                "no service for managed fine-tuning is configured",
                "set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY (Azure), or OPENAI_API_KEY "
                "(OpenAI), or start a service of your own with `aprendiz platform` and set "
                "OPENAI_BASE_URL and OPENAI_API_KEY to what it prints",
            )
    if provider == "openai":
        if not (openai_key or openai):
            raise SettingsError(
                "provider openai needs OPENAI_API_KEY, which is not set",
                "set it in the environment or in .env; for a service of your own set "
                "OPENAI_BASE_URL too",
            )
        return Endpoint("openai", _checked(openai or OPENAI, "OPENAI_BASE_URL"), key=openai_key)
    if not azure:
        raise SettingsError(
            f"provider {provider} needs AZURE_OPENAI_ENDPOINT, which is not set",
            "set it to the address of your Azure OpenAI resource (https://NAME.openai.azure.com)",
        )
    key = settings.azure_openai_key.get_secret_value()
    resource = _resource(azure)
    if provider == "azure-v1":
        return Endpoint("azure-v1", f"{resource}/openai/v1", key=key)
    return Endpoint("azure", resource, settings.azure_openai_version, key)


def choose_for(kind: Kind, address: str, settings: Settings) -> Endpoint:
    """The service that a model folder points to, as far as this machine is set up for it.

    The configured address of the same kind is used, also when it differs from the folder's
    (the service has moved). A folder that points to this machine works without any
    configured address, with the platform's key.

    Raises:
        SettingsError: nothing fitting is configured; names what to set.
    """
    if in_force := _IN_FORCE.get():
        return in_force
    if kind == "openai":
        # A key without an address is OpenAI's own, and nobody else may have it.
        fits = bool(settings.openai_base_url)
        fits |= address == OPENAI and bool(settings.openai_api_key.get_secret_value())
    else:
        fits = bool(settings.azure_openai_endpoint)
    if fits:
        return choose(kind, settings)
    if on_this_machine(address):
        version = settings.azure_openai_version if kind == "azure" else ""
        return Endpoint(kind, address, version, settings.platform_key.get_secret_value())
    names = "OPENAI_BASE_URL and OPENAI_API_KEY"
    if kind != "openai":
        names = "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY"
    elif address == OPENAI:
        names = "OPENAI_API_KEY"
    raise SettingsError(
        f"the model answers at {address}, and this machine is not set up for it",
        f"set {names} (the folder itself holds no key)",
    )


def on_this_machine(address: str) -> bool:
    """Whether an address is a loopback one."""
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def entra(scope: str) -> Callable[[], str]:
    """A function that gives a fresh Entra token for a scope (environment, CLI, identity …).

    Raises:
        MissingExtra: azure-identity is not installed.
        ProviderError: (the function) nobody is signed in.
    """
    try:
        from azure.core.exceptions import AzureError
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider
    except ModuleNotFoundError:
        raise MissingExtra("managed", "azure-identity") from None
    # It logs every way it tried; what counts is in the error below.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    give: Callable[[], str] = get_bearer_token_provider(DefaultAzureCredential(), scope)

    def token() -> str:
        try:
            return give()
        except AzureError as error:
            why = str(error).strip().splitlines()[0]
            raise ProviderError(
                f"Entra gives no token for {scope} ({why})",
                "az login, or set a key (AZURE_OPENAI_KEY)",
            ) from error

    return token


def _resource(address: str) -> str:
    """The resource itself, when people give the address of one of its interfaces."""
    parts = urlsplit(_checked(address, "AZURE_OPENAI_ENDPOINT"))
    path = parts.path.split("/openai", 1)[0]
    return f"{parts.scheme}://{parts.netloc}{path}".rstrip("/")


def _checked(address: str, variable: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(
            f"{variable} = {address!r} is not an address", "it begins with https:// (or http://)"
        )
    return address
