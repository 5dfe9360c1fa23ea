"""The process: what it says at start, what it refuses, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aprendiz.errors import SettingsError
from aprendiz.serving.server import bind, serve
from aprendiz.settings import Settings
from tests.api.keyword_model import KeywordModel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_taken_port_is_refused_with_a_way_out(taken: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        serve(
            tmp_path,
            "127.0.0.1",
            taken,
            settings=Settings(_env_file=None),
            load=lambda folder: KeywordModel(),
        )
    assert str(taken) in caught.value.message
    assert "--port" in caught.value.hint


def test_notes_that_cannot_be_written_are_refused_before_it_listens(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(_env_file=None, serve_feedback=tmp_path / "file" / "feedback.jsonl")
    said: list[str] = []
    with pytest.raises(SettingsError) as caught:
        serve(
            tmp_path,
            "127.0.0.1",
            0,
            settings=settings,
            load=lambda folder: KeywordModel(),
            say=said.append,
        )
    assert "feedback.jsonl" in caught.value.message
    assert "APRENDIZ_SERVE_FEEDBACK" in caught.value.hint
    assert said == []


@pytest.mark.parametrize("host", ["203.0.113.1", "not a host", "a" * 300])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(SettingsError):
        bind(host, 0)


def _start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(process: subprocess.Popen[str], word: str) -> str:
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if word in line:
            return said
    raise AssertionError(f"{word!r} was never said:\n{said}")


def test_it_says_where_it_is_and_its_curl_line_works() -> None:
    process = _start("-m", "tests.api.keyword_model")
    try:
        said = _until(process, "/docs")
        for wanted in ("keywords", "0123456789ab", "0.50"):
            assert wanted in said
        curl = re.search(r"curl (\S+) -H '([^']+): ([^']+)' -d '([^']+)'", said)
        assert curl is not None, said
        url, name, value, body = curl.groups()
        assert not url.startswith("http://127.0.0.1:0/")
        answer = httpx.post(url, headers={name: value}, content=body)
        assert answer.status_code == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_model_that_cannot_be_loaded_ends_the_process() -> None:
    process = _start("-m", "tests.api.keyword_model", "0", "-0.3")
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "the folder is damaged" in said


def test_a_stop_while_loading_is_heard() -> None:
    process = _start("-m", "tests.api.keyword_model", "0", "2")
    _until(process, "loading")
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "ready" not in said


@pytest.mark.parametrize("how", ["anyone", "key"])
def test_other_machines_are_let_in_on_purpose_only(how: str, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from aprendiz.serving.server import serve\n"
        "from aprendiz.settings import Settings; from tests.api.keyword_model import KeywordModel\n"
        f"serve(Path('.'), '0.0.0.0', 0, settings=Settings(_env_file=None), anyone={how == 'anyone'},"
        " load=lambda folder: KeywordModel(), say=lambda line: print(line, file=sys.stderr),"
        " drain_seconds=0)"
    )
    environment = {} if how == "anyone" else {"APRENDIZ_SERVE_KEY": "open-sesame"}
    process = _start("-c", script, **environment)
    try:
        said = _until(process, "/docs")
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert ("asks for no key" in said) is (how == "anyone")
    assert ("YOUR-KEY" in said) is (how == "key")
    assert "open-sesame" not in said
    assert "curl http://127.0.0.1:" in said


@pytest.mark.parametrize(
    ("folder", "code"), [(None, 3), ("no/such/folder", 3), ("empty", 2)], ids=str
)
def test_plain_uvicorn_without_a_usable_model_ends_clearly(
    folder: str | None, code: int, tmp_path: Path
) -> None:
    """3 is uvicorn's own code for a failed start, 2 ours for a damaged folder found later."""
    (tmp_path / "empty").mkdir()
    process = _start(
        *("-m", "uvicorn", "aprendiz.serving.app:app", "--port", "0"),
        **({"APRENDIZ_MODEL": str(tmp_path / folder)} if folder else {}),
    )
    _, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "model folder" in said or "manifest" in said
    assert code == 3 or "Traceback" not in said


def test_importing_the_app_reads_no_setting_and_no_heavy_library() -> None:
    script = (
        "import sys, aprendiz.serving.app as a; assert a.app.title == 'aprendiz';"
        "print([m for m in ('torch', 'sklearn', 'transformers', 'mlflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"APRENDIZ_PORT": "not a number", "APRENDIZ_MODEL": "no/such"},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
