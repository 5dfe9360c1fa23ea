"""Common ground: no provider configured, a vendor to talk to, one training against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aprendiz import workflow
from aprendiz.artifact.result import TrainResult
from aprendiz.methods.managed import follow
from tests.conftest import EXAMPLES
from tests.unit.methods.managed.vendor import Vendor, piece

pytest.importorskip("openai")

_WORDS = {word: label for label, texts in EXAMPLES.items() for t in texts for word in t.split()}
CONFIGURED = (
    "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_VERSION",
    "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_OPENAI_RESOURCE",
    "AZURE_RESOURCE_MANAGER_ENDPOINT", "OPENAI_API_KEY", "OPENAI_BASE_URL",
    "FINE_TUNED_MODEL_DEPLOYMENT", "APRENDIZ_PLATFORM_KEY",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CONFIGURED:
        monkeypatch.delenv(name, raising=False)
    # The vendor of these tests is quick.
    monkeypatch.setattr(follow, "_FIRST_PAUSE", 0.01)


def reply(text: str) -> Any:
    """The label of the first word that the examples know."""
    for word in text.split():
        if word in _WORDS:
            return _WORDS[word], [piece(_WORDS[word], 0.8)]
    return "no idea"


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Vendor]]:
    """Starts a vendor with oddities and configures this machine for it."""
    with ExitStack() as stack:

        def start(kind: str = "openai", **oddities: Any) -> Vendor:
            started = stack.enter_context(Vendor(**{"reply": reply, **oddities}))
            if kind == "openai":
                monkeypatch.setenv("OPENAI_BASE_URL", f"{started.address}/v1")
                monkeypatch.setenv("OPENAI_API_KEY", "k")
            else:
                path = "/openai/v1" if kind == "azure-v1" else ""
                monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", started.address + path)
                monkeypatch.setenv("AZURE_OPENAI_KEY", "k")
            return started

        yield start


class Listening:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bars: list[tuple[str, int, int]] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, task: str, done: int, total: int) -> None:
        self.bars.append((task, done, total))


@pytest.fixture
def train(examples_file: Path, tmp_path: Path):
    """One managed training; without held-out rows, since most tests are about the job."""

    def run(
        tell: Listening | None = None, *, resume: bool = False, holdout: float = 0.0, **recipe: Any
    ) -> TrainResult:
        return workflow.train(
            examples_file,
            out=tmp_path / "m",
            recipe={"method": "managed", **recipe},
            holdout=holdout,
            resume=resume,
            observer=tell,
        )

    return run


@pytest.fixture
def left_behind(tmp_path: Path) -> Callable[[], list[Path]]:
    """What a training has left beside its goal."""
    return lambda: [*tmp_path.glob(".m*"), *tmp_path.glob("m")]
