"""One HTML page that says how good a model is and why; it needs no other file and no network.

Pictures are embedded; texts from the data are escaped by the template, and the page forbids
itself scripts and outside addresses, so a report about hostile texts is safe to open.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from aprendiz.errors import MissingExtra
from aprendiz.evaluation.metrics import ConfusedPair, Evaluation, LabelScore
from aprendiz.report.facts import Figure, LeftOut, Mistake, ReportFacts
from aprendiz.report.rules_table import rule_rows, scope_sentence, sets_sentence
from aprendiz.report.style import percent, percent_span, span

WEAKEST_SHOWN = 10
PAIRS_SHOWN = 10
EXAMPLES_PER_PAIR = 3
MISTAKES_SHOWN = 25
# Enough to see what a text is about; whole documents would bury the page.
_LONGEST_TEXT = 400

_SCORES = (
    ("Accuracy", "accuracy", "share of rows answered rightly"),
    ("Macro F1", "macro_f1", "mean over labels, rare ones count as much as common ones"),
    ("Macro precision", "precision", "of the rows answered with a label, how many have it"),
    ("Macro recall", "recall", "of the rows that have a label, how many were found"),
    ("Calibration error", "ece", "mean gap between confidence and accuracy; lower is better"),
    ("Classwise calibration error", "classwise_ece", "the same for every label's probability"),
    ("Brier score", "brier", "squared error of the probabilities, 0 to 2; lower is better"),
    ("Loss", "loss", "mean negative log-likelihood in nats; lower is better"),
    ("Risk–coverage area", "aurc", "mean risk over all coverages; lower is better"),
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A figure as a template needs it: base64 of its PNG file; width and height in pixels."""

    figure: Figure
    data: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """A confused pair, the rows its true label has, and some of the texts."""

    pair: ConfusedPair
    support: int
    examples: tuple[Mistake, ...]


def render(
    facts: ReportFacts, figures: Sequence[Figure] = (), left_out: Sequence[LeftOut] = ()
) -> str:
    """The page as HTML.

    Args:
        facts: what is said.
        figures: PNG files to embed, in reading order.
        left_out: pictures that were not drawn, and why.

    Raises:
        MissingExtra: jinja2 is not installed.
        OSError: a figure's file cannot be read.
    """
    told = facts.evaluation
    return fill(
        "page.html",
        facts=facts,
        told=told,
        verdict=verdict(facts),
        caution=_caution(facts),
        scores=[
            (name, getattr(told, key), getattr(told, f"{key}_ci"), meaning)
            for name, key, meaning in _SCORES
            if getattr(told, key) is not None
        ],
        rules=rule_rows(facts.decisions, told),
        about_scope=scope_sentence(told),
        about_sets=sets_sentence(facts.decisions, told),
        pictures=[embed(figure) for figure in figures],
        left_out=left_out,
        weakest=_weakest(told),
        pairs=_pairs(facts),
        mistakes=sorted(facts.mistakes, key=lambda mistake: -mistake.confidence)[:MISTAKES_SHOWN],
        shell=_shell(facts.folder_name),
        python=_python(facts.folder_name),
    )


def fill(name: str, **values: object) -> str:
    """A template of this room with its values filled in, escaped, and the style sheet.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise MissingExtra("train", "jinja2") from None

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": percent,
        "percent_span": percent_span,
        "span": span,
        "short": short,
    }
    room = resources.files("aprendiz.report")
    template = environment.from_string((room / name).read_text(encoding="utf-8"))
    css = Markup((room / "page.css").read_text(encoding="utf-8"))  # ours, not the user's
    return template.render(css=css, **values)


def verdict(facts: ReportFacts) -> str:
    """How good the model is, in one sentence."""
    told = facts.evaluation
    which = {
        "unseen": f"{told.n:,} rows it had not seen",
        "chose": f"{told.n:,} rows it had not learnt from",
        "trained": f"the {told.n:,} rows it learnt from",
    }[facts.seen]
    return (
        f"Right on {percent(told.accuracy)} of {which} "
        f"(95 % interval {percent_span(told.accuracy_ci)})."
    )


def _caution(facts: ReportFacts) -> str:
    """What to hold against the figures because of how the rows were used before."""
    return {
        "unseen": "",
        "chose": "The same rows chose the checkpoint or the temperature, so expect a little "
        "less on new texts. A test file that takes no part in training settles it.",
        "trained": "The model has seen these rows with their labels: this says how well they "
        "were learnt, not how well new texts would be answered.",
    }[facts.seen]


def _weakest(told: Evaluation) -> list[LabelScore]:
    measured = [entry for entry in told.per_label if entry.support and entry.f1 < 1]
    return sorted(measured, key=lambda entry: (entry.f1, entry.label))[:WEAKEST_SHOWN]


def _pairs(facts: ReportFacts) -> list[_Pair]:
    support = {entry.label: entry.support for entry in facts.evaluation.per_label}
    examples: dict[tuple[str, str], list[Mistake]] = {}
    for mistake in facts.mistakes:
        examples.setdefault((mistake.true, mistake.predicted), []).append(mistake)
    return [
        _Pair(
            pair,
            support[pair.true],
            tuple(examples.get((pair.true, pair.predicted), [])[:EXAMPLES_PER_PAIR]),
        )
        for pair in facts.evaluation.confused_pairs[:PAIRS_SHOWN]
    ]


def embed(figure: Figure) -> Embedded:
    """A figure read from its PNG file.

    Raises:
        OSError: the file cannot be read.
    """
    content = figure.path.read_bytes()
    # A PNG begins with its signature (8 bytes) and the header chunk: length, type, size.
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return Embedded(figure, base64.b64encode(content).decode("ascii"), width, height)


def short(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rstrip()} …"


def _shell(folder_name: str) -> str:
    folder = shlex.quote(folder_name)
    return (
        f"aprendiz predict {folder} 'a text of yours'\n"
        f"aprendiz evaluate {folder} --data new_rows.csv\n"
        f"aprendiz serve {folder}\n"
    )


def _python(folder_name: str) -> str:
    return (
        "import aprendiz\n\n"
        f"model = aprendiz.load({folder_name!r})\n"
        "for answer in model.predict(['a text of yours']):\n"
        "    print(answer.label, answer.confidence, answer.decision)\n"
    )
