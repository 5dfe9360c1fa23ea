"""``aprendiz platform``: keys, the table of names, and the life of the service as a process."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("sqlalchemy")

from aprendiz.cli.platform import app
from aprendiz.errors import SettingsError
from aprendiz.platform.http import server
from aprendiz.platform.service import Platform
from aprendiz.settings import Settings
from tests.platforms import platform


def told(*arguments: object) -> str:
    """What the command answers on stdout."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_key_is_shown_once_listed_without_itself_and_revoked(tmp_path: Path) -> None:
    home = tmp_path / "platform"
    key = told("key", "new", "la tienda", "--home", home).strip()
    other = json.loads(told("key", "new", "other", "--home", home, "--json"))
    listed = told("key", "list", "--home", home)
    assert "la tienda" in listed and key not in listed and other["key"] not in listed
    records = json.loads(told("key", "list", "--home", home, "--json"))
    assert [record["name"] for record in records] == ["la tienda", "other"]
    assert records[1]["id"] == other["id"]

    keys = Platform(home, settings=Settings(_env_file=None)).keys
    assert keys.allows(key) and keys.allows(other["key"])
    told("key", "revoke", other["id"], "--home", home)
    assert keys.allows(key) and not keys.allows(other["key"])
    with pytest.raises(SettingsError, match="no key"):
        told("key", "revoke", other["id"], "--home", home)


def test_a_home_named_before_the_noun_counts_as_well(tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    told("--home", home, "key", "new", "a")
    assert "\ta\n" in told("--home", home, "key", "list")
    assert told("--home", tmp_path / "third", "key", "list") == ""
    assert told("--home", tmp_path / "third", "key", "list", "--home", home) != ""


def test_a_home_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"file: cannot be the platform's home"):
        told("key", "list", "--home", tmp_path / "file")


def test_the_table_of_names_is_shown_in_columns_and_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "models.yaml"
    name = "the-model-that-answers-our-customers"
    own.write_text(f"{name}: {{method: tfidf}}\n")
    monkeypatch.setenv("APRENDIZ_PLATFORM_MODELS", str(own))
    head, first, *rows = told("models").splitlines()
    assert first.split() == [name, "tfidf", "-"]  # one's own row is tried first
    assert {row.split()[0]: row.split()[1] for row in rows}["gpt-4o-mini"] == "finetune"
    column = head.index("learns here")
    assert all(row[column - 1] == " " and row[column] != " " for row in [first, *rows])
    table = json.loads(told("models", "--json"))
    assert len(table) == len(rows) + 1
    assert table[0] == {"name": name, "shown": "", "method": "tfidf", "base_model": ""}


def start(home: Path, host: str = "127.0.0.1", ready: Path | None = None, **settings: str) -> None:
    """Run the service in this process; only for starts that must fail."""
    chosen = Settings(_env_file=None, **settings)  # type: ignore[arg-type]
    server.run(home, host, 0, ready_file=ready, settings=chosen, say=lambda _: None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "a-name.invalid"])
def test_beyond_this_machine_nothing_is_served_without_a_key(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="no key yet") as refused:
        start(tmp_path / "platform", host)
    assert refused.value.exit_code == 2
    assert "aprendiz platform key new" in refused.value.hint


@pytest.mark.parametrize("made", ["in the settings", "by the command"])
def test_with_a_key_it_is_the_address_that_decides(tmp_path: Path, made: str) -> None:
    settings = {}
    if made == "in the settings":
        settings = {"platform_key": "sk-mine"}
    else:
        told("key", "new", "a", "--home", tmp_path / "platform")
    # 192.0.2.1 is nobody's address (RFC 5737): past the question of keys, it cannot be bound.
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1"):
        start(tmp_path / "platform", "192.0.2.1", **settings)


def test_a_ready_file_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        start(tmp_path / "platform", ready=tmp_path / "none" / "ready.json")
    assert not (tmp_path / "platform").exists()


def answers(url: str, key: str) -> bool:
    """Whether the service lets this key in."""
    request = urllib.request.Request(f"{url}/v1/models", headers={"api-key": key})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
            return True
    except urllib.error.HTTPError as error:
        assert error.code == 401
        return False


def test_the_service_is_started_killed_and_started_again(tmp_path: Path) -> None:
    home, ready = tmp_path / "platform", tmp_path / "platform.ready.json"
    command = [sys.executable, "-m", "aprendiz", "platform", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        said = ""
        while "Azure's clients" not in said:
            said += (line := first.stderr.readline())
            assert line, said
        first.send_signal(signal.SIGKILL)
    (key,) = set(re.findall(r"sk-aprendiz-[\w-]+", said))  # shown once, and in two examples

    with platform(home) as second:
        assert answers(second.url, key) and answers(second.url, second.key)
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        with pytest.raises(SettingsError, match="another aprendiz platform is running"):
            start(home, ready=ready)
        assert json.loads(ready.read_text())["key"] == second.key  # not touched by that one
        second.process.send_signal(signal.SIGKILL)
        second.process.wait()

    with platform(home) as third:
        assert answers(third.url, key) and answers(third.url, third.key)
        assert not answers(third.url, second.key)  # the killed one could not revoke it
    assert third.process.returncode == 0
    assert not ready.exists()
    store = Platform(home, settings=Settings(_env_file=None)).store
    assert [record.name for record in store.key_records()] == ["first"]
    assert "sk-aprendiz" not in (tmp_path / "platform.log").read_text()
