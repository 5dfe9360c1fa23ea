"""The Dockerfile, the systemd unit and their page say what the program does.

No container engine and no systemd run here. What can be held to the code is: every setting and
option exists, what is copied is there, the health check tells a ready server from a missing
one, stopping has the time that the server takes. Where ``systemd-analyze`` is installed, it reads
the unit as well.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer

from aprendiz import errors
from aprendiz.cli.main import app
from aprendiz.serving import server
from aprendiz.serving.door import PUBLIC
from aprendiz.settings import Settings, get_settings, variable_of
from tests.crash.serving import serving

ROOT = Path(__file__).resolve().parents[3]
DEPLOY, PAGE = ROOT / "deploy", ROOT / "docs" / "how-to" / "deploy.md"

OF_OTHERS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "ORT_DISABLE_TELEMETRY"}
OURS = {variable_of(field) for field in Settings.model_fields}

Instruction = tuple[str, str]


def instructions(text: str) -> list[Instruction]:
    """Each instruction of a Dockerfile, comments left out and lines put together."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    pairs = (line.split(None, 1) for line in whole.splitlines())
    return [(word.upper(), rest.strip()) for word, rest in pairs]


def stages() -> list[list[Instruction]]:
    """The Dockerfile, cut before each FROM."""
    found: list[list[Instruction]] = []
    for instruction in instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8")):
        if instruction[0] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def last_stage() -> dict[str, list[str]]:
    """Instructions of what is shipped, by word."""
    by_word: dict[str, list[str]] = {}
    for word, rest in stages()[-1]:
        by_word.setdefault(word, []).append(rest)
    return by_word


def container_settings() -> dict[str, str]:
    """What the image sets in its environment."""
    (line,) = last_stage()["ENV"]
    return dict(pair.split("=", 1) for pair in shlex.split(line))


