"""Step 7: new cases put to the tuned model one by one; figures, right and wrong, patterns.

Step 8, which reads the results back and has them analysed, begins here too.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aprendiz import workflow
from aprendiz.artifact.model import Model
from aprendiz.data import check as checks
from aprendiz.data.chat.labels import to_example
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.interfaces import Observer, Prediction
from aprendiz.projects.ledger import write_json
from aprendiz.projects.managed import destination, examples, job
from aprendiz.projects.managed.evidence import Answer, Evidence, tally
from aprendiz.projects.managed.suggestion import LEVEL, of
from aprendiz.projects.steps import Context

RESULTS = "results/test_results.json"
ANALYSIS = "results/improvement_analysis.json"

#: Traits of a text that an error may go with. Each is compared with the texts without it.
TRAITS: dict[str, Callable[[str], bool]] = {
    "texts of three words or fewer": lambda text: len(text.split()) <= 3,
    "texts of 35 words or more": lambda text: len(text.split()) >= 35,
    "texts with a question mark": lambda text: "?" in text,
    "texts without accents or Spanish signs": str.isascii,
    "texts that begin in lower case": lambda text: text[:1].islower(),
}


def run_cases(context: Context) -> None:
    """Step 7: every test case asked of the tuned model, and what came of it."""
    cases = read_cases(context.project.test)
    with destination.service(context.output, context.observer) as endpoint:
        model = workflow.load(context.output / job.MODEL)
        _refuse_unknown(cases, model.labels, context.project.test)
        predictions, seconds = ask(model, cases, context.observer)
    measured = results(cases, predictions, model.labels, seconds)
    about = {"service": endpoint.in_words(), "model": model.manifest.training["model"]}
    write_json(context.output / RESULTS, {**about, **measured})
    low, high = measured["accuracy_ci"]
    context.observer.say(
        f"{of(measured['correct'], measured['n'])} right, {measured['accuracy']:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}), {measured['unanswered']} unanswered"
    )


def analyse_results(context: Context) -> None:
    """Step 8: the results, the examples learnt and the curves, looked over."""
    from aprendiz.projects.managed.analysis import analyse

    values = json.loads((context.output / RESULTS).read_text(encoding="utf-8"))
    train, validation = (
        tuple(to_example(each) for each in examples.read_prompts(context.output / name))
        for name in (examples.TRAIN, examples.VALIDATION)
    )
    evidence = Evidence(read_answers(values), train, validation, job.history(context.output))
    found = analyse(evidence)
    write_json(context.output / ANALYSIS, found)
    context.observer.say(
        f"grade {found['grade']['letter']}, {len(found['suggestions'])} suggestions"
    )


def read_cases(path: str) -> tuple[Answer, ...]:
    """The test cases, with nothing answered yet.

    A case is a text with its intent; in a JSON list it may also have a ``kind`` (such as
    ``ambiguous``) and a ``note`` on why it has that intent.

    Raises:
        DataError: a case without text or intent, or none at all; names every line.
    """
    reading = read_examples(path)
    checks.refuse([*reading.findings, *checks.no_rows([reading])])
    more: dict[str, dict[str, Any]] = {}
    if reading.format == "json list":
        rows = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        more = {str(row[reading.text_column]).strip(): row for row in rows}
    return tuple(
        Answer(
            row.text, row.label, "", 0.0,
            str(more.get(row.text, {}).get("kind", "")),
            str(more.get(row.text, {}).get("note", "")),
        )
        for row in reading.examples
    )  # fmt: skip


def ask(
    model: Model, cases: Sequence[Answer], tell: Observer
) -> tuple[list[Prediction], list[float]]:
    """The model's answer to each case and the seconds it took, asked one at a time."""
    predictions, seconds = [], []
    for done, case in enumerate(cases, 1):
        begin = time.perf_counter()
        predictions += model.predict([case.text])
        seconds.append(time.perf_counter() - begin)
        tell.progress("testing", done, len(cases))
    return predictions, seconds


def answered(cases: Sequence[Answer], predictions: Sequence[Prediction]) -> tuple[Answer, ...]:
    """The cases with what the model made of them."""
    return tuple(
        Answer(case.text, case.expected, each.label, each.confidence, case.kind, case.note)
        for case, each in zip(cases, predictions, strict=True)
    )


def results(
    cases: Sequence[Answer],
    predictions: Sequence[Prediction],
    labels: Sequence[str],
    seconds: Sequence[float],
) -> dict[str, Any]:
    """Everything that was measured, as plain values for JSON.

    Args:
        cases: what was asked.
        predictions: the answers, in the same order.
        labels: the model's labels; every expected intent is one of them.
        seconds: wall time of each answer.
    """
    import numpy as np

    from aprendiz.evaluation.grade import share
    from aprendiz.evaluation.metrics import score

    table = np.array([[each.scores[label] for label in labels] for each in predictions])
    numbers = [labels.index(case.expected) for case in cases]
    evidence = Evidence(answered(cases, predictions), ())
    return {
        **score(table, numbers, labels).as_dict(),
        "correct": len(evidence.answers) - len(evidence.wrong),
        "by_intent": {name: share(*counts) for name, counts in evidence.by_intent.items()},
        "by_kind": {name: share(*counts) for name, counts in evidence.by_kind.items()},
        "error_patterns": error_patterns(evidence),
        "latency": latency(seconds),
        "wrong": [answer.as_dict() for answer in evidence.wrong],
        "right": [answer.as_dict() for answer in evidence.answers if answer.right],
    }


def _refuse_unknown(cases: Sequence[Answer], labels: Sequence[str], path: str) -> None:
    rows = [Example(case.text, case.expected, path, 0) for case in cases]
    checks.refuse(checks.labels_missing_from(labels, rows))


def read_answers(values: dict[str, Any]) -> tuple[Answer, ...]:
    """The answers in a ``test_results.json``."""
    return tuple(Answer(**each) for each in (*values["right"], *values["wrong"]))


def error_patterns(evidence: Evidence) -> list[dict[str, Any]]:
    """What the errors have in common: confusions met more than once, and traits of the texts.

    A trait is told only where texts with it fail more often than chance explains (Fisher's
    exact test at 5 %, divided by the number of traits).
    """
    from aprendiz.evaluation.grade import chance_of_difference

    counts = Counter((answer.expected, answer.predicted) for answer in evidence.wrong)
    found: list[dict[str, Any]] = [
        {
            "pattern": f"{expected} taken for {predicted or 'no intent at all'}",
            "count": count,
            "of": evidence.by_intent[expected][1],
        }
        for (expected, predicted), count in counts.most_common()
        if count > 1
    ]
    for name, has in TRAITS.items():
        groups = tally((str(has(answer.text)), answer.right) for answer in evidence.answers)
        right, n = groups.get("True", (0, 0))
        other_right, other_n = groups.get("False", (0, 0))
        chance = chance_of_difference(right, n, other_right, other_n)
        if chance < LEVEL / len(TRAITS) and right / n < other_right / other_n:
            found.append(
                {
                    "pattern": name,
                    "count": n - right,
                    "of": n,
                    "others_wrong": of(other_n - other_right, other_n),
                    "p": chance,
                }
            )
    return found


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds an answer took, by the nearest-rank percentiles; the first one opens the line."""
    ordered = sorted(1000 * each for each in seconds)

    def percentile(share: float) -> float:
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2)

    return {
        "answers": len(ordered),
        "first_ms": round(1000 * seconds[0], 2),
        "p50_ms": percentile(0.50),
        "p95_ms": percentile(0.95),
        "longest_ms": round(ordered[-1], 2),
    }
