"""What the figures at 64 clients say about the targets that this server has set itself.

Every target is judged by the median of the rounds, on what was measured; what was not is not
mentioned. A missed one is shown as such: its explanation belongs beside the tables.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from contestants import CONTESTANTS, NAIVE, PLAIN

if TYPE_CHECKING:
    from table import Cells

AT = "c64"
AGAINST_NAIVE = {"short": 12.0, "long": 4.0, "mixed": 9.0}
AGAINST_PLAIN = {"short": 1.5, "long": 1.8, "mixed": 2.5}
FP32, FP32_SHARE = "aprendiz-onnxruntime", 0.85
BATCH_TIMES = 3.0


def judged(cells: Cells) -> list[str]:
    """A line of Markdown for each target that was measured."""
    lines = []
    for length in AGAINST_NAIVE:
        best = _best(cells, length)
        if best is None:
            continue
        lines += _ratio(cells, best, length, NAIVE, AT, AGAINST_NAIVE[length], "system A's server")
        lines += _ratio(cells, best, length, PLAIN, PLAIN, AGAINST_PLAIN[length], "plain")
        lines += _ratio(cells, FP32, length, PLAIN, PLAIN, FP32_SHARE, "plain")
        lines += _tail(cells, best, length)
        lines += _peers(cells, length)
    return lines


def _best(cells: Cells, length: str) -> str | None:
    """Our quickest engine."""
    rates = {
        name: rate
        for name, contestant in CONTESTANTS.items()
        if contestant.engine and (rate := cells.median(name, length, AT, "rate"))
    }
    return max(rates, key=lambda name: rates[name]) if rates else None


def _ratio(
    cells: Cells, name: str, length: str, of: str, of_load: str, wanted: float, words: str
) -> list[str]:
    shares = cells.shares(name, length, AT, of, of_load)
    if not shares:
        return []
    reached = statistics.median(shares)
    title = CONTESTANTS[name].title
    return [
        f"- {length}: {title} does {reached:.2f} times {words}'s rate "
        f"({min(shares):.2f} to {max(shares):.2f} in {len(shares)} round{'s' if len(shares) > 1 else ''}); "
        f"{_said(reached >= wanted)}: {wanted:g}"
    ]


def _tail(cells: Cells, name: str, length: str) -> list[str]:
    """A batch time is what the server needs for all 64: 64 divided by its rate."""
    slowest, rate = (cells.median(name, length, AT, figure) for figure in ("p99", "rate"))
    if slowest is None or not rate:
        return []
    times = slowest / (1000 * int(AT[1:]) / rate)
    return [
        f"- {length}: p99 of {CONTESTANTS[name].title} is {times:.1f} times what it needs for "
        f"all {AT[1:]} texts; {_said(times <= BATCH_TIMES)}: {BATCH_TIMES:g}"
    ]


def _peers(cells: Cells, length: str) -> list[str]:
    """Whether fp32, which computes what the peers compute, is quicker than each of them."""
    mine = cells.median(FP32, length, AT, "rate")
    others = {
        contestant.title: rate
        for name, contestant in CONTESTANTS.items()
        if not contestant.engine and (rate := cells.median(name, length, AT, "rate"))
    }
    if mine is None or not others:
        return []
    first = max(others, key=lambda title: others[title])
    return [
        f"- {length}: of {len(others)} other servers the quickest, {first}, does "
        f"{others[first] / mine:.2f} of our fp32's rate; {_said(others[first] < mine)}: each slower"
    ]


def _said(met: bool) -> str:
    return "met" if met else "**missed**"
