"""Run the platform as a process: listen, say how to reach it, stop without losing a request."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from aprendiz.errors import SettingsError
from aprendiz.platform.http.app import create_app
from aprendiz.platform.records import Refusal
from aprendiz.platform.service import Platform
from aprendiz.serving.server import DrainingServer, bind
from aprendiz.settings import Settings, get_settings

Say = Callable[[str], None]

_DRAIN_SECONDS = 0.2
_PASSING = "for a ready file, until the service stops"


def run(
    home: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    *,
    database: str = "",
    jobs_at_once: int = 1,
    ready_file: Path | None = None,
    settings: Settings | None = None,
    say: Say,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what was accepted; running jobs go on at the
    next start.

    Args:
        home: where everything lies; ``platform`` in ``APRENDIZ_HOME`` when not given.
        host: address to listen on; ``APRENDIZ_HOST`` when not given.
        port: port, 0 for a free one; ``APRENDIZ_PORT`` when not given.
        database: ``postgresql://`` address; an SQLite file in the home when empty.
        jobs_at_once: trainings that may run side by side.
        ready_file: where to write address and key, as JSON that only its owner can read, once
            the service answers. Its key is revoked when the service stops.
        settings: this machine's; read from the environment when not given.
        say: told what happens, one line at a time, from any thread.

    Raises:
        SettingsError: the address, the home or the ready file's folder cannot be used; other
            machines could reach the service and no key was ever made; another service has this
            home.
    """
    settings = settings or get_settings()
    address = host or settings.host
    home = home or settings.home_folder / "platform"
    if ready_file is not None and not ready_file.absolute().parent.is_dir():
        raise SettingsError(f"{ready_file}: there is no such folder to write to", "make it first")
    platform = Platform(
        home, database=database, settings=settings, say=say, jobs_at_once=jobs_at_once
    )
    try:
        _refuse_open_doors(address, platform)
        listener = bind(address, settings.port if port is None else port)
        try:
            platform.start()
            _serve(platform, listener, ready_file, say)
        finally:
            listener.close()
    finally:
        platform.stop()
    say("stopped; unfinished jobs go on at the next start")


def _serve(platform: Platform, listener: socket.socket, ready_file: Path | None, say: Say) -> None:
    """Answer until told to stop; the ready file and its key live as long as this does."""
    _revoke_passing_keys(platform)  # a service that was killed could not
    key = _first_key(platform, say)
    if ready_file is not None:
        _, key = platform.keys.make(_PASSING)
    try:
        server = _Server(create_app(platform), say, lambda at: _announce(at, key, ready_file, say))
        server.run(sockets=[listener])
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
            _revoke_passing_keys(platform)


class _Server(DrainingServer):
    """Tells where it listens once it answers."""

    def __init__(self, app: FastAPI, say: Say, ready: Callable[[str], None]) -> None:
        super().__init__(app, _DRAIN_SECONDS, say)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so."""
        await uvicorn.Server.startup(self, sockets)
        if self.started and sockets:
            self._ready(_url(sockets[0].getsockname()))


def _refuse_open_doors(host: str, platform: Platform) -> None:
    """Without a key the service is for this machine alone."""
    if _is_loopback(host) or platform.keys.any():
        return
    raise SettingsError(
        f"other machines could reach the platform at {host}, and it has no key yet",
        f"aprendiz platform key new NAME --home {platform.home} makes one",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _revoke_passing_keys(platform: Platform) -> None:
    for record in platform.store.key_records():
        if record.name == _PASSING:
            with suppress(Refusal):  # somebody revoked it by hand
                platform.store.delete_key(record.id)


def _first_key(platform: Platform, say: Say) -> str:
    """A key, told once, where there was none; empty where there is one, for nobody knows it."""
    if platform.keys.any():
        return ""
    record, key = platform.keys.make("first")
    say(f"first key ({record.id}), shown only now: {key}")
    return key


def _announce(url: str, key: str, ready_file: Path | None, say: Say) -> None:
    say(f"ready: {url}  (a page for people; the protocol under {url}/v1 and {url}/openai)")
    shown = key if key and ready_file is None else "YOUR-KEY"
    say(f"OpenAI's clients:  export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={shown}")
    say(f"Azure's clients:   export AZURE_OPENAI_ENDPOINT={url} AZURE_OPENAI_KEY={shown}")
    if ready_file is not None:
        partial = ready_file.with_name(f".{ready_file.name}.partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump({"url": url, "key": key}, out)
        partial.replace(ready_file)


def _url(address: tuple[str, int]) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])
    return f"http://[{host}]:{address[1]}" if ":" in host else f"http://{host}:{address[1]}"
