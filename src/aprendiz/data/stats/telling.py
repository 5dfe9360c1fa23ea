"""Which words and pairs of words tell a label from the others. Knows nothing of texts.

Log-odds with an informative Dirichlet prior: Monroe, Colaresi and Quinn 2008, "Fightin'
Words", Political Analysis 16(4), equations 16 to 22.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aprendiz.data.stats.terms import TermRows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIGNIFICANT = 1.645
"""Score from which a term is told: chance gives one in twenty such a score (one-sided)."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A term that speaks for a label.

    Attributes:
        term: one or two words.
        score: log-odds against all other labels, in standard deviations.
        rows: rows of the label that have it.
    """

    term: str
    score: float
    rows: int


def log_odds(counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """How much each term speaks for each label, against the others together.

    The prior of a term is its count in all rows: it weighs as much as the data. With a
    weaker one, a term that a single label uses gets so large a variance that it loses to
    words of everywhere.

    Args:
        counts: shape ``(labels, terms)``.

    Returns:
        Log-odds in standard deviations, the same shape; 0 where there is nothing to compare.
    """
    import numpy as np

    scores = np.zeros(counts.shape)
    prior = counts.sum(axis=0, dtype=np.float64)
    weight = prior.sum()
    if counts.shape[0] < 2 or np.count_nonzero(prior) < 2:
        return scores
    prior = np.where(prior > 0, prior, np.nan)  # a term that nobody says has no odds
    for label, own in enumerate(counts):
        ours, theirs = own + prior, 2 * prior - own  # counts with the prior added
        all_ours = own.sum(dtype=np.float64) + weight
        all_theirs = 3 * weight - all_ours
        difference = np.log(ours / (all_ours - ours)) - np.log(theirs / (all_theirs - theirs))
        scores[label] = np.nan_to_num(difference / np.sqrt(1 / ours + 1 / theirs))
    return scores


def most_telling(terms: TermRows, most: int) -> list[tuple[Telling, ...]]:
    """For each label the terms that speak for it most, at most ``most``.

    Of two terms where one holds the other (``exchange rate``, ``rate``) only the stronger
    is told.
    """
    import numpy as np

    scores = np.where(terms.worth_showing, log_odds(terms.rows), 0.0)
    told = []
    for label, own in enumerate(scores):
        candidates = np.flatnonzero(own >= SIGNIFICANT)
        ranked = candidates[np.argsort(-own[candidates], kind="stable")]
        chosen: list[Telling] = []
        for at in ranked.tolist():
            words = set(terms.names[at].split())
            others = [set(each.term.split()) for each in chosen]
            if any(words <= other or other <= words for other in others):
                continue
            chosen.append(Telling(terms.names[at], float(own[at]), int(terms.rows[label, at])))
            if len(chosen) == most:
                break
        told.append(tuple(chosen))
    return told
