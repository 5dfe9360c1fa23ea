"""``data split``: a file of examples to a folder with one file a part and ``split.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.check import check, refuse
from aprendiz.data.frozen import NAME, Frozen, Rule
from aprendiz.data.groups import read_groups
from aprendiz.data.near import Progress
from aprendiz.data.prepare import left_out_rows
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.data.split import ALL_PARTS, Division, counted, describe_division, divide
from aprendiz.data.verbatim import verbatim, write_rows
from aprendiz.errors import DataError, RecipeError

SEED = 13
SHARES = {"validation": 0.1, "test": 0.2}
OOS_LABEL = "oos"


@dataclass(frozen=True)
class Written:
    """What a split has written.

    Attributes:
        split: the ``split.json``.
        division: the rows in parts.
        files: part to its file; a part without rows has none.
        findings: warnings about the data, rows left out among them.
    """

    split: Path
    division: Division
    files: Mapping[str, Path]
    findings: tuple[Finding, ...]

    @staticmethod
    def counted(rows: tuple[Example, ...]) -> str:
        """How many rows a part has, and of how many labels."""
        return counted(rows)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        rule = self.division.frozen.rule
        return {
            "split": str(self.split),
            "seed": rule.seed,
            "shares": dict(rule.shares),
            "group": rule.group,
            "oos": rule.oos,
            "new": self.division.new,
            "parts": {
                part: {"file": str(path), "rows": len(self.division.parts[part])}
                for part, path in self.files.items()
            },
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def in_words(self) -> str:
        """The parts in a few lines for a person."""
        lines = [
            f"{part:<11} {self.counted(self.division.parts[part])}: {path}"
            for part, path in self.files.items()
        ]
        return "\n".join([*lines, f"{'frozen in':<11} {self.split}"])


def write_split(
    data: str,
    out: str | Path,
    *,
    shares: Mapping[str, float] | None = None,
    seed: int | None = None,
    group: str | None = None,
    oos: str | None = None,
    frozen: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    progress: Progress | None = None,
) -> Written:
    """Divide a file of examples and write its parts and the frozen split into a folder.

    CSV and JSON Lines are copied as they are written, with all their columns; any other
    format becomes JSON Lines with text and label.

    Args:
        data: the examples.
        out: folder; made if it is not there.
        shares: part to share; ``SHARES`` by default.
        seed: another seed, another choice; ``SEED`` by default.
        group: column whose equal values stay together.
        oos: label of out-of-scope rows, which are kept apart; ``OOS_LABEL`` by default.
        frozen: an earlier ``split.json`` (or its folder); its rows stay where they are.
        text_column: name of the column with the text, when it cannot be found.
        label_column: name of the column with the label, when it cannot be found.
        progress: told how far the search for near duplicates has come.

    Raises:
        DataError: the file cannot be used, or ``out`` has another split in it.
        RecipeError: a share is out of range, or a setting differs from the frozen split's.
    """
    earlier = Frozen.read(frozen) if frozen else None
    rule = rule_for(earlier, shares, seed, group, oos)
    folder = Path(out)
    refuse_another_split(folder, frozen)
    reading = read_examples(data, text=text_column, label=label_column)
    findings = check([reading], require_labels=1)
    refuse(finding for finding in findings if finding.kind != "rare_label")
    groups = read_groups(reading, rule.group) if rule.group else None
    division = divide(reading.examples, rule, frozen=earlier, groups=groups, progress=progress)

    raw = verbatim(reading)
    suffix = raw.suffix if raw else ".jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for part in ALL_PARTS:
        path = folder / f"{part}{suffix}"
        if rows := division.parts[part]:
            write_rows(path, rows, raw)
            files[part] = path
        else:
            path.unlink(missing_ok=True)
    division.frozen.write(folder / NAME)
    noted = (*findings, *left_out_rows(division.parts))
    return Written(folder / NAME, division, files, noted)


def describe_written(written: Written) -> str:
    """The split in one sentence."""
    return describe_division(written.division, str(written.split))


def rule_for(
    earlier: Frozen | None,
    shares: Mapping[str, float] | None,
    seed: int | None,
    group: str | None,
    oos: str | None,
) -> Rule:
    """The rule of a new split, or the frozen one's if nothing that was asked for differs."""
    if earlier is None:
        wanted = SHARES | dict(shares or {})
        return Rule(
            seed=SEED if seed is None else seed,
            shares={part: share for part, share in wanted.items() if share},
            group=group,
            oos=OOS_LABEL if oos is None else oos,
        )
    kept = earlier.rule
    asked = {"seed": seed, "group": group, "oos": oos, **(shares or {})}
    for name, value in asked.items():
        has = kept.shares.get(name, 0.0) if name in SHARES else getattr(kept, name)
        if value is not None and value != has:
            raise RecipeError(
                f"{name}: {value!r} was asked for, but the frozen split has {has!r}",
                f"leave out --{name}, or leave out --frozen to divide afresh",
            )
    return kept


def refuse_another_split(folder: Path, frozen: str | Path | None) -> None:
    """Raise DataError where a folder has a split in it that is not the frozen one."""
    there = folder / NAME
    if not there.exists():
        return
    if frozen and (Path(frozen).resolve() in (there.resolve(), folder.resolve())):
        return
    raise DataError(
        f"{there}: a split is frozen here already",
        f"--frozen {there} goes on with it; another --out makes another",
    )
