"""``aprendiz data split`` and ``train --split``: files in, files out, rows where they were."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aprendiz import workflow
from aprendiz.cli.main import app
from aprendiz.data.frozen import Frozen
from aprendiz.data.prepare import prepare
from aprendiz.errors import DataError, RecipeError
from tests.conftest import EXAMPLES
from tests.unit.data.conftest import Write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", "split", *map(str, arguments)])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


ROWS = [
    f'{at},"{text}, as I said",{label}\r\n'
    for at, (label, text) in enumerate((la, te) for la, texts in EXAMPLES.items() for te in texts)
]
CSV = "id,text,label\r\n" + "".join(ROWS)


def test_csv_rows_are_copied_as_they_stand(write: Write, tmp_path: Path) -> None:
    outcome = run(write("a.csv", CSV), "--out", tmp_path / "parts", "--json")
    assert outcome.exit_code == 0
    told = json.loads(outcome.stdout)
    assert {part: each["rows"] for part, each in told["parts"].items()} == {
        "train": 21,
        "validation": 3,
        "test": 6,
    }
    written = [Path(each["file"]).read_bytes().decode() for each in told["parts"].values()]
    assert all(text.startswith("id,text,label\r\n") for text in written)
    assert sorted("".join(text.split("\r\n", 1)[1] for text in written).splitlines()) == sorted(
        "".join(ROWS).splitlines()
    )


def test_json_lines_keep_their_columns_and_oos_is_apart(write: Write, tmp_path: Path) -> None:
    records = [
        {"text": text, "label": "oos" if n == 3 else label, "who": n}
        for label, texts in EXAMPLES.items()
        for n, text in enumerate(texts)
    ]
    lines = "".join(json.dumps(each) + "\n" for each in records)
    outcome = run(write("a.jsonl", lines), "--out", tmp_path / "parts")
    assert outcome.exit_code == 0, outcome.output
    apart = (tmp_path / "parts" / "oos.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in apart] == [records[3], records[13], records[23]]


def test_by_label_becomes_json_lines(examples_file: Path, tmp_path: Path) -> None:
    assert run(examples_file, "--out", tmp_path / "parts").exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "parts/test.jsonl").read_text().splitlines()]
    assert len(rows) == 6
    assert all(row["text"] in EXAMPLES[row["label"]] for row in rows)


def test_a_frozen_split_goes_on(write: Write, tmp_path: Path) -> None:
    few = write("a.csv", CSV)
    assert run(few, "--out", tmp_path / "parts").exit_code == 0
    test = {row["id"] for row in table(tmp_path / "parts/test.csv")}
    more = write(
        "b.csv", CSV + "".join(f"9{n},new text number {n * 7919},order\n" for n in range(40))
    )
    again = run(more, "--out", tmp_path / "parts")
    assert again.exit_code == 1
    assert isinstance(again.exception, DataError) and "--frozen" in again.exception.hint
    assert run(more, "--out", tmp_path / "parts", "--frozen", tmp_path / "parts").exit_code == 0
    assert test < {row["id"] for row in table(tmp_path / "parts/test.csv")}
    assert test.isdisjoint({row["id"] for row in table(tmp_path / "parts/train.csv")})


def test_a_frozen_split_cannot_be_asked_for_other_shares(write: Write, tmp_path: Path) -> None:
    file = write("a.csv", CSV)
    run(file, "--out", tmp_path / "parts")
    outcome = run(file, "--out", tmp_path / "b", "--frozen", tmp_path / "parts", "--test", "0.4")
    assert isinstance(outcome.exception, RecipeError)


def test_groups_come_from_a_column(write: Write, tmp_path: Path) -> None:
    lines = CSV.splitlines()
    grouped = "\n".join(
        [f"customer,{lines[0]}", *(f"c{n % 9},{line}" for n, line in enumerate(lines[1:]))]
    )
    assert (
        run(write("a.csv", grouped), "--out", tmp_path / "p", "--group", "customer").exit_code == 0
    )
    seen = [
        {row["customer"] for row in table(tmp_path / "p" / f"{part}.csv")}
        for part in ("train", "validation", "test")
    ]
    assert all(seen) and sum(map(len, seen)) == len(set.union(*seen))
    outcome = run(
        write("b.csv", grouped.replace("c3,", ",", 1)),
        "--out",
        tmp_path / "q",
        "--group",
        "customer",
    )
    assert isinstance(outcome.exception, DataError)
    assert [finding.line for finding in outcome.exception.findings] == [5]


def test_no_column_to_group_by(examples_file: Path, tmp_path: Path) -> None:
    outcome = run(examples_file, "--out", tmp_path / "p", "--group", "customer")
    assert isinstance(outcome.exception, DataError)
    assert "no columns" in outcome.exception.message


def test_a_training_uses_a_frozen_split_and_stores_it(write: Write, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    file = write("a.csv", CSV)
    run(file, "--out", tmp_path / "parts")
    first = workflow.train(
        file, split=tmp_path / "parts", method="tfidf", out=tmp_path / "m", track=False
    )
    assert first.part == "test" and first.evaluation is not None and first.evaluation.n == 6
    assert Frozen.read(tmp_path / "m") == Frozen.read(tmp_path / "parts")
    more = write("b.csv", CSV + "77,an unheard of wish,order\n78,a second one so different,order\n")
    prepared = prepare(str(more), split_file=str(tmp_path / "m"))
    assert {
        row.text for row in prepare(str(file), split_file=str(tmp_path / "m")).dataset.test
    } <= {row.text for row in prepared.dataset.test}
    assert "2 rows are new" in prepared.dataset.split


def test_every_model_folder_has_its_split(examples_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    workflow.train(examples_file, method="tfidf", out=tmp_path / "m", track=False)
    frozen = Frozen.read(tmp_path / "m")
    assert {part: len(keys) for part, keys in frozen.rows.items()} == {"train": 24, "validation": 6}


def test_a_split_and_a_test_file_contradict_each_other(examples_file: Path) -> None:
    with pytest.raises(RecipeError, match="already"):
        prepare(str(examples_file), split_file="split.json", test=str(examples_file))
    with pytest.raises(RecipeError, match="already"):
        prepare(str(examples_file), split_file="split.json", holdout=0.2)


def test_a_label_whose_training_rows_have_gone(write: Write, tmp_path: Path) -> None:
    run(write("a.csv", CSV), "--out", tmp_path / "p")
    gone = {row["id"] for row in table(tmp_path / "p/train.csv") if row["label"] == "refund"}
    rows = [row for row in ROWS if row.split(",")[0] not in gone or not row.endswith("refund\r\n")]
    with pytest.raises(DataError, match="refund"):
        prepare(
            str(write("b.csv", "id,text,label\r\n" + "".join(rows))), split_file=str(tmp_path / "p")
        )
