"""Each suggestion appears when its fault is planted, with its numbers, and not without it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from aprendiz.data.records import Example
from aprendiz.errors import DataError, SettingsError
from aprendiz.interfaces import Prediction
from aprendiz.projects.managed import examples, faults_in_answers, faults_in_examples, testing
from aprendiz.projects.managed.analysis import analyse
from aprendiz.projects.managed.evidence import Answer, Evidence, alike
from aprendiz.projects.managed.faults_in_curves import curves
from aprendiz.projects.managed.suggestion import Suggestion
from aprendiz.settings import Settings

LABELS = ("comprar", "devolver")
TRAIN = (
    Example("quiero llevarme el abrigo azul", "comprar", "rows", 1),
    Example("apártame unas botas negras", "comprar", "rows", 2),
    Example("os mando la falda de vuelta", "devolver", "rows", 3),
    Example("cámbienme este jersey roto", "devolver", "rows", 4),
)


def answer(number: int, *, right: bool = True, kind: str = "", sure: float = 0.6) -> Answer:
    expected = LABELS[number % 2]
    predicted = expected if right else LABELS[1 - number % 2]
    return Answer(f"caso {number:x}{number:x} distinto", expected, predicted, sure, kind)


def only(found: list[Suggestion]) -> Suggestion:
    (one,) = found
    return one


def test_likeness_ignores_what_customers_drop():
    assert alike("¿Cuánto cuesta el envío?", "cuanto cuesta el envio") == 1
    assert alike("hola", "adiós") < 0.2
    assert alike("¿?", "¿?") == 1


def test_a_test_case_that_was_learnt_is_told():
    met = replace(answer(0), text="Quiero llevarme el abrigo azul!")
    told = only(faults_in_examples.seen_before(Evidence((met, answer(1)), TRAIN)))
    assert told.evidence["pairs"][0]["learnt"] == TRAIN[0].text
    assert faults_in_examples.seen_before(Evidence((answer(1),), TRAIN)) == []


def test_a_repeat_across_the_split_with_another_intent_is_told():
    again = (Example("Os mando la falda, de vuelta", "comprar", "rows", 5),)
    told = only(faults_in_examples.repeats(Evidence((answer(0),), TRAIN, again)))
    assert "1 across the split, 1 with two intents" in told.message
    parts = [each["part"] for each in told.evidence["pairs"][0]["examples"]]
    assert parts == ["training", "validation"]
    assert faults_in_examples.repeats(Evidence((answer(0),), TRAIN)) == []


def test_imbalance_says_how_many_are_missing():
    told = only(faults_in_examples.imbalance(Evidence((answer(0),), TRAIN[:3])))
    assert told.evidence["missing"] == {"devolver": 1}
    assert faults_in_examples.imbalance(Evidence((answer(0),), TRAIN)) == []


def test_a_kind_is_weak_only_beyond_chance():
    long = tuple(answer(n, right=n > 7, kind="long") for n in range(10))
    rest = tuple(answer(n, kind="typical") for n in range(10, 40))
    told = only(faults_in_answers.kinds_apart(Evidence(long + rest, TRAIN)))
    assert (told.evidence["kind"], told.evidence["correct"]) == ("long", 2)
    # One wrong of three beside 30 right ones happens by chance.
    few = tuple(answer(n, right=n > 0, kind="long") for n in range(3))
    assert faults_in_answers.kinds_apart(Evidence(few + rest, TRAIN)) == []


def test_asking_again_pays_only_where_confidence_tells():
    sure = tuple(answer(n, sure=0.95) for n in range(20))
    unsure = tuple(answer(n, right=n % 2 == 0, sure=0.4) for n in range(20, 40))
    told = only(faults_in_answers.abstention(Evidence(sure + unsure, TRAIN)))
    assert told.evidence["threshold"] == 0.5
    blind = tuple(answer(n, right=n % 3 > 0, sure=0.9 if n % 2 else 0.3) for n in range(40))
    assert faults_in_answers.abstention(Evidence(blind, TRAIN)) == []


def test_confident_errors_ask_for_the_labels_to_be_read():
    answers = (answer(0, right=False, sure=0.97), answer(1, right=False, sure=0.5))
    told = only(faults_in_answers.doubtful_labels(Evidence(answers, TRAIN)))
    assert [each["text"] for each in told.evidence["answers"]] == [answers[0].text]


class TestCurves:
    def kinds(self, losses: list[float], checks: list[float]) -> list[str]:
        history = [{"step": float(n), "loss": loss} for n, loss in enumerate(losses, 1)]
        history += [{"step": 10.0 * n, "eval_loss": loss} for n, loss in enumerate(checks, 1)]
        return [each.kind for each in curves(Evidence((answer(0),), TRAIN, history=tuple(history)))]

    def falling(self, begin: float, end: float, n: int = 40) -> list[float]:
        return [begin + (end - begin) * place / (n - 1) for place in range(n)]

    def test_no_curve_no_advice(self):
        assert self.kinds([], []) == []
        assert self.kinds([0.5, 0.4], [0.3]) == []

    def test_still_falling(self):
        assert self.kinds(self.falling(1.0, 0.3), [0.6, 0.5]) == ["still_learning"]

    def test_flat_from_the_beginning(self):
        assert self.kinds([0.68, 0.7] * 20, [0.6, 0.5]) == ["hardly_learnt"]

    def test_settled(self):
        assert self.kinds(self.falling(1.0, 0.1, 20) + [0.1, 0.11] * 10, [0.5, 0.4]) == []

    def test_validation_rises_again(self):
        assert self.kinds(self.falling(1.0, 0.1), [0.4, 0.3, 0.5]) == ["too_long"]

    def test_known_by_heart(self):
        guessing = math.log(len(LABELS))
        assert self.kinds(self.falling(0.3, 0.05), [guessing + 0.1] * 3) == ["learnt_by_heart"]


def test_next_steps_end_with_how_to_measure_better():
    told = analyse(Evidence(tuple(answer(n, right=n > 4) for n in range(20)), TRAIN))
    assert told["grade"]["correct"] == 15
    assert any("instead of 20" in step for step in told["next_steps"])
    assert len(set(told["next_steps"])) == len(told["next_steps"])


def test_equally_good_intents_have_no_weakest():
    told = analyse(Evidence(tuple(answer(n) for n in range(4)), TRAIN))
    assert told["weakest_intent"] is None and told["best_intent"] is None


class TestResults:
    CASES = tuple(
        Answer(
            f"caso {n} " + "muy largo " * (20 if n < 6 else 1), LABELS[n % 2], "", 0.0, "typical"
        )
        for n in range(20)
    )

    def test_what_is_wrong_right_and_without_an_answer(self):
        predictions = [self.said(case.text, case.expected) for case in self.CASES]
        predictions[0] = Prediction(
            self.CASES[0].text, "", 0.0, dict.fromkeys(LABELS, 0.0), decision="needs_clarification"
        )
        predictions[1] = self.said(self.CASES[1].text, "comprar")
        told = testing.results(self.CASES, predictions, LABELS, [0.001] * 20)
        assert (told["n"], told["correct"], told["unanswered"]) == (20, 18, 1)
        assert [each["predicted"] for each in told["wrong"]] == ["", "comprar"]
        assert told["confusion"]["matrix"] == [[9, 0], [1, 9]]
        assert told["by_kind"]["typical"]["correct"] == 18
        assert told["latency"]["p95_ms"] == 1.0
        assert sorted(testing.read_answers(told), key=lambda each: each.text) == sorted(
            testing.answered(self.CASES, predictions), key=lambda each: each.text
        )

    def test_a_pattern_of_long_texts_is_found_and_others_are_not(self):
        other = dict(zip(LABELS, reversed(LABELS), strict=True))
        predictions = [
            self.said(case.text, other[case.expected] if len(case.text) > 60 else case.expected)
            for case in self.CASES
        ]
        told = testing.results(self.CASES, predictions, LABELS, [0.001] * 20)
        patterns = [each["pattern"] for each in told["error_patterns"]]
        assert "texts of 35 words or more" in patterns
        assert "texts with a question mark" not in patterns

    def said(self, text: str, label: str) -> Prediction:
        scores = {each: 0.9 if each == label else 0.1 for each in LABELS}
        return Prediction(text, label, 0.9, scores, decision="answer")


class TestCases:
    def test_any_file_of_examples_will_do(self, tmp_path):
        path = tmp_path / "cases.csv"
        path.write_text("text,intent\nme lo llevo,comprar\n", encoding="utf-8")
        (case,) = testing.read_cases(str(path))
        assert (case.text, case.expected, case.kind) == ("me lo llevo", "comprar", "")

    def test_a_case_without_an_intent_is_named_by_its_line(self, tmp_path):
        path = tmp_path / "cases.json"
        path.write_text('[\n {"text": "hola", "intent": "comprar"},\n {"text": "adiós"}\n]')
        with pytest.raises(DataError) as caught:
            testing.read_cases(str(path))
        assert [finding.line for finding in caught.value.findings] == [3]


def test_shares_that_are_no_whole_are_refused():
    assert examples.shares(Settings(train_split=0.7, validation_split=0.3)) == 0.3
    with pytest.raises(SettingsError, match=r"0\.7.*0\.2.*sum to 1"):
        examples.shares(Settings(train_split=0.7))
