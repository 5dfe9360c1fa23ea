"""Who may come in: every path needs a key, but for a short list; looked at before the body.

Default-deny: what is not on the list is shut, also paths that do not exist and paths written
in another way (``//classify``, ``/%63lassify``). A server without a key is for its own machine
alone, whoever runs it and wherever it listens: what arrives at another address is refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from typing import Any

from aprendiz.serving.faults import Fault
from aprendiz.serving.keys import Keys

#: The parts of the page at ``/``; ``playground.py`` serves them.
PAGES = tuple(
    f"/pages/{name}"
    for name in (
        *("playground.css", "playground.js", "answer.js", "dom.js", "feedback.js", "file.js"),
        *("rows.js", "server.js", "words.js"),
    )
)

#: What balancers, people with a browser and programs that look for the API may see.
PUBLIC = frozenset(
    {
        "/",
        "/docs",
        "/openapi.json",
        "/livez",
        "/readyz",
        "/health",
        "/ping",
        "/v2/health/live",
        "/v2/health/ready",
        *PAGES,
    }
)

_ASK = {"WWW-Authenticate": "Bearer"}


class Door:
    """Lets requests in.

    Args:
        keys: whose requests.
        anyone: without a key, let other machines in as well.
        public: further paths that need no key; those ending in ``/`` with all under them.
    """

    def __init__(
        self, keys: Keys | None = None, *, anyone: bool = False, public: Iterable[str] = ()
    ) -> None:
        self.keys = keys or Keys()
        self.anyone = anyone
        self.public = PUBLIC | frozenset(public)
        self._folders = tuple(path for path in self.public if path.endswith("/") and path != "/")

    def owner(self, scope: MutableMapping[str, Any]) -> str:
        """The name of the key that a request came with; empty where none is asked for.

        Raises:
            Fault: 401, it may not come in.
        """
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in self.public or (self._folders and path.startswith(self._folders)):
            return ""
        if not self.keys:
            if self.anyone or _is_this_machine(scope):
                return ""
            raise Fault(
                401,
                "this server has no key yet, and so answers its own machine only",
                code="no_key_yet",
                headers=_ASK,
            )
        key = _key(scope["headers"])
        owner = self.keys.owner(key) if key else None
        if owner is None:
            raise Fault(
                401,
                "send a key of this server as 'Authorization: Bearer KEY'",
                code="invalid_api_key",
                headers=_ASK,
            )
        return owner


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_this_machine(scope: MutableMapping[str, Any]) -> bool:
    """Whether the address that the client reached is one that only this machine has."""
    server = scope.get("server")
    return server is None or server[1] is None or _stays_inside(str(server[0]))


@lru_cache(maxsize=64)
def _stays_inside(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True  # no address but a name: a test's, for servers give addresses
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _key(headers: Iterable[tuple[bytes, bytes]]) -> str:
    bearer = other = ""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").strip().partition(" ")
            if scheme.lower() == "bearer":
                bearer = token.strip()
        elif name in (b"x-api-key", b"api-key"):
            other = value.decode("latin-1").strip()
    return bearer or other
