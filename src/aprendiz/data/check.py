"""What stops a training, and what else shows between rows without a long look.

``check`` is what every training runs: rare labels, contradictions, exact leaks. The long
look (near duplicates, private data, odd characters …) is ``examine.py``, which adds
warnings only: whatever it finds, an error here is an error there and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aprendiz.data.checks import copies, labels, multi
from aprendiz.data.checks.side import PairCheck, Side, SideCheck
from aprendiz.data.gather import Gathered, worst_first
from aprendiz.data.read import Reading
from aprendiz.data.records import Example, Finding
from aprendiz.errors import DataError

__all__ = ["check", "errors_in", "labels_missing_from", "refuse", "sides", "worst_first"]

_UNREAD = frozenset({"encoding", "invalid_json", "truncated_json", "bad_row"})
_FROM_COUNTS = frozenset(
    {"single_label", "rare_label", "scarce_label", "imbalance", "unknown_label", "label_typo"}
)

ON_TRAINING: tuple[SideCheck, ...] = (
    labels.rare_labels,
    labels.near_labels,
    copies.duplicates,
    copies.label_conflicts,
)
ON_HELD_OUT: tuple[PairCheck, ...] = (copies.leaks, labels.unknown_labels)

# Of rows that have any number of labels each.
ON_MULTI: tuple[SideCheck, ...] = (
    multi.no_labels,
    multi.rare_labels,
    multi.constant_labels,
    copies.duplicates,
    copies.label_conflicts,
)
ON_MULTI_HELD_OUT: tuple[PairCheck, ...] = (copies.leaks, multi.unknown_labels)


def check(
    readings: Sequence[Reading], *, against: Sequence[Reading] = (), require_labels: int = 2
) -> list[Finding]:
    """Everything that stops a training, and the warnings that cost next to no time.

    Args:
        readings: what is learnt from, taken together.
        against: validation and test data; compared with the training data.
        require_labels: labels that the training data must have at least.

    Returns:
        The findings of all readings and of every check, errors first, then by file and line.
        While training rows are unreadable, labels are not called rare, single or unknown.
    """
    if any(reading.multi for reading in (*readings, *against)):
        gathered = gather(readings, against, ON_MULTI, ON_MULTI_HELD_OUT, 0)
        gathered.extend(_mixed((*readings, *against)))
        return gathered.worst_first()
    gathered = gather(readings, against, ON_TRAINING, ON_HELD_OUT, require_labels)
    return gathered.worst_first()


def _mixed(readings: Sequence[Reading]) -> list[Finding]:
    """Files whose rows have one label each, beside files whose rows have lists of them."""
    message = "rows with one label each, where the other file has lists of labels"
    hint = "write labels in the same form in every file (a CSV file needs --label-separator)"
    return [
        Finding(reading.source, 0, "mixed_labels", "error", message, hint)
        for reading in readings
        if not reading.multi and reading.examples
    ]


def gather(
    readings: Sequence[Reading],
    against: Sequence[Reading],
    on_training: Iterable[SideCheck],
    on_held_out: Iterable[PairCheck],
    require_labels: int = 2,
) -> Gathered:
    """The findings of the readings and of the checks given."""
    everything = (*readings, *against)
    gathered = Gathered(finding for reading in everything for finding in reading.findings)
    gathered.extend(no_rows(everything))
    train, held_out = sides(readings, against)
    if not train.examples:
        return gathered
    # Rows that nobody could read may well have the labels that seem to be missing.
    unread = any(found.kind in _UNREAD for reading in readings for found in reading.findings)
    hidden = _FROM_COUNTS if unread else frozenset[str]()
    between = [labels.too_few_labels(train, require_labels)]
    between += [one(train) for one in on_training]
    between += [one(train, held_out) for one in on_held_out]
    for findings in between:
        gathered.extend(found for found in findings if found.kind not in hidden)
    return gathered


def sides(readings: Sequence[Reading], against: Sequence[Reading]) -> tuple[Side, Side]:
    """What is learnt from and what is held out, each taken together."""
    train = Side(tuple(row for reading in readings for row in reading.examples))
    return train, Side(tuple(row for reading in against for row in reading.examples))


def errors_in(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop a training, worst first."""
    return worst_first(found for found in findings if found.severity == "error")


def refuse(findings: Iterable[Finding]) -> None:
    """Let warnings pass; stop at errors.

    Raises:
        DataError: at least one finding is an error; carries all of them.
    """
    errors = errors_in(findings)
    if not errors:
        return
    count = sum(found.count for found in errors)
    first = errors[0]
    where = f"{first.file}:{first.line}" if first.line else first.file
    number = "1 error" if count == 1 else f"{count:,} errors"
    raise DataError(f"{number} in the data; {where}: {first.message}", first.hint, errors)


def no_rows(readings: Sequence[Reading]) -> list[Finding]:
    """A source without a single usable row, unless an error already says why."""
    message = "there is not a single example"
    return [
        Finding(reading.source, 0, "no_rows", "error", message, "write at least two a label")
        for reading in readings
        if not reading.examples and not errors_in(reading.findings)
    ]


def labels_missing_from(known: Iterable[str], rows: Iterable[Example]) -> list[Finding]:
    """One error for each label of ``rows`` that is not among the ``known`` ones."""
    return list(labels.labels_missing_from(known, rows))
