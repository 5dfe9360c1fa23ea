"""Shared ground for every test: a home of its own, no tracking unless asked, tiny models."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

# Each of several test processes has a core's worth of threads, and no more.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test asserts wall time, and what CI finds once it finds again.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

EXAMPLES = {
    "greet": [
        "hello there",
        "good morning to you",
        "hi, how are you",
        "hey friend",
        "good evening everyone",
        "hello again my dear",
        "hi there buddy",
        "greetings to all",
        "a very good day to you",
        "hey, nice to see you",
    ],
    "order": [
        "I want two pizzas",
        "please bring a coffee",
        "can I order a sandwich",
        "one salad and water please",
        "I would like some soup",
        "give me the burger menu",
        "order a large pizza for me",
        "I'll take a cup of coffee",
        "bring us three beers",
        "could I have the fish please",
    ],
    "refund": [
        "I want my money back",
        "please refund my payment",
        "return the charge to my card",
        "when will I get the refund",
        "the refund has not arrived",
        "give my money back now",
        "cancel it and refund me",
        "I demand a refund",
        "my payment should be returned",
        "how do I ask for my money back",
    ],
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test as its folder says, and put the files that may take longest first.

    Files go to the workers in this order (`make` keeps xdist from changing it): a long one
    that came last would leave the other workers idle.
    """
    allowed: dict[Path, float] = {}
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in {"slow", "crash", "browser"}:
            item.add_marker(folder)
        timeout = item.get_closest_marker("timeout")
        allowed[item.path] = max(allowed.get(item.path, 0), timeout.args[0] if timeout else 0)
    items.sort(key=lambda item: -allowed[item.path])


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the user's own settings, runs or caches."""
    for name in ("MLFLOW_TRACKING_URI", "APRENDIZ_MODEL", "APRENDIZ_THRESHOLD", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("APRENDIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("APRENDIZ_TRACK", "false")


@pytest.fixture
def examples_file(tmp_path: Path) -> Path:
    """Thirty rows, three labels, in the `{label: [text]}` form."""
    path = tmp_path / "examples.json"
    path.write_text(json.dumps(EXAMPLES, indent=1), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and 32 numbers a token, with random weights and its own WordPieces."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tiny-encoder")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789,.?!'"
    words = sorted(
        {word for texts in EXAMPLES.values() for text in texts for word in text.lower().split()}
    )
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    vocabulary += [f"##{letter}" for letter in letters] + [w for w in words if len(w) > 1]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)) + "\n")
    tokenizer = transformers.BertTokenizer(vocab=str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=0,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers and 32 numbers a token, with random weights, bytes and ChatML."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("tiny-causal")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *letters])}
    bytes_only = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    bytes_only.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    bytes_only.decoder = tokenizers.decoders.ByteLevel()
    bytes_only.add_special_tokens(special)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bytes_only,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=512,
    )
    tokenizer.chat_template = (
        "{% for message in messages %}"
        "{{ '<|im_start|>' + message['role'] + '\n' }}"
        "{% if message['role'] == 'assistant' %}"
        "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
        "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder
