"""The peers' own virtual environments: made when first needed, never mixed with the project's.

Torch goes in first and alone, for met as a dependency it may come as another build, with
gigabytes of GPU libraries. Nothing is shared between environments: two peers that want
different transformers would each be measured with a library that is not theirs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

TORCH = "torch==2.13.0"

# What each environment has beside torch, at the versions that the published table was made with.
PACKAGES = {
    "setfit": ("setfit==1.2.0", "sentence-transformers==6.2.0", "transformers==5.23.0"),
    "autointent": ("autointent[sentence-transformers]==0.4.0", "transformers==4.57.6"),
    "huggingface": (
        "accelerate==1.15.0",
        "scikit-learn==1.9.1",
        "sentence-transformers==6.2.0",
        "transformers==5.23.0",
    ),
}

_TRIES = 3


def python_of(name: str, work: Path) -> Path:
    """The interpreter of an environment, which is made if it is not there.

    Raises:
        SystemExit: pip failed three times; its words stand in the log that is named.
    """
    if name == "project":
        return Path(sys.executable)
    place = work / "environments" / name
    interpreter, ready = place / "bin" / "python", place / "ready"
    if ready.is_file():
        return interpreter
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    print(f"making the environment {name} (a minute or two) ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    for packages in ((TORCH,), PACKAGES[name]):
        _install(interpreter, packages, place / "pip.log")
    ready.touch()
    return interpreter


def _install(interpreter: Path, packages: tuple[str, ...], log: Path) -> None:
    command = [
        str(interpreter), "-m", "pip", "--disable-pip-version-check", "--no-input",
        "install", "--quiet", *packages,
    ]  # fmt: skip
    for attempt in range(_TRIES):
        with log.open("ab") as stream:
            done = subprocess.run(command, stdout=stream, stderr=stream)
        if done.returncode == 0:
            return
        time.sleep(5 * 2**attempt)  # a registry that is briefly away
    raise SystemExit(f"pip could not install {' '.join(packages)}: see {log}")
