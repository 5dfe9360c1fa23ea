"""Show 5: Karpathy's stories260K as a GGUF says its published sample word for word.

The sample stands in `doc/stories260K.md` of karpathy/llama2.c, and its first 200 tokens are
what that repository's `test_all.py` expects of `run.c`: 256 tokens drawn greedily from
nothing but the token that begins a text.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from aprendiz.assistants.gguf import load_model_from_gguf
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Sampling
from tests.conftest import SHARED
from tests.unit.neural.gguf import llama2c

FOLDER = SHARED / "models" / "stories260k"
SHA256 = "b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696"
SAMPLE = """\
Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
One day, she saw a big, red ball. She wanted to play with it, but it was too high.
Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. \
She said, "I want to play with your ball, but I can't find it."
Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
Lily didn't want to help her mom, so she said, "I'm sorry, mom. I didn't know what to do." \
Her mom said, "Don't worry, Lily. We can help you."""
STEPS = 256

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the shared data folder with stories260k is not beside the checkout"
)


@pytest.fixture(scope="module")
def original() -> llama2c.Llama2c:
    raw = (FOLDER / "stories260K.bin").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == SHA256
    return llama2c.read(FOLDER)


@pytest.fixture(scope="module")
def file(original: llama2c.Llama2c, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stories") / "stories260K.gguf"
    llama2c.write_gguf(original, path)
    return path


def test_numpy_alone_says_the_published_sample(original: llama2c.Llama2c) -> None:
    assert llama2c.text_of(original, llama2c.greedy(original, STEPS)) == SAMPLE


def test_the_gguf_says_the_published_sample(original: llama2c.Llama2c, file: Path) -> None:
    model = load_model_from_gguf(file, engine="transformers")
    begin = torch.tensor([[model.tokenizer.bos_token_id]])  # type: ignore[attr-defined]
    drawn = model.network.generate(  # type: ignore[attr-defined]
        begin, max_new_tokens=STEPS, do_sample=False
    )[0, 1:].tolist()
    assert drawn == llama2c.greedy(original, STEPS)
    assert model.tokenizer.decode(drawn) == SAMPLE  # type: ignore[attr-defined]


@pytest.mark.parametrize("engine", ["transformers", "llama.cpp"])
def test_a_chat_goes_on_with_the_beginning_of_the_story(engine: str, file: Path) -> None:
    if engine == "llama.cpp":
        pytest.importorskip("llama_cpp")
    model = load_model_from_gguf(file, engine=engine)  # type: ignore[arg-type]
    reply = model.replies([[Message("user", "Once")]], Sampling(max_tokens=STEPS - 1))[0]
    assert f"Once {reply.text}" == SAMPLE
    assert (reply.prompt_tokens, reply.finish_reason) == (2, "length")
    assert (model.context, model.name) == (512, "stories260K")
