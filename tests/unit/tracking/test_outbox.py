"""Nothing is lost, nothing blocks, order is kept."""

from __future__ import annotations

import threading

from aprendiz.tracking.outbox import Outbox


def test_everything_arrives_once_and_in_order():
    arrived: list[int] = []
    box: Outbox[int] = Outbox(arrived.extend, lambda error: None, every=0.001)
    for number in range(5000):
        box.put([number])
    assert box.close(20) == 0
    assert arrived == list(range(5000))


def test_a_receiver_that_comes_back_gets_everything():
    arrived: list[int] = []
    faults: list[Exception] = []
    recovered = threading.Event()

    def deliver(batch):
        if len(faults) < 3:
            raise ConnectionError("gone")
        arrived.extend(batch)
        recovered.set()

    box: Outbox[int] = Outbox(deliver, faults.append, every=0.001)
    box.put([1, 2, 3])
    assert recovered.wait(20)
    box.put([4])
    assert box.close(20) == 0
    assert arrived == [1, 2, 3, 4]
    assert len(faults) == 3


def test_a_receiver_that_stays_away_leaves_everything_behind_and_says_how_much():
    def deliver(batch):
        raise ConnectionError("gone")

    box: Outbox[int] = Outbox(deliver, lambda error: None, every=60)
    box.put(range(7))
    assert box.close(20) == 7


def test_a_receiver_that_hangs_blocks_neither_put_nor_close():
    hanging, release = threading.Event(), threading.Event()

    def deliver(batch):
        hanging.set()
        release.wait()

    box: Outbox[int] = Outbox(deliver, lambda error: None, every=0.001)
    box.put([1])
    assert hanging.wait(20)
    box.put([2])
    assert box.close(0.05) == 2
    release.set()
