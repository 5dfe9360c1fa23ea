"""How training went: the loss and the scores by step. Draws on axes that ``figures`` makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aprendiz.evaluation.intervals import wilson
from aprendiz.report.facts import History
from aprendiz.report.style import BLUE, GRID, INK, LINES, QUIET, SMALL, TEXT, VERMILION, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCORES = (
    ("eval_accuracy", "accuracy"),
    ("eval_f1", "macro F1"),
    ("eval_precision", "macro precision"),
    ("eval_recall", "macro recall"),
)
# More points than this and the marks run into one another.
_MARKED = 40


@dataclass(frozen=True, slots=True)
class Words:
    """What is written about a picture: see :class:`aprendiz.report.facts.Figure`."""

    title: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure by step: ``steps`` rising, ``values`` beside them."""

    steps: tuple[float, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, history: History, name: str) -> Curve:
        """The figure ``name``; where a step stands twice (after a resume) the later one counts."""
        points = {entry["step"]: entry[name] for entry in history if name in entry}
        steps = tuple(sorted(points))
        return cls(steps, tuple(points[step] for step in steps))

    def __bool__(self) -> bool:
        return bool(self.steps)

    def best(self) -> tuple[float, float]:
        """Highest value with its step; of equals the first."""
        value = max(self.values)
        return self.steps[self.values.index(value)], value


def training_loss(history: History) -> Curve:
    """The loss logged on the way; the Trainer's closing average over the run is no point of it."""
    curve = Curve.of(history, "loss")
    on_the_way = [entry for entry in history if "train_runtime" not in entry]
    return curve or Curve.of(on_the_way, "train_loss")


def why_no_curve(history: History, name: str) -> str:
    """Why ``name`` cannot be drawn, in a sentence; empty when it can."""
    if name == "loss":
        if training_loss(history) or Curve.of(history, "eval_loss"):
            return ""
        return "this method does not learn step by step, so there is no loss to follow"
    if Curve.of(history, name):
        return ""
    if training_loss(history):
        return "no validation rows were held out, so nothing was measured on the way"
    return "this method does not learn step by step, so nothing was measured on the way"


def draw_loss(axes: Axes, history: History, validation_rows: int | None) -> Words:
    """Training and validation loss."""
    told = []
    for curve, name, (colour, mark, dash) in (
        (training_loss(history), "training", LINES[0]),
        (Curve.of(history, "eval_loss"), "validation", LINES[1]),
    ):
        if curve:
            _line(axes, curve, name, colour, mark, dash)
            told.append(f"{name} loss from {curve.values[0]:.3g} to {curve.values[-1]:.3g}")
    axes.set_ylabel("loss: mean cross-entropy (nats)", fontsize=TEXT)
    axes.set_ylim(bottom=0)
    _by_step(axes, history)
    where = f" on {rows(validation_rows)}" if validation_rows else ""
    return Words(
        "Loss",
        f"Loss by optimiser step; validation is measured{where} at each evaluation. Training "
        "falling while validation rises means that the rows are being learnt by heart.",
        f"Line chart: {'; '.join(told)}.",
    )


def draw_score(axes: Axes, history: History, name: str, validation_rows: int | None) -> Words:
    """One validation score; accuracy, being a share of rows, with its interval."""
    word = dict(_SCORES)[name]
    curve = Curve.of(history, name)
    colour, mark, dash = LINES[0]
    _line(axes, curve, word, colour, mark, dash)
    band = ""
    if name == "eval_accuracy" and validation_rows:
        ends = [wilson(round(v * validation_rows), validation_rows) for v in curve.values]
        low, high = zip(*ends, strict=True)
        if len(curve.steps) > 1:
            axes.fill_between(
                curve.steps, low, high, color=BLUE, alpha=0.18, linewidth=0, label="95 % interval"
            )
        else:
            axes.vlines(curve.steps, low, high, color=BLUE, alpha=0.5, label="95 % interval")
        band = " The band is Wilson's 95 % interval."
    step, best = curve.best()
    axes.plot(
        [step], [best], "o", ms=13, mfc="none", mec=VERMILION, mew=1.6,
        label=f"highest: {best:.3f} at step {step:,.0f}",
    )  # fmt: skip
    axes.set_ylabel(f"{word} on validation rows (0 to 1)", fontsize=TEXT)
    _by_step(axes, history)
    where = rows(validation_rows) if validation_rows else "the validation rows"
    return Words(
        f"{word[0].upper()}{word[1:]} by step",
        f"{word[0].upper()}{word[1:]} on {where}, at each evaluation.{band}",
        f"Line chart: {word} begins at {curve.values[0]:.3f}, ends at {curve.values[-1]:.3f}, "
        f"highest {best:.3f} at step {step:,.0f}.",
    )


