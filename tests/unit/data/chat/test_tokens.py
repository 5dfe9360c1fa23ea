"""Counting: the notebook's formula, exact where the vocabulary is there, honest where not."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.chat import tokens
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.data.chat.tokens import (
    TokenCounter,
    auto_epochs,
    count_conversation,
    counter,
    encoding_of,
    estimate,
)

CHARACTERS = TokenCounter("characters", True, len)
SHORT = Conversation((Message("user", "cde"), Message("assistant", "f")), "a.jsonl", 4)

# Sentences and what o200k_base makes of them, from the tests of jtokkit; not among the
# sentences that the estimate was fitted to.
O200K = {
    "Cuál es tu color favorito?": 6,
    "Qual é o teu desporto favorito?": 8,
    "Quel est ton livre préféré?": 6,
    "👉🏼🌍 Bienvenidos a la tierra! ¿Cómo te encuentras hoy? 😎🌺": 22,
    "👨🏼🦳¡Hola mundo! ¿Cómo estás? Espero que tengas un día maravilloso! 😎🌺": 26,
    "👋🏻 Hallo daar, hoe gaat het vandaag met je? 🌞🌷": 17,
    "🍔 Let's grab some food 🍟 and hang out 🎉": 13,
    "⚽ I love playing sports 🎾 especially tennis 🏸": 13,
    "📚 I'm currently reading a new book 📖 and it's so interesting 🤓": 16,
    "🏰 I love visiting castles 🏯 and learning about their history 📜": 16,
}


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4.1-2025-04-14.ft-b044", "o200k_base"),
        ("ft:gpt-4.1-mini-2025-04-14:me::x", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("our-own-probe", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-32k", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("ft:gpt-3.5-turbo-0125:me::x", "cl100k_base"),
        ("gpt-oss-20b", "o200k_harmony"),
    ],
)
def test_the_encoding_of_a_model(model: str, encoding: str) -> None:
    assert encoding_of(model) == encoding


def test_the_formula() -> None:
    assert count_conversation(SHORT, CHARACTERS) == (3 + 4 + 3) + (3 + 9 + 1) + 3
    named = Conversation((Message("user", "cde", name="Ana"), *SHORT.messages[1:]), "", 0)
    assert count_conversation(named, CHARACTERS) == 26 + 3 + 1
    tools = Conversation(SHORT.messages, "", 0, rest='{"tools": []}')
    assert count_conversation(tools, CHARACTERS) == 26 + len('{"tools": []}')


@pytest.mark.parametrize(
    ("examples", "epochs"),
    # 10 and 100 are real jobs (the reference on the protocol, section d).
    [(0, 25), (1, 25), (5, 20), (10, 10), (33, 3), (34, 3), (100, 3), (8_333, 3), (8_334, 2),
     (20_000, 1), (1_000_000, 1)],
)  # fmt: skip
def test_epochs_of_auto(examples: int, epochs: int) -> None:
    assert auto_epochs(examples) == epochs


@given(st.integers(1, 100_000))
def test_more_examples_never_mean_more_epochs(examples: int) -> None:
    assert 1 <= auto_epochs(examples + 1) <= auto_epochs(examples) <= 25


def test_an_estimate_cuts_what_is_too_long_and_names_it() -> None:
    long = Conversation((Message("user", "x" * 100), Message("assistant", "f")), "a.jsonl", 7)
    made = estimate(
        [SHORT, long, SHORT],
        CHARACTERS,
        epochs=2,
        price_per_million=3.0,
        most_tokens_per_example=50,
    )
    assert (made.examples, made.tokens, made.billed_tokens) == (3, 26 + 50 + 26, 204)
    assert made.cost == pytest.approx(204 * 3 / 1_000_000)
    assert (made.longest, made.longest_line) == (123, 7)
    assert "204 tokens" in made.in_words()
    assert "line 7" in made.in_words()
    assert "about" not in made.in_words()
    assert estimate([SHORT] * 10, CHARACTERS).epochs == 10
    assert estimate([SHORT], CHARACTERS).cost is None
    assert estimate([], CHARACTERS).tokens == 0


# ------------------------------------------------------------------ which counter


@pytest.fixture
def vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[http.server.ThreadingHTTPServer]:
    """A server with a vocabulary of single bytes, which tiktoken takes for o200k_base."""
    tiktoken = pytest.importorskip("tiktoken")
    from tiktoken import load, registry

    content = b"".join(b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.asked += 1  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/o200k_base.tiktoken"

    def construct() -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        ranks = load.load_tiktoken_bpe(server.address, digest)  # type: ignore[attr-defined]
        return {
            "name": "o200k_base", "pat_str": r"[\s\S]", "mergeable_ranks": ranks,
            "special_tokens": {"<|endoftext|>": 256},
        }  # fmt: skip

    server.address = address  # type: ignore[attr-defined]
    assert tiktoken.get_encoding
    monkeypatch.setattr(registry, "ENCODING_CONSTRUCTORS", {"o200k_base": construct})
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    tokens._counter.cache_clear()
    yield server
    tokens._counter.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_fetched_unasked(vocabulary: Any) -> None:
    found = counter("gpt-4o-mini")
    assert not found.exact
    assert "estimate" in found.name
    assert "about" in estimate([SHORT], found).in_words()
    assert vocabulary.asked == 0


def test_fetched_once_then_taken_from_the_cache(vocabulary: Any, tmp_path: Path) -> None:
    from tiktoken import registry

    found = counter("gpt-4o-mini", download=True)
    assert (found.exact, found.name) == (True, "o200k_base")
    assert found.count("ñ <|endoftext|>") == len("ñ <|endoftext|>".encode())
    assert vocabulary.asked == 1
    registry.ENCODINGS.clear()
    tokens._counter.cache_clear()
    assert counter("gpt-4o-mini").exact
    assert vocabulary.asked == 1


def test_a_damaged_vocabulary_is_not_used(vocabulary: Any, tmp_path: Path) -> None:
    cached = tmp_path / "cache" / hashlib.sha1(vocabulary.address.encode()).hexdigest()
    cached.parent.mkdir()
    cached.write_bytes(b"AA== 0\n")
    assert not counter("gpt-4o-mini").exact
    assert vocabulary.asked == 0


def test_a_silent_server_is_given_up(vocabulary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_SILENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        vocabulary.address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        assert not counter("gpt-4o-mini", download=True).exact


def test_without_tiktoken_there_is_an_estimate(
    vocabulary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tiktoken", None)
    assert not counter("gpt-4o-mini", download=True).exact


# ------------------------------------------------------------------ the estimate


def test_the_estimate_is_near_the_truth(vocabulary: Any) -> None:
    guess = counter("gpt-4o").count
    total, truth = sum(map(guess, O200K)), sum(O200K.values())
    assert abs(total - truth) / truth < 0.05
    assert all(abs(guess(text) - true) / true <= 0.25 for text, true in O200K.items())
    assert guess("") == 0


@given(st.text())
def test_the_estimate_is_never_absurd(text: str) -> None:
    count = tokens.guess_tokens(text)
    assert (count == 0) == (text == "")
    assert count <= max(1, len(text.encode("utf-8", "surrogatepass")))
