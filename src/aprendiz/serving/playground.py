"""The page at ``/`` where people try a model, and ``POST /explain``, which it asks for tokens.

The page is files in ``pages/``: no library, no build, nothing from elsewhere. Whatever it shows
it gets from the routes that clients use; it can do nothing that they could not.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from aprendiz.serving.door import PAGES
from aprendiz.serving.endpoint import TEXT_SCHEMA, Endpoint, parse, within_limits
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.service import Service

FOLDER = Path(__file__).resolve().parent / "pages"

_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


class Explain(BaseModel):
    """A text whose tokens are wanted."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"text": "what is going on?"}},
    )

    text: StrictStr = Field(json_schema_extra=TEXT_SCHEMA)
    """The text. Outer white space is removed; something must remain."""
    model: StrictStr | None = Field(default=None, max_length=512)
    """Whose tokens; the first model's when not given."""


class ShownToken(BaseModel):
    """One token."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    piece: str
    """As the model's vocabulary spells it."""
    start: int
    """Its first character in the text, from 0."""
    end: int
    """The character after its last; the same as `start` for one that the model adds itself."""


class Explained(BaseModel):
    """How a model reads a text."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    model: str
    version: str
    text: str
    """The text without outer white space; `start`, `end` and `read` count its characters."""
    tokens: list[ShownToken] | None
    """At most `max_tokens`; null where the model does not work on tokens."""
    max_tokens: int | None
    """How many tokens of a text the model reads; null when not known."""
    read: int
    """How many characters the model reads; the rest has no influence on the answer."""


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """The page, its parts, and the route for tokens."""

    async def explain(exchange: Exchange) -> Answer:
        """How a model cuts a text into tokens, and how much of it it reads. Asks no model."""
        wanted = parse(Explain, await exchange.json(), 422)
        [text] = within_limits([wanted.text], service.settings, "text", alone=True)
        served = service.find(wanted.model)
        split = getattr(served.model, "tokens", None)
        tokens = None if split is None else await asyncio.to_thread(split, text)
        shown = None
        read = len(text)
        if tokens is not None:
            shown = [{"piece": each.piece, "start": each.start, "end": each.end} for each in tokens]
            if served.max_tokens is not None and len(tokens) >= served.max_tokens:
                read = max(each.end for each in tokens)
        return Answer.of(
            {
                "model": served.name,
                "version": served.version,
                "text": text,
                "tokens": shown,
                "max_tokens": served.max_tokens,
                "read": read,
            }
        )

    return (
        _page("/", "playground.html"),
        *(_page(path, path.rpartition("/")[2]) for path in PAGES),
        Endpoint("/explain", explain, "Show a text's tokens", request=Explain, response=Explained,
                 statuses=(400, 401, 404, 408, 413, 415, 422, 500, 503)),
    )  # fmt: skip


def _page(path: str, name: str) -> Endpoint:
    media = _MEDIA[Path(name).suffix]

    async def page(exchange: Exchange) -> Answer:
        return Answer(_content(name), headers=_HEADERS, media_type=media)

    return Endpoint(path, page, "A page for people", "GET", statuses=(), shown=False, media=media)


@cache
def _content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
