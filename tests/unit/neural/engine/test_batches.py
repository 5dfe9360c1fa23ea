"""Cutting rows into batches, and putting results back in the order of the rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.neural.batches import BATCH_TOKENS, PADDING, cut, few_shapes
from aprendiz.neural.engine.engine import BatchedEngine

LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=60)


def first_and_length(numbers: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A model whose answer to a row can be told from the row alone."""
    assert numbers.dtype == mask.dtype == np.int64
    logits = np.stack([numbers[:, 0], mask.sum(axis=1)], axis=1).astype(np.float32)
    return logits, numbers[:, :1].astype(np.float32)


@given(LENGTHS, st.integers(1, 400))
def test_every_row_is_in_one_batch_within_the_budget(lengths, budget):
    batches = list(cut(lengths, budget))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget
        assert longest * len(batch) - sum(lengths[place] for place in batch) <= PADDING


@given(LENGTHS, st.sampled_from([1, 2]))
def test_results_come_back_in_the_order_of_the_rows(lengths, lanes):
    rows = [[place + 1] * length for place, length in enumerate(lengths)]
    engine = BatchedEngine("fake", first_and_length, pad=0, lanes=lanes, budget=128)
    found = engine.run(rows)
    expected = [[place + 1, length] for place, length in enumerate(lengths)]
    np.testing.assert_array_equal(found.logits, expected)
    np.testing.assert_array_equal(found.embeddings[:, 0], [row[0] for row in rows])


def test_rows_of_all_lengths_share_a_batch_for_the_gates():
    seen = []

    def forward(numbers, mask):
        seen.append(numbers.shape)
        return first_and_length(numbers, mask)

    engine = BatchedEngine("fake", forward, pad=0)
    rows = [[1] * length for length in (1, 30, 100)]
    engine.run(rows)
    assert seen == [(1, 100), (1, 30), (1, 1)]
    engine.padding_freely().run(rows)
    assert seen[-1] == (3, 100)


@given(st.lists(st.integers(3, 128), min_size=2, max_size=200), st.integers(2, 8))
def test_no_lane_waits_while_another_has_it_all(lengths, lanes):
    tokens = []

    def forward(numbers, mask):
        tokens.append(int(mask.sum()))
        return first_and_length(numbers, mask)

    engine = BatchedEngine("fake", forward, pad=0, lanes=lanes, budget=1 << 16, padding=1 << 16)
    engine.run([[1] * length for length in lengths])
    most_of_one = max(sum(lengths) / lanes + 1.5 * max(lengths), 32)
    assert max(tokens) <= most_of_one
    assert len(tokens) == 1 or len(tokens) <= 2 * lanes


@given(st.integers(1, 1024), st.integers(1, 512), st.sampled_from([100, 128, 384, 512]))
def test_a_shape_of_few_holds_the_batch_and_no_more_than_the_model_can_read(rows, width, longest):
    more, wider = few_shapes(rows, min(width, longest), longest)
    assert rows <= more <= 1.5 * rows
    assert min(width, longest) <= wider <= min(1.25 * width + 1, longest)


def test_there_are_few_shapes():
    asked = [(n, width) for width in range(1, 129) for n in range(1, 1 + BATCH_TOKENS // width)]
    assert len(asked) > 5000
    assert len({few_shapes(n, width, 128) for n, width in asked}) <= 300
