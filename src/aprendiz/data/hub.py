"""Data from the Hugging Face hub, through the ``datasets`` library. Not for models.

Offline is found out before that library is even imported: a hub that does not answer
within half a second is taken as unreachable, and only its local cache is used.
"""

from __future__ import annotations

import importlib.util
import re
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aprendiz.data.parquet import with_names
from aprendiz.data.records import Finding
from aprendiz.data.table import Table
from aprendiz.errors import MissingExtra, ProviderError

PREFIX = "hf://"
_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:/([\w.-]+))?:([\w.\[\]%:+-]+)")
_PATIENCE = 0.5  # seconds
_OFFLINE_WAY = "give a local file (CSV, JSON, Parquet) instead of the hf:// address"


def hub_table(address: str) -> Table:
    """The table at ``hf://owner/name[/config]:split``; rows are numbered from 1.

    Raises:
        MissingExtra: the ``datasets`` library is not installed.
        ProviderError: the hub is out of reach and the data not in its cache, or it refuses.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        hint = "write hf://owner/name:split or hf://owner/name/config:split"
        message = "this is not an address of data on the hub"
        return Table("hub", findings=[Finding(address, 0, "bad_address", "error", message, hint)])
    name, config, split = match.groups()
    if importlib.util.find_spec("datasets") is None:
        raise MissingExtra("train", "datasets")
    token = _prepare(address, name)
    rows = _load(address, name, config, split, token)
    return Table(
        "hub",
        columns=tuple(rows.column_names),
        lines=range(1, len(rows) + 1),
        column=lambda position: _column(rows, rows.column_names[position]),
    )


def _prepare(address: str, name: str) -> str | None:
    """Make sure that the hub or its cache can answer; the token to use, if any."""
    # Settings bring pydantic, which reading a plain file does not need.
    from aprendiz.settings import get_settings

    settings = get_settings()
    offline = settings.hf_hub_offline
    if offline or not reachable(settings.hf_endpoint):
        if not _cached(name):
            why = "HF_HUB_OFFLINE is set" if offline else f"{settings.hf_endpoint} does not answer"
            raise ProviderError(f"{address}: {why}, and the data is not cached", _OFFLINE_WAY)
        _tell_libraries_offline()
    return settings.hf_token.get_secret_value() or None


def _tell_libraries_offline() -> None:
    """Switch the hub's client off for this process; it would retry for minutes otherwise."""
    import datasets.config
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = True
    datasets.config.HF_HUB_OFFLINE = True


def _load(address: str, name: str, config: str | None, split: str, token: str | None) -> Any:
    import datasets

    try:
        return datasets.load_dataset(name, config, split=split, token=token)
    except Exception as error:  # the library raises what its many layers raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        message = f"{address}: the hub said no: {reason}"
        raise ProviderError(message, f"check the address, or {_OFFLINE_WAY}") from error


def _column(rows: Any, name: str) -> Sequence[object]:
    values = list(rows[name])
    names = getattr(rows.features[name], "names", None)  # a ClassLabel has them
    return with_names(values, names) if names else values


def reachable(endpoint: str, patience: float = _PATIENCE) -> bool:
    """Whether a TCP connection to the endpoint, or to the proxy before it, opens in time.

    The attempt runs in a thread because looking up a name cannot be given a time limit.
    """
    address = urlsplit(endpoint)
    proxy = getproxies().get(address.scheme)
    if proxy and not proxy_bypass(address.hostname or ""):
        address = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    port = address.port or (80 if address.scheme == "http" else 443)
    answered, done = threading.Event(), threading.Event()

    def knock() -> None:
        try:
            socket.create_connection((address.hostname or "", port), timeout=patience).close()
            answered.set()
        except OSError:
            pass
        finally:
            done.set()

    threading.Thread(target=knock, daemon=True).start()
    done.wait(patience)
    return answered.is_set()


def _cached(name: str) -> bool:
    """Whether ``datasets`` has prepared this data before (in its default cache)."""
    from huggingface_hub import constants

    # The library writes SomeName as some_name in its cache.
    folder = name.replace("/", "").replace("_", "").lower()
    kept = Path(constants.HF_HOME) / "datasets"
    return any(
        entry.name.replace("_", "").lower() == folder
        for entry in (kept.iterdir() if kept.is_dir() else ())
    )
