"""Is the tracking store there? Asked first, because MLflow's own retries last minutes."""

from __future__ import annotations

import socket
import sqlite3
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from aprendiz.tracking.redact import without_credentials

_DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


def why_unreachable(uri: str, seconds: float = 4.0) -> str:
    """The reason why nothing can be recorded at a tracking address, or nothing if it can.

    Args:
        uri: an MLflow tracking address. Kinds that cannot be asked cheaply
            (``databricks``, ``azureml`` …) are taken to be there.
        seconds: the longest time to wait, name resolution included.
    """
    kind = urlsplit(uri).scheme.partition("+")[0]
    if kind in ("http", "https"):
        return _within(seconds, lambda: _ask_server(uri, seconds))
    if kind in _DATABASE_PORTS:
        return _within(seconds, lambda: _knock(uri, _DATABASE_PORTS[kind], seconds))
    if kind == "sqlite":
        return _try_file(sqlite_file(uri))
    return ""


def sqlite_file(uri: str) -> Path | None:
    """The file behind ``sqlite:///…``; none for another kind of store or a nameless one."""
    scheme, _, rest = uri.partition(":///")
    if scheme.partition("+")[0] != "sqlite" or not rest or rest == ":memory:":
        return None
    return Path(rest.partition("?")[0]).absolute()


def _within(seconds: float, ask: Callable[[], str]) -> str:
    """Run a check with a limit that holds even while a name is being resolved."""
    answer = [f"no answer in {seconds:.0f} s"]

    def work() -> None:
        answer[0] = ask()

    thread = threading.Thread(target=work, daemon=True, name="aprendiz-reach")
    thread.start()
    thread.join(seconds)
    return answer[0]


def _ask_server(uri: str, seconds: float) -> str:
    """Any HTTP answer will do: what it means is for MLflow's client to find out."""
    address = without_credentials(uri).rstrip("/") + "/health"
    try:
        with urllib.request.urlopen(address, timeout=seconds):
            return ""
    except urllib.error.HTTPError:
        return ""
    except urllib.error.URLError as error:
        return "" if isinstance(error.reason, ssl.SSLError) else str(error.reason)
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__


def _knock(uri: str, port: int, seconds: float) -> str:
    try:
        parts = urlsplit(uri)
        if parts.hostname is None:
            return ""  # a socket file or a service name; the driver knows
        socket.create_connection((parts.hostname, parts.port or port), timeout=seconds).close()
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__
    return ""


def _try_file(path: Path | None) -> str:
    """Take the write lock for a moment: finds read-only and damaged files at once."""
    if path is None:
        return ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        return str(error)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        # Another training at work on it is no fault: MLflow waits for its turn.
        return "" if "locked" in str(error) else str(error)
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.close()
    return ""
