"""Made-up answers of a plausible model, and a training history, for the report tests."""

from __future__ import annotations

import numpy as np

from aprendiz.artifact.decision import Decisions
from aprendiz.data.records import Example
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.metrics import Evaluation, score
from aprendiz.report.facts import Mistake, ReportFacts, find_mistakes

HOSTILE = "<script>parent.broken = true</script><img src=x onerror='parent.broken = true'> & \"so\""


def answers(
    labels: int, rows: int, mistakes: bool = True
) -> tuple[np.ndarray, list[Example], list[str]]:
    """Probabilities, examples and label names; the names are long and awkward."""
    random = np.random.default_rng(labels)
    names = [f"a_rather_long_name_of_a_label_{number:03d}_$5_or_$6" for number in range(labels)]
    truth = random.integers(0, labels, rows)
    logits = random.normal(size=(rows, labels))
    logits[np.arange(rows), truth] += 2.0 if mistakes else 50.0
    examples = [
        Example(f"{HOSTILE} {row}", names[number], "rows.csv", row + 2)
        for row, number in enumerate(truth)
    ]
    return softmax(logits), examples, names


def measured(labels: int, rows: int, mistakes: bool = True) -> tuple[Evaluation, list[Mistake]]:
    """An evaluation and its mistakes."""
    probabilities, examples, names = answers(labels, rows, mistakes)
    truth = [names.index(example.label) for example in examples]
    return score(probabilities, truth, names), find_mistakes(examples, probabilities, names)


def history(evaluated: bool = True) -> list[dict[str, float]]:
    """Forty steps of training in four epochs, evaluated after each."""
    entries: list[dict[str, float]] = []
    for step in range(1, 41):
        entries.append({"step": step, "loss": 2 / step, "learning_rate": 1e-4, "epoch": step / 10})
        entries.append({"step": step, "system/cpu_percent": 50.0})
        if evaluated and step % 10 == 0:
            scores = {f"eval_{name}": 0.5 + step / 100 for name in ("accuracy", "f1", "precision")}
            entries.append({"step": step, "eval_loss": 1.0, "eval_recall": 0.7, **scores})
    return entries


def facts(evaluation: Evaluation, mistakes: list[Mistake], **changes: object) -> ReportFacts:
    """What a page says, with single values changed."""
    values: dict[str, object] = {
        "title": f"assistant {HOSTILE}",
        "part": "test",
        "seen": "unseen",
        "source": "rows.csv, as given.",
        "evaluation": evaluation,
        "facts": [("method", "probe"), ("device", "CPU")],
        "notes": ["The confidence was not calibrated."],
        "mistakes": mistakes,
        "decisions": Decisions.of_threshold(0.7),
        "recipe_yaml": "method: probe\nseed: 13\n",
        "folder_name": "my model",
    }
    return ReportFacts(**{**values, **changes})  # type: ignore[arg-type]
