"""From the files a user names to a checked dataset in parts: read, check, refuse or split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aprendiz.data.check import check, labels_missing_from, refuse
from aprendiz.data.dataset import Dataset
from aprendiz.data.frozen import NAME, Frozen, Rule
from aprendiz.data.groups import read_groups
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.data.split import LEFT_OUT, describe_division, describe_split, divide, split
from aprendiz.errors import RecipeError

HOLDOUT = 0.2


@dataclass(frozen=True)
class Prepared:
    """A dataset and how it came about.

    Attributes:
        dataset: the parts.
        readings: what was read from each file, in the order given.
        findings: warnings and notes; errors never get this far.
        rule: what the parts were made by.
        frozen: the split, if it was frozen before.
    """

    dataset: Dataset
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]
    rule: Rule = field(default_factory=lambda: Rule(0, given=True))
    frozen: Frozen | None = field(default=None, repr=False)

    def freeze(self) -> Frozen:
        """The split as it stands, to be stored with what is learnt from it."""
        if self.frozen is not None:
            return self.frozen
        parts = {
            "train": self.dataset.train,
            "validation": self.dataset.validation,
            "test": self.dataset.test,
        }
        rows = ((part, row.text, None) for part, rows in parts.items() for row in rows)
        return Frozen.of(self.rule, rows)


def prepare(
    data: str,
    *,
    validation: str | None = None,
    test: str | None = None,
    split_file: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    holdout: float | None = None,
    seed: int = 13,
) -> Prepared:
    """Read the files, refuse them if anything is wrong, put them into parts.

    Args:
        data: examples to learn from.
        validation: rows that may choose a checkpoint.
        test: rows kept for measuring.
        split_file: a frozen split of ``data`` (``split.json``, or a folder with one). Rows
            that it keeps out of scope, or that it cannot give a side, are in no part.
        text_column: name of the column with the text, when it cannot be found.
        label_column: name of the column with the label, when it cannot be found.
        holdout: share of ``data`` to hold out as validation. When not given it is 0.2,
            or 0 if there is a validation or a test file: then every row of ``data`` teaches.
        seed: fixes the split.

    Raises:
        DataError: carries every fault of every file.
        RecipeError: a frozen split, and something else that would divide the rows.
    """

    def reading(source: str) -> Reading:
        return read_examples(source, text=text_column, label=label_column)

    if split_file and (validation or test or holdout is not None):
        raise RecipeError(
            "a frozen split says already which rows are held out",
            "leave out the validation file, the test file and the holdout, or the split",
        )
    main = reading(data)
    given = {
        name: reading(source)
        for name, source in (("validation", validation), ("test", test))
        if source
    }
    findings = check([main], against=list(given.values()))
    refuse(findings)
    if split_file:
        return _as_frozen(main, findings, split_file)
    if holdout is None:
        holdout = 0.0 if given else HOLDOUT
    if "validation" in given:
        holdout = 0.0
    train, held_out = split(main.examples, holdout, seed)
    parts = {name: read.examples for name, read in given.items()}
    said = describe_split(train, held_out, holdout=holdout, seed=seed)
    said += "".join(f" {len(rows):,} rows given for {name}." for name, rows in parts.items())
    dataset = Dataset.of(train, parts.get("validation", held_out), parts.get("test", ()), said)
    shares = {"validation": holdout} if holdout else {}
    rule = Rule(seed, shares, given=not holdout)
    return Prepared(dataset, (main, *given.values()), tuple(findings), rule)


def _as_frozen(main: Reading, findings: Sequence[Finding], place: str) -> Prepared:
    frozen = Frozen.read(place)
    rule = frozen.rule
    groups = read_groups(main, rule.group) if rule.group else None
    division = divide(main.examples, rule, frozen=frozen, groups=groups)
    parts = division.parts
    if not parts["train"]:
        raise RecipeError(
            f"{place}: keeps no row of {main.source} to learn from", "give the split of this data"
        )
    said = describe_division(division, NAME)
    dataset = Dataset.of(parts["train"], parts["validation"], parts["test"], said)
    held_out = (*dataset.validation, *dataset.test)
    refuse(labels_missing_from(dataset.labels, held_out))
    noted = (*findings, *left_out_rows(parts))
    return Prepared(dataset, (main,), noted, rule, division.frozen)


def left_out_rows(parts: Mapping[str, Sequence[Example]]) -> list[Finding]:
    """A warning for each row that a division could not give a side."""
    message = "left out: texts that say nearly the same stand on different sides of the split"
    hint = "nothing is wrong with it; learnt from or measured, it would leak"
    return [
        Finding(row.file, row.line, "left_out", "warning", message, hint) for row in parts[LEFT_OUT]
    ]
