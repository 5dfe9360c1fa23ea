"""The batcher: grows with the load, drops what nobody wants, survives what it runs."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aprendiz.serving.batcher import Batcher, Expired, Ran, Refused, RowFailed, Stopped


class Work:
    """Doubles numbers; ``gate`` holds it, and texts in place of numbers make it fail."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()

    def __call__(self, rows: Sequence[Any]) -> list[Any]:
        self.batches.append(list(rows))
        self.begun.set()
        assert self.gate.wait(30)
        if "exit" in rows:
            raise SystemExit("a library wanted to end the process")
        return [row * 2 if isinstance(row, int) else 1 / 0 for row in rows]


@contextmanager
def batcher(work: Callable[[Sequence[Any]], Any], **options: Any) -> Iterator[Batcher[Any, Any]]:
    made: Batcher[Any, Any] = Batcher(work, **options)
    try:
        yield made
    finally:
        made.stop()
        made.join(10)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))  # type: ignore[arg-type]


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.001)


async def one(made: Batcher[Any, Any], row: Any, cost: int = 1, **options: Any) -> Any:
    return (await made.submit([row], [cost], **options)).results[0]


def test_an_idle_batcher_works_at_once_and_a_busy_one_gathers() -> None:
    async def story() -> None:
        work = Work()
        with batcher(work) as made:
            work.gate.clear()
            first = asyncio.create_task(one(made, 0))
            await asyncio.to_thread(work.begun.wait, 10)
            rest = [asyncio.create_task(one(made, number)) for number in range(1, 40)]
            await until(lambda: made.waiting_rows == 39)
            work.gate.set()
            assert await first == 0
            assert await asyncio.gather(*rest) == [number * 2 for number in range(1, 40)]
            assert work.batches == [[0], list(range(1, 40))]

    run(story)


def test_a_batch_keeps_to_its_budget() -> None:
    async def story() -> None:
        work = Work()
        with batcher(work, budget=10) as made:
            work.gate.clear()
            tasks = [asyncio.create_task(one(made, 0, 4))]
            await asyncio.to_thread(work.begun.wait, 10)
            tasks += [asyncio.create_task(one(made, number, 4)) for number in range(1, 9)]
            tasks.append(asyncio.create_task(one(made, 99, 50)))
            await until(lambda: made.waiting_rows == 9)
            work.gate.set()
            await asyncio.gather(*tasks)
            assert [len(batch) for batch in work.batches] == [1, 2, 2, 2, 2, 1]

    run(story)


def test_several_rows_of_one_caller_come_back_in_order() -> None:
    async def story() -> None:
        with batcher(Work(), budget=3) as made:
            done = await made.submit(list(range(20)), [1] * 20)
            assert done.results == [number * 2 for number in range(20)]
            assert done.running > 0

    run(story)


@hypothesis_settings(max_examples=25)
@given(st.lists(st.one_of(st.integers(0, 9), st.just("bad")), min_size=1, max_size=24))
def test_a_bad_row_fails_alone_in_a_shared_batch(rows: list[Any]) -> None:
    async def story() -> None:
        work = Work()
        with batcher(work) as made:
            work.gate.clear()
            tasks = [asyncio.create_task(one(made, row)) for row in rows]
            await asyncio.to_thread(work.begun.wait, 10)
            work.gate.set()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            for row, end in zip(rows, ends, strict=True):
                if row == "bad":
                    assert isinstance(end, RowFailed)
                    assert isinstance(end.__cause__, ZeroDivisionError)
                else:
                    assert end == row * 2

    run(story)


def test_the_row_at_fault_is_named_and_its_neighbours_are_given_up() -> None:
    async def story() -> None:
        with batcher(Work()) as made:
            with pytest.raises(RowFailed) as caught:
                await made.submit([1, 2, "bad", 4], [1] * 4)
            assert caught.value.index == 2
            assert await one(made, 5) == 10

    run(story)


def test_a_library_that_wants_to_end_the_process_costs_one_row_only() -> None:
    async def story() -> None:
        work = Work()
        with batcher(work) as made:
            work.gate.clear()
            first = asyncio.create_task(one(made, 0))
            await asyncio.to_thread(work.begun.wait, 10)
            rest = [asyncio.create_task(one(made, row)) for row in (1, "exit", 2)]
            await until(lambda: made.waiting_rows == 3)
            work.gate.set()
            assert await first == 0
            ends = await asyncio.gather(*rest, return_exceptions=True)
            assert (ends[0], ends[2]) == (2, 4)
            assert isinstance(ends[1], RowFailed)
            assert isinstance(ends[1].__cause__, SystemExit)

    run(story)


def test_between_the_answers_of_a_large_batch_the_loop_looks_up() -> None:
    """Else whoever asks for ``/livez`` waits until all of them are written."""

    async def story() -> None:
        work, loop = Work(), asyncio.get_running_loop()
        with batcher(work) as made:
            work.gate.clear()
            first = asyncio.create_task(one(made, 0))
            await asyncio.to_thread(work.begun.wait, 10)
            rest = [asyncio.create_task(one(made, number)) for number in range(1000)]
            answered: list[int] = []
            for task in rest:
                task.add_done_callback(lambda _: answered.append(1))
            await until(lambda: made.waiting_rows == 1000)
            looks = [0]

            def look() -> None:
                looks.append(len(answered))
                if len(answered) < len(rest):
                    loop.call_soon(look)

            look()
            work.gate.set()
            await first
            assert await asyncio.gather(*rest) == [number * 2 for number in range(1000)]
            assert work.batches == [[0], list(range(1000))]
            most = max(after - before for before, after in pairwise(looks))
            assert most < 100

    run(story)


