"""Find rows whose label is likely wrong, each with its reason and its nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from aprendiz.data import check as checks
from aprendiz.data.near import clusters
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.interfaces import Observer, Silence
from aprendiz.methods import catalogue
from aprendiz.recipe import Recipe
from aprendiz.repair.out_of_fold import OutOfFold, fold_of, nearest, out_of_fold, vectors_of

if TYPE_CHECKING:
    import numpy as np

SHOWN = 5  # neighbours, and labels to choose from
_LOOKED_AT = 20  # neighbours, of which near duplicates have no vote


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row near a suspect.

    Attributes:
        text: what it says.
        label: its label, as given.
        line: where it stands.
        similarity: cosine, -1 to 1.
    """

    text: str
    label: str
    line: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is likely wrong.

    Attributes:
        file: where the row stands.
        line: its line.
        text: what it says.
        label: the label it is given.
        suggested: the label that is best supported besides.
        p_label: out-of-fold probability of the given label.
        p_suggested: out-of-fold probability of the suggested one.
        margin: ``p_suggested - p_label``.
        support: ``p_label`` with a tenth of the neighbours' vote for it; the list is in its order.
        confident: confident learning counts the row as wrong.
        reason: all that in one sentence.
        choices: the likeliest labels with their probability.
        neighbours: the nearest rows, near duplicates among them.
    """

    file: str
    line: int
    text: str
    label: str
    suggested: str
    p_label: float
    p_suggested: float
    margin: float
    support: float
    confident: bool
    reason: str
    choices: tuple[tuple[str, float], ...]
    neighbours: tuple[Neighbour, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "choices": dict(self.choices)}


@dataclass(frozen=True)
class Suspects:
    """The outcome of a search.

    Attributes:
        source: the file that was searched.
        method: what judged.
        rows: how many rows were judged.
        estimated: how many labels confident learning counts as wrong.
        found: the likeliest first; ``estimated`` of them unless another number was asked for.
    """

    source: str
    method: str
    rows: int
    estimated: int
    found: tuple[Suspect, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "file": self.source,
            "method": self.method,
            "rows": self.rows,
            "estimated": self.estimated,
            "suspects": [suspect.as_dict() for suspect in self.found],
        }


def find_suspects(
    data: str,
    *,
    method: str | None = None,
    overrides: Sequence[str] = (),
    top: int | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    observer: Observer | None = None,
) -> Suspects:
    """Rank the rows of a file by how likely their label is wrong.

    Args:
        data: the examples.
        method: ``probe`` (default) or ``tfidf``, which judges.
        overrides: settings of its recipe as ``key=value``.
        top: how many to give; by default as many as confident learning counts as wrong.
        text_column: name of the column with the text, when it cannot be found.
        label_column: name of the column with the label, when it cannot be found.
        observer: whom to tell what is happening.

    Raises:
        DataError: the file cannot be used.
        RecipeError: the method cannot judge, or a setting does not exist.
        MissingExtra: a library that the method needs is not installed.
    """
    tell = observer or Silence()
    recipe = catalogue.choose_recipe(method, None, overrides)
    reading = read_examples(data, text=text_column, label=label_column)
    findings = checks.check([reading])
    # A label with one example cannot be judged, but the others can.
    checks.refuse(finding for finding in findings if finding.kind != "rare_label")
    tell.say(reading.in_words())
    return suspects_of(reading.examples, reading.source, recipe, top=top, tell=tell)


def suspects_of(
    rows: Sequence[Example], source: str, recipe: Recipe, *, top: int | None, tell: Observer
) -> Suspects:
    """The same for rows that have been read."""
    texts = [row.text for row in rows]
    cluster = clusters(texts)
    vectors = vectors_of(texts, recipe, tell)
    judgement = out_of_fold(rows, vectors, fold_of(rows, cluster, recipe.seed), recipe, tell)
    places, similarity = nearest(vectors, _LOOKED_AT, tell)
    return rank(rows, source, recipe.method, judgement, cluster, places, similarity, top)


def rank(
    rows: Sequence[Example],
    source: str,
    method: str,
    judgement: OutOfFold,
    cluster: Sequence[int],
    places: np.ndarray,
    similarity: np.ndarray,
    top: int | None = None,
) -> Suspects:
    """Put rows in order by what the out-of-fold models and the neighbours say of their label.

    Args:
        rows: the examples.
        source: their file.
        method: what judged them.
        judgement: out-of-fold probabilities.
        cluster: near-duplicate cluster of each row; members have no vote on each other,
            since a wrong label is often copied with its text.
        places: nearest rows of each row, shape ``(n, m)``.
        similarity: how near they are, same shape.
        top: how many to give; by default as many as confident learning counts as wrong.
    """
    import numpy as np

    from aprendiz.evaluation.suspects import rank_suspects

    labels = sorted({row.label for row in rows})
    number = {label: at for at, label in enumerate(labels)}
    given = np.array([number[row.label] for row in rows])
    voters = _voters(np.asarray(cluster), places)
    ranking = rank_suspects(
        judgement.probabilities, given, _voted(voters, similarity, given, len(labels))
    )
    estimated = int((ranking.confident & judgement.judged).sum())
    wanted = estimated if top is None else top
    order = [int(at) for at in ranking.order if judgement.judged[at]][:wanted]
    found = []
    for at in order:
        told = judgement.probabilities[at]
        suggested = int(ranking.suggested[at])
        voting = [labels[given[other]] for other in voters[at] if other >= 0]
        p_label, p_suggested = float(told[given[at]]), float(told[suggested])
        best = np.argsort(-told, kind="stable")[:SHOWN]
        found.append(
            Suspect(
                file=rows[at].file,
                line=rows[at].line,
                text=rows[at].text,
                label=rows[at].label,
                suggested=labels[suggested],
                p_label=round(p_label, 4),
                p_suggested=round(p_suggested, 4),
                margin=round(p_suggested - p_label, 4),
                support=round(float(ranking.support[at]), 4),
                confident=bool(ranking.confident[at]),
                reason=_reason(rows[at].label, labels[suggested], p_label, p_suggested, voting),
                choices=tuple((labels[each], round(float(told[each]), 4)) for each in best),
                neighbours=tuple(
                    _neighbour(rows[there], float(near))
                    for there, near in zip(places[at][:SHOWN], similarity[at][:SHOWN], strict=True)
                ),
            )
        )
    return Suspects(source, method, int(judgement.judged.sum()), estimated, tuple(found))


def _voters(cluster: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The ten nearest rows that are no near duplicates; -1 for the others."""
    import numpy as np

    from aprendiz.evaluation.suspects import VOTERS

    apart = cluster[places] != cluster[:, None]
    among = apart & (np.cumsum(apart, axis=1) <= VOTERS)
    return np.where(among, places, -1)


def _voted(
    voters: np.ndarray, similarity: np.ndarray, given: np.ndarray, labels: int
) -> np.ndarray:
    from aprendiz.evaluation.suspects import votes

    return votes(voters, similarity, given, labels)


def _neighbour(row: Example, similarity: float) -> Neighbour:
    return Neighbour(row.text, row.label, row.line, round(similarity, 4))


def _reason(
    label: str, suggested: str, p_label: float, p_suggested: float, voting: Sequence[str]
) -> str:
    near = (
        f"of its {len(voting)} nearest rows {voting.count(suggested) or 'none'} are {suggested!r} "
        f"and {voting.count(label) or 'none'} {label!r}"
    )
    told = f"{label!r} has probability {_chance(p_label)}, {suggested!r} {_chance(p_suggested)}"
    return f"{told}; {near}"


def _chance(probability: float) -> str:
    return "under 0.01" if probability < 0.01 else f"{probability:.2f}"
