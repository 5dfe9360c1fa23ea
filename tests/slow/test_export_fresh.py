"""Show 2: an adapter, reloaded in a fresh process, merged, as a GGUF and read back, says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("peft")
pytest.importorskip("gguf")

from aprendiz.assistants.export_prompts import built_in
from aprendiz.assistants.load import load_chat_model
from aprendiz.interfaces import Sampling
from aprendiz.neural.causal import base as bases
from tests.unit.neural.gguf import models

GREEDY = Sampling(max_tokens=48)

EXPORT = """
import sys
from aprendiz.assistants.export import export
done = export(sys.argv[1], "gguf", sys.argv[2], dtype="f32")
print(done.parity.identical)
"""
READ_BACK = """
import json, sys
from aprendiz.assistants.export_prompts import built_in
from aprendiz.assistants.gguf import load_model_from_gguf
from aprendiz.interfaces import Sampling
model = load_model_from_gguf(sys.argv[1], engine=sys.argv[2])
replies = model.replies(built_in(), Sampling(max_tokens=48))
print(json.dumps([reply.text for reply in replies]))
"""


def fresh(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return done.stdout


@pytest.fixture(params=["random", "maths-tiny"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "maths-tiny":
        base = bases.BASES / bases.MATHS_TINY
    else:
        tokenizer = models.digit_tokenizer()
        base = models.save(models.network("llama", tokenizer), tokenizer, tmp_path / "base")
    return models.adapter(base, tmp_path / "sums")


def test_a_hundred_greedy_replies_are_the_same(adapter: Path, tmp_path: Path) -> None:
    expected = [
        reply.text for reply in load_chat_model(adapter, device="cpu").replies(built_in(), GREEDY)
    ]
    assert fresh(EXPORT, adapter, tmp_path / "a.gguf").strip() == "100"
    assert json.loads(fresh(READ_BACK, tmp_path / "a.gguf", "transformers")) == expected
    assert len(set(expected)) > 10  # not one reply a hundred times
