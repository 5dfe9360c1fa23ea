"""Whether an engine may answer for a model: it says the same, whatever else is in the batch.

Two gates. *Parity*: on rows the model has not learnt from, the engine gives the reference's
labels, probabilities and scopes. *Batch invariance*: a text gets the same answer alone and in company,
in any order, with any padding; an engine that scales its numbers by the largest of a batch
(dynamic int8) does not, and its answers would depend on the traffic. What is asked of each
arithmetic is in ``TOLERANCES``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.engine import BatchedEngine, Outputs
from aprendiz.neural.scope import Detector

_COMPANY = 16  # rows of a batch in which others are met
_MOST_ALONE = 128  # rows that are also run one by one
# What lies nearer than this may go either way: rounding decides, not the engine. A threshold is
# often the very probability of a held-out row.
_TIE = 2e-5

Limits = np.ndarray | float


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is asked of an arithmetic.

    Attributes:
        agreement: least share of rows with the reference's label.
        margin: a row whose two best probabilities lie further apart than this in the
            reference may not change its label at all. Where a text may have several labels,
            it is twice a label's distance from the probability from which on it is given.
        probability: largest change of any probability, in the mean over rows.
        worst: largest change of any probability in any row.
        scope: largest change of a scope, in the mean over rows.
        company: largest change of any probability between being alone and in company; the
            label may never change, unless two were as good as equal.
    """

    agreement: float
    margin: float
    probability: float
    worst: float
    scope: float
    company: float


#: Reduced arithmetic may move a text that lies between two labels; it may not turn a
#: confident answer into another one, and it may not see a text's neighbours.
TOLERANCES = {
    "fp32": Tolerance(0.98, 2e-4, 1e-5, 1e-4, 1e-4, 1e-5),
    "bf16": Tolerance(0.98, 0.15, 0.02, 0.15, 0.05, 1e-3),
    "int8": Tolerance(0.98, 0.15, 0.02, 0.15, 0.05, 1e-3),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates measured of one engine.

    Attributes:
        engine: its name.
        precision: its arithmetic.
        rows: how many were compared with the reference.
        origin: which rows they are, in words.
        agreement: share of them with the reference's label.
        margin: of the rows with another label, the largest distance between the reference's
            two best probabilities; 0 when there is none.
        probability: largest change of a probability, mean over rows.
        worst: largest change of a probability in any row.
        scope: change of a text's scope, mean over rows; 0 without a detector.
        company: largest change of a probability between alone and in company.
        moved: rows whose label changed with their company.
        faults: what was asked for and is not so, in words; empty when both gates are passed.
    """

    engine: str
    precision: str
    rows: int
    origin: str
    agreement: float
    margin: float
    probability: float
    worst: float
    scope: float
    company: float
    moved: int
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the engine may answer."""
        return not self.faults

    def with_parity_of(self, stored: Mapping[str, Any]) -> Verdict:
        """This verdict's company with the parity that an earlier one measured (``as_dict``)."""
        figures: dict[str, Any] = {
            name: stored[name] for name in ("agreement", "margin", "probability", "worst", "scope")
        } | {"company": self.company, "moved": self.moved}
        faults = tuple(_faults(figures, TOLERANCES[self.precision]))
        rows, origin = int(stored["rows"]), str(stored["origin"])
        return Verdict(self.engine, self.precision, rows, origin, **figures, faults=faults)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "faults": list(self.faults), "passed": self.passed}

    def in_words(self) -> str:
        """The figures, or why it is refused, in one line."""
        if self.faults:
            return f"{self.engine} is refused: {'; '.join(self.faults)}"
        scope = f"; a scope by {self.scope:.2g} in the mean" if self.scope else ""
        return (
            f"{self.engine}: {self.agreement:.2%} of {self.rows} rows have the same label "
            f"({self.origin}); a probability differs by at most {self.worst:.2g}, and by "
            f"{self.company:.2g} with the rest of the batch{scope}"
        )


