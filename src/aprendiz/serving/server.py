"""Run a model's app as a process: bind, announce, stop without losing a request.

What happens at SIGTERM or Ctrl-C, in order:

1. ``/health`` turns 503 and every answer carries ``Connection: close``; requests,
   also on new connections, are still accepted and answered (``drain_seconds``).
2. New handshakes are turned away, those the kernel has already finished are
   accepted, and only then the listening socket closes: closing it first would
   reset clients that are connected and have sent their request.
3. Connections without a request in progress get a last moment to bring one
   (``settle_seconds``), then uvicorn closes the idle ones, waits for the answers
   in progress and ends the app. Exit code 0.

A second signal cuts the waiting short.
"""

from __future__ import annotations

import asyncio
import ctypes
import ipaddress
import json
import logging
import select
import shlex
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from aprendiz.errors import SettingsError
from aprendiz.serving.app import create_app
from aprendiz.serving.chat_app import create_chat_app
from aprendiz.serving.chat_service import ChatService, LoadChat, load_chat
from aprendiz.serving.kinds import speaks
from aprendiz.serving.life import ModelLife
from aprendiz.serving.service import Load, Service, load_model
from aprendiz.settings import Settings, get_settings

Say = Callable[[str], None]

log = logging.getLogger("aprendiz.serving")

DRAIN_SECONDS = 1.0
SETTLE_SECONDS = 0.5
FINISH_SECONDS = 30


def serve(
    model_folder: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    threshold: float | None = None,
    *,
    settings: Settings | None = None,
    load: Load = load_model,
    load_chat: LoadChat = load_chat,
    say: Say = log.info,
    drain_seconds: float = DRAIN_SECONDS,
) -> None:
    """Serve a model until SIGTERM or Ctrl-C, then finish what was accepted.

    Args:
        model_folder: what to serve: a model folder, or anything that
            :func:`aprendiz.serving.kinds.speaks` knows for a language model;
            ``APRENDIZ_MODEL`` when not given.
        host: address to listen on; ``APRENDIZ_HOST`` when not given.
        port: port to listen on, 0 for a free one; ``APRENDIZ_PORT`` when not given.
        threshold: confidence under which an answer asks for clarification.
        settings: this machine's settings; read from the environment when not given.
        load: how a folder becomes a classifier.
        load_chat: how a place becomes a language model.
        say: told what happens, one line at a time.
        drain_seconds: how long to go on answering after the signal.

    Raises:
        SettingsError: the address cannot be used, or a threshold was given for a language model.
        ModelFolderError: there is no model, or it is damaged.
    """
    settings = settings or get_settings()
    place = model_folder or settings.model
    listener = bind(host or settings.host, settings.port if port is None else port)
    try:
        address = listener.getsockname()
        failures: list[Exception] = []

        def give_up(error: Exception) -> None:
            failures.append(error)
            server.should_exit = True

        if place is not None and speaks(place):
            if threshold is not None:
                raise SettingsError(
                    f"{place}: a language model has no threshold", "leave out --threshold"
                )
            app = create_chat_app(
                place,
                settings=settings,
                load=load_chat,
                on_ready=lambda service: _announce_chat(service, address, say),
                on_failure=give_up,
            )
        else:
            app = create_app(
                place,
                threshold=threshold,
                settings=settings,
                load=load,
                on_ready=lambda service: _announce(service, address, say),
                on_failure=give_up,
            )
        service: ModelLife[Any] = app.state.service
        service.require_place()
        server = DrainingServer(app, drain_seconds, say)
        server.run(sockets=[listener])
    finally:
        listener.close()
    if failures:
        raise failures[0]
    say("stopped")


