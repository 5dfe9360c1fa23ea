"""The official SDK in its three ways of speaking to us, refusing whatever its own types do not have.

Where a test must let go of that, it takes a client from :func:`loosened` and names the row of
:data:`LOOSENED` it needs; there is no other place where strictness ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openai import AzureOpenAI, DefaultHttpxClient, OpenAI

STRICT = "_strict_response_validation"

#: What a vendor itself sends, or asks for, outside the SDK's types: (what, why it stays so).
LOOSENED = {
    "paused": (
        "FineTuningJob.status is 'paused'",
        "OpenAI's own example of a paused job has it; the SDK's Literal leaves it out",
    ),
    "no content": (
        "DELETE of a job answers 204 without a body",
        "Azure's dated specification; the SDK has no method for it and expects JSON of any DELETE",
    ),
}


def openai(url: str, key: str) -> OpenAI:
    """OpenAI's dialect."""
    return OpenAI(base_url=f"{url}/v1", api_key=key, **_options())


def azure_v1(url: str, key: str) -> OpenAI:
    """Azure's newer dialect, with the class that Microsoft documents for it."""
    return OpenAI(base_url=f"{url}/openai/v1/", api_key=key, **_options())


def azure(url: str, key: str) -> AzureOpenAI:
    """Azure's dated dialect."""
    return AzureOpenAI(azure_endpoint=url, api_key=key, api_version="2024-10-21", **_options())


WAYS: dict[str, Callable[[str, str], OpenAI]] = {
    "OpenAI": openai,
    "Azure v1": azure_v1,
    "Azure dated": azure,
}


def loosened(client: OpenAI, row: str) -> OpenAI:
    """The same client without the check of types, for a row of the table."""
    assert row in LOOSENED
    return client.with_options(_extra_kwargs={STRICT: False})


def _options() -> dict[str, Any]:
    # A proxy of the environment must not be asked for this machine's own address.
    return {STRICT: True, "http_client": DefaultHttpxClient(trust_env=False)}
