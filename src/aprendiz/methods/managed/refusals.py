"""What a provider refuses, in our words: the SDK's exceptions become one error of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aprendiz.errors import ProviderError
from aprendiz.methods.managed.endpoint import Endpoint

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAIError

# The SDK repeats these by itself, because they may be gone the next time.
_PASSING = frozenset({408, 409, 429})

_HINTS = {
    401: "check the key and that it belongs to this address",
    403: "the key is known but may not do this: ask for the role, or use another project or region",
    404: "check the name and the address; on Azure a tuned model answers only when deployed "
    "(aprendiz deploy MODEL)",
    413: "send a smaller file",
    429: "wait and try again, or ask for a higher quota",
}


class Refused(ProviderError):
    """A provider said no, or nothing.

    Attributes:
        status: the HTTP status; ``None`` when no answer came.
        code: the provider's short name for it, or empty.
        param: the field at fault, or empty.
    """

    def __init__(
        self, message: str, hint: str = "", *, status: int | None, code: str = "", param: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.param = param

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status is None or self.status in _PASSING or self.status >= 500

    @property
    def may_have_happened(self) -> bool:
        """Whether the request may have been carried out although no good answer came.

        A 200 that is not of the protocol is somebody's in between: nobody knows what is behind.
        """
        return self.status == 200 or (self.passing and self.status != 429)


def refusal(error: OpenAIError, doing: str, endpoint: Endpoint) -> Refused:
    """The SDK's exception as ours.

    Args:
        error: as caught.
        doing: what was asked for, as the beginning of a sentence.
        endpoint: whom it was asked of.
    """
    import openai

    where = endpoint.address
    if isinstance(error, openai.APITimeoutError):
        return Refused(f"{doing}: no answer from {where} in time", "try again", status=None)
    if isinstance(error, openai.APIConnectionError):
        why = str(error.__cause__ or error)
        return Refused(f"{doing}: nobody answers at {where} ({why})", _reach(endpoint), status=None)
    if isinstance(error, openai.APIStatusError):
        return _said_no(error, doing, endpoint)
    if isinstance(error, openai.APIResponseValidationError):
        return not_the_protocol(doing, endpoint)
    return Refused(f"{doing}: {error}", status=None)


def not_the_protocol(doing: str, endpoint: Endpoint) -> Refused:
    """The error for a 200 whose content is not JSON, mostly somebody's web page."""
    variable = "AZURE_OPENAI_ENDPOINT" if endpoint.is_azure else "OPENAI_BASE_URL"
    return Refused(
        f"{doing}: {endpoint.address} answers, but not in the fine-tuning protocol",
        f"the address is probably wrong: correct {variable} (OpenAI's kind ends in /v1)",
        status=200,
    )


def _said_no(error: APIStatusError, doing: str, endpoint: Endpoint) -> Refused:
    body = error.body
    message = body.get("message") if isinstance(body, Mapping) else None
    told = [str(error.code)] if error.code else []
    told.append(f"HTTP {error.status_code}")
    headers = error.response.headers
    if request := error.request_id or headers.get("apim-request-id"):
        told.append(f"request {request}")
    why = str(message or error.message).strip().rstrip(".")
    hint = _HINTS.get(error.status_code, "")
    if error.status_code >= 500:
        hint = "the fault is at the provider: try again later"
    elif error.status_code == 401 and endpoint.is_local:
        hint = "give the key that `aprendiz platform` printed when it started"
    return Refused(
        f"{doing}: {why} ({', '.join(told)})",
        hint,
        status=error.status_code,
        code=str(error.code or ""),
        param=str(error.param or ""),
    )


def _reach(endpoint: Endpoint) -> str:
    if endpoint.is_local:
        return "start it with `aprendiz platform`, or correct the address"
    return "check the network and the address; `aprendiz platform` is the same service offline"
