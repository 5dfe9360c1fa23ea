"""The names of llama.cpp for cutting text mean the same cutting here."""

from __future__ import annotations

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers
from transformers import Qwen2Tokenizer

from aprendiz.neural.causal.gguf import pre_tokenizers as cutting

TEXTS = st.text(max_size=50) | st.from_regex(r"[ \n\t0-9a-zA-ZñÁ.,=×²½'!]{0,40}")


def tokenizer_that_cuts(name: str) -> tokenizers.Tokenizer:
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    cutting.fit(made, cutting.KNOWN[name])
    return made


@pytest.mark.parametrize("name", cutting.KNOWN)
def test_a_tokenizer_that_was_fitted_has_that_name(name: str) -> None:
    assert cutting.name_of(tokenizer_that_cuts(name)) == name


@given(text=TEXTS)
def test_smollm_cuts_as_the_published_tokenizer_does(text: str) -> None:
    # The pre-tokenizer in the tokenizer.json of HuggingFaceTB/SmolLM2-135M-Instruct.
    published = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    )
    ours = tokenizer_that_cuts("smollm").pre_tokenizer
    assert [piece for piece, _ in ours.pre_tokenize_str(text)] == [
        piece for piece, _ in published.pre_tokenize_str(text)
    ]


@given(text=TEXTS)
def test_gpt2_cuts_as_the_byte_level_itself(text: str) -> None:
    published = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    ours = tokenizer_that_cuts("gpt-2").pre_tokenizer
    assert [piece for piece, _ in ours.pre_tokenize_str(text)] == [
        piece for piece, _ in published.pre_tokenize_str(text)
    ]


def test_qwens_own_tokenizer_is_recognised() -> None:
    assert cutting.name_of(Qwen2Tokenizer().backend_tokenizer) == "qwen2"


def test_llama_3_is_told_from_the_same_cutting_without_whole_words() -> None:
    made = tokenizer_that_cuts("llama-bpe")
    made.model.ignore_merges = False
    assert cutting.name_of(made) == "smaug-bpe"


def test_other_names_for_the_same_are_known_and_strange_ones_are_not() -> None:
    assert cutting.named("llama3") is cutting.KNOWN["llama-bpe"]
    assert cutting.named("zebra") is None


@pytest.mark.parametrize(
    "step",
    [
        pre_tokenizers.Whitespace(),
        pre_tokenizers.ByteLevel(add_prefix_space=True),
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=False),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        ),
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(tokenizers.Regex(r"\d"), behavior="merged_with_next"),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        ),
    ],
)
def test_cutting_of_another_kind_has_no_name(step: object) -> None:
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = step
    assert cutting.name_of(made) is None


def test_a_normalizer_that_llama_cpp_lacks_has_no_name() -> None:
    made = tokenizer_that_cuts("smollm")
    made.normalizer = tokenizers.normalizers.Lowercase()
    assert cutting.name_of(made) is None
