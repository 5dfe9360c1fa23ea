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
import gc
import logging
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from aprendiz.errors import SettingsError
from aprendiz.serving.announce import Say, announce_chat, announce_classifiers, url_of
from aprendiz.serving.app import create_app
from aprendiz.serving.chat_app import create_chat_app
from aprendiz.serving.chat_service import LoadChat, load_chat
from aprendiz.serving.connections import Connection
from aprendiz.serving.door import is_loopback
from aprendiz.serving.keys import Keys
from aprendiz.serving.kinds import speaks
from aprendiz.serving.life import ModelLife
from aprendiz.serving.reloading import Reloader
from aprendiz.serving.service import Load, Service, load_model
from aprendiz.serving.tracing import Traces, tracing_wanted
from aprendiz.settings import Settings, get_settings

log = logging.getLogger("aprendiz.serving")

DRAIN_SECONDS = 1.0
SETTLE_SECONDS = 0.5
FINISH_SECONDS = 30
# Longer than balancers and pools keep a connection (60 s is usual): whoever closes first may do so
# just as a request arrives, and then it is lost.
IDLE_SECONDS = 75


def serve(
    models: Path | Sequence[Path] | None = None,
    host: str | None = None,
    port: int | None = None,
    threshold: float | None = None,
    *,
    settings: Settings | None = None,
    load: Load = load_model,
    load_chat: LoadChat = load_chat,
    say: Say = log.info,
    drain_seconds: float = DRAIN_SECONDS,
    watch: bool = False,
    anyone: bool = False,
) -> None:
    """Serve a model until SIGTERM or Ctrl-C, then finish what was accepted.

    Args:
        models: what to serve: model folders, or one of what
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
        watch: take newer classifiers when their folders change, not only at SIGHUP.
        anyone: let other machines in without a key.

    Raises:
        SettingsError: the address cannot be used, other machines could reach a server without
            a key, or an option is not for a language model.
        ModelFolderError: there is no model, or it is damaged.
    """
    settings = settings or get_settings()
    places = [models] if isinstance(models, Path) else list(models or ())
    if not places and settings.model is not None:
        places = [settings.model]
    host = host or settings.host
    refuse_open_doors(host, Keys.of(settings), anyone)
    traces = Traces.to_collector() if tracing_wanted(settings) else None
    listener = bind(host, settings.port if port is None else port)
    try:
        address = listener.getsockname()
        failures: list[Exception] = []

        def give_up(error: Exception) -> None:
            failures.append(error)
            server.should_exit = True

        if any(speaks(place) for place in places):
            _refuse_for_chat(places, threshold, watch)
            app = create_chat_app(
                places[0],
                settings=settings,
                load=load_chat,
                on_ready=lambda service: announce_chat(service, address, say),
                on_failure=give_up,
            )
            app.state.service.door.anyone = anyone
            server = DrainingServer(app, drain_seconds, say)
        else:
            app = create_app(
                places,
                threshold=threshold,
                settings=settings,
                load=load,
                anyone=anyone,
                watchers=[traces] if traces else [],
                on_ready=lambda service: started(service),
                on_failure=give_up,
            )
            app.state.service.tell = say
            reloader = Reloader(app.state.service, say, on_exchanged=freeze_what_stays)
            watching: list[asyncio.Task[None]] = []

            def started(service: Service) -> None:
                freeze_what_stays()
                announce_classifiers(service, address, say)
                if watch:
                    watching.append(asyncio.get_running_loop().create_task(reloader.watch()))

            server = DrainingServer(app, drain_seconds, say, on_hangup=reloader.hangup)
        app.state.service.require_place()
        if anyone and not is_loopback(address[0]):
            say("warning: other machines can reach this server, and it asks for no key")
        server.run(sockets=[listener])
    finally:
        listener.close()
        if traces is not None:
            traces.close()
    if failures:
        raise failures[0]
    say("stopped")


def refuse_open_doors(host: str, keys: Keys, anyone: bool) -> None:
    """Without a key a server is for its own machine.

    Raises:
        SettingsError: others could reach it.
    """
    if keys or anyone or is_loopback(host):
        return
    raise SettingsError(
        f"other machines could reach the server at {host}, and it has no key yet",
        "aprendiz serve --new-key NAME makes one; --anyone lets everybody in",
    )


def _refuse_for_chat(places: Sequence[Path], threshold: float | None, watch: bool) -> None:
    if len(places) > 1:
        raise SettingsError("a language model is served alone", f"aprendiz serve {places[0]}")
    if threshold is not None:
        raise SettingsError(
            f"{places[0]}: a language model has no threshold", "leave out --threshold"
        )
    if watch:
        raise SettingsError(f"{places[0]}: only classifiers can be watched", "leave out --watch")


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
        on_hangup: Callable[[], None] | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=FINISH_SECONDS,
            timeout_keep_alive=IDLE_SECONDS,
        )
        super().__init__(config)
        self.service: ModelLife[Any] = app.state.service
        self.drain_seconds = drain_seconds
        self.say = say
        self.settle_seconds = settle_seconds
        self.on_hangup = on_hangup

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal. Unlike uvicorn's own, does not die of it again at the end: exit 0."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where, now that a signal would be heard, then start as uvicorn does."""
        # Windows has no such signal, and only the main thread may listen to signals.
        hangup = getattr(signal, "SIGHUP", None)
        if self.on_hangup and hangup and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(hangup, self.on_hangup)
        for listener in sockets or []:
            listener.listen(self.config.backlog)  # who reads the next line may connect at once
            self.say(f"listening on {url_of(listener.getsockname())}, loading the model …")
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


def freeze_what_stays() -> None:
    """Keep the garbage collector from looking through the libraries and models again and again.

    That holds every thread, the event loop's too, for up to a tenth of a second at a time. What
    was frozen before and is garbage by now, such as an old model, goes first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


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
