"""Pictures of data as SVG text: bars, boxes, a histogram, a matrix. Needs no library.

They take their colours from the page's style sheet (``data_page.html``), so that they follow
a dark screen, stay sharp, and can be searched. Every text from the data is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import TypeVar

from aprendiz.data.stats.lengths import Box, Histogram
from aprendiz.report.style import elide, percent

_WIDTH = 720
_NAMES = 260  # pixels that are left for names
_LINE = 18  # height of a row
_COMMON_DRAWN, _RARE_DRAWN = 40, 20
_NAME_WIDTH = 32
_CELLS_WITH_NUMBERS = 16

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture and the words that belong to it.

    Attributes:
        title: what it shows.
        caption: how to read it.
        alt: what it says, for who cannot see it.
        svg: the picture, safe to put into a page.
    """

    title: str
    caption: str
    alt: str
    svg: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart: its name, its length, and what is written behind it."""

    name: str
    value: float
    said: str


def draw_bars(title: str, caption: str, bars: Sequence[Bar]) -> Drawing:
    """A horizontal bar for each row; of many rows the first 40 and the last 20."""
    rows, hidden = _shown(bars)
    most = max((bar.value for bar in bars), default=1) or 1
    room = _WIDTH - _NAMES - 150
    marks = []
    for at, bar in enumerate(rows):
        y = at * _LINE
        if bar is None:
            marks.append(_text(_NAMES - 8, y, f"… {hidden} more …", "end quiet"))
            continue
        wide = max(1.0, room * bar.value / most)
        marks.append(_name(bar.name, y))
        marks.append(_rectangle(_NAMES, y + 3, wide, _LINE - 6, "bar"))
        marks.append(_text(_NAMES + wide + 6, y, bar.said, "start"))
    first = f"; first {bars[0].name}: {bars[0].said}" if bars else ""
    return _drawing(title, caption, f"Bar chart of {len(bars)} rows{first}.", len(rows), marks)


def draw_boxes(title: str, caption: str, boxes: Sequence[tuple[str, Box]]) -> Drawing:
    """A box for each label, those with the longest rows first.

    The box goes from 25 to 75 %, its line is the middle, the whiskers are 5 and 95 %, and
    the longest row is written behind.
    """
    ordered = sorted(boxes, key=lambda pair: (-pair[1].p50, -pair[1].p95, pair[0]))
    rows, hidden = _shown(ordered)
    most = max((box.p95 for _, box in boxes), default=1) or 1
    room = _WIDTH - _NAMES - 80
    marks = [*_grid(_ticks(most), room / most, len(rows))]
    for at, pair in enumerate(rows):
        y = at * _LINE
        if pair is None:
            marks.append(_text(_NAMES - 8, y, f"… {hidden} between …", "end quiet"))
            continue
        name, box = pair
        p5, p25, p50, p75, p95 = (
            _NAMES + room * value / most for value in (box.p5, box.p25, box.p50, box.p75, box.p95)
        )
        middle = y + _LINE / 2
        marks.append(_name(name, y))
        marks.append(_line(p5, middle, p95, middle, "whisker"))
        marks.append(_rectangle(p25, y + 3, max(1.0, p75 - p25), _LINE - 6, "box"))
        marks.append(_line(p50, y + 2, p50, y + _LINE - 2, "middle"))
        marks.append(_text(_NAMES + room + 8, y, f"≤ {box.longest:,}", "start quiet"))
    longest = f"; longest {ordered[0][0]}: {ordered[0][1].p50:,} in the middle" if ordered else ""
    alt = f"Box plot of {len(boxes)} labels{longest}."
    return _drawing(title, caption, alt, len(rows) + 1, marks)


def draw_histogram(title: str, caption: str, told: Histogram, unit: str) -> Drawing:
    """Upright bars; the last holds everything longer where the histogram says so."""
    high, left = 180, 60
    most = max(told.rows, default=1) or 1
    wide = (_WIDTH - left - 20) / max(1, len(told.rows))
    marks = []
    for tick in _ticks(most):
        y = high - (high - 10) * tick / most
        marks.append(_line(left, y, _WIDTH - 20, y, "grid"))
        marks.append(_text(left - 6, y - _LINE / 2, f"{tick:,}", "end quiet"))
    for at, count in enumerate(told.rows):
        tall = (high - 10) * count / most
        last = told.beyond and at == len(told.rows) - 1
        marks.append(
            _rectangle(left + at * wide, high - tall, wide - 1, tall, "beyond" if last else "bar")
        )
    for at in range(0, len(told.rows), max(1, len(told.rows) // 8)):
        marks.append(_text(left + at * wide, high, f"{at * told.width:,}", "start quiet"))
    marks.append(_text(_WIDTH - 20, high + _LINE, unit, "end quiet"))
    peak = max(range(len(told.rows)), key=told.rows.__getitem__, default=0) * told.width
    alt = f"Histogram: most have {peak:,} to {peak + told.width - 1:,} {unit}."
    return _drawing(title, caption, alt, 0, marks, high + 2 * _LINE + 4)


def draw_matrix(
    title: str, caption: str, labels: Sequence[str], values: Sequence[Sequence[float]]
) -> Drawing:
    """A square for each pair of labels, the darker the more alike; names at the left and below."""
    count = max(1, len(labels))
    side = min(34, (_WIDTH - _NAMES - 20) // count)
    marks = []
    for row, name in enumerate(labels):
        marks.append(_name(name, row * side + (side - _LINE) / 2))
        for column, other in enumerate(labels):
            value = values[row][column]
            x, y = _NAMES + column * side, row * side
            told = f"{name} ~ {other}: {value:.2f}"
            marks.append(
                f'<rect x="{x}" y="{y}" width="{side - 1}" height="{side - 1}" class="bar" '
                f'fill-opacity="{max(0.0, min(1.0, value)):.2f}"><title>{escape(told)}</title></rect>'
            )
            if len(labels) <= _CELLS_WITH_NUMBERS and row != column:
                place = "middle on-dark" if value > 0.5 else "middle"
                number = f"{value:.2f}".removeprefix("0")
                marks.append(_text(x + side / 2, y + (side - _LINE) / 2, number, place))
    for column, name in enumerate(labels):
        middle, below = _NAMES + column * side + side / 2, count * side + 6
        marks.append(
            f'<text class="end" transform="translate({middle:.0f} {below}) rotate(-55)" '
            f'dy="6">{escape(elide(name, _NAME_WIDTH))}</text>'
        )
    best = max(
        ((values[a][b], labels[a], labels[b]) for a in range(len(labels)) for b in range(a)),
        default=(0.0, "", ""),
    )
    alt = f"Matrix of {len(labels)} labels; most alike: {best[1]} and {best[2]}, {best[0]:.2f}."
    return _drawing(title, caption, alt, 0, marks, count * side + 190)


def share_bar(name: str, count: int, total: int) -> Bar:
    """A bar as long as a count, with the count and its share behind it."""
    return Bar(name, count, f"{count:,} ({percent(count / total)})" if total else "0")


def _shown(rows: Sequence[_Row]) -> tuple[list[_Row | None], int]:
    """The rows to draw, None where others are left out, and how many those are."""
    hidden = len(rows) - _COMMON_DRAWN - _RARE_DRAWN
    if hidden <= 1:
        return list(rows), 0
    return [*rows[:_COMMON_DRAWN], None, *rows[-_RARE_DRAWN:]], hidden


def _ticks(most: float) -> list[int]:
    """Round whole numbers from 0 to ``most``, about four of them."""
    step = 10 ** floor(log10(max(1.0, most / 4)))
    step *= next(factor for factor in (1, 2, 5, 10) if most / (step * factor) <= 5)
    return list(range(0, int(most) + 1, max(1, int(step))))


def _grid(ticks: Iterable[int], scale: float, rows: int) -> Iterable[str]:
    for tick in ticks:
        x = _NAMES + tick * scale
        yield _line(x, 0, x, rows * _LINE, "grid")
        yield _text(x, rows * _LINE, f"{tick:,}", "middle quiet")


def _name(name: str, y: float) -> str:
    full = f"<title>{escape(name)}</title>"
    return (
        f'<text x="{_NAMES - 8}" y="{y + 13:.1f}" class="end">{full}'
        f"{escape(elide(name, _NAME_WIDTH))}</text>"
    )


def _text(x: float, y: float, said: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y + 13:.1f}" class="{kind}">{escape(said)}</text>'


def _rectangle(x: float, y: float, wide: float, high: float, kind: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" class="{kind}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _drawing(
    title: str, caption: str, alt: str, rows: int, marks: Iterable[str], high: float = 0
) -> Drawing:
    height = high or rows * _LINE + 4
    svg = (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" '
        f'height="{height:.0f}" role="img" aria-label="{escape(alt)}">{"".join(marks)}</svg>'
    )
    return Drawing(title, caption, alt, svg)
