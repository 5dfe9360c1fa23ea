"""The estimate against what autograd really keeps, and the batch that it chooses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from aprendiz.neural.causal import adapting, base, footprint
from aprendiz.neural.causal.adapting import Adapters

ADAPTERS = Adapters(rank=8, alpha=16, dropout=0.0, variant="lora", seed=1)
LOAD = footprint.Load(
    rows_a_step=16, longest=100, tokens=4000, epochs=2, rank=8, dropout=False, number_bytes=4
)


@pytest.fixture(scope="module")
def shape(tiny_causal):
    found = base.resolve(str(tiny_causal))
    return footprint.Shape.of(adapting.sketch(found, ADAPTERS, precision="fp32")[0])


def kept_for_backward(network, tokens: int) -> int:
    """Bytes that autograd holds after a forward pass of the blocks, weights left out."""
    weights = {each.untyped_storage().data_ptr() for each in network.parameters()}
    kept = {}

    def hold(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    rows = torch.arange(tokens).reshape(4, -1) % 200
    with torch.autograd.graph.saved_tensors_hooks(hold, lambda tensor: tensor):
        blocks = network.get_base_model().model
        blocks(input_ids=rows, attention_mask=torch.ones_like(rows), use_cache=False)
    return sum(size for size, _ in kept.values())


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_activations_are_those_that_autograd_keeps(tiny_causal, dropout):
    adapters = replace(ADAPTERS, dropout=dropout)
    found = base.resolve(str(tiny_causal))
    network, _ = adapting.load(found, adapters, precision="fp32", four_bit=False)
    shape = footprint.Shape.of(network)
    load = replace(LOAD, dropout=dropout > 0)
    estimate = footprint.activation_bytes(shape, load, 400)
    assert 0.75 * kept_for_backward(network.train(), 400) < estimate
    assert estimate < 1.25 * kept_for_backward(network.train(), 400)


def test_a_sketch_has_the_sizes_of_the_real_network(tiny_causal, shape):
    found = base.resolve(str(tiny_causal))
    network, _ = adapting.load(found, ADAPTERS, precision="fp32", four_bit=False)
    assert footprint.Shape.of(network) == shape
    assert shape.parameters == sum(each.numel() for each in network.parameters())
    assert shape.weight_bytes == 4 * (shape.parameters - shape.trained)


def test_the_largest_batch_that_fits_is_taken_and_accumulation_makes_up_the_rest(
    shape, monkeypatch
):
    whole = footprint.peak_bytes(shape, LOAD, 16 * 100)
    half = footprint.peak_bytes(shape, LOAD, 8 * 100)
    for memory, at_once in ((2 * whole, 16), ((whole + half) / 2 / 0.8, 8)):
        monkeypatch.setattr(footprint, "memory_of", lambda _, memory=memory: int(memory))
        told = footprint.fit(shape, LOAD, "cpu")
        assert (told.rows_at_once, told.accumulation) == (at_once, 16 // at_once)
        assert told.fits
        assert not told.checkpointing


def test_checkpointing_comes_only_where_not_even_one_row_fits(shape, monkeypatch):
    big = replace(shape, layers=400)
    one = footprint.peak_bytes(big, LOAD, 100)
    monkeypatch.setattr(footprint, "memory_of", lambda _: int(one * 0.999 / 0.8))
    told = footprint.fit(big, LOAD, "cpu")
    assert told.checkpointing
    assert told.memory < one
    monkeypatch.setattr(footprint, "memory_of", lambda _: 1_000_000)
    assert not footprint.fit(big, LOAD, "cpu").fits


def test_a_training_that_goes_on_keeps_its_batch(shape):
    assert footprint.fit(shape, LOAD, "cpu", rows_at_once=4).rows_at_once == 4


def test_frozen_weights_cost_four_operations_a_parameter(shape):
    alone = replace(shape, layers=0)
    assert footprint.flops_a_token(alone, 512) == 4 * shape.parameters
    assert footprint.flops_a_token(alone, 512, checkpointing=True) == 6 * shape.parameters
    assert footprint.flops_a_token(shape, 512) > footprint.flops_a_token(shape, 64)


def test_four_bits_take_little_more_than_half_a_byte(tiny_causal, shape):
    found = base.resolve(str(tiny_causal))
    network, _ = adapting.sketch(found, ADAPTERS, precision="fp32")
    packed = footprint.Shape.of(network, four_bit=True)
    assert 0.5 <= packed.weight_bytes / (shape.parameters - shape.trained) < 0.6
