"""Where a managed project goes: a configured service, or a platform it starts for itself.

The steps after ``prepare`` do their work inside :func:`service` and never ask which it is.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from aprendiz.errors import ProviderError
from aprendiz.interfaces import Observer
from aprendiz.methods.managed.endpoint import Endpoint, choose, using
from aprendiz.projects.managed import leash
from aprendiz.settings import Settings, get_settings

PLATFORM = "platform"
_READY = "ready.json"
_LOG = "platform.log"
_LEASH = "leash"
_SECONDS_TO_START = 60.0
_SECONDS_TO_END = 90.0
_PAUSE = 0.1
_LAST_LINES = 5


def configured(settings: Settings) -> Endpoint | None:
    """The service that the environment or ``.env`` names; ``None`` when it names none."""
    named = (
        settings.azure_openai_endpoint,
        settings.openai_base_url,
        settings.openai_api_key.get_secret_value(),
    )
    return choose("auto", settings) if any(named) else None


def in_words(settings: Settings) -> str:
    """Where the examples will go, in one sentence."""
    endpoint = configured(settings)
    if endpoint is None:
        return (
            "goes to: our own platform, started here for this project (no AZURE_OPENAI_ENDPOINT, "
            "OPENAI_BASE_URL or OPENAI_API_KEY is set); nothing leaves this machine"
        )
    return f"goes to: {endpoint.in_words()}"


def fingerprint(settings: Settings) -> str:
    """What changes when the project goes elsewhere: the service, not a port or a key."""
    endpoint = configured(settings)
    return f"{endpoint.kind} {endpoint.address}" if endpoint else PLATFORM


@contextmanager
def service(output: Path, tell: Observer) -> Iterator[Endpoint]:
    """A service that answers while the ``with`` block runs.

    Its own platform keeps files, jobs and models in ``output/platform``, so that the next
    step, or the next run, finds them again. It is asked over Azure's interface, so that what
    runs without an account is what runs with one.

    Raises:
        ProviderError: the own platform does not start; says why.
        SettingsError: what is configured is not an address.
    """
    endpoint = configured(get_settings())
    if endpoint is not None:
        yield endpoint
        return
    with _own_platform(output / PLATFORM, tell) as own, using(own):
        yield own


@contextmanager
def _own_platform(home: Path, tell: Observer) -> Iterator[Endpoint]:
    home.mkdir(parents=True, exist_ok=True)
    ready = home / _READY
    command = [
        sys.executable, leash.__file__, sys.executable, "-m", "aprendiz", "platform",
        "--home", str(home), "--host", "127.0.0.1", "--port", "0", "--ready-file", str(ready),
    ]  # fmt: skip
    with (home / _LEASH).open("w") as held:
        _wait_for(held, home)
        ready.unlink(missing_ok=True)
        with (home / _LOG).open("wb") as log:
            # A session of its own: Ctrl-C is for us, and the platform ends when we let go.
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(held.fileno(),),
            )
        lifeline: IO[bytes] | None = child.stdin
        assert lifeline is not None
        try:
            endpoint = _once_ready(child, ready, home / _LOG)
            tell.say(f"platform at {endpoint.address}, kept in {home}")
            yield endpoint
        finally:
            lifeline.close()
            child.wait()


def _wait_for(held: TextIO, home: Path) -> None:
    """Take the leash; the platform of a run that was killed may still be ending, and has it."""
    give_up = time.monotonic() + _SECONDS_TO_END
    while True:
        try:
            return fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > give_up:
                raise ProviderError(
                    f"{home}: the platform of an earlier run does not end",
                    "find it with `ps`, end it, and start the project again",
                ) from None
            time.sleep(_PAUSE)


def _once_ready(child: subprocess.Popen[bytes], ready: Path, log: Path) -> Endpoint:
    give_up = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < give_up:
        if ready.is_file():
            told = json.loads(ready.read_text(encoding="utf-8"))
            version = get_settings().azure_openai_version
            return Endpoint("azure", str(told["url"]), version, str(told["key"]))
        if child.poll() is not None:
            break
        time.sleep(_PAUSE)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LAST_LINES:]
    raise ProviderError(
        f"the platform for this project does not start ({' / '.join(last) or 'it says nothing'})",
        f"see {log}",
    )
