"""What the answers are worth, in pictures. Draws on axes that ``figures`` makes.

Every picture has to be read with 2 labels and with 150: sizes grow with the labels, names
are cut in the middle, and numbers are written into cells only while they fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aprendiz.evaluation.intervals import wilson
from aprendiz.evaluation.metrics import Evaluation
from aprendiz.report.curves import Words
from aprendiz.report.style import (
    BLUE,
    GRID,
    HEAT,
    INK,
    LINES,
    ORANGE,
    QUIET,
    SMALL,
    TEXT,
    TINY,
    VERMILION,
    elide,
    percent,
    percent_span,
    rows,
    span,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Series = tuple[str, Sequence[tuple[int, int]]]
"""A model's name; right answers and rows of each group."""

PAIRS_SHOWN = 15
_CELLS_WITH_SHARES = 12
CELLS_WITH_COUNTS = 30
_NAME_WIDTH = 34

_FINAL = (
    ("accuracy", "accuracy"),
    ("macro_f1", "macro F1"),
    ("precision", "macro\nprecision"),
    ("recall", "macro\nrecall"),
)


def draw_final_metrics(axes: Axes, evaluation: Evaluation, part: str) -> Words:
    """Bars of the four main figures with their intervals."""
    values = [getattr(evaluation, key) for key, _ in _FINAL]
    ends = [getattr(evaluation, f"{key}_ci") for key, _ in _FINAL]
    places = list(range(len(_FINAL)))
    axes.bar(places, values, width=0.6, color=BLUE)
    axes.errorbar(
        places,
        values,
        yerr=[[v - low for v, (low, _) in zip(values, ends, strict=True)],
              [high - v for v, (_, high) in zip(values, ends, strict=True)]],
        fmt="none", ecolor=INK, elinewidth=1.6, capsize=6, capthick=1.6,
    )  # fmt: skip
    for place, value, (low, high) in zip(places, values, ends, strict=True):
        axes.text(
            place, high + 0.02, f"{value:.3f}\n{low:.3f}–{high:.3f}",
            ha="center", va="bottom", fontsize=SMALL, color=INK,
        )  # fmt: skip
    axes.set_xticks(places, [word for _, word in _FINAL], fontsize=TEXT)
    axes.set_ylim(0, 1.15)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel("score (0 to 1)", fontsize=TEXT)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    told = ", ".join(
        f"{word.replace(chr(10), ' ')} {value:.3f} ({span(end)})"
        for (_, word), value, end in zip(_FINAL, values, ends, strict=True)
    )
    return Words(
        "Final scores",
        f"Scores on {rows(evaluation.n)} ({part}). Whiskers are 95 % intervals: Wilson's for "
        "accuracy, a bootstrap for the macro averages over labels.",
        f"Bar chart: {told}.",
    )


def matrix_inches(labels: int) -> float:
    """Side of the confusion matrix alone, in inches."""
    return max(2.6, labels * _cell_inches(labels))


def _cell_inches(labels: int) -> float:
    if labels <= _CELLS_WITH_SHARES:
        return 0.62
    if labels <= CELLS_WITH_COUNTS:
        return 0.38
    return 0.135 if labels > 100 else 0.16


def draw_confusion(axes: Axes, evaluation: Evaluation, part: str) -> Words:
    """The confusion matrix, each row as shares of the rows that have the label."""
    from matplotlib import colormaps
    from matplotlib.colors import PowerNorm

    counts = evaluation.confusion
    labels = len(counts)
    support = counts.sum(axis=1, keepdims=True)
    shares = np.ma.masked_equal(counts / np.maximum(support, 1), 0)
    heat = colormaps[HEAT].with_extremes(bad="white")
    # A root lets single mistakes show beside a diagonal near 1.
    picture = axes.imshow(
        shares, cmap=heat, norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="nearest"
    )
    for row in np.flatnonzero(support == 0):
        axes.axhspan(row - 0.5, row + 0.5, facecolor="none", edgecolor=GRID, hatch="////", lw=0)
    _write_cells(axes, counts, shares.filled(0))
    _name_both_sides(axes, evaluation.labels)
    bar = axes.figure.colorbar(
        picture, ax=axes, fraction=0.04, pad=0.02, aspect=30, shrink=min(1.0, 5 / matrix_inches(labels)),
        ticks=[0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1],
    )  # fmt: skip
    bar.ax.set_yticklabels(["0", "1", "5", "10", "25", "50", "75", "100"], fontsize=SMALL)
    bar.set_label("share of the label's rows (%)", fontsize=SMALL)
    wrong = evaluation.n - evaluation.correct
    worst = evaluation.confused_pairs[:1]
    most = "".join(f"; most often {p.true} as {p.predicted} ({rows(p.count)})" for p in worst)
    empty = int((support == 0).sum())
    hatched = f" Hatched: {empty} labels without rows." if empty else ""
    return Words(
        "Confusion matrix",
        f"Confusion matrix of {rows(evaluation.n)} ({part}): {evaluation.correct:,} right on "
        f"the diagonal, {wrong:,} wrong beside it. Each row adds up to 100 % of its label's rows; "
        f"white is none.{hatched}",
        f"Heat map of {labels} by {labels} labels: {evaluation.correct:,} of {rows(evaluation.n)} "
        f"right{most}.",
    )