@pytest.mark.parametrize("how", ["exit", "few", "told"])
def test_the_worker_outlives_whatever_happens_in_it(how: str) -> None:
    """A library that calls ``sys.exit``, results that are missing, a watcher that fails."""

    async def story() -> None:
        work = Work()

        def few(rows: Sequence[Any]) -> list[Any]:
            return [] if "few" in rows else work(rows)

        def told(ran: Ran) -> None:
            if how == "told":
                raise RuntimeError("no room for figures")

        with batcher(few, told=told) as made:
            if how == "told":
                assert await one(made, 1) == 2
            else:
                with pytest.raises(RowFailed):
                    await one(made, how)
            assert await one(made, 3) == 6
            await until(lambda: made.stalled_seconds() == 0.0)

    run(story)


def test_a_result_that_is_an_exception_fails_its_row_only() -> None:
    async def story() -> None:
        with batcher(lambda rows: [ArithmeticError() if r == 0 else r for r in rows]) as made:
            ends = await asyncio.gather(*(one(made, r) for r in (0, 1, 2)), return_exceptions=True)
            assert isinstance(ends[0], RowFailed)
            assert ends[1:] == [1, 2]

    run(story)


def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    async def story() -> None:
        work = Work()
        with batcher(work, capacity=10) as made:
            work.gate.clear()
            busy = asyncio.create_task(one(made, 1))
            await asyncio.to_thread(work.begun.wait, 10)
            waiting = [asyncio.create_task(one(made, number, 5)) for number in (2, 3)]
            await until(lambda: made.waiting_tokens == 10)
            with pytest.raises(Refused) as caught:
                await one(made, 4)
            assert caught.value.seconds >= 1
            work.gate.set()
            assert await asyncio.gather(busy, *waiting) == [2, 4, 6]
            assert await one(made, 4) == 8

    run(story)


def test_what_was_cancelled_is_never_computed_and_frees_its_room() -> None:
    async def story() -> None:
        work = Work()
        with batcher(work, capacity=10) as made:
            work.gate.clear()
            busy = asyncio.create_task(one(made, 1))
            await asyncio.to_thread(work.begun.wait, 10)
            left = asyncio.create_task(one(made, 2, 10))
            await until(lambda: made.waiting_tokens == 10)
            left.cancel()
            await until(lambda: made.waiting_tokens == 0)
            stays = asyncio.create_task(one(made, 3, 10))
            await until(lambda: made.waiting_tokens == 10)
            work.gate.set()
            assert await asyncio.gather(busy, stays) == [2, 6]
            assert [2] not in work.batches

    run(story)


def test_a_deadline_ends_the_waiting_also_when_the_worker_hangs() -> None:
    async def story() -> None:
        work = Work()
        with batcher(work) as made:
            work.gate.clear()
            loop = asyncio.get_running_loop()
            busy = asyncio.create_task(one(made, 1))
            await asyncio.to_thread(work.begun.wait, 10)
            with pytest.raises(Expired):
                await one(made, 2, deadline=loop.time() + 0.02)
            assert made.stalled_seconds() > 0
            work.gate.set()
            await busy
            assert work.batches == [[1]]
            assert await one(made, 3, deadline=math.inf) == 6

    run(story)


def test_stopping_tells_those_who_wait_and_finishes_what_runs() -> None:
    async def story() -> None:
        work = Work()
        made: Batcher[Any, Any] = Batcher(work)
        work.gate.clear()
        busy = asyncio.create_task(one(made, 1))
        await asyncio.to_thread(work.begun.wait, 10)
        waits = asyncio.create_task(one(made, 2))
        await until(lambda: made.waiting_rows == 1)
        made.stop()
        with pytest.raises(Stopped):
            await waits
        with pytest.raises(Stopped):
            await one(made, 3)
        work.gate.set()
        assert await busy == 2
        await asyncio.to_thread(made.join, 10)

    run(story)


def test_it_sleeps_when_there_is_nothing_to_do() -> None:
    """No idle timer: an idle batcher takes no processor time."""

    async def story() -> None:
        with batcher(Work()) as made:
            await one(made, 1)
            before = time.process_time()
            await asyncio.sleep(0.3)
            assert time.process_time() - before < 0.05

    run(story)


def test_many_callers_many_batches_every_answer_to_its_question() -> None:
    async def story() -> None:
        told: list[Ran] = []
        with batcher(Work(), budget=37, workers=2, told=told.append) as made:
            tasks = [
                one(made, number, 1 + number % 7, owner=f"o{number % 3}") for number in range(3000)
            ]
            assert await asyncio.gather(*tasks) == [number * 2 for number in range(3000)]
        assert sum(ran.rows for ran in told) == 3000
        assert all(ran.tokens <= 37 for ran in told)

    run(story)