def unit(name: str = "Service") -> dict[str, list[str]]:
    """A section of the unit: each name with its values, in their order."""
    text = (DEPLOY / "aprendiz.service").read_text(encoding="utf-8")
    section = text.split(f"[{name}]", 1)[1].split("\n[", 1)[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line.strip() and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def unit_settings() -> dict[str, str]:
    """What the unit sets in the environment."""
    return dict(value.split("=", 1) for value in unit()["Environment"])


def accepts(arguments: list[str]) -> None:
    """Have the command line read a command without carrying it out; it raises if it cannot."""
    group = typer.main.get_command(app)
    above = group.make_context("aprendiz", [arguments[0], "--help"], resilient_parsing=True)
    command = group.get_command(above, arguments[0])  # type: ignore[attr-defined]
    assert command is not None, f"there is no command {arguments[0]}"
    command.make_context(arguments[0], list(arguments[1:]), parent=above)


@pytest.mark.parametrize("settings", [container_settings(), unit_settings()], ids=["image", "unit"])
def test_every_setting_exists_and_has_a_value_that_can_be_used(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.keys() <= OURS | OF_OTHERS
    assert {"APRENDIZ_MODEL", "APRENDIZ_HOST", "APRENDIZ_PORT", "APRENDIZ_SERVE_KEYS"} <= (
        settings.keys()
    )
    for name in OURS & settings.keys():
        monkeypatch.setenv(name, settings[name])
    found = get_settings()
    assert str(found.model) == settings["APRENDIZ_MODEL"]
    assert found.port == int(settings["APRENDIZ_PORT"])
    assert str(found.serve_keys_file) == settings["APRENDIZ_SERVE_KEYS"]


def test_what_is_started_is_a_command_of_ours() -> None:
    (entry,), (arguments,) = last_stage()["ENTRYPOINT"], last_stage()["CMD"]
    program, *rest = [*json.loads(entry), *json.loads(arguments)]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert program in scripts
    accepts(rest)
    program, *rest = shlex.split(unit()["ExecStart"][0])
    assert Path(program).name in scripts
    accepts(rest)
    with pytest.raises(Exception, match="no-such-option"):  # or accepts() would take anything
        accepts(["serve", "--no-such-option"])


def test_what_is_built_from_is_there_and_is_sent_to_the_build() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = [
        source for word, rest in stages()[0] if word == "COPY" for source in shlex.split(rest)[:-1]
    ]
    assert "*" in ignored
    assert set(copied) == let_in
    for source in copied:
        assert (ROOT / source).exists(), source
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {project["readme"], *project["license-files"], "pyproject.toml", "src"} <= set(copied)


def test_the_image_gets_the_light_installation_of_the_lock() -> None:
    built = " ".join(rest for word, rest in stages()[0] if word == "RUN")
    assert "--constraint requirements.lock" in built
    assert '".${EXTRAS:+[$EXTRAS]}"' in built
    assert ("ARG", 'EXTRAS=""') in stages()[0]  # no extra unless it is asked for
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    heavy = {"torch", "transformers", "scikit-learn", "mlflow"}
    light = {re.split(r"[\[<>=; ]", each)[0] for each in project["dependencies"]}
    assert not light & heavy
    for extra in ("openvino", "trace"):  # those that the Dockerfile and the page name
        assert extra in project["optional-dependencies"]
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert {base for word, base in instructions(text) if word == "FROM"} == {
        "python:3.11-slim AS build",
        "python:3.11-slim",
    }


def test_the_image_runs_as_nobody_and_stops_as_the_server_does() -> None:
    shipped = last_stage()
    user, group = shipped["USER"][0].split(":")
    assert int(user) > 0 and int(group) > 0
    assert f"--uid {user}" in shipped["RUN"][0] and f"--gid {group}" in shipped["RUN"][0]
    assert shipped["STOPSIGNAL"] == ["SIGTERM"]
    assert shipped["EXPOSE"] == [container_settings()["APRENDIZ_PORT"]]
    assert not any("pip" in line for line in shipped["RUN"])
    assert "VOLUME" not in shipped  # a forgotten mount would become an empty, writable model


def test_the_health_check_tells_a_ready_server_from_none() -> None:
    (line,) = last_stage()["HEALTHCHECK"]
    command = json.loads(line.split("CMD", 1)[1])
    assert command[0] == "python"
    path = re.search(r"(/\w+)\\?\"", command[2])
    assert path is not None and path[1] in PUBLIC  # it brings no key
    with serving("tests.api.keyword_model", "0.001") as running:
        assert _health(command, running.port) == 0
    assert _health(command, running.port) != 0


def _health(command: list[str], port: int) -> int:
    environment = {**os.environ, "APRENDIZ_PORT": str(port)}
    done = subprocess.run(
        [sys.executable, *command[1:]], env=environment, stderr=subprocess.DEVNULL, timeout=30
    )
    return done.returncode


def test_stopping_has_as_long_as_the_server_takes() -> None:
    longest = server.DRAIN_SECONDS + server.SETTLE_SECONDS + server.FINISH_SECONDS
    given = [int(unit()["TimeoutStopSec"][0])]
    for file in (DEPLOY / "Dockerfile", PAGE):
        text = file.read_text(encoding="utf-8")
        given += [int(found) for found in re.findall(r"docker stop -t (\d+)", text)]
        given += [
            int(found)
            for found in re.findall(r"(?:stop_grace_period|GracePeriodSeconds): (\d+)", text)
        ]
    assert len(given) >= 5
    assert min(given) > longest + 2
    assert unit()["KillSignal"] == ["SIGTERM"]


def test_the_unit_reloads_and_restarts_as_the_program_means_it() -> None:
    service = unit()
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["Type"] == ["exec"]  # the server does not notify systemd
    assert not any(
        "NOTIFY_SOCKET" in file.read_text(encoding="utf-8")
        for file in (ROOT / "src" / "aprendiz" / "serving").glob("*.py")
    )
    codes = {int(code) for code in service["RestartPreventExitStatus"][0].split()}
    assert codes == {errors.SettingsError.exit_code, errors.MissingExtra.exit_code}
    assert errors.ModelFolderError.exit_code in codes
    assert service["DynamicUser"] == ["yes"] and service["ProtectSystem"] == ["strict"]
    # The engine reads it to learn what the processor can do; see neural/engine/cpu.py.
    assert "ProcSubset" not in service


def test_the_page_names_settings_options_and_files_that_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"APRENDIZ_[A-Z_]+", text))
    assert named and named <= OURS
    for command in re.findall(r"(?:bin/)?aprendiz ((?:serve|export|doctor)[^`\n;]*)", text):
        accepts([word for word in shlex.split(command) if word != "…"])
    for command in re.findall(r"`(serve [^`]*)`", text):
        accepts(shlex.split(command))
    for file in re.findall(r"deploy/[\w.]+", text):
        assert (ROOT / file).is_file(), file
    for path in re.findall(r"path: (/\w+)", text):
        assert path in PUBLIC
    mounted = set(re.findall(r"dst=([^,\s]+)", text))
    assert mounted == {
        container_settings()["APRENDIZ_MODEL"], container_settings()["APRENDIZ_SERVE_KEYS"]
    }  # fmt: skip
    for path in re.findall(r"/(?:etc|srv)/aprendiz/[\w.]+", text):
        assert any(path in value for values in unit().values() for value in values), path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_unit_and_calls_it_safe(tmp_path: Path) -> None:
    text = (DEPLOY / "aprendiz.service").read_text(encoding="utf-8")
    there = tmp_path / "aprendiz.service"
    there.write_text(text.replace("/opt/aprendiz/bin/aprendiz", "/usr/bin/env"))
    found = subprocess.run(
        ["systemd-analyze", "verify", str(there)], capture_output=True, text=True, timeout=60
    )
    assert (found.returncode, found.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(there)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if "nrecognized option" in judged.stderr:
        pytest.skip("this systemd-analyze cannot judge a file")
    assert judged.returncode == 0, judged.stdout[-300:]


def test_what_is_ignored_would_have_been_a_leak() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (".env", ".git", "serve.keys", "mlflow.db"):
        assert any(fnmatch(name, line) for line in ignored if line[0] not in "!#")
        assert f"!{name}" not in ignored
