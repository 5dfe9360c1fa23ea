"""The official Node client does the core of fine-tuning against a real platform.

``tests/slow/node/core.mjs`` makes the assertions about what the client sees; here its result is
held against the platform itself, asked without any client library.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.platforms import Running, platform

pytest.importorskip("torch")
pytest.importorskip("sqlalchemy")
SCRIPT = Path(__file__).parent / "node" / "core.mjs"
pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="no node and npm on this machine"
)


@pytest.fixture
def node_folder(tmp_path: Path) -> Path:
    """A folder with the script and the npm package ``openai`` (its scripts are not run)."""
    folder = tmp_path / "node"
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "openai@6"]
    try:
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm install openai did not end: no way to the npm registry")
    if told.returncode:
        pytest.skip(f"npm install openai: {told.stderr.strip()[-300:]}")
    shutil.copy(SCRIPT, folder)
    return folder


def test_node_client_trains_follows_and_chats(
    node_folder: Path, tmp_path: Path, tiny_encoder: Path
) -> None:
    training = write_conversations(tmp_path / "training.jsonl")
    with platform(tmp_path / "home") as running:
        done = subprocess.run(
            ["node", "core.mjs", str(training), f"finetune:{tiny_encoder}"],
            cwd=node_folder,
            env={**os.environ, **running.openai},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        told = json.loads(done.stdout.splitlines()[-1])
        job = ask(running, f"fine_tuning/jobs/{told['job']}")
        assert (job["status"], job["fine_tuned_model"]) == ("succeeded", told["model"])
        events = ask(running, f"fine_tuning/jobs/{told['job']}/events?limit=1000")
        assert (len(events["data"]), events["has_more"]) == (told["events"], False)
        assert ask(running, "files?purpose=fine-tune")["data"] == []  # it deleted what it sent


def write_conversations(path: Path) -> Path:
    """The house's thirty examples as chat JSONL."""
    lines = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
        for label, texts in EXAMPLES.items()
        for text in texts
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def ask(running: Running, path: str) -> dict:
    """A GET without any client library, past any proxy."""
    request = urllib.request.Request(
        f"{running.url}/v1/{path}", headers={"Authorization": f"Bearer {running.key}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read())
