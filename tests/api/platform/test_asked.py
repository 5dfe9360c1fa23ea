"""What a client may send as JSON: no number, however odd, gets past its bounds or breaks a route."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aprendiz.platform.http.asked import AskedJob, read
from aprendiz.platform.records import Refusal

LARGE = 10**400  # a whole number that JSON has and a float has not
ODD = st.one_of(
    st.integers(-3, 300),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([LARGE, -LARGE, True, False, None, "auto", "3", "", [], {}]),
)
BOUNDS = {"n_epochs": (1, 50), "batch_size": (1, 256), "learning_rate_multiplier": (0, math.inf)}


class Sent:
    """A request as far as ``read`` looks at it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def body(self) -> bytes:
        return self._body


def asked(body: bytes) -> AskedJob:
    """What ``read`` makes of a body; it waits for nothing, so no event loop is needed."""
    reading = read(Sent(body), AskedJob)  # type: ignore[arg-type]
    try:
        reading.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


def job(**fields: Any) -> bytes:
    """The body of a job."""
    return json.dumps({"model": "tfidf", "training_file": "file-1", **fields}).encode()


@example(name="learning_rate_multiplier", value=LARGE, modern=True)
@given(name=st.sampled_from(sorted(BOUNDS)), value=ODD, modern=st.booleans())
def test_a_hyperparameter_is_auto_or_within_its_bounds(name: str, value: Any, modern: bool) -> None:
    sent: dict[str, Any] = {"hyperparameters": {name: value}}
    place = f"hyperparameters.{name}"
    if modern:
        sent = {"method": {"type": "supervised", "supervised": sent}}
        place = f"method.supervised.{place}"
    try:
        taken = asked(job(**sent)).request().hyperparameters[name]
    except Refusal as refusal:
        assert (refusal.status, refusal.param) == (400, place)
        assert value not in ("auto", None)
        low, high = BOUNDS[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        whole = number and value == int(value)
        fits = number and (low < value if low == 0 else low <= value <= high) and value < LARGE
        assert not (fits and (whole or low == 0)), "a value within bounds was refused"
        return
    if value in ("auto", None):
        assert taken == "auto"
    else:
        assert taken == value and not isinstance(value, bool | str)
        assert math.isfinite(float(taken))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (job()[:-1] + b', "x": NaN}', None),
        (job()[:-1] + b', "x": 1e999}', None),
        (job()[:-1] + b', "x": "\\ud800"}', "invalid_json"),
        (job()[:-1] + b', "x": "\xff"}', "invalid_json"),
        (job()[:-1] + b', "x": ' + b"[" * 1000 + b"]" * 1000 + b"}", "invalid_json"),
        (b"", "invalid_json"),
        (b"[]", "invalid_value"),
        (b"null", "invalid_value"),
        (job(metadata={"a": "\0"}), "invalid_value"),
        (job(seed=LARGE), "invalid_value"),
        (job(seed=True), "invalid_value"),
    ],
)
def test_what_is_not_json_or_does_not_fit_is_refused(body: bytes, code: str | None) -> None:
    with pytest.raises(Refusal) as told:
        asked(body).request()
    assert (told.value.status, told.value.code) == (400, code)


def test_fields_that_nobody_knows_are_kept() -> None:
    sent = job(
        trainingType="GlobalStandard",
        odd={"deep": [1, LARGE]},
        hyperparameters={"prompt_loss_weight": 0.1},
    )
    extra = asked(sent).request().extra
    assert extra["trainingType"] == "GlobalStandard"
    assert extra["odd"] == {"deep": [1, LARGE]}
    assert extra["hyperparameters"] == {"prompt_loss_weight": 0.1}
