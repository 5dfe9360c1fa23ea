"""A server that may do next to nothing: not root, no capability, a read-only model, no network.

As the container of ``deploy/Dockerfile`` runs it, as far as that can be had without an engine: a
network namespace of its own, whose only interface is the loopback, and a user who owns nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
CONFINED = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs",
]  # fmt: skip

# Begins as root in a namespace without network, brings up the loopback, which needs root, and is
# the server's parent and client: from outside nobody could reach it.
INSIDE = """
import fcntl, json, os, re, signal, socket, struct, subprocess, sys, urllib.request

flags, up_and_running = 0x8914, 0x41  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, flags, struct.pack("16sh14x", b"lo", up_and_running))
server = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
said = ""
for line in server.stderr:
    said += line
    if found := re.search(r"(http://127\\S+)/docs", line):
        break
else:
    sys.exit(said)
of = f"/proc/{server.pid}"
status = dict(line.split(":", 1) for line in open(of + "/status"))
request = urllib.request.Request(
    found[1] + "/classify",
    json.dumps({"text": "please refund my payment"}).encode(),
    {"Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=60) as answer:
    intent = json.load(answer)["intent"]
told = {
    "intent": intent,
    "users": sorted(set(status["Uid"].split())),
    "capabilities": int(status["CapEff"], 16),
    "interfaces": [line.split(":")[0].strip() for line in open(of + "/net/dev") if ":" in line],
}
server.send_signal(signal.SIGTERM)
server.communicate(timeout=60)
print(json.dumps(told | {"code": server.returncode}))
"""


def require_confinement() -> None:
    """Skip where a process cannot be confined so, or the other user could read nothing of ours."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root of a Linux machine can make a network namespace")
    if not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("there is no unshare or no setpriv on this machine")
    command = ["unshare", "--net", *CONFINED, sys.executable, "-c", "import aprendiz.cli.main"]
    tried = subprocess.run(command, cwd="/", capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"this machine does not confine a process: {tried.stderr.strip()[-200:]}")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter; those that pytest makes are their owner's alone."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


def test_it_serves_without_root_without_network_and_writes_nothing(
    examples_file: Path, tmp_path: Path, place: Path
) -> None:
    pytest.importorskip("sklearn")
    require_confinement()
    from aprendiz import workflow

    trained = workflow.train(examples_file, out=tmp_path / "model", method="tfidf", track=False)
    assert trained.folder is not None
    folder = shutil.copytree(trained.folder, place / "model")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    place.chmod(0o555)
    before = sorted(place.rglob("*"))
    serve = [sys.executable, "-m", "aprendiz", "serve", str(folder), "--port", "0"]
    ended = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", INSIDE, *CONFINED, *serve],
        cwd=place, capture_output=True, text=True, timeout=120,
        env=os.environ | {"APRENDIZ_HOME": "/nonexistent", "HOME": "/nonexistent"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "intent": "refund",
        "users": [str(NOBODY)],
        "capabilities": 0,
        "interfaces": ["lo"],
        "code": 0,
    }
    assert sorted(place.rglob("*")) == before
