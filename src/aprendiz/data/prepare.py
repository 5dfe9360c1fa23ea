"""From the files a user names to a checked dataset in parts: read, check, refuse or split."""

from __future__ import annotations

from dataclasses import dataclass

from aprendiz.data.check import check, refuse
from aprendiz.data.dataset import Dataset
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Finding
from aprendiz.data.split import describe_split, split

HOLDOUT = 0.2


@dataclass(frozen=True)
class Prepared:
    """A dataset and how it came about.

    Attributes:
        dataset: the parts.
        readings: what was read from each file, in the order given.
        findings: warnings and notes; errors never get this far.
    """

    dataset: Dataset
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]


def prepare(
    data: str,
    *,
    validation: str | None = None,
    test: str | None = None,
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
        text_column: name of the column with the text, when it cannot be found.
        label_column: name of the column with the label, when it cannot be found.
        holdout: share of ``data`` to hold out as validation. When not given it is 0.2,
            or 0 if there is a validation or a test file: then every row of ``data`` teaches.
        seed: fixes the split.

    Raises:
        DataError: carries every fault of every file.
    """

    def reading(source: str) -> Reading:
        return read_examples(source, text=text_column, label=label_column)

    main = reading(data)
    given = {
        name: reading(source)
        for name, source in (("validation", validation), ("test", test))
        if source
    }
    findings = check([main], against=list(given.values()))
    refuse(findings)
    if holdout is None:
        holdout = 0.0 if given else HOLDOUT
    if "validation" in given:
        holdout = 0.0
    train, held_out = split(main.examples, holdout, seed)
    parts = {name: read.examples for name, read in given.items()}
    said = describe_split(train, held_out, holdout=holdout, seed=seed)
    said += "".join(f" {len(rows):,} rows given for {name}." for name, rows in parts.items())
    dataset = Dataset.of(train, parts.get("validation", held_out), parts.get("test", ()), said)
    return Prepared(dataset, (main, *given.values()), tuple(findings))
