"""The two gates let a faithful engine through and refuse broken ones, with numbers."""

from __future__ import annotations

import numpy as np
import pytest

from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.engine import BatchedEngine, Forward, Outputs
from aprendiz.neural.engine.gates import TOLERANCES, Limits, judge
from aprendiz.neural.scope import Detector, Views

LABELS, WORDS, WIDTH = 5, 50, 8
RANDOM = np.random.default_rng(3)
TABLE = RANDOM.normal(size=(WORDS, WIDTH)).astype(np.float32)
HEAD = (8 * RANDOM.normal(size=(WIDTH, LABELS))).astype(np.float32)
ROWS = [RANDOM.integers(1, WORDS, RANDOM.integers(2, 30)).tolist() for _ in range(60)]


def mean(numbers: np.ndarray, mask: np.ndarray) -> np.ndarray:
    real = mask[..., None].astype(np.float32)
    return (TABLE[numbers] * real).sum(axis=1) / real.sum(axis=1)


def faithful(numbers, mask):
    embedding = mean(numbers, mask)
    return embedding @ HEAD, embedding


def blind_to_padding(numbers, mask):
    return faithful(numbers, np.ones_like(mask))


def scaled_by_the_batch(numbers, mask):
    """What dynamic int8 does: one scale for all rows of the batch."""
    embedding = mean(numbers, mask)
    step = np.abs(embedding).max() / 127
    return (np.round(embedding / step) * step) @ HEAD, embedding


def scaled_beforehand(numbers, mask):
    """What fixed scales do: coarse, but every row for itself."""
    embedding = mean(numbers, mask)
    return (np.round(embedding * 100) / 100) @ HEAD, embedding


def another_head(numbers, mask):
    embedding = mean(numbers, mask)
    return embedding @ HEAD[:, ::-1], embedding


def surer_of_all_labels(numbers, mask):
    """A softmax does not see what is added to all logits; their energy does."""
    logits, embedding = faithful(numbers, mask)
    return logits + 2, embedding


def without_the_second(numbers, mask):
    logits, embedding = faithful(numbers, mask)
    best = logits == logits.max(axis=1, keepdims=True)
    return np.where(best | (logits < 0), logits, -logits), embedding


def not_a_number(numbers, mask):
    logits, embedding = faithful(numbers, mask)
    return np.where(mask.sum(axis=1, keepdims=True) > 25, np.nan, logits), embedding


def verdict(forward: Forward, precision: str, several: bool = False, limits: Limits = 0.5):
    engine = BatchedEngine("planted", forward, pad=0)
    return judge(
        engine,
        Outputs(*faithful(*_padded())),
        ROWS,
        TextSettings(30, 0, 1.0, several),
        None if several else _detector(),
        precision=precision,
        origin="rows of a test",
        limits=limits,
    )


def _padded():
    longest = max(map(len, ROWS))
    numbers = np.array([row + [0] * (longest - len(row)) for row in ROWS])
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in ROWS])
    return numbers, mask


def _detector() -> Detector:
    """By the energy of the logits, on the scale of the very rows."""
    logits, embedding = faithful(*_padded())
    found = Detector.of(Views(None), Views(None).look(embedding, logits))
    assert found is not None
    return found


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("precision", TOLERANCES)
def test_a_faithful_engine_passes(precision, several):
    found = verdict(faithful, precision, several)
    assert found.passed, found.in_words()
    assert found.agreement == 1.0
    assert found.worst < 1e-5
    assert "100.00% of 60 rows" in found.in_words()


def test_coarse_but_each_row_for_itself_passes_as_int8_and_not_as_fp32():
    assert verdict(scaled_beforehand, "int8").passed
    refused = verdict(scaled_beforehand, "fp32")
    assert not refused.passed
    assert refused.company < 1e-6
    assert any("a probability differs by" in fault for fault in refused.faults)


@pytest.mark.parametrize("planted", [scaled_by_the_batch, blind_to_padding])
def test_an_engine_that_sees_the_neighbours_is_refused(planted):
    found = verdict(planted, "int8")
    assert not found.passed
    assert found.company > TOLERANCES["int8"].company
    assert "with other texts in its batch" in found.in_words()
    assert f"{found.company:.2g}" in found.in_words()


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("precision", TOLERANCES)
@pytest.mark.parametrize("planted", [another_head, not_a_number])
def test_an_engine_that_says_something_else_is_refused(planted, precision, several):
    found = verdict(planted, precision, several)
    assert not found.passed
    assert found.faults


@pytest.mark.parametrize("precision", TOLERANCES)
def test_an_engine_whose_scopes_are_others_is_refused_though_its_labels_are_right(precision):
    found = verdict(surer_of_all_labels, precision)
    assert found.agreement == 1.0 and found.worst < 1e-5
    assert [fault.split(" differs")[0] for fault in found.faults] == ["a scope"]


def test_labels_of_a_text_are_each_looked_at():
    """The largest stays the largest; only a second label is lost."""
    found = verdict(without_the_second, "int8", several=True)
    assert found.agreement < 0.98 and found.margin > 0.15
    assert any("have the reference's label" in fault for fault in found.faults)


def less_sure_of_what_is_improbable(numbers, mask):
    logits, embedding = faithful(numbers, mask)
    return np.where(logits < -2, logits - 0.8, logits), embedding


def test_labels_are_compared_at_their_own_thresholds():
    """No probability crosses a half; labels given from a twentieth on are lost."""
    assert verdict(less_sure_of_what_is_improbable, "int8", several=True).passed
    limits = np.array([0.05, 0.5, 0.05, 0.5, 0.05])
    found = verdict(less_sure_of_what_is_improbable, "int8", several=True, limits=limits)
    assert found.agreement < 0.98
    assert [fault.split("% ", 1)[1] for fault in found.faults] == [
        "of the rows have the reference's label, 98.00% are asked for"
    ]


def rounded_otherwise(numbers, mask):
    logits, embedding = faithful(numbers, mask)
    return logits - 1e-6, embedding


@pytest.mark.parametrize("precision", TOLERANCES)
def test_a_probability_that_is_a_threshold_may_fall_on_either_side(precision):
    logits, _ = faithful(*_padded())
    told = TextSettings(30, 0, 1.0, several=True).probabilities(logits)
    limits = told[range(LABELS), range(LABELS)]  # of five rows
    assert verdict(rounded_otherwise, precision, several=True, limits=limits).passed


def test_the_parity_of_an_earlier_verdict_can_be_kept():
    earlier = verdict(scaled_beforehand, "int8").as_dict()
    now = verdict(another_head, "int8")
    kept = now.with_parity_of(earlier)
    assert kept.passed
    assert kept.agreement == earlier["agreement"]
    crowded = verdict(scaled_by_the_batch, "int8").with_parity_of(earlier)
    assert not crowded.passed
