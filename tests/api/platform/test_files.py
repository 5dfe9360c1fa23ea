"""Files over HTTP: taken whole or refused, found again page by page, given back byte for byte."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from aprendiz.platform.service import Platform
from aprendiz.settings import Settings
from tests.api.platform.conftest import DIALECTS, Live, LivedIn, upload
from tests.unit.platform.chats import lines


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_file_is_taken_shown_downloaded_and_deleted(api: TestClient, prefix: str) -> None:
    query, made = DIALECTS[prefix]
    content = b"\xef\xbb\xbf" + lines().encode()
    answer = upload(api, content, prefix, "preguntas de ñandú.jsonl")
    assert answer.status_code == made
    file = answer.json()
    assert file["status"] == "processed"
    assert (file["bytes"], file["filename"]) == (len(content), "preguntas de ñandú.jsonl")
    where = f"{prefix}/files/{file['id']}"
    assert answer.headers.get("location") == (
        f"http://testserver{where}" if prefix == "/openai" else None
    )
    for other in DIALECTS:  # one store behind all of them
        assert api.get(f"{other}/files/{file['id']}").json() == file
    assert api.get(where + query).json() == file
    got = api.get(f"{where}/content{query}")
    assert got.content == content
    assert got.headers["content-type"] == "application/octet-stream"
    assert "%C3%B1and%C3%BA.jsonl" in got.headers["content-disposition"]
    assert api.delete(where + query).json() == {
        "id": file["id"], "object": "file", "deleted": True,
    }  # fmt: skip
    assert api.get(where).status_code == api.delete(where).status_code == 404


def test_a_list_is_walked_in_pages_that_end(api: TestClient) -> None:
    ids = [upload(api, b"x", name=f"{number}").json()["id"] for number in range(5)]
    api.post("/v1/files", data={"purpose": "batch"}, files={"file": ("b", b"x")})

    def walk(order: str, purpose: str = "fine-tune") -> list[str]:
        seen: list[str] = []
        query = {"limit": "2", "order": order, "purpose": purpose}
        while True:
            page = api.get("/v1/files", params=query).json()
            found = [file["id"] for file in page["data"]]
            assert (page["first_id"], page["last_id"]) == (found[0], found[-1])
            seen += found
            if not page["has_more"]:
                return seen
            query["after"] = page["last_id"]

    assert walk("desc") == ids[::-1]
    assert walk("asc") == ids
    assert len(api.get("/v1/files").json()["data"]) == 6
    nothing = api.get("/v1/files", params={"purpose": "evals"}).json()
    assert nothing == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False,
    }  # fmt: skip


def test_a_cursor_of_another_filter_is_refused(api: TestClient) -> None:
    file = upload(api, b"x").json()["id"]
    answer = api.get("/v1/files", params={"after": file, "purpose": "batch"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "after")


@pytest.mark.parametrize(
    ("anchor", "seconds", "status"),
    [
        ("created_at", "3600", 200),
        ("created_at", "3599", 400),
        ("created_at", "9" * 5_000, 400),
        ("created_at", "an hour", 400),
        ("created_at", "-3600", 400),
        ("created_at", None, 400),
        ("uploaded_at", "3600", 400),
        (None, "3600", 400),
    ],
)
def test_a_lifetime_is_kept_or_refused(
    lived_in: LivedIn, anchor: str | None, seconds: str | None, status: int
) -> None:
    told = {"expires_after[anchor]": anchor, "expires_after[seconds]": seconds}
    data = {"purpose": "batch"} | {name: value for name, value in told.items() if value}
    answer = lived_in.client.post("/v1/files", data=data, files={"file": ("a", b"x")})
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["expires_at"] == answer.json()["created_at"] + 3600
    else:
        assert answer.json()["error"]["param"] == "expires_after"


@pytest.fixture
def narrow(still: Platform) -> Iterator[Platform]:
    """A platform that takes files of 100,000 bytes at most."""
    limits = Settings(_env_file=None, platform_max_file_bytes=100_000)
    platform = Platform(still.home, settings=limits)
    yield platform
    platform.stop()


def form(content: Iterator[bytes]) -> Iterator[bytes]:
    """A form of unknown length, as chunked transfer sends it."""
    head = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n'
    yield f"--b\r\n{head.format('purpose', '')}fine-tune\r\n".encode()
    file = '; filename="train.jsonl"'
    yield f"--b\r\n{head.format('file', file)}".encode()
    yield from content
    yield b"\r\n--b--\r\n"


def test_too_large_a_file_is_a_413_whole_or_in_pieces(narrow: Platform, live: Live) -> None:
    kind = {"content-type": "multipart/form-data; boundary=b"}
    large = [b"x" * 10_000] * 2_000  # 20 MB: far more than any buffer on the way
    with live(narrow) as address, httpx.Client(trust_env=False, timeout=30) as client:
        where = f"{address}/openai/files"
        for body in (form(iter(large)), b"".join(form(iter(large)))):
            answer = client.post(where, content=body, headers=kind)
            assert answer.status_code == 413
            error = answer.json()["error"]
            assert (error["code"], error["param"]) == ("file_too_large", "file")
            assert "100000 bytes" in error["message"].replace(",", "")
        slightly = client.post(where, content=form(iter([b"x" * 100_001])), headers=kind)
        assert slightly.json()["error"]["code"] == "file_too_large"
        just = client.post(where, content=form(iter([b"x" * 100_000])), headers=kind)
        assert (just.status_code, just.json()["bytes"]) == (201, 100_000)
    assert {path.name for path in (narrow.home / "files").iterdir()} == {
        just.json()["id"], f"{just.json()['id']}.json",
    }  # fmt: skip


def test_a_client_that_leaves_in_the_middle_of_an_upload_leaves_nothing(
    still: Platform, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    head = "POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n"
    head += "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    with live(still) as address:
        where = urlsplit(address)
        with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
            connection.sendall(head.encode() + b"".join(form(iter([b"x" * 3_000_000])))[:-20])
            time.sleep(0.1)  # so that the service has begun to read
        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
    assert list((still.home / "files").iterdir()) == []
    assert still.store.files().rows == ()
    assert caplog.text == ""


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2_000), name=st.text(min_size=1, max_size=20))
def test_any_bytes_come_back_as_they_were(api: TestClient, content: bytes, name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        name = "half"
    sent = {"file": (name.replace("\0", "0"), content)}
    answer = api.post("/v1/files", data={"purpose": "user_data"}, files=sent)
    assert answer.status_code == 200, answer.text
    assert api.get(f"/v1/files/{answer.json()['id']}/content").content == content