def bind(host: str, port: int) -> socket.socket:
    """A bound socket, not yet listening.

    Raises:
        SettingsError: the address cannot be used, with what to do about it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{host}: not an address of this machine ({error})") from None
    try:
        # On POSIX this only means: do not wait for old connections to time out. A port that
        # is being listened on stays refused; on Windows it would be shared, so not there.
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            "choose another with --port (0 takes a free one), or stop what is using it",
        ) from None
    return listener


class DrainingServer(uvicorn.Server):
    """A uvicorn server that leaves in the order told at the top of this file."""

    def __init__(
        self,
        app: FastAPI,
        drain_seconds: float = DRAIN_SECONDS,
        say: Say = log.info,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
        super().__init__(config)
        self.service: ModelLife[Any] = app.state.service
        self.drain_seconds = drain_seconds
        self.say = say
        self.settle_seconds = settle_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal. Unlike uvicorn's own, does not die of it again at the end: exit 0."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where, now that a signal would be heard, then start as uvicorn does."""
        for listener in sockets or []:
            listener.listen(self.config.backlog)  # who reads the next line may connect at once
            address = listener.getsockname()
            if not ipaddress.ip_address(address[0].partition("%")[0]).is_loopback:
                self.say("warning: other machines can reach this server, and it asks for no key")
            self.say(f"listening on {_url(address)}, loading the model …")
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then do what uvicorn does."""
        listeners = sockets or []
        if self.service.state == "ok":
            self.service.drain()
            self.say("stopping: answering what was accepted (once more to stop at once)")
            await self._wait(self.drain_seconds, until=lambda: False)
            for listener in listeners:
                refuse_new_handshakes(listener)
            await self._wait(0.1, until=lambda: not _any_readable(listeners))
        for server in self.servers:
            server.close()
        connections = self.server_state.connections
        await self._wait(self.settle_seconds, until=lambda: not connections)
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn skips the app's own ending then, and queued texts would keep the process.
            await self.service.stop()

    async def _wait(self, seconds: float, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until() and not self.force_exit:
            await asyncio.sleep(0.02)


def refuse_new_handshakes(listener: socket.socket) -> None:
    """Let a listening socket take no new connection, but keep those it already has.

    Linux drops what a socket's packet filter rejects. Rejecting the segments that
    open a connection (SYN without ACK) leaves handshakes in progress and waiting
    connections alone; their clients try again within a second and are refused in
    the ordinary way once the socket is closed. Elsewhere, or where filters are
    forbidden, nothing happens and the gap of some microseconds remains.
    """
    if sys.platform != "linux":
        return
    # Classic BPF: load the TCP flags (byte 13), keep SYN|ACK, and reject when only SYN is set.
    load_flags = struct.pack("HBBI", 0x30, 0, 0, 13)
    mask = struct.pack("HBBI", 0x54, 0, 0, 0x12)
    if_syn = struct.pack("HBBI", 0x15, 0, 1, 0x02)
    reject = struct.pack("HBBI", 0x06, 0, 0, 0)
    accept = struct.pack("HBBI", 0x06, 0, 0, 0xFFFFFFFF)
    program = ctypes.create_string_buffer(load_flags + mask + if_syn + reject + accept, 40)
    attach_filter = 26  # SO_ATTACH_FILTER, which the socket module does not name
    try:
        listener.setsockopt(
            socket.SOL_SOCKET, attach_filter, struct.pack("HP", 5, ctypes.addressof(program))
        )
    except OSError as error:
        log.debug("no packet filter on this machine: %s", error)


def _any_readable(sockets: Iterable[socket.socket]) -> bool:
    return bool(select.select(list(sockets), [], [], 0)[0])


def _url(address: tuple[str, int]) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])
    return f"http://[{host}]:{address[1]}" if ":" in host else f"http://{host}:{address[1]}"


def _announce(service: Service, address: tuple[str, int], say: Say) -> None:
    model = service.model
    if model is None:
        return
    say(
        f"ready: model {model.name}, version {model.version}, {len(model.labels)} labels, "
        f"asks again under {service.threshold:.2f}"
    )
    body = json.dumps({"text": "what is in the news today?"})
    say(f"try it: curl {_url(address)}/classify -H 'Content-Type: application/json' -d '{body}'")
    say(f"the API, in a browser: {_url(address)}/docs")


def _announce_chat(service: ChatService, address: tuple[str, int], say: Say) -> None:
    model = service.model
    if model is None:
        return
    url = _url(address)
    say(f"ready: {model.name}, goes on with conversations of up to {model.context:,} tokens")
    asked = {"model": model.name, "messages": [{"role": "user", "content": "What is 12 + 30?"}]}
    body = json.dumps(asked, ensure_ascii=False)
    say(
        f"try it: curl {url}/v1/chat/completions -H 'Content-Type: application/json' "
        f"-d {shlex.quote(body)}"
    )
    say(f"OpenAI's clients: export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=none")
    say(f"the API, in a browser: {url}/docs")
