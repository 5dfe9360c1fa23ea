"""Whether a store is there is found out fast, for every kind of address."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from aprendiz.tracking.reach import sqlite_file, why_unreachable


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https", "postgresql", "mysql+pymysql"])
def test_a_closed_port_is_refused(scheme):
    assert "refused" in why_unreachable(f"{scheme}://me:secret@127.0.0.1:{closed_port()}/x")


def test_a_server_that_accepts_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        uri = f"http://127.0.0.1:{mute.getsockname()[1]}"
        assert why_unreachable(uri, seconds=0.3)


def test_any_http_answer_will_do():
    class Forbidden(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(403)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Forbidden) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert why_unreachable(f"http://u:p@127.0.0.1:{server.server_port}/base/") == ""


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path):
    (tmp_path / "mlflow.db").write_bytes(b"this is a shopping list, not a database at all" * 30)
    assert "not a database" in why_unreachable(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_folder_in_the_way_is_named(tmp_path: Path):
    (tmp_path / "mlflow.db").mkdir()
    assert "unable to open" in why_unreachable(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_new_file_in_a_new_folder_is_fine(tmp_path: Path):
    assert why_unreachable(f"sqlite:///{tmp_path}/new/mlflow.db") == ""


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:////a b/mlflow.db", Path("/a b/mlflow.db")),
        ("sqlite:///runs.db?mode=rw", Path("runs.db").absolute()),
        ("sqlite:///:memory:", None),
        ("http://host/a.db", None),
    ],
)
def test_the_file_behind_an_address(uri, file):
    assert sqlite_file(uri) == file