def draw_all_scores(axes: Axes, history: History, validation_rows: int | None) -> Words:
    """Accuracy, macro F1, precision and recall in one picture."""
    told = []
    for (name, word), (colour, mark, dash) in zip(_SCORES, LINES, strict=True):
        curve = Curve.of(history, name)
        if curve:
            _line(axes, curve, word, colour, mark, dash)
            told.append(f"{word} {curve.values[-1]:.3f}")
    axes.set_ylabel("score on validation rows (0 to 1)", fontsize=TEXT)
    _by_step(axes, history)
    where = rows(validation_rows) if validation_rows else "the validation rows"
    return Words(
        "All scores by step",
        f"Accuracy and the macro averages on {where}, at each evaluation.",
        f"Line chart; at the last evaluation: {', '.join(told)}.",
    )


def draw_token_accuracy(axes: Axes, history: History, validation_rows: int | None) -> Words:
    """Share of tokens of the answers that come first among all tokens, on both sides."""
    told = []
    for key, name, (colour, mark, dash) in (
        ("mean_token_accuracy", "training", LINES[0]),
        ("eval_mean_token_accuracy", "validation", LINES[1]),
    ):
        if curve := Curve.of(history, key):
            _line(axes, curve, name, colour, mark, dash)
            told.append(f"{name} from {curve.values[0]:.3f} to {curve.values[-1]:.3f}")
    axes.set_ylabel("tokens of answers foretold (0 to 1)", fontsize=TEXT)
    _by_step(axes, history)
    where = f" on {rows(validation_rows)}" if validation_rows else ""
    return Words(
        "Token accuracy",
        "How often the most probable token is the one that the assistant says next, given all "
        f"before it; validation is measured{where}. A whole answer is right more seldom, for it "
        "needs every token.",
        f"Line chart: {'; '.join(told)}.",
    )


def draw_learning_rate(axes: Axes, history: History) -> Words:
    """The learning rate by step."""
    curve = Curve.of(history, "learning_rate")
    colour, mark, dash = LINES[0]
    _line(axes, curve, "learning rate", colour, mark, dash)
    axes.set_ylabel("learning rate", fontsize=TEXT)
    axes.set_ylim(bottom=0)
    _by_step(axes, history)
    return Words(
        "Learning rate",
        "Learning rate by optimiser step: a short rise, then the way down to the end.",
        f"Line chart: highest {max(curve.values):.3g}, at the end {curve.values[-1]:.3g}.",
    )


def _line(axes: Axes, curve: Curve, name: str, colour: str, mark: str, dash: str) -> None:
    axes.plot(
        curve.steps,
        curve.values,
        color=colour,
        linestyle=dash,
        linewidth=1.8,
        marker=mark if len(curve.steps) <= _MARKED else None,
        markersize=5,
        label=name,
    )


def _by_step(axes: Axes, history: History) -> None:
    axes.set_xlabel("optimiser step", fontsize=TEXT)
    axes.grid(color=GRID, linewidth=0.6)
    axes.legend(fontsize=SMALL, frameon=False, labelcolor=INK)
    epochs = Curve.of(history, "epoch")
    if not epochs or epochs.values[-1] <= 0 or epochs.steps[-1] <= 0:
        return
    each = epochs.steps[-1] / epochs.values[-1]

    def to_epochs(step: Any) -> Any:
        return step / each

    def to_steps(epoch: Any) -> Any:
        return epoch * each

    top = axes.secondary_xaxis("top", functions=(to_epochs, to_steps))
    if epochs.values[-1] >= 3:
        top.locator_params(axis="x", integer=True)
    top.set_xlabel("epoch", fontsize=SMALL, color=QUIET)
    top.tick_params(labelsize=SMALL, colors=QUIET)
