"""A job's figures reach the run once each, under our names, from events and results alike."""

from __future__ import annotations

import base64

import pytest

from aprendiz.methods.managed.figures import Diary, read_results
from aprendiz.report.curves import Curve, training_loss
from aprendiz.tracking.memory import MemoryRun

AZURE = (
    "step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy,"
    "full_valid_loss,full_valid_mean_token_accuracy\n"
    "1,2.0,0.5,2.1,0.4,,\n2,1.0,0.75,1.1,0.5,1.2,0.6\n"
)
OPENAI = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2,0.5,,\n2,1,0.7,3,0.5\n"


@pytest.mark.parametrize(
    "dress",
    [str.encode, lambda t: t.encode("utf-8-sig"), lambda t: base64.b64encode(t.encode()),
     lambda t: base64.encodebytes(t.encode()), lambda t: t.replace("\n", "\r\n").encode()],
)  # fmt: skip
@pytest.mark.parametrize("text", [AZURE, OPENAI])
def test_either_form_is_read(text, dress):
    rows = read_results(dress(text))
    assert [step for step, _ in rows] == [1, 2]
    assert [figures["train_loss"] for _, figures in rows] == [2.0, 1.0]
    assert "valid_loss" in rows[1][1]


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"<html>", b"step", b"step,train_loss\nx,y\n"])
def test_what_is_no_results_file_gives_no_rows(raw):
    assert read_results(raw) == []


def test_the_results_add_only_what_the_events_left_out():
    run = MemoryRun()
    diary = Diary(run)
    diary.add(1, {"train_loss": 2.0})
    diary.add(1, {"train_loss": 2.0})
    diary.complete(read_results(AZURE.encode()))
    told = [(entry["step"], name) for entry in run.history for name in entry if name != "step"]
    assert len(told) == len(set(told))
    assert training_loss(run.history).values == (2.0, 1.0)
    assert Curve.of(run.history, "eval_loss").values == (1.2,)
    assert Curve.of(run.history, "eval_accuracy").values == (0.6,)


def test_batches_of_the_validation_rows_have_to_do_where_there_is_nothing_better():
    run = MemoryRun()
    diary = Diary(run)
    diary.add(1, {"valid_loss": 4.0})
    assert not Curve.of(run.history, "eval_loss")
    diary.complete(read_results(OPENAI.encode()))
    assert Curve.of(run.history, "eval_loss").values == (4.0, 3.0)


def test_figures_that_are_none_are_left_out():
    run = MemoryRun()
    Diary(run).add(3, {"train_loss": float("nan"), "something": 1.0})
    Diary(run).add(0, {"train_loss": 1.0})
    assert run.history == []
