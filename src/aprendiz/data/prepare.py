"""From the files a user names to a checked dataset in parts: read, check, refuse or split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aprendiz.data.check import check, labels_missing_from, refuse, worst_first
from aprendiz.data.checks import multi
from aprendiz.data.dataset import Dataset, Outside
from aprendiz.data.frozen import NAME, Frozen, Rule
from aprendiz.data.groups import read_groups
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.multi_rows import Several
from aprendiz.data.multi_split import split_multi
from aprendiz.data.outside import Parted, check_outside, part
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.data.split import LEFT_OUT, OOS, describe_division, describe_split, divide, split
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
    oos_label: str | None = None,
    several: Several | None = None,
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
        oos_label: rows with this label are about none of the others: they are divided
            likewise, and stand in ``dataset.outside``.
        several: rows may have several labels each. If they have, the dataset is a
            ``MultiDataset``, ``oos_label`` means nothing, and an empty list says what it said.

    Raises:
        DataError: carries every fault of every file.
        RecipeError: a frozen split, and something else that would divide the rows.
    """

    def reading(source: str) -> Parted:
        read = read_examples(source, text=text_column, label=label_column, several=several)
        return part(read, None if read.multi else oos_label)

    if split_file and (validation or test or holdout is not None):
        raise RecipeError(
            "a frozen split says already which rows are held out",
            "leave out the validation file, the test file and the holdout, or the split",
        )
    frozen = Frozen.read(split_file) if split_file else None
    if frozen and oos_label and frozen.rule.oos:
        oos_label = frozen.rule.oos
    main = reading(data)
    given = {
        name: reading(source)
        for name, source in (("validation", validation), ("test", test))
        if source
    }
    others = list(given.values())
    findings = check([main.inside], against=[other.inside for other in others])
    refuse(findings)
    lists = main.whole.multi
    if lists:
        oos_label = None
    findings = worst_first([*findings, *check_outside(main, others)])
    if frozen and split_file:
        return _as_frozen(main.whole, findings, frozen, split_file, oos_label)
    if holdout is None:
        holdout = 0.0 if given else HOLDOUT
    if "validation" in given:
        holdout = 0.0
    train, held_out = (split_multi if lists else split)(main.inside.examples, holdout, seed)
    parts = {name: read.inside.examples for name, read in given.items()}
    said = describe_split(
        train, held_out, holdout=holdout, seed=seed, kind="label set" if lists else "label"
    )
    said += "".join(f" {len(rows):,} rows given for {name}." for name, rows in parts.items())
    out, out_held = split(main.outside, holdout, seed)
    kept = {name: read.outside for name, read in given.items()}
    outside = Outside(oos_label or "", out, kept.get("validation", out_held), kept.get("test", ()))
    dataset = (MultiDataset if lists else Dataset).of(
        train,
        parts.get("validation", held_out),
        parts.get("test", ()),
        said + outside.in_words(),
        outside,
    )
    shares = {"validation": holdout} if holdout else {}
    rule = Rule(seed, shares, given=not holdout)
    readings = tuple(each.whole for each in (main, *others))
    return Prepared(dataset, readings, tuple(findings), rule)


def _as_frozen(
    main: Reading, findings: Sequence[Finding], frozen: Frozen, place: str, oos_label: str | None
) -> Prepared:
    rule = frozen.rule
    groups = read_groups(main, rule.group) if rule.group else None
    division = divide(main.examples, rule, frozen=frozen, groups=groups)
    parts, outside = _parts_outside(division.parts, rule, oos_label)
    if not parts["train"]:
        raise RecipeError(
            f"{place}: keeps no row of {main.source} to learn from", "give the split of this data"
        )
    said = describe_division(division, NAME) + outside.in_words()
    kind, missing = (
        (MultiDataset, multi.labels_missing_from) if main.multi else (Dataset, labels_missing_from)
    )
    dataset = kind.of(parts["train"], parts["validation"], parts["test"], said, outside)
    held_out = (*dataset.validation, *dataset.test)
    refuse(missing(dataset.labels, held_out))
    noted = (*findings, *left_out_rows(parts))
    return Prepared(dataset, (main,), noted, rule, division.frozen)


def _parts_outside(
    parts: Mapping[str, Sequence[Example]], rule: Rule, label: str | None
) -> tuple[dict[str, tuple[Example, ...]], Outside]:
    """The parts of a frozen division without the rows outside, and those rows in parts.

    A split that keeps them apart gives them no side: they get one by its seed and shares.
    """
    if not label:
        return {name: tuple(rows) for name, rows in parts.items()}, Outside()
    inside = {name: tuple(r for r in rows if r.label != label) for name, rows in parts.items()}
    out = {name: [row for row in rows if row.label == label] for name, rows in parts.items()}
    apart = divide(out[OOS], replace(rule, oos=None, group=None)).parts
    sides = {name: (*out[name], *apart[name]) for name in ("train", "validation", "test")}
    return inside, Outside(label, sides["train"], sides["validation"], sides["test"])


def left_out_rows(parts: Mapping[str, Sequence[Example]]) -> list[Finding]:
    """A warning for each row that a division could not give a side."""
    message = "left out: texts that say nearly the same stand on different sides of the split"
    hint = "nothing is wrong with it; learnt from or measured, it would leak"
    return [
        Finding(row.file, row.line, "left_out", "warning", message, hint) for row in parts[LEFT_OUT]
    ]
