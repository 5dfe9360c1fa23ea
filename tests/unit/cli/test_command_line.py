"""The command line as a person or a script meets it: answers, exit codes, a way out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Runs the real command line, then says on stderr which heavy libraries it had loaded.
PROBE = """
import sys
from aprendiz.cli.main import run
sys.argv[0] = "aprendiz"
try:
    run()
finally:
    heavy = {"torch", "transformers", "sklearn", "mlflow"} & sys.modules.keys()
    print("loaded:", sorted(heavy), file=sys.stderr)
"""


def aprendiz(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, arguments)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


BROKEN = {
    "empty text": ("b.csv", b"text,label\nhello,a\n,b\nbye,b\nhi,a\n", 3),
    "missing label": ("b.csv", b"text,label\nhello,a\nbye,\nhi,a\n", 3),
    "latin-1": ("b.csv", "text,label\nhola,a\nadiós,b\n".encode("latin-1"), 3),
    "utf-16": ("b.csv", "text,label\nhola,a\n".encode("utf-16"), 1),
    "json named csv": ("b.csv", b'{"a": ["hello", "hi"], "b": ["bye", "ciao"]}', 1),
    "broken json": ("b.json", b'{"a": ["hello",\n "hi"],\n "b": ["bye" "ciao"]}', 3),
    "broken jsonl": ("b.jsonl", b'{"text": "x", "label": "a"}\n{"text": \n', 2),
    "one example": ("b.csv", b"text,label\nhello,a\nhi,a\nbye,b\n", 4),
    "not an object": ("b.jsonl", b'{"text": "x", "label": "a"}\n[1, 2]\n', 2),
    "wrong type": ("b.json", b'[{"text": "x", "label": "a"},\n {"text": 5, "label": "b"}]', 2),
    "zip named csv": ("b.csv", b"PK\x03\x04" + bytes(60), 1),
    "too many fields": ("b.csv", b"text,label\nhello,a\none,two,three\nhi,a\n", 3),
}


@pytest.mark.parametrize("fault", BROKEN, ids=[name.replace(" ", "-") for name in BROKEN])
def test_a_broken_file_is_named_with_its_line_and_nothing_is_trained(fault, tmp_path: Path):
    name, content, line = BROKEN[fault]
    source, out = tmp_path / name, tmp_path / "model"
    source.write_bytes(content)
    told = aprendiz("train", "--data", source, "--out", out)
    assert told.returncode == 2, told.stderr
    assert f"{source}:{line}:" in told.stderr
    assert "error:" in told.stderr
    assert told.stdout == ""
    assert "loaded: []" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_training_from_the_command_line_and_back(examples_file: Path, tmp_path: Path):
    out = tmp_path / "model"
    told = aprendiz("train", "--data", examples_file, "--out", out, "--method", "tfidf", "--json")
    assert told.returncode == 0, told.stderr
    result = json.loads(told.stdout)
    assert result["part"] == "validation"
    assert Path(result["report"]).is_file()

    told = aprendiz("predict", out, "I want a refund", "hello", "--json")
    answers = json.loads(told.stdout)
    assert [answer["text"] for answer in answers] == ["I want a refund", "hello"]
    assert answers[0].keys() == {
        "text",
        "label",
        "confidence",
        "scores",
        "abstained",
        "decision",
        "scope",
        "candidates",
    }
    assert answers[0]["label"] == "refund"

    told = aprendiz("evaluate", out, "--data", examples_file, "--json")
    figures = json.loads(told.stdout)
    for name in (
        "n",
        "accuracy",
        "macro_f1",
        "precision",
        "recall",
        "ece",
        "per_label",
        "confusion",
    ):
        assert name in figures
    low, high = figures["accuracy_ci"]
    assert low <= figures["accuracy"] <= high

    told = aprendiz("report", out, "--out", tmp_path / "again", "--json")
    assert (
        Path(json.loads(told.stdout)["report"]).read_bytes() == (out / "report.html").read_bytes()
    )


def test_texts_come_from_a_file_or_from_stdin(examples_file: Path, tmp_path: Path):
    out = tmp_path / "model"
    aprendiz("train", "--data", examples_file, "--out", out, "--method", "tfidf")
    lines = tmp_path / "texts.txt"
    lines.write_text("hello\nrefund my money\n")
    from_file = aprendiz("predict", out, "--file", lines)
    from_stdin = subprocess.run(
        [sys.executable, "-m", "aprendiz", "predict", str(out), "-"],
        input=lines.read_text(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert from_file.stdout == from_stdin.stdout
    assert len(from_file.stdout.splitlines()) == 2


def test_a_dry_run_trains_nothing(examples_file: Path, tmp_path: Path):
    told = aprendiz("train", "--data", examples_file, "--out", tmp_path / "m", "--dry-run")
    assert told.returncode == 0
    assert "nothing trained" in told.stdout
    assert "loaded: []" in told.stderr
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "aprendiz 0."),
        (["train", "--data", "x.csv", "--out", "m", "--method", "svm"], 2, "tfidf, probe, finetune"),
        (["train", "--data", "x.csv", "--out", "m", "--set", "epocs=3"], 2, "epocs"),
        (["train", "--data", "nowhere.csv", "--out", "m"], 2, "nowhere.csv"),
        (["train", "--out", "m"], 2, "--data"),
        (["predict", "nowhere", "hello"], 2, "no such model folder"),
        (["evaluate", ".", "--data", "x.csv"], 2, "not a model folder"),
        (["recipe", "new", "svm"], 2, "tfidf, probe, finetune"),
        (["wrong-word"], 2, "wrong-word"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = aprendiz(*arguments)
    assert told.returncode == code, told.stderr
    assert said in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_a_base_model_on_an_unreachable_hub_is_a_clear_no(examples_file, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    told = aprendiz(
        "train", "--data", examples_file, "--out", tmp_path / "m",
        "--set", "base_model=somebody/some-model",
    )  # fmt: skip
    assert told.returncode == 4
    assert "somebody/some-model" in told.stderr
    assert "embedded model" in told.stderr
    assert not list(tmp_path.glob("*m*.partial"))


def test_doctor_names_extras_and_devices():
    told = json.loads(aprendiz("doctor", "--json").stdout)
    shown = "train embedded lora openvino search track trace managed platform"
    assert told["extras"].keys() == set(shown.split())
    assert told["libraries"]["torch"]
    assert told["gpu"]


@pytest.mark.parametrize("method", ["tfidf", "probe", "finetune"])
def test_a_new_recipe_is_complete_and_passes_its_own_check(method, tmp_path):
    template = aprendiz("recipe", "new", method)
    path = tmp_path / "recipe.yaml"
    path.write_text(template.stdout)
    told = aprendiz("recipe", "check", path, "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["recipe"]["method"] == method
    assert "loaded: []" in told.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [("text,label\n", "no"), ("text,label\nhello,greet\nbye,farewell\n", "farewell")],
    ids=["no-rows", "unknown-label"],
)
def test_rows_that_cannot_be_measured_are_refused(content, said, examples_file, tmp_path):
    out, source = tmp_path / "model", tmp_path / "rows.csv"
    aprendiz("train", "--data", examples_file, "--out", out, "--method", "tfidf")
    source.write_text(content)
    told = aprendiz("evaluate", out, "--data", source)
    assert told.returncode == 2, told.stderr
    assert str(source) in told.stderr
    assert said in told.stderr
    assert "Traceback" not in told.stderr
