"""Two pictures of a comparison: accuracy against what a training, and what an answer, takes.

Draws on axes that ``figures`` makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aprendiz.evaluation.compare_verdict import in_time
from aprendiz.report.comparison import Compared, Comparison
from aprendiz.report.comparison_text import ms_in_words
from aprendiz.report.curves import Words
from aprendiz.report.style import BLUE, GRID, INK, QUIET, SMALL, TEXT, elide, rows

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from aprendiz.report.facts import Figure

_NAME_WIDTH = 24


def draw(told: Comparison, folder: Path) -> list[Figure]:
    """Both pictures as PNG and SVG files in ``folder``, which is made if need be.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    from aprendiz.errors import MissingExtra

    try:
        from aprendiz.report.figures import Picture, draw_pictures
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("aprendiz"):
            raise
        raise MissingExtra("train", error.name or "matplotlib") from None

    measured = f"test, n = {told.data['test']:,}"
    pictures = [
        Picture(
            "accuracy_by_training", (7.2, 4.4), measured,
            lambda canvas: draw_training(canvas.subplots(), told),
        ),
        Picture(
            "accuracy_by_latency", (7.2, 4.4), measured,
            lambda canvas: draw_latency(canvas.subplots(), told),
        ),
    ]  # fmt: skip
    return draw_pictures(pictures, folder, svg=True)[0]


def draw_training(axes: Axes, told: Comparison) -> Words:
    """Accuracy against the time of a training."""
    spans = [(each.seconds.least, each.seconds.mean, each.seconds.most) for each in told.methods]
    alt = _draw(axes, told, "training", spans)
    axes.set_xlabel("seconds of a training (logarithmic)", fontsize=TEXT)
    times = ", ".join(f"{each.name} {in_time(each.seconds.mean)}" for each in told.methods)
    several = " across: the shortest and the longest training." if len(told.seeds) > 1 else ""
    return Words(
        "Accuracy against training time",
        f"Share of {rows(told.data['test'])} answered rightly; whiskers are 95 % intervals.{several} "
        f"Filled points, joined: no other is at least as good in both. Trained in: "
        f"{times}.",
        f"{alt} Training took: {times}.",
    )


def draw_latency(axes: Axes, told: Comparison) -> Words:
    """Accuracy against the time of an answer to one text."""
    spans = [(each.one.median_ms, each.one.median_ms, each.one.p95_ms) for each in told.methods]
    alt = _draw(axes, told, "latency", spans)
    axes.set_xlabel("milliseconds for one text (logarithmic)", fontsize=TEXT)
    times = ", ".join(f"{each.name} {ms_in_words(each.one.median_ms)}" for each in told.methods)
    return Words(
        "Accuracy against time to answer",
        f"Share of {rows(told.data['test'])} answered rightly; whiskers are 95 % intervals, across "
        "from the median to what 95 of 100 calls stay under. Filled points, joined: no other is at "
        f"least as good in both. One text takes: {times}.",
        f"{alt} One text takes: {times}.",
    )


def _draw(
    axes: Axes, told: Comparison, cost: str, spans: Sequence[tuple[float, float, float]]
) -> str:
    """Points with whiskers both ways, the unbeaten ones joined; says what is to be seen."""
    front = told.front()
    unbeaten: list[tuple[float, Compared]] = []
    for each, (least, middle, most) in zip(told.methods, spans, strict=True):
        first = front[each.name][cost]
        low, high = each.accuracy.ci
        axes.errorbar(
            [middle], [each.accuracy.mean],
            yerr=[[each.accuracy.mean - low], [high - each.accuracy.mean]],
            xerr=[[middle - least], [most - middle]],
            fmt="o", color=BLUE if first else QUIET, mfc=BLUE if first else "white",
            ecolor=INK, elinewidth=1.0, capsize=3, markersize=7, zorder=3,
        )  # fmt: skip
        axes.annotate(
            elide(each.name, _NAME_WIDTH), (middle, each.accuracy.mean), xytext=(7, 7),
            textcoords="offset points", fontsize=SMALL, color=INK, parse_math=False,
        )  # fmt: skip
        if first:
            unbeaten.append((middle, each))
    unbeaten.sort(key=lambda point: point[0])
    axes.step(
        [at for at, _ in unbeaten],
        [each.accuracy.mean for _, each in unbeaten],
        where="post", color=BLUE, linewidth=1.2, linestyle="--", zorder=2,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    # Room for the names, which stand at the right of their points.
    axes.margins(x=0.25, y=0.12)
    axes.set_ylabel("accuracy (0 to 1)", fontsize=TEXT)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    scores = ", ".join(f"{each.name} {each.accuracy.mean:.3f}" for each in told.methods)
    names = ", ".join(each.name for _, each in unbeaten)
    return f"Chart of {len(told.methods)} methods. Accuracy: {scores}. Unbeaten: {names}."
