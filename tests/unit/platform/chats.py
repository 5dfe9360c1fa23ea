"""Chat files for the platform's tests, and waiting for a job."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from aprendiz.platform.records import ENDED, EventRecord, FileRecord, JobRecord
from aprendiz.platform.service import Platform
from aprendiz.platform.store.store import Store
from tests.conftest import EXAMPLES

_PATIENCE = 120.0


def chat(text: str, answer: str) -> str:
    """One line of a chat file."""
    turns = [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}, ensure_ascii=False) + "\n"


def lines(examples: Mapping[str, Iterable[str]] = EXAMPLES) -> str:
    """Labelled texts as a chat file."""
    return "".join(chat(text, label) for label, texts in examples.items() for text in texts)


def held_out() -> str:
    """Six conversations that differ from the examples by a word."""
    return lines({label: [f"{text} today" for text in EXAMPLES[label][:2]] for label in EXAMPLES})


def send(
    platform: Platform, text: str | bytes, name: str = "train.jsonl", purpose: str = "fine-tune"
) -> FileRecord:
    """Give the platform a file."""
    content = text.encode() if isinstance(text, str) else text
    return platform.files.receive(io.BytesIO(content), name, purpose)


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Look often until something is so; a test that waits in vain fails by name."""
    deadline = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.03)


def ended(store: Store, job: str) -> JobRecord:
    """The job once it has ended."""
    wait_until(lambda: store.job(job).status in ENDED, f"the end of {job}")
    return store.job(job)


def events(store: Store, job: str) -> list[EventRecord]:
    """Every event of a job, oldest first."""
    return list(reversed(store.events(job, limit=10_000).rows))


def messages(store: Store, job: str) -> list[str]:
    """What a job has said, oldest first."""
    return [event.message for event in events(store, job)]


def hashes(model: Path) -> dict[str, str]:
    """SHA-256 of every file of a model folder that its weights and answers depend on."""
    files = json.loads((model / "manifest.json").read_text())["files"]
    return {
        name: entry["sha256"]
        for name, entry in files.items()
        if name.endswith((".safetensors", ".pt", ".npz", "head.json", "calibration.json"))
    }
