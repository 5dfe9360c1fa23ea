"""`aprendiz chat` as a script meets it: pipes, files of questions, JSON, exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.errors import AprendizError, ChatError, DataError

SHORT = ("--device", "cpu", "--max-tokens", "6", "--temperature", "1", "--seed", "3")


def chat(*arguments: object, typed: str = "") -> str:
    """What comes out on stdout; errors of ours are raised."""
    told = CliRunner().invoke(app, ["chat", *map(str, arguments)], input=typed)
    if isinstance(told.exception, AprendizError):
        raise told.exception
    assert told.exit_code == 0, told.stderr
    return told.stdout


def test_a_question_through_a_pipe_gets_its_reply_and_nothing_else(tiny_causal):
    once = chat(tiny_causal, *SHORT, typed="¿2 + 2?\n")
    told = json.loads(chat(tiny_causal, *SHORT, "--json", typed="¿2 + 2?\n"))
    assert once == told["answers"][0]["reply"] + "\n"


def test_several_questions_through_a_pipe_are_told_apart_in_json(tiny_causal):
    told = json.loads(chat(tiny_causal, *SHORT, "--json", typed="one\n\ntwo\n"))
    assert [(each["question"], each["line"]) for each in told["answers"]] == [
        ("one", 1),
        ("two", 3),
    ]
    assert (told["n"], told["graded"], told["exact_match"]) == (2, 0, None)


def test_a_file_of_questions_gives_a_table_and_a_file(tiny_causal, tmp_path):
    questions, out = tmp_path / "q.jsonl", tmp_path / "answers.json"
    questions.write_text('"one"\n"two"\n')
    table = chat(tiny_causal, *SHORT, "--questions", questions, "--out", out)
    assert "question" in table and "two" in table
    assert json.loads(out.read_text())["n"] == 2


def test_the_system_message_is_part_of_the_question(tiny_causal):
    plain = chat(tiny_causal, *SHORT, "--json", typed="one\n")
    told = chat(tiny_causal, *SHORT, "--json", "--system", "Be brief.", typed="one\n")
    assert json.loads(plain)["answers"][0]["reply"] != json.loads(told)["answers"][0]["reply"]


@pytest.mark.parametrize(
    ("more", "typed", "kind", "why"),
    [
        ((), "", DataError, "holds no question"),
        (("--load", "x.json"), "one\n", ChatError, "--load"),
        (("--questions", "nowhere.txt"), "", DataError, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_model_is_loaded(
    tmp_path: Path, more, typed, kind, why
):
    with pytest.raises(kind, match=why):
        chat(tmp_path / "no-model", *more, typed=typed)


def test_many_questions_options_need_many_questions(monkeypatch, tmp_path):
    class Typing(io.StringIO):
        def isatty(self) -> bool:
            return True

    from aprendiz.cli.chat import chat as command

    monkeypatch.setattr("sys.stdin", Typing())
    with pytest.raises(ChatError, match="many questions at once"):
        command(str(tmp_path), json=True)
