"""The risk–coverage chart: what is gained by leaving the doubtful texts unanswered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aprendiz.evaluation.metrics import Evaluation
from aprendiz.report.curves import Words
from aprendiz.report.style import BLUE, GRID, INK, ORANGE, QUIET, SMALL, TEXT, rows, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_risk_coverage(axes: Axes, told: Evaluation, part: str) -> Words:
    """Share of wrong answers by share of texts answered, and where the model's rule stands."""
    coverage = [x for x, _ in told.risk_coverage]
    risk = [y for _, y in told.risk_coverage]
    axes.plot(coverage, risk, color=BLUE, linewidth=2, label="this model, surest texts first")
    axes.axhline(
        1 - told.accuracy, color=QUIET, linestyle="--", linewidth=1, label="answering everything"
    )
    rule = told.decisions
    point = ""
    if rule is not None and rule.answered.answered:
        wrong = 1 - rule.answered.precision
        low, high = rule.answered.precision_ci
        axes.errorbar(
            [rule.answered.coverage],
            [wrong],
            yerr=[[max(0.0, wrong - (1 - high))], [max(0.0, (1 - low) - wrong)]],
            fmt="D", color=ORANGE, mec=INK, mew=0.6, ecolor=INK, elinewidth=1.2, capsize=4,
            label="where it stands, 95 % interval", zorder=3,
        )  # fmt: skip
        point = (
            f" The model answers {rule.answered.coverage:.3f} of them, {wrong:.3f} of those "
            "wrongly (diamond, with Wilson's interval)."
        )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, max([*risk, 1 - told.accuracy, 0.02]) * 1.15)
    axes.set_xlabel("coverage: share of the texts that are answered (0 to 1)", fontsize=TEXT)
    axes.set_ylabel("risk: share of the answers that are wrong", fontsize=TEXT)
    axes.grid(color=GRID, linewidth=0.6)
    axes.legend(fontsize=SMALL, frameon=False, loc="upper left")
    area, interval = told.aurc or 0.0, told.aurc_ci or (0.0, 1.0)
    return Words(
        "Risk and coverage",
        f"What is gained by asking back where the model is least sure, on {rows(told.n)} ({part}). "
        f"Area under the curve {area:.4f} (95 % interval {span(interval)}); lower is better.{point}",
        f"Curve of the share of wrong answers by the share of texts answered, up to "
        f"{1 - told.accuracy:.3f} when all are; area {area:.4f}.",
    )
