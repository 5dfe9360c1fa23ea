"""The store project: its data keeps its promises, its first four steps make the named files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from aprendiz.data.chat.read import read_conversations
from aprendiz.data.records import Example
from aprendiz.errors import DataError, ProjectError
from aprendiz.projects.kinds import read
from aprendiz.projects.managed.analysis import analyse
from aprendiz.projects.managed.evidence import Answer, Evidence, alike
from aprendiz.projects.run import run
from aprendiz.projects.steps import NobodyWatches

STORE = Path(__file__).resolve().parents[3] / "projects" / "store"
INTENTS = {"comprar", "devolver", "queja", "consulta"}
VENDORS = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL")

LEARNT = tuple(
    Example(f"ejemplo {number} de {intent}", intent, "rows", number)
    for intent in sorted(INTENTS)
    for number in range(9)
)


class Witness(NobodyWatches):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VENDORS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)  # no .env of the machine


@pytest.fixture(scope="module")
def examples() -> dict[str, list[str]]:
    return json.loads((STORE / "data" / "intents.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cases() -> list[dict[str, str]]:
    return json.loads((STORE / "data" / "test_cases.json").read_text(encoding="utf-8"))


def test_there_are_twelve_examples_of_each_intent(examples):
    assert {intent: len(texts) for intent, texts in examples.items()} == dict.fromkeys(INTENTS, 12)


def test_there_are_test_cases_of_every_kind_for_every_intent(cases):
    assert len(cases) >= 40
    assert {case["intent"] for case in cases} == INTENTS
    kinds = Counter(case["kind"] for case in cases)
    assert set(kinds) == {"typical", "ambiguous", "short", "long"}
    assert min(kinds.values()) >= 8
    assert max(Counter(case["intent"] for case in cases).values()) <= len(cases) / 4 + 1
    assert all(case.get("note") for case in cases if case["kind"] == "ambiguous")


def test_no_test_case_looks_like_an_example(examples, cases):
    learnt = [text for texts in examples.values() for text in texts]
    for case in cases:
        near = max(learnt, key=lambda text: alike(text, case["text"]))
        assert alike(near, case["text"]) < 0.6, (near, case["text"])
    for place, text in enumerate(learnt):
        assert all(alike(text, other) < 0.6 for other in learnt[:place]), text


def steps(output: Path, *names: str, **changes: object) -> Witness:
    witness = Witness()
    for name in names:
        run(STORE, out=output, only=name, watcher=witness, changes=changes)
    return witness


class TestTheFirstFourSteps:
    @pytest.fixture
    def output(self, tmp_path: Path) -> Path:
        steps(tmp_path / "out", "create", "prompts", "split", "prepare")
        return tmp_path / "out"

    def test_the_files_have_their_names_and_counts(self, output):
        def lines(name: str) -> int:
            return len((output / name).read_text(encoding="utf-8").splitlines())

        raw = json.loads((output / "data/raw/intent_examples.json").read_text(encoding="utf-8"))
        assert sum(len(texts) for texts in raw.values()) == 48
        assert lines("data/processed/training_prompts.jsonl") == 48
        assert lines("data/training/train_data.jsonl") == 36
        assert lines("data/validation/validation_data.jsonl") == 12
        summary = json.loads(
            (output / "data/processed/data_preparation_summary.json").read_text(encoding="utf-8")
        )
        assert summary["parts"]["training"]["conversations"] == 36

    def test_each_prompt_has_its_three_messages(self, output):
        reading = read_conversations(str(output / "data/processed/training_prompts.jsonl"))
        assert not reading.findings
        for conversation in reading.conversations:
            roles = [message.role for message in conversation.messages]
            assert roles == ["system", "user", "assistant"]
            assert conversation.answer in INTENTS

    def test_every_intent_is_on_both_sides_and_no_text_is(self, output):
        sides = []
        for name, each in (("training/train", 9), ("validation/validation", 3)):
            reading = read_conversations(str(output / f"data/{name}_data.jsonl"))
            counts = Counter(conversation.answer for conversation in reading.conversations)
            assert counts == dict.fromkeys(INTENTS, each)
            answers = [conversation.answer for conversation in reading.conversations]
            assert answers != sorted(answers), "not shuffled"
            sides.append({each.messages[1].content for each in reading.conversations})
        assert not sides[0] & sides[1]

    def test_the_same_seed_gives_the_same_split(self, output, tmp_path):
        steps(tmp_path / "again", "create", "prompts", "split")
        name = "data/training/train_data.jsonl"
        assert (output / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_where_it_goes_is_said_first(tmp_path, monkeypatch):
    assert "our own platform" in steps(tmp_path / "a", "create").said[0]
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://shop.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_KEY", "secret-of-the-shop")
    said = steps(tmp_path / "b", "create").said[0]
    assert "Azure OpenAI at https://shop.openai.azure.com" in said
    assert "secret-of-the-shop" not in said


def test_a_step_says_which_one_it_builds_on(tmp_path):
    with pytest.raises(ProjectError, match=r"'split'.*not done yet"):
        steps(tmp_path / "out", "prepare")


def test_a_spoilt_file_between_the_steps_is_noticed(tmp_path):
    output = tmp_path / "out"
    steps(output, "create", "prompts")
    prompts = output / "data/processed/training_prompts.jsonl"
    prompts.write_text(prompts.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    with pytest.raises((ProjectError, DataError)):
        steps(output, "split")


def test_every_setting_of_the_example_file_is_one_of_ours():
    from aprendiz.settings import Settings, variable_of

    known = {variable_of(name) for name in Settings.model_fields}
    text = (STORE / ".env.example").read_text(encoding="utf-8")
    named = {line.partition("=")[0] for line in text.splitlines() if "=" in line and line[0] != "#"}
    assert named <= known
    assert {"AZURE_OPENAI_ENDPOINT", "FINE_TUNING_EPOCHS", "TRAIN_SPLIT"} <= named


def test_the_project_file_is_sound():
    project, kind = read(STORE)
    assert project.seed == 42
    assert [step.name for step in kind.steps] == [
        "create", "prompts", "split", "prepare", "finetune", "deploy", "test", "analyse",
    ]  # fmt: skip


class TestAnalysis:
    def answers(self, wrong: dict[str, int], n: int = 15) -> tuple[Answer, ...]:
        told = []
        for intent in sorted(INTENTS):
            for number in range(n):
                missed = number < wrong.get(intent, 0)
                said = "queja" if missed and intent != "queja" else "consulta"
                predicted = said if missed else intent
                told.append(Answer(f"{intent} caso {number}", intent, predicted, 0.8, "typical"))
        return tuple(told)

    def test_a_perfect_run_has_no_weak_intent_and_the_grade_its_rows_allow(self):
        told = analyse(Evidence(self.answers({}), LEARNT))
        assert told["grade"]["letter"] == "A"  # 60 of 60: the bound is 94 %, A+ takes 73 rows
        assert not [s for s in told["suggestions"] if s["kind"] in ("weak_intent", "confused_pair")]

    def test_the_weakest_intent_is_found_and_its_confusion_quoted(self):
        told = analyse(Evidence(self.answers({"devolver": 9}), LEARNT))
        assert told["weakest_intent"]["intent"] == "devolver"
        weak = [s for s in told["suggestions"] if s["kind"] == "weak_intent"]
        assert weak[0]["evidence"]["intent"] == "devolver"
        assert weak[0]["evidence"]["clear"] is True
        pair = next(s for s in told["suggestions"] if s["kind"] == "confused_pair")
        assert (pair["evidence"]["expected"], pair["evidence"]["predicted"]) == (
            "devolver",
            "queja",
        )
        assert pair["evidence"]["count"] == 9

    def test_unparseable_answers_are_told_apart(self):
        answers = list(self.answers({}))
        answers[:6] = [Answer(a.text, a.expected, "", 0.0, a.kind) for a in answers[:6]]
        told = analyse(Evidence(tuple(answers), LEARNT))
        assert any(s["kind"] == "unanswered" for s in told["suggestions"])

    def test_suggestions_depend_on_what_was_found(self):
        one = analyse(Evidence(self.answers({"devolver": 9}), LEARNT))
        other = analyse(Evidence(self.answers({"comprar": 9}), LEARNT))
        assert one["suggestions"] != other["suggestions"]
