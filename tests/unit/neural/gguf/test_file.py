"""Files that are no GGUF, or not a whole one, are refused with words and never half read."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.utils import logging as transformers_logging

from aprendiz.errors import BaseModelError
from aprendiz.neural.causal.gguf.file import GgufFile
from aprendiz.neural.causal.gguf.read import context_of, read_network, read_tokenizer
from aprendiz.neural.causal.gguf.write import write_gguf
from tests.unit.neural.gguf import models


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "whole.gguf"
    tokenizer = models.digit_tokenizer()
    write_gguf(models.network("llama", tokenizer), tokenizer, path)
    return path


def altered(path: Path, out: Path, **changed: object) -> Path:
    """A copy of a GGUF with other values in some fields; `None` leaves a field out."""
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(out, str(reader.fields["general.architecture"].contents()))
    for key, field in reader.fields.items():
        name = key.replace(".", "_")
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = changed.get(name, field.contents())
        if value is not None:
            kind = field.types[0]
            writer.add_key_value(
                key, value, kind, field.types[-1] if len(field.types) > 1 else None
            )
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, np.array(tensor.data), raw_dtype=tensor.tensor_type)
    if "extra" in changed:
        writer.add_tensor("blk.0.attn_extra.weight", np.ones((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def test_says_what_the_file_begins_with(tmp_path: Path) -> None:
    page = tmp_path / "model.gguf"
    page.write_text("<!doctype html>")
    with pytest.raises(BaseModelError, match=r"not a GGUF file.*<!do") as caught:
        GgufFile(page)
    assert "download" in caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"nothing\.gguf.*No such file"):
        GgufFile(tmp_path / "nothing.gguf")


@settings(max_examples=40)
@given(share=st.floats(0.0, 0.9999))
def test_a_file_cut_anywhere_is_refused(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    cut = tmp_path_factory.mktemp("cut") / "cut.gguf"
    raw = whole.read_bytes()
    cut.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(BaseModelError, match=r"not a GGUF|cut off or damaged"):
        GgufFile(cut)


def test_the_context_is_read_without_the_weights(whole: Path) -> None:
    assert context_of(whole) == models.SIZES["max_position_embeddings"]


def test_nothing_is_drawn_on_the_terminal(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    transformers_logging.enable_progress_bar()
    read_network(whole)
    assert capfd.readouterr() == ("", "")


def test_an_architecture_transformers_does_not_know_is_named(whole: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.gguf"
    strange.write_bytes(whole.read_bytes().replace(b"llama", b"zebra"))
    with pytest.raises(BaseModelError, match="architecture 'zebra'") as caught:
        read_network(strange)
    assert "llama-cpp-python" in caught.value.hint


def test_weights_without_a_place_are_not_dropped_in_silence(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match="places for"):
        read_network(altered(whole, tmp_path / "more.gguf", extra=True))


def test_a_way_of_cutting_nobody_knows_is_refused(whole: Path, tmp_path: Path) -> None:
    strange = altered(whole, tmp_path / "cutting.gguf", tokenizer_ggml_pre="zebra-bpe")
    with pytest.raises(BaseModelError, match="'zebra-bpe'"):
        read_tokenizer(strange)
