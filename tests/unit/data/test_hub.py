"""Hub addresses, the hub out of reach, and what becomes of class numbers."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from aprendiz.data import hub
from aprendiz.data.read import read_examples
from aprendiz.errors import MissingExtra, ProviderError


class FakeRows:
    """As much of ``datasets.Dataset`` as is used."""

    column_names = ("text", "label")
    features: ClassVar = {
        "text": SimpleNamespace(),
        "label": SimpleNamespace(names=["world", "sports"]),
    }

    def __len__(self) -> int:
        return 3

    def __getitem__(self, name: str) -> list[object]:
        return {"text": ["one", "two", ""], "label": [1, 0, 1]}[name]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Put a stand-in for ``datasets`` in place; gives the calls made to it."""
    calls: list[tuple[Any, ...]] = []
    library = ModuleType("datasets")
    library.__spec__ = SimpleNamespace()  # type: ignore[assignment]

    def load_dataset(name: str, config: str | None, split: str, token: str | None) -> FakeRows:
        calls.append((name, config, split, token))
        if split == "nowhere":
            raise ValueError('Unknown split "nowhere".\nShould be one of [...]')
        return FakeRows()

    library.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", library)
    monkeypatch.setattr(hub, "reachable", lambda endpoint: True)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return calls


def test_class_numbers_become_names_and_rows_are_numbered(asked: list[Any]) -> None:
    reading = read_examples("hf://fancyzhx/ag_news:train")
    assert [(row.text, row.label, row.line) for row in reading.examples] == [
        ("one", "sports", 1),
        ("two", "world", 2),
    ]
    assert [(found.kind, found.line) for found in reading.findings] == [("empty_text", 3)]
    assert (reading.format, reading.text_column, reading.rows) == ("hub", "text", 3)
    assert asked == [("fancyzhx/ag_news", None, "train", None)]


def test_configuration_slice_and_token(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    read_examples("hf://a/b/plus:train[:10%]")
    assert asked == [("a/b", "plus", "train[:10%]", "secret")]


def test_what_the_hub_refuses_is_said_in_one_line(asked: list[Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        read_examples("hf://a/b:nowhere")
    assert 'Unknown split "nowhere".' in caught.value.message
    assert "Should" not in caught.value.message


@pytest.mark.parametrize(
    "address", ["hf://", "hf://ag_news", "hf://a/b", "hf://a/b/c/d:e", "hf://a/b:"]
)
def test_address_of_another_form(address: str) -> None:
    (found,) = read_examples(address).findings
    assert found.kind == "bad_address"
    assert "hf://owner/name:split" in found.hint


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    monkeypatch.setattr(hub, "_cached", lambda name: False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("nothing_cached")
def test_hub_out_of_reach_names_the_offline_way(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port}")
    with pytest.raises(ProviderError) as caught:
        read_examples("hf://a/b:train")
    assert f"127.0.0.1:{closed_port} does not answer" in caught.value.message
    assert "local file" in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.usefixtures("nothing_cached")
def test_offline_by_choice_never_knocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def knock(endpoint: str) -> bool:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr(hub, "reachable", knock)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ProviderError, match="HF_HUB_OFFLINE is set"):
        read_examples("hf://a/b:train")


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="datasets"):
        read_examples("hf://a/b:train")


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


@pytest.mark.usefixtures("nothing_cached")
def test_reachable(listener: int, closed_port: int) -> None:
    assert hub.reachable(f"http://127.0.0.1:{listener}")
    assert not hub.reachable(f"http://127.0.0.1:{closed_port}")


@pytest.mark.usefixtures("nothing_cached")
def test_behind_a_proxy_the_proxy_is_asked(
    monkeypatch: pytest.MonkeyPatch, listener: int, closed_port: int
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert hub.reachable(f"https://hub.invalid:{closed_port}")


@pytest.mark.usefixtures("nothing_cached")
def test_slow_name_lookup_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def connect(*_: object, **__: object) -> socket.socket:
        released.wait(30)
        return socket.socket()  # whoever waits for it will find that it is there

    monkeypatch.setattr(socket, "create_connection", connect)
    assert not hub.reachable("http://hub.invalid", patience=0.05)
    released.set()
