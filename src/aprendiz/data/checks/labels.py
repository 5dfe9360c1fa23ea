"""Labels: too few, too rare, spelt in two ways, out of balance, unknown."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Iterable, Iterator

from aprendiz.data.checks.side import Side, about, grouped, rows_in_words
from aprendiz.data.excerpt import excerpt
from aprendiz.data.records import Example, Finding

_FEW = 5  # texts of a label under which a hold-out has none or one of it
_ENOUGH = 10  # texts the usual label has when a few are a label's own problem, not the file's
_OUT_OF_BALANCE = 20  # rows of the commonest label for one of the rarest
_TYPO_SHARE = 4  # a slip of the pen is this many times rarer than what was meant
_LONG_LABEL = 9  # characters from which two slips are forgiven


def too_few_labels(train: Side, least: int) -> Iterator[Finding]:
    """Fewer labels than it takes to have something to tell apart."""
    labels = sorted(train.by_label)
    if len(labels) >= least:
        return
    if len(labels) == 1:
        message = f"every example has the same label, {excerpt(labels[0])}"
    else:
        message = f"there are only {len(labels)} labels where {least} are needed"
    file = train.examples[0].file
    yield Finding(file, 0, "single_label", "error", message, "add examples of another label")


def rare_labels(train: Side) -> Iterator[Finding]:
    """A label with one example cannot be learnt and measured both; repeats do not count."""
    for label, rows in train.by_label.items():
        if len({row.text for row in rows}) == 1:
            repeated = "" if len(rows) == 1 else f" (repeated {len(rows)} times)"
            message = f"label {excerpt(label)} has only one example{repeated}"
            hint = "add another example, or correct the label if it is a slip of the pen"
            yield about(rows[0], "rare_label", "error", message, hint)


def scarce_labels(train: Side) -> Iterator[Finding]:
    """Labels with a few texts where the usual label has many: hardly learnt, hardly measured."""
    texts = {label: len({row.text for row in rows}) for label, rows in train.by_label.items()}
    if len(texts) < 2 or statistics.median(texts.values()) < _ENOUGH:
        return
    for label, count in texts.items():
        if 1 < count < _FEW:
            message = f"label {excerpt(label)} has only {count} different texts"
            hint = "add examples: with fewer than five, a hold-out has one of them or none"
            rows = train.by_label[label]
            yield about(rows[0], "scarce_label", "warning", message, hint, len(rows))


def imbalance(train: Side) -> Iterator[Finding]:
    """The commonest label has many times the rows of the rarest: one finding for the file."""
    counts = {label: len(rows) for label, rows in train.by_label.items()}
    if len(counts) < 2:
        return
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[most] >= _OUT_OF_BALANCE * counts[least]:
        message = (
            f"label {excerpt(most)} has {counts[most] / counts[least]:.0f} times the rows of "
            f"{excerpt(least)} ({counts[most]:,} to {counts[least]:,})"
        )
        hint = "add rows of the rare labels, and read macro F1, not accuracy"
        yield Finding(train.examples[0].file, 0, "imbalance", "warning", message, hint)


def near_labels(train: Side) -> Iterator[Finding]:
    """Labels alike but for case, spaces, separators or accents, where the rarer one begins."""
    for alike in grouped(train.by_label, same_label).values():
        most, *others = sorted(alike, key=lambda label: (-len(train.by_label[label]), label))
        for label in others:
            rows = train.by_label[label]
            message = (
                f"label {excerpt(label)} ({rows_in_words(len(rows))}) differs from {excerpt(most)} "
                f"({rows_in_words(len(train.by_label[most]))}) only in {_difference(label, most)}"
            )
            hint = "write both the same way if they mean the same"
            yield about(rows[0], "near_labels", "warning", message, hint, len(rows))


def label_typos(train: Side) -> Iterator[Finding]:
    """A rare label one letter (two in a long one) away from a common one."""
    counts = {label: len(rows) for label, rows in train.by_label.items()}
    by_variant: dict[str, list[str]] = {}
    for label in counts:
        for variant in _variants(same_label(label)):
            by_variant.setdefault(variant, []).append(label)
    meant: dict[str, str] = {}
    for alike in by_variant.values():
        common = max(alike, key=lambda label: (counts[label], label))
        for label in alike:
            best = meant.get(label)
            likely = counts[label] * _TYPO_SHARE <= counts[common] and _is_typo(label, common)
            if likely and (best is None or counts[common] > counts[best]):
                meant[label] = common
    for label, common in meant.items():
        rows = train.by_label[label]
        message = (
            f"label {excerpt(label)} ({rows_in_words(len(rows))}) looks like a slip of the pen "
            f"for {excerpt(common)} ({rows_in_words(counts[common])})"
        )
        hint = f"write {common!r} if that is meant"
        yield about(rows[0], "label_typo", "warning", message, hint, len(rows))


def unknown_labels(train: Side, held_out: Side) -> Iterator[Finding]:
    """Labels of held-out rows that the training data lacks; no method can answer them."""
    yield from labels_missing_from(train.by_label, held_out.examples)


def labels_missing_from(labels: Iterable[str], rows: Iterable[Example]) -> Iterator[Finding]:
    """One error for each label of ``rows`` that is not among the known ``labels``."""
    known = set(labels)
    alike = {same_label(label): label for label in known}
    for label, told in Side(tuple(rows)).by_label.items():
        if label not in known:
            near = alike.get(same_label(label))
            message = (
                f"label {excerpt(label)} ({rows_in_words(len(told))}) is not in the training data"
            )
            hint = f"write it {near!r}" if near else "add training examples, or remove the rows"
            yield about(told[0], "unknown_label", "error", message, hint, len(told))


def same_label(label: str) -> str:
    """What is left of a label without case, accents, white space, and hyphens between words."""
    plain = unicodedata.normalize("NFKD", label.casefold())
    kept = "".join(mark for mark in plain if not unicodedata.combining(mark))
    between = re.sub(r"(?<=[^\W_])[_-]+(?=[^\W_])", "", "".join(kept.split()))
    return between or label  # a minus in front stays: -1 is not 1


def spacing_and_case(label: str) -> str:
    """What is left of a label without case and white space; what ``--fix`` folds."""
    return "".join(label.casefold().split())


def _difference(label: str, other: str) -> str:
    if spacing_and_case(label) == spacing_and_case(other):
        return "case or spaces"
    return "accents, hyphens or underscores"


def _variants(plain: str) -> set[str]:
    """The word and what is left when a letter is dropped (two of a long one).

    Words one slip apart share a variant: Garbe's symmetric delete, SymSpell, 2012.
    """
    found = {plain}
    for _ in range(_slips(plain)):
        found |= {word[:place] + word[place + 1 :] for word in found for place in range(len(word))}
    return found


def _slips(plain: str) -> int:
    return 0 if len(plain) < 4 else 1 if len(plain) < _LONG_LABEL else 2


def _is_typo(label: str, meant: str) -> bool:
    one, other = same_label(label), same_label(meant)
    if one == other or re.sub(r"\d", "", one) == re.sub(r"\d", "", other):
        return False  # told by near_labels; numbered on purpose
    return distance(one, other) <= min(_slips(one), _slips(other))


def distance(one: str, other: str) -> int:
    """Letters inserted, removed, replaced, or neighbours swapped, between two words.

    Optimal string alignment (Damerau 1964), in the usual table of Wagner and Fischer 1974.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for down, letter in enumerate(one, start=1):
        above, row = row, [down]
        for right, their in enumerate(other, start=1):
            cost = min(above[right] + 1, row[right - 1] + 1, above[right - 1] + (letter != their))
            swapped = down > 1 and right > 1 and letter == other[right - 2]
            if swapped and their == one[down - 2]:
                cost = min(cost, before[right - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]
