"""``aprendiz serve`` with a language model that was really trained, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")
pytest.importorskip("peft")
pytest.importorskip("trl")

from openai import OpenAI

from aprendiz import load_chat_model, train
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Sampling
from tests.api.platform.sdk import openai
from tests.unit.platform.chats import wait_until

QUESTION = "what is 3 and 3?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, tiny_causal: Path) -> Path:
    """A model folder of ``lora``: sixteen sums learnt for a few steps."""
    place = tmp_path_factory.mktemp("served")
    rows = [
        {"instruction": f"what is {n} and {n}?", "response": f"{n} + {n} = {2 * n}"}
        for n in range(16)
    ]
    (place / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {"method": "lora", "base_model": str(tiny_causal), "epochs": 3, "learning_rate": 2e-3}
    train(place / "sums.jsonl", out=place / "sums", recipe=recipe, holdout=0.0, track=False)
    return place / "sums"


@contextmanager
def served(place: Path | str, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command, once it says where it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aprendiz", "serve", str(place), "--port", "0", *arguments],
        env=os.environ | {"APRENDIZ_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "/docs" in line:
                break
        yield said, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def address(said: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found is not None, said
    return found.group()


def test_the_sdk_hears_what_the_library_says_until_the_end(assistant: Path) -> None:
    model = load_chat_model(assistant)
    (reply,) = model.replies([[Message("user", QUESTION)]], Sampling(max_tokens=20))
    with served(assistant) as (said, process):
        assert "sums" in said and f"{model.context:,} tokens" in said
        url = address(said)
        client = openai(url, "none")
        (listed,) = client.models.list()
        assert listed.id == "sums"
        asked: dict[str, Any] = {
            "model": listed.id, "messages": [{"role": "user", "content": QUESTION}],
            "max_completion_tokens": 20,
        }  # fmt: skip
        plain = client.chat.completions.create(**asked)
        assert plain.choices[0].message.content == reply.text
        assert plain.choices[0].finish_reason == reply.finish_reason
        assert plain.usage is not None
        assert plain.usage.prompt_tokens == reply.prompt_tokens
        assert plain.usage.completion_tokens == reply.completion_tokens
        pieces = [
            chunk.choices[0].delta.content or ""
            for chunk in client.chat.completions.create(**asked, stream=True)
        ]
        assert "".join(pieces) == reply.text
        _draws(client, asked)
        _says_its_own_example(said)
        _ends_well(client, process)


def _draws(client: OpenAI, asked: dict[str, Any]) -> None:
    drawn = [
        client.chat.completions.create(**asked, temperature=1.5, seed=seed).choices[0].message
        for seed in (1, 1, 2)
    ]
    assert drawn[0].content == drawn[1].content != drawn[2].content


def _says_its_own_example(said: str) -> None:
    """The curl line that is printed is one that works."""
    line = next(line for line in said.splitlines() if line.startswith("try it: "))
    done = subprocess.run(
        line.removeprefix("try it: ").replace("curl ", "curl -s --noproxy '*' ", 1),
        shell=True, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["object"] == "chat.completion"


def _ends_well(client: OpenAI, process: subprocess.Popen[str]) -> None:
    """SIGTERM in the middle of an answer lets it come to its end."""
    stream = client.chat.completions.create(
        model="sums", messages=[{"role": "user", "content": "go on"}], stream=True,
        max_tokens=120, temperature=2, seed=5, stream_options={"include_usage": True},
    )  # fmt: skip
    first = next(stream)
    process.send_signal(signal.SIGTERM)
    rest = list(stream)
    assert first.id == rest[-1].id
    assert rest[-1].usage is not None and rest[-2].choices[0].finish_reason is not None
    assert process.wait(120) == 0


def test_plain_uvicorn_serves_a_whole_model(tiny_causal: Path) -> None:
    import httpx

    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "aprendiz.serving.chat_app:app", "--port", "0"],
        env=os.environ | {"APRENDIZ_MODEL": str(tiny_causal), "APRENDIZ_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        url = next(address(line) for line in process.stderr if "running on" in line)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            wait_until(lambda: client.get("/health").status_code == 200, "the model")
            assert client.get("/v1/models").json()["data"][0]["id"] == tiny_causal.name
    finally:
        process.terminate()
        process.wait(30)


def test_what_cannot_be_served_ends_in_words(assistant: Path, tmp_path: Path) -> None:
    with served(assistant, "--threshold", "0.5") as (said, process):
        assert process.wait(120) == 2
        assert "no threshold" in said
    with served(tmp_path / "none.gguf") as (said, process):
        assert process.wait(120) == 2
        assert "none.gguf" in said
