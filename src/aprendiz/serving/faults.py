"""Errors as the client sees them: one shape, no stack trace, no path, no echo of the input.

Plain ASGI and standard library only, so that the routes, the middleware and the
framework's own errors all end in the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

_TYPES = {
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

    def body(self, request_id: str) -> bytes:
        """The answer's JSON, in UTF-8."""
        detail = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
            "request_id": request_id,
        }
        return json.dumps({"error": detail}, ensure_ascii=False).encode()

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
    def internal(cls) -> Fault:
        """Our bug or the model's; the log has the rest under the request id."""
        return cls(500, "something failed on our side; the log has it", code="internal_error")
