"""Errors as the client sees them: one shape, no stack trace, no path, no echo of the input.

Plain ASGI and standard library only, so that the routes, the middleware and the
framework's own errors all end in the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

_LONGEST_ECHO = 60

# The Open Inference Protocol has an error be ``{"error": "a sentence"}``.
_OPEN_INFERENCE = "/v2/"

_TYPES = {
    401: "authentication_error",
    404: "not_found_error",
    408: "timeout_error",
    429: "overloaded_error",
    503: "overloaded_error",
    504: "timeout_error",
}


class Fault(Exception):
    """A request that ends in an error answer.

    Args:
        status: HTTP status code.
        message: one sentence for people; never holds what the client sent.
        code: stable short name for programs.
        param: the field at fault.
        headers: extra headers of the answer (``Retry-After``, ``Allow``).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    @property
    def type(self) -> str:
        """The error family, in the words of the OpenAI error shape."""
        return _TYPES.get(
            self.status, "internal_error" if self.status >= 500 else "invalid_request_error"
        )

    def detail(self) -> dict[str, str | None]:
        """What stands under ``error``."""
        return {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }

    def body(self, request_id: str) -> bytes:
        """The answer's JSON, in UTF-8."""
        detail = {**self.detail(), "request_id": request_id}
        return json.dumps({"error": detail}, ensure_ascii=False).encode()

    def answer(self, path: str, request_id: str) -> bytes:
        """The answer's JSON in the shape of a path's protocol."""
        if path.startswith(_OPEN_INFERENCE):
            return json.dumps({"error": self.message}, ensure_ascii=False).encode()
        return self.body(request_id)

    @classmethod
    def of_status(cls, status: int, headers: Mapping[str, str] | None = None) -> Fault:
        """An error that the framework raised: 404, 405 and the like."""
        known = {
            404: ("not_found", "there is nothing at this path; GET /docs lists what there is"),
            405: ("method_not_allowed", "this path does not take this method"),
        }
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "error"
        code, message = known.get(status, (phrase.lower().replace(" ", "_"), phrase))
        return cls(status, message, code=code, headers=headers)

    @classmethod
    def of_findings(cls, findings: Sequence[Mapping[str, Any]], status: int = 400) -> Fault:
        """The first of Pydantic's findings as one sentence; what was sent is not repeated."""
        first = findings[0]
        if first["type"] == "json_invalid":
            return cls(400, "The body is not valid JSON in UTF-8.", code="invalid_json")
        place = list(first["loc"])
        if place and place[0] in ("query", "path", "body"):
            place = place[1:]
        param = _dotted(place) or None
        message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        kind = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
        where = f"{param}: " if param else "The body must be a JSON object. "
        return cls(status, f"{where}{message}.", code=kind, param=param)

    @classmethod
    def internal(cls, param: str | None = None) -> Fault:
        """Our bug or the model's; the log has the rest under the request id."""
        message = "something failed on our side; the log has it"
        return cls(500, message, code="internal_error", param=param)


def _dotted(place: Sequence[int | str]) -> str:
    """``messages[0].role``, as the vendors name a place in a body."""
    named = ""
    for step in place:
        if isinstance(step, int):
            named += f"[{step}]"
        elif step.isidentifier() and len(step) <= _LONGEST_ECHO:
            named += f".{step}" if named else step
    return named
