"""Who waits for the model: a line for each client, bounded in tokens, served in turn.

Plain data without threads or HTTP; ``batcher.py`` guards it with a lock. Bounded in tokens
rather than requests, because tokens are what the model's time goes into. Fair between
clients, because one that sends a thousand texts should not make another wait for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

# Entries whose client has left stay in their line until their turn, or until so many have.
_MOST_DEAD = 1024


@dataclass(slots=True, eq=False)
class Waiting:
    """One row on its way to the model.

    Attributes:
        cost: tokens that it will be counted as, at least 1.
        owner: whose it is; rows of one owner stay in order.
        alive: somebody still waits for it, and it has not been taken.
    """

    cost: int
    owner: str = ""
    alive: bool = True


W = TypeVar("W", bound=Waiting)


@dataclass(slots=True)
class _Line(Generic[W]):
    """What one owner has waiting; ``served`` counts the tokens it was given so far."""

    rows: deque[W] = field(default_factory=deque)
    tokens: int = 0
    served: float = 0.0


class FairQueue(Generic[W]):
    """Lines that are served by turns.

    Whose turn it is: the owner that was given the fewest tokens, counted from when it began
    to wait (start-time fair queueing, Goyal, Vin and Cheng 1996).

    Args:
        capacity: tokens that may wait. With several owners each may have an equal part of
            it waiting, so that a newcomer always finds room; altogether they may then have
            a little more (the capacity times 1 + 1/2 + 1/3 …).
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.tokens = 0
        self.rows = 0
        self._lines: dict[str, _Line[W]] = {}
        self._dead = 0
        self._clock = 0.0

    def has_room(self, owner: str, cost: int) -> bool:
        """Whether so many more tokens of this owner may wait; anything may when nobody does."""
        line = self._lines.get(owner)
        if line is None or not line.tokens:
            others = sum(1 for each in self._lines.values() if each.tokens)
            return not others or cost <= self.capacity // (others + 1)
        owners = sum(1 for each in self._lines.values() if each.tokens)
        return line.tokens + cost <= self.capacity // owners

    def put(self, row: W) -> None:
        """Let a row wait."""
        line = self._lines.get(row.owner)
        if line is None:
            # Who comes late was not given less than the others: the count starts here.
            line = self._lines[row.owner] = _Line(served=self._clock)
        line.rows.append(row)
        line.tokens += row.cost
        self.tokens += row.cost
        self.rows += 1

    def take(self, most: int) -> list[W]:
        """The next rows, of at most so many tokens together (one row may have more)."""
        taken: list[W] = []
        room = most
        while self.tokens:
            owner, line = min(self._lines.items(), key=lambda each: each[1].served)
            while line.rows and not line.rows[0].alive:
                line.rows.popleft()
                self._dead -= 1
            if not line.rows:
                del self._lines[owner]
                continue
            row = line.rows[0]
            if taken and row.cost > room:
                break
            line.rows.popleft()
            self._leave(row)
            self._clock = line.served
            line.served += row.cost
            room -= row.cost
            taken.append(row)
        return taken

    def drop(self, rows: Iterable[W]) -> None:
        """Forget rows that nobody waits for any more; their room is free at once."""
        for row in rows:
            if row.alive:
                self._leave(row)
                self._dead += 1
        if self._dead > max(_MOST_DEAD, self.rows):
            for owner, line in list(self._lines.items()):
                line.rows = deque(row for row in line.rows if row.alive)
                if not line.rows:
                    del self._lines[owner]
            self._dead = 0

    def _leave(self, row: W) -> None:
        row.alive = False
        self._lines[row.owner].tokens -= row.cost
        self.tokens -= row.cost
        self.rows -= 1