def _write_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    labels = len(counts)
    if labels > CELLS_WITH_COUNTS:
        # Thin lines every ten labels lead the eye to the names.
        for place in np.arange(9.5, labels - 1, 10):
            axes.axhline(place, color=QUIET, linewidth=0.35)
            axes.axvline(place, color=QUIET, linewidth=0.35)
        return
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = shares[row, column]
        text = f"{counts[row, column]:,}"
        if labels <= _CELLS_WITH_SHARES:
            text += f"\n{100 * share:.0f} %"
        axes.text(
            column, row, text, ha="center", va="center", linespacing=1.05,
            fontsize=SMALL if labels <= _CELLS_WITH_SHARES else 7,
            color="white" if share > 0.3 else INK,
        )  # fmt: skip


def _name_both_sides(axes: Axes, labels: tuple[str, ...]) -> None:
    many = len(labels) > CELLS_WITH_COUNTS
    size = TINY + 0.5 if many and len(labels) <= 100 else TINY if many else SMALL
    names = [elide(label, 28 if many else 24) for label in labels]
    places = list(range(len(labels)))
    flat = len(labels) <= 4 and max(map(len, names)) <= 9
    axes.set_xticks(
        places, names, fontsize=size, parse_math=False,
        rotation=0 if flat else 90 if many else 45,
        ha="center" if flat or many else "right",
        rotation_mode="default" if flat or many else "anchor",
    )  # fmt: skip
    axes.set_yticks(places, names, fontsize=size, parse_math=False)
    if many:
        # Read from whichever edge is nearer.
        axes.tick_params(top=True, right=True, labeltop=True, labelright=True, length=1.5)
        for name in axes.get_xticklabels():
            name.set_rotation(90)
    axes.set_xlabel("answered", fontsize=TEXT)
    axes.set_ylabel("true label", fontsize=TEXT)


def draw_reliability(above: Axes, below: Axes, evaluation: Evaluation, part: str) -> Words:
    """Accuracy by confidence, and below it how many rows were answered how surely."""
    groups = [group for group in evaluation.reliability if group.count]
    sure = [group.confidence or 0.0 for group in groups]
    right = [group.accuracy or 0.0 for group in groups]
    ends = [wilson(round((group.accuracy or 0.0) * group.count), group.count) for group in groups]
    above.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label="perfect")
    above.errorbar(
        sure,
        right,
        yerr=[[r - low for r, (low, _) in zip(right, ends, strict=True)],
              [high - r for r, (_, high) in zip(right, ends, strict=True)]],
        fmt="o-", color=BLUE, ecolor=BLUE, elinewidth=1.2, capsize=3, markersize=5,
        label="this model, 95 % interval",
    )  # fmt: skip
    above.set_ylabel("share answered rightly", fontsize=TEXT)
    above.set_ylim(-0.02, 1.02)
    above.grid(color=GRID, linewidth=0.6)
    above.legend(fontsize=SMALL, frameon=False, loc="upper left")
    lower = [group.lower for group in evaluation.reliability]
    width = evaluation.reliability[0].upper - evaluation.reliability[0].lower
    counts = [group.count for group in evaluation.reliability]
    below.bar(lower, counts, width=width, align="edge", color=ORANGE, edgecolor="white")
    below.set_ylabel("rows", fontsize=TEXT)
    below.set_xlabel("confidence of the answer (0 to 1)", fontsize=TEXT)
    below.set_xlim(0, 1)
    below.grid(axis="y", color=GRID, linewidth=0.6)
    below.set_axisbelow(True)
    return Words(
        "Reliability",
        f"How far confidence can be believed, on {rows(evaluation.n)} ({part}). Expected "
        f"calibration error {evaluation.ece:.3f} (95 % interval {span(evaluation.ece_ci)}). "
        "Under the dashed line the model is too sure of itself, above it too modest.",
        f"Chart of accuracy by confidence in {len(groups)} groups of rows; expected calibration "
        f"error {evaluation.ece:.3f}.",
    )


