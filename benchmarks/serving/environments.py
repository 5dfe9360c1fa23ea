"""The peers' own virtual environments: made when first needed, never mixed with the project's.

Nothing is shared between them: Ray and BentoML want different OpenTelemetry packages and do not
start beside each other. The runtime and the tokenizer are the same versions everywhere, those of
``requirements.lock``; what differs is the server.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = "project"

_MODEL = ("numpy==2.4.6", "onnxruntime==1.31.1", "tokenizers==0.23.3")

# What each environment has, at the versions that the published table was made with.
PACKAGES = {
    "litserve": ("litserve==0.2.19", *_MODEL),
    "bentoml": ("bentoml==1.4.39", *_MODEL),
    "mlflow": ("mlflow==3.17.2", *_MODEL),
    "ray": ("ray[serve]==2.60.0", *_MODEL),
}

_TRIES = 3


class CannotInstall(Exception):
    """An environment could not be made; says why. All of pip's words are in its ``pip.log``."""


def python_of(name: str, work: Path) -> Path:
    """The interpreter of an environment, which is made if it is not there.

    Raises:
        CannotInstall: pip failed three times.
    """
    if name == PROJECT:
        return Path(sys.executable)
    place = work / "environments" / name
    interpreter, ready = place / "bin" / "python", place / "ready"
    wanted = "\n".join(PACKAGES[name])
    if ready.is_file() and ready.read_text(encoding="utf-8") == wanted:
        return interpreter
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    print(f"making the environment {name} (a minute or two) ...", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    _install(interpreter, PACKAGES[name], place / "pip.log")
    ready.write_text(wanted, encoding="utf-8")
    return interpreter


def versions(interpreter: Path) -> dict[str, str]:
    """Every package of an environment that a table should name, with its version."""
    code = (
        "import json, importlib.metadata as m\n"
        "found = {(d.metadata['Name'] or '').lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run(
        [str(interpreter), "-I", "-c", code], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return {name: found[name] for name in _NAMED if name in found}


_NAMED = (
    "aprendiz", "litserve", "bentoml", "mlflow", "ray", "fastapi", "starlette", "uvicorn",
    "onnxruntime", "openvino", "torch", "transformers", "tokenizers",
)  # fmt: skip


def _install(interpreter: Path, packages: tuple[str, ...], log: Path) -> None:
    command = [
        str(interpreter), "-m", "pip", "--disable-pip-version-check", "--no-input",
        "install", "--quiet", *packages,
    ]  # fmt: skip
    for attempt in range(_TRIES):
        with log.open("ab") as stream:
            if subprocess.run(command, stdout=stream, stderr=stream).returncode == 0:
                return
        if "No matching distribution" in log.read_text(encoding="utf-8", errors="replace"):
            break  # the registry has said no
        time.sleep(5 * 2**attempt)  # a registry that is briefly away
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    reason = next((line for line in reversed(words) if "ERROR" in line), "no reason given")
    raise CannotInstall(f"pip could not install {packages[0]} ({reason})")
