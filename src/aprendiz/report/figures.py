"""Draws every picture of a report as a file. The only file that loads matplotlib.

Pictures are made as objects on the Agg canvas: no window, no global state, safe in threads.
Seaborn would bring pandas and a second of loading for nothing used here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from aprendiz.evaluation.metrics import Evaluation
from aprendiz.report import charts, curves
from aprendiz.report.curves import Words
from aprendiz.report.facts import Figure, History, LeftOut
from aprendiz.report.risk_chart import draw_risk_coverage
from aprendiz.report.style import DPI, INK, QUIET, SMALL, TITLE, percent, percent_span, rows, span

# Letters that matplotlib's own font lacks are taken from the first of these that is installed.
_FALLBACKS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans", "PingFang SC",
    "Hiragino Sans", "Microsoft YaHei", "Malgun Gothic", "WenQuanYi Micro Hei",
    "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode MS",
)  # fmt: skip


def draw(
    evaluation: Evaluation,
    history: History,
    folder: Path,
    *,
    part: str = "test",
    validation_rows: int | None = None,
) -> tuple[list[Figure], list[LeftOut]]:
    """Draw what can be drawn into ``folder``, which is made if need be.

    Args:
        evaluation: the figures.
        history: what a run kept: ``{"step": …, "loss" | "eval_accuracy" | …: …}`` in order.
        folder: where the PNG files go, named after their figure.
        part: name of the rows that ``evaluation`` measured.
        validation_rows: how many rows the ``eval_…`` figures of the history were measured on.

    Returns:
        The pictures in reading order, and those left out with the reason.
    """
    return draw_pictures(_pictures(evaluation, history, part, validation_rows), folder)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be drawn.

    Attributes:
        name: the file's name without its ending.
        inches: width and height.
        subtitle: what was measured, over the drawing.
        draw: draws on a canvas and says what it shows.
        why_not: why it cannot be drawn; empty when it can.
    """

    name: str
    inches: tuple[float, float]
    subtitle: str
    draw: Callable[[Canvas], Words]
    why_not: str = ""


def draw_pictures(
    pictures: Sequence[Picture], folder: Path, *, svg: bool = False
) -> tuple[list[Figure], list[LeftOut]]:
    """Draw pictures into ``folder``, which is made if need be.

    Args:
        pictures: in reading order.
        folder: where the PNG files go, named after their picture.
        svg: write each as SVG too, for print.

    Returns:
        The pictures drawn, and those left out with the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[Figure] = []
    left_out: list[LeftOut] = []
    for picture in pictures:
        if picture.why_not:
            left_out.append(LeftOut(picture.name, picture.why_not))
            continue
        path = folder / f"{picture.name}.png"
        canvas = Canvas(figsize=picture.inches, dpi=DPI, layout=_layout())
        FigureCanvasAgg(canvas)
        words = picture.draw(canvas)
        _save(canvas, words.title, picture.subtitle, path, svg=svg)
        drawn.append(Figure(picture.name, path, words.title, words.caption, words.alt))
    return drawn, left_out


def _pictures(
    told: Evaluation, history: History, part: str, validation_rows: int | None
) -> list[Picture]:
    measured = f"{part}, n = {told.n:,}"
    accuracy = f"right on {percent(told.accuracy)} (95 % interval {percent_span(told.accuracy_ci)})"
    on_validation = f"validation, n = {validation_rows:,}" if validation_rows else "validation rows"
    wide = (7.2, 4.4)

    def by_step(name: str, key: str, draw: Callable[[Canvas], Words]) -> Picture:
        return Picture(name, wide, on_validation, draw, curves.why_no_curve(history, key))

    return [
        Picture(
            "final_metrics", (6.4, 4.6), measured,
            lambda c: charts.draw_final_metrics(c.subplots(), told, part),
        ),
        Picture(
            "confusion_matrix", _matrix_size(told), f"{measured}: {accuracy}",
            lambda c: charts.draw_confusion(c.subplots(), told, part),
        ),
        Picture(
            "per_label_f1", _bars_size(len(told.labels)),
            f"{measured}: macro F1 {told.macro_f1:.3f} (95 % interval {span(told.macro_f1_ci)})",
            lambda c: charts.draw_per_label(c.subplots(), told, part),
        ),
        Picture(
            "confused_pairs",
            (9.0, 1.6 + 0.3 * min(charts.PAIRS_SHOWN, max(2, len(told.confused_pairs)))),
            f"{measured}: {rows(told.n - told.correct)} wrong",
            lambda c: charts.draw_pairs(c.subplots(), told, part),
            "" if told.confused_pairs else "not one row was answered wrongly",
        ),
        Picture(
            "reliability", (6.0, 6.4),
            f"{measured}: calibration error {told.ece:.3f} (95 % interval {span(told.ece_ci)})",
            lambda c: _reliability(c, told, part),
        ),
        Picture(
            "risk_coverage", (6.4, 4.6), f"{measured}: {accuracy}",
            lambda c: draw_risk_coverage(c.subplots(), told, part),
            "" if told.risk_coverage else "measured by a version that did not keep the curve",
        ),
        by_step(
            "loss_function", "loss",
            lambda c: curves.draw_loss(c.subplots(), history, validation_rows),
        ),
        by_step(
            "accuracy_evolution", "eval_accuracy",
            lambda c: curves.draw_score(c.subplots(), history, "eval_accuracy", validation_rows),
        ),
        by_step(
            "f1_evolution", "eval_f1",
            lambda c: curves.draw_score(c.subplots(), history, "eval_f1", validation_rows),
        ),
        by_step(
            "all_metrics_evolution", "eval_accuracy",
            lambda c: curves.draw_all_scores(c.subplots(), history, validation_rows),
        ),
    ]  # fmt: skip


def _reliability(canvas: Canvas, told: Evaluation, part: str) -> Words:
    above, below = canvas.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    return charts.draw_reliability(above, below, told, part)


def _matrix_size(told: Evaluation) -> tuple[float, float]:
    side = charts.matrix_inches(len(told.labels))
    names = 4.4 if len(told.labels) > charts.CELLS_WITH_COUNTS else 2.9
    return side + names, side + names - 0.8


def _bars_size(labels: int) -> tuple[float, float]:
    return 7.6, 1.5 + labels * (0.3 if labels <= 30 else 0.165)


def _save(canvas: Canvas, title: str, subtitle: str, path: Path, *, svg: bool) -> None:
    # A large picture is looked at from further away.
    larger = max(1.0, min(1.8, canvas.get_figwidth() / 10))
    canvas.suptitle(title, fontsize=TITLE * larger, color=INK, x=0.02, ha="left", weight="bold")
    for axes in canvas.axes:
        axes.tick_params(colors=INK)
        for side in axes.spines.values():
            side.set_color(QUIET)
    canvas.axes[0].set_title(subtitle, fontsize=SMALL * larger, color=QUIET, loc="left")
    families = _families()
    for text in canvas.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            text.set_fontfamily(families)
    with warnings.catch_warnings():
        # A letter no installed font has is drawn as a box; saying so would help nobody.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        canvas.savefig(path, format="png", facecolor="white", metadata={"Software": None})
        if svg:
            # The same marks get the same names, so that the same figures give the same file.
            with rc_context({"svg.hashsalt": "aprendiz"}):
                canvas.savefig(path.with_suffix(".svg"), facecolor="white", metadata={"Date": None})


def _layout() -> ConstrainedLayoutEngine:
    return ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.09)


def _families() -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in installed)]
