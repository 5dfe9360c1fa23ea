"""Which pictures a chat model's report has: how training went, and what it can by concept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aprendiz.evaluation.replies import AnswersEvaluation
from aprendiz.report import charts, curves
from aprendiz.report.facts import Figure, History, LeftOut
from aprendiz.report.style import percent, percent_span

if TYPE_CHECKING:
    from aprendiz.report.figures import Picture

_WIDE = (7.2, 4.4)
_GROUPED_BY = "concept"


def draw(
    evaluation: AnswersEvaluation | None,
    history: History,
    folder: Path,
    *,
    validation_rows: int | None = None,
) -> tuple[list[Figure], list[LeftOut]]:
    """Draw what can be drawn into ``folder``, each picture as PNG and as SVG.

    Args:
        evaluation: the figures on held-out conversations, if any were measured.
        history: what a run kept, by step.
        folder: where the files go, named after their figure.
        validation_rows: how many conversations the ``eval_…`` figures were measured on.

    Returns:
        The pictures in reading order, and those left out with the reason.
    """
    from aprendiz.report.figures import draw_pictures

    pictures = [_by_concept(evaluation), *_by_step(history, validation_rows)]
    return draw_pictures(pictures, folder, svg=True)


def _by_concept(evaluation: AnswersEvaluation | None) -> Picture:
    from aprendiz.report.figures import Picture

    def missing(reason: str) -> Picture:
        return Picture("by_concept", _WIDE, "", _never, reason)

    if evaluation is None:
        return missing("no conversations were held out to measure it on")
    if _GROUPED_BY not in evaluation.replies.by:
        return missing("the rows do not say what concept they are about")
    models = [evaluation.other] if evaluation.other else []
    models.append(evaluation.replies)
    groups = list(evaluation.replies.by[_GROUPED_BY])
    series = [
        (
            each.model,
            [
                (each.by[_GROUPED_BY][name]["correct"], each.by[_GROUPED_BY][name]["n"])
                for name in groups
            ],
        )
        for each in models
    ]
    subtitle = (
        f"n = {evaluation.n:,}: right on {percent(evaluation.exact_match)} "
        f"(95 % interval {percent_span(evaluation.exact_match_ci)})"
    )
    size = (7.6, 1.6 + 0.34 * len(groups))
    return Picture(
        "by_concept", size, subtitle, lambda c: charts.draw_groups(c.subplots(), groups, series)
    )


def _by_step(history: History, validation_rows: int | None) -> list[Picture]:
    from aprendiz.report.figures import Picture

    on = f"validation, n = {validation_rows:,}" if validation_rows else "no validation rows"

    def picture(
        name: str, subtitle: str, keys: tuple[str, ...], draw: Callable[[Any], curves.Words]
    ) -> Picture:
        there = any(curves.Curve.of(history, key) for key in keys)
        why_not = "" if there else "the training kept no such figure"
        return Picture(name, _WIDE, subtitle, lambda c: draw(c.subplots()), why_not)

    return [
        picture(
            "loss_function", on, ("loss", "eval_loss"),
            lambda axes: curves.draw_loss(axes, history, validation_rows),
        ),
        picture(
            "token_accuracy", on, ("mean_token_accuracy", "eval_mean_token_accuracy"),
            lambda axes: curves.draw_token_accuracy(axes, history, validation_rows),
        ),
        picture(
            "learning_rate", "", ("learning_rate",),
            lambda axes: curves.draw_learning_rate(axes, history),
        ),
    ]  # fmt: skip


def _never(_canvas: object) -> curves.Words:
    raise AssertionError("a picture with a reason why not is not drawn")
