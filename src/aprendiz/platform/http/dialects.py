"""The three dialects of the protocol, and what every route of them needs.

The same routes stand under ``/v1`` (OpenAI), ``/openai/v1`` (Azure) and ``/openai`` (Azure's
dated interface, which says 201 where the others say 200, and takes ``api-version``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from aprendiz.platform.answering import Answering
from aprendiz.platform.http.shapes import ErrorBody
from aprendiz.platform.service import Platform


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the three.

    Attributes:
        prefix: where its routes stand.
        name: for the documentation.
        created: status of an answer that made a file or a job.
        azure: whether it is one of Azure's.
    """

    prefix: str
    name: str
    created: int = 200
    azure: bool = True

    @property
    def dated(self) -> bool:
        """Azure's dated interface."""
        return self.created == 201


DIALECTS = (
    Dialect("/v1", "OpenAI", azure=False),
    Dialect("/openai/v1", "Azure v1"),
    Dialect("/openai", "Azure, dated", created=201),
)


def platform_of(request: Request) -> Platform:
    """The platform behind a request."""
    platform: Platform = request.app.state.platform
    return platform


def answering_of(request: Request) -> Answering:
    """The models behind a request."""
    answering: Answering = request.app.state.answering
    return answering


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's documentation: the errors it may answer with, all of one shape."""
    return {status: {"model": ErrorBody} for status in sorted({400, 401, 500, *statuses})}


def body(kind: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """For a route's documentation: the JSON that :func:`.asked.read` takes."""
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}
    }


def located(request: Request, response: Response, dialect: Dialect, id: str) -> None:
    """Azure's dated interface says where a new thing stands."""
    if dialect.dated:
        response.headers["location"] = f"{str(request.url).partition('?')[0]}/{id}"
