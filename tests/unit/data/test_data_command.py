"""``aprendiz data check``: the answer on stdout, 2 at the end when something is wrong."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from aprendiz.cli.data import app
from tests.unit.data.conftest import Write

GOOD = "text,label\none,a\ntwo,a\nthree,b\nfour,b\n"
main = typer.Typer()
main.add_typer(app, name="data")


def run(*arguments: object) -> tuple[int, str]:
    outcome = CliRunner().invoke(main, ["data", "check", *map(str, arguments)])
    return outcome.exit_code, outcome.stdout


def test_good_file_says_what_was_chosen(write: Write) -> None:
    code, said = run(write("a.csv", "id,frase,intent\n1,uno,a\n2,dos,a\n3,tres,b\n4,cuatro,b\n"))
    assert code == 0
    assert "text from 'frase', label from 'intent'" in said
    assert "csv, utf-8" in said
    assert "Usable: 4 examples, no faults." in said


def test_fault_is_shown_with_file_line_and_way_out(write: Write) -> None:
    path = write("a.csv", GOOD + ",a\n")
    code, said = run(path)
    assert code == 2
    assert "error empty_text (1)" in said
    assert f"{path}:6: the text is empty" in said
    assert "Not usable yet: 1 error." in said


def test_many_findings_of_a_kind_are_cut_on_screen_only(write: Write) -> None:
    path = write("a.csv", GOOD + ",a\n" * 40)
    _, said = run(path)
    assert "error empty_text (40)" in said
    assert said.count(f"{path}:") == 5
    assert "… and 35 more" in said
    assert len(json.loads(run(path, "--json")[1])["findings"]) == 40


def test_json_is_one_document(write: Write) -> None:
    path, test = write("a.csv", GOOD), write("t.csv", "text,label\none,a\nnew,c\n")
    code, said = run(path, "--against", test, "--json")
    document = json.loads(said)
    assert code == 2
    assert document["ok"] is False
    assert [(file["file"], file["role"], file["rows"]) for file in document["files"]] == [
        (str(path), "train", 4),
        (str(test), "against", 2),
    ]
    assert document["files"][0]["labels"] == {"a": 2, "b": 2}
    first, second = document["findings"]
    assert (first["kind"], first["file"], first["line"]) == ("unknown_label", str(test), 3)
    assert (second["kind"], second["line"]) == ("leak", 2)
    assert set(first) == {"file", "line", "kind", "severity", "message", "hint", "count"}


def test_warnings_alone_end_with_zero(write: Write) -> None:
    code, said = run(write("a.csv", GOOD + "one,a\n"), "--json")
    assert (code, json.loads(said)["ok"]) == (0, True)


def test_columns_can_be_named(write: Write) -> None:
    path = write("a.csv", "q,k\none,a\ntwo,a\nthree,b\nfour,b\n")
    assert run(path)[0] == 2
    assert run(path, "--text-column", "q", "--label-column", "k")[0] == 0


@pytest.mark.parametrize("arguments", [(), ("--nonsense",)])
def test_wrong_call(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2