def draw_per_label(axes: Axes, evaluation: Evaluation, part: str) -> Words:
    """F1 of each label that occurs, the weakest first, with recall and its interval."""
    met = [entry for entry in evaluation.per_label if entry.support or entry.answered]
    met.sort(key=lambda entry: (entry.f1, entry.label))
    places = list(range(len(met)))
    many = len(met) > CELLS_WITH_COUNTS
    size = TINY + 1 if many else SMALL
    axes.barh(places, [entry.f1 for entry in met], height=0.72, color=BLUE, label="F1")
    known = [(place, entry) for place, entry in enumerate(met) if entry.support]
    axes.errorbar(
        [entry.recall for _, entry in known],
        [place for place, _ in known],
        xerr=[[entry.recall - entry.recall_ci[0] for _, entry in known],
              [entry.recall_ci[1] - entry.recall for _, entry in known]],
        fmt="D", color=ORANGE, markersize=3 if many else 4.5, mec=INK, mew=0.5,
        ecolor=INK, elinewidth=0.8, label="recall, 95 % interval",
    )  # fmt: skip
    for place, entry in enumerate(met):
        axes.text(
            1.03, place, f"{entry.f1:.2f}  {entry.support:,}", fontsize=size, color=INK,
            va="center", ha="left", transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    axes.text(
        1.03, 1.0, "F1   rows", fontsize=size, color=QUIET, va="bottom", ha="left",
        transform=axes.transAxes,
    )  # fmt: skip
    names = [elide(entry.label, _NAME_WIDTH) for entry in met]
    axes.set_yticks(places, names, fontsize=size, parse_math=False)
    axes.set_ylim(len(met) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel("F1 and recall (0 to 1)", fontsize=TEXT)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.figure.legend(fontsize=SMALL, frameon=False, ncols=2, loc="outside lower center")
    left = len(evaluation.per_label) - len(met)
    absent = f" {left} labels occur neither in the rows nor in the answers." if left else ""
    weakest = ", ".join(f"{entry.label} {entry.f1:.2f}" for entry in met[:3])
    return Words(
        "F1 per label",
        f"F1 of each label on {rows(evaluation.n)} ({part}), weakest first; diamonds are recall "
        f"with Wilson's 95 % interval, the last column is how many rows have the label.{absent}",
        f"Bar chart of {len(met)} labels; weakest: {weakest}.",
    )


def draw_groups(axes: Axes, groups: Sequence[str], series: Sequence[Series]) -> Words:
    """Right answers by group, a mark for each model, with Wilson's interval.

    Args:
        groups: names, in reading order.
        series: for each model its name, and right answers and rows of each group.
    """
    step = 0.7 / len(series)
    for at, ((model, counts), (colour, mark, _)) in enumerate(zip(series, LINES, strict=False)):
        offset = (at - (len(series) - 1) / 2) * step
        shares = [right / n for right, n in counts]
        ends = [wilson(right, n) for right, n in counts]
        axes.errorbar(
            shares,
            [place + offset for place in range(len(groups))],
            xerr=[[share - low for share, (low, _) in zip(shares, ends, strict=True)],
                  [high - share for share, (_, high) in zip(shares, ends, strict=True)]],
            fmt=mark, color=colour, ecolor=colour, elinewidth=1.4, capsize=3, markersize=5,
            label=elide(model, _NAME_WIDTH),
        )  # fmt: skip
    rows_of = [n for _, n in series[0][1]]
    names = [f"{elide(name, _NAME_WIDTH)} ({n:,})" for name, n in zip(groups, rows_of, strict=True)]
    axes.set_yticks(range(len(groups)), names, fontsize=SMALL, parse_math=False)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share of right answers (0 to 1)", fontsize=TEXT)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.figure.legend(fontsize=SMALL, frameon=False, ncols=2, loc="outside lower center")
    told = "; ".join(
        f"{model} between {min(right / n for right, n in counts):.2f} and "
        f"{max(right / n for right, n in counts):.2f}"
        for model, counts in series
    )
    return Words(
        "Right answers by concept",
        "Share of right final answers of each concept (rows in brackets). Whiskers are Wilson's "
        "95 % intervals; few rows make them wide.",
        f"Chart of {len(groups)} concepts; {told}.",
    )


def draw_pairs(axes: Axes, evaluation: Evaluation, part: str) -> Words:
    """The pairs of labels that are confused most often."""
    pairs = evaluation.confused_pairs[:PAIRS_SHOWN]
    support = {entry.label: entry.support for entry in evaluation.per_label}
    places = list(range(len(pairs)))
    axes.barh(places, [pair.count for pair in pairs], height=0.7, color=VERMILION)
    most = max(pair.count for pair in pairs)
    for place, pair in enumerate(pairs):
        share = pair.count / support[pair.true]
        told = f"{pair.count:,} of {support[pair.true]:,} ({percent(share, 0)})"
        axes.text(pair.count + 0.015 * most, place, told, va="center", fontsize=SMALL, color=INK)
    names = [
        f"{elide(pair.true, _NAME_WIDTH - 4)} → {elide(pair.predicted, _NAME_WIDTH - 4)}"
        for pair in pairs
    ]
    axes.set_yticks(places, names, fontsize=SMALL, parse_math=False)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.set_xlim(0, most * 1.3)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("rows (true label → answered)", fontsize=TEXT)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    wrong = evaluation.n - evaluation.correct
    shown = sum(pair.count for pair in pairs)
    low, high = wilson(wrong, evaluation.n)
    first = pairs[0]
    return Words(
        "Most confused pairs",
        f"True label → label answered, with the share of the true label's rows. Of "
        f"{rows(evaluation.n)} ({part}) {wrong:,} were answered wrongly (95 % interval "
        f"{percent_span((low, high))}); {shown:,} of those are shown.",
        f"Bar chart of {len(pairs)} pairs; most often {first.true} answered as "
        f"{first.predicted}: {rows(first.count)}.",
    )