def judge(
    engine: BatchedEngine,
    expected: Outputs,
    rows: Sequence[Sequence[int]],
    settings: TextSettings,
    detector: Detector | None = None,
    *,
    precision: str,
    origin: str,
    limits: Limits = 0.5,
    seed: int = 0,
) -> Verdict:
    """Let an engine answer rows, alone and in company, and measure it.

    Args:
        engine: is judged.
        expected: what the reference says of the rows.
        rows: token numbers, at least one row.
        settings: what logits mean.
        detector: what they and the embeddings say of scope; ``None`` for nothing.
        precision: the engine's arithmetic, a key of ``TOLERANCES``.
        origin: which rows they are, in words.
        limits: where a text may have several labels, from which probability on it is given
            each: shape (labels,), or one for all.
        seed: fixes who meets whom.
    """
    told = engine.run(rows)
    found, wanted = settings.probabilities(told.logits), settings.probabilities(expected.logits)
    change = _sure(np.abs(found - wanted).max(axis=1))
    several = limits if settings.several else None
    answers, apart = _answers(wanted, several)
    differs = (_answers(found, several)[0] != answers) & (apart > _TIE)
    company, moved = _in_company(engine, rows, settings, several, seed)
    figures: dict[str, Any] = {
        "agreement": float(1 - differs.any(axis=1).mean()),
        "margin": float(apart[differs].max(initial=0.0)),
        "probability": float(change.mean()),
        "worst": float(change.max()),
        "scope": _of_scope(detector, told, expected),
        "company": company,
        "moved": moved,
    }
    faults = tuple(_faults(figures, TOLERANCES[precision]))
    return Verdict(engine.name, precision, len(rows), origin, **figures, faults=faults)


def _answers(probabilities: np.ndarray, limits: Limits | None) -> tuple[np.ndarray, np.ndarray]:
    """What each row is given, and how far apart the two best possibilities lie.

    Both have shape (rows, 1): the label; or (rows, labels): whether it has each.
    """
    if limits is not None:
        return probabilities >= limits, 2 * np.abs(probabilities - limits)
    best = np.sort(probabilities, axis=1)
    return probabilities.argmax(axis=1)[:, None], (best[:, -1] - best[:, -2])[:, None]


def _sure(change: np.ndarray) -> np.ndarray:
    """Changes, NaN among them as the largest there can be: it would pass every comparison."""
    return np.where(np.isfinite(change), change, 1.0)


def _of_scope(detector: Detector | None, told: Outputs, expected: Outputs) -> float:
    if detector is None:
        return 0.0
    found, wanted = (detector.scope(each.embeddings, each.logits) for each in (told, expected))
    return float(_sure(np.abs(found - wanted)).mean())


def _in_company(
    engine: BatchedEngine,
    rows: Sequence[Sequence[int]],
    settings: TextSettings,
    limits: Limits | None,
    seed: int,
) -> tuple[float, int]:
    """Largest change of a probability, and rows that change label, over several companies."""
    some = list(rows[:_MOST_ALONE])
    crowded = engine.padding_freely()
    alone = settings.probabilities(np.concatenate([engine.run([row]).logits for row in some]))
    given, apart = _answers(alone, limits)
    fixed = apart > _TIE
    longest = max(some, key=len)
    random = np.random.default_rng(seed)
    worst, moved = 0.0, np.zeros(len(some), dtype=bool)
    orders = [np.arange(len(some)), np.arange(len(some))[::-1], random.permutation(len(some))]
    sizes = [len(some), _COMPANY, _COMPANY // 2]
    for order, size in zip(orders, sizes, strict=True):
        for start in range(0, len(some), size):
            places = order[start : start + size]
            # The longest row of all comes last, so that the others may be padded to it.
            batch = [*(some[place] for place in places), longest]
            together = settings.probabilities(crowded.run(batch).logits[:-1])
            worst = max(worst, float(_sure(np.abs(together - alone[places])).max()))
            changed = (_answers(together, limits)[0] != given[places]) & fixed[places]
            moved[places] |= changed.any(axis=1)
    return worst, int(moved.sum())


def _faults(found: Mapping[str, Any], asked: Tolerance) -> list[str]:
    faults = []
    if found["agreement"] < asked.agreement:
        faults.append(
            f"{found['agreement']:.2%} of the rows have the reference's label, "
            f"{asked.agreement:.2%} are asked for"
        )
    if found["margin"] > asked.margin:
        faults.append(
            f"a row changes its label although its two best were {found['margin']:.2g} apart "
            f"(at most {asked.margin:.2g} is allowed)"
        )
    if found["probability"] > asked.probability:
        faults.append(
            f"a probability differs by {found['probability']:.2g} in the mean (at most "
            f"{asked.probability:.2g} is allowed)"
        )
    if found["worst"] > asked.worst:
        faults.append(
            f"a probability differs by {found['worst']:.2g} (at most {asked.worst:.2g} is allowed)"
        )
    if found["scope"] > asked.scope:
        faults.append(
            f"a scope differs by {found['scope']:.2g} in the mean (at most {asked.scope:.2g} is "
            "allowed)"
        )
    if found["company"] > asked.company or found["moved"]:
        faults.append(
            f"with other texts in its batch a text's probability differs by "
            f"{found['company']:.2g} (at most {asked.company:.2g} is allowed), and "
            f"{found['moved']:.0f} texts change their label"
        )
    return faults
