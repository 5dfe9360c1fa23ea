"""The queue: bounded in tokens, in order, fair between owners, whatever is put and dropped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aprendiz.serving.waiting import FairQueue, Waiting

_OWNERS = st.sampled_from(["a", "b", "c"])
_COSTS = st.integers(1, 50)


def test_one_owner_is_served_in_order() -> None:
    queue: FairQueue[Waiting] = FairQueue(1000)
    rows = [Waiting(5) for _ in range(20)]
    for row in rows:
        queue.put(row)
    assert queue.take(25) == rows[:5]
    assert queue.take(10_000) == rows[5:]
    assert (queue.rows, queue.tokens) == (0, 0)


def test_a_row_longer_than_the_batch_goes_alone() -> None:
    queue: FairQueue[Waiting] = FairQueue(1000)
    long, short = Waiting(500), Waiting(1)
    queue.put(long)
    queue.put(short)
    assert queue.take(100) == [long]
    assert queue.take(100) == [short]


def test_a_greedy_owner_does_not_make_others_wait() -> None:
    """A thousand texts of one, then one of another: it is in the next batch."""
    queue: FairQueue[Waiting] = FairQueue(100_000)
    for _ in range(1000):
        queue.put(Waiting(10, "greedy"))
    queue.take(1000)
    modest = Waiting(10, "modest")
    queue.put(modest)
    assert modest in queue.take(100)


def test_who_was_idle_has_saved_nothing_up() -> None:
    """Fairness counts from when an owner begins to wait, or a newcomer would shut all others out."""
    queue: FairQueue[Waiting] = FairQueue(1_000_000)
    for _ in range(200):
        queue.put(Waiting(10, "old"))
    queue.take(1000)
    for _ in range(200):
        queue.put(Waiting(10, "new"))
    taken = queue.take(1000)
    shares = [row.owner for row in taken].count("new")
    assert 40 <= shares <= 60


def test_the_bound_leaves_room_for_a_newcomer() -> None:
    queue: FairQueue[Waiting] = FairQueue(100)
    while queue.has_room("greedy", 10):
        queue.put(Waiting(10, "greedy"))
    assert queue.tokens == 100
    assert queue.has_room("modest", 50)
    assert not queue.has_room("modest", 51)


def test_an_empty_queue_takes_what_is_larger_than_its_bound() -> None:
    queue: FairQueue[Waiting] = FairQueue(10)
    assert queue.has_room("a", 1000)
    queue.put(Waiting(1000, "a"))
    assert not queue.has_room("a", 1)


def test_dropped_rows_free_their_room_and_never_come_up() -> None:
    queue: FairQueue[Waiting] = FairQueue(100)
    rows = [Waiting(10, "a") for _ in range(10)]
    for row in rows:
        queue.put(row)
    assert not queue.has_room("a", 1)
    queue.drop(rows[::2])
    assert queue.tokens == 50
    assert queue.has_room("a", 50)
    assert queue.take(1000) == rows[1::2]


def test_rows_of_clients_that_left_do_not_pile_up() -> None:
    queue: FairQueue[Waiting] = FairQueue(10**9)
    for _ in range(20):
        left = [Waiting(1, "a") for _ in range(1000)]
        for row in left:
            queue.put(row)
        queue.drop(left)
    assert sum(len(line.rows) for line in queue._lines.values()) <= 2048


@given(st.lists(st.tuples(st.sampled_from("ptd"), _OWNERS, _COSTS), max_size=80))
def test_counts_and_rows_agree_whatever_happens(steps: list[tuple[str, str, int]]) -> None:
    queue: FairQueue[Waiting] = FairQueue(300)
    inside: list[Waiting] = []
    for step, owner, cost in steps:
        if step == "p":
            row = Waiting(cost, owner)
            queue.put(row)
            inside.append(row)
        elif step == "t":
            taken = queue.take(cost)
            assert set(map(id, taken)) <= set(map(id, inside))
            assert len(taken) <= 1 or sum(row.cost for row in taken) <= cost
            assert bool(taken) == bool(inside)
            for each in {row.owner for row in inside}:
                mine = [row for row in inside if row.owner == each]
                got = [row for row in taken if row.owner == each]
                assert got == mine[: len(got)], "an owner's rows keep their order"
            inside = [row for row in inside if not any(row is each for each in taken)]
        else:
            dropped = [row for row in inside if row.owner == owner][:2]
            queue.drop(dropped)
            inside = [row for row in inside if not any(row is each for each in dropped)]
        assert queue.rows == len(inside)
        assert queue.tokens == sum(row.cost for row in inside)
