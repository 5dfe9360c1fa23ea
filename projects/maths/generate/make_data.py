"""Write the maths assistant's data: ``python projects/maths/generate/make_data.py``.

Three files go to ``projects/maths/data``, the same bytes on every run: ``pairs.json``
(instruction and response), ``conversations.jsonl`` (two turns, some with a system message)
and ``test.jsonl``, held out: other numbers and other words. Nothing here is drawn from a
model; every line of working is computed.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from concept import LANGUAGES, Concept, Exercise, ask
from known import KNOWN
from taught import TAUGHT
from turns import follow_up, system, turns

DATA = Path(__file__).resolve().parents[1] / "data"
SEED = 20240607
CONCEPTS = (*KNOWN, *TAUGHT)

# Rows a concept and language.
TEST_KNOWN, TEST_TAUGHT = 15, 7
PAIRS_KNOWN, PAIRS_TAUGHT = 150, 70
CONVERSATIONS = 10

Rows = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA, help="folder to write to")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    pairs, conversations, test = make()
    write_array(out / "pairs.json", pairs)
    write_lines(out / "conversations.jsonl", conversations)
    write_lines(out / "test.jsonl", test)


def make() -> tuple[Rows, Rows, Rows]:
    """Pairs, conversations and test rows.

    Numbers of the test stand in neither of the other two, and no question is asked twice.
    """
    held_out = test_exercises()
    drawn = Drawn(random.Random(f"{SEED} train"), {exercise.key for _, exercise in held_out})
    pairs, conversations = [], []
    for concept in CONCEPTS:
        for language in LANGUAGES:
            for _ in range(PAIRS_KNOWN if concept.known else PAIRS_TAUGHT):
                pairs.append(pair_row(drawn.exercise(concept, language)))
            for _ in range(CONVERSATIONS):
                conversations.append(conversation_row(concept, language, drawn))
    drawn.rng.shuffle(pairs)
    drawn.rng.shuffle(conversations)
    return pairs, conversations, [test_row(*one) for one in held_out]


def test_exercises() -> list[tuple[Concept, Exercise]]:
    """The held-out exercises, no two with the same numbers.

    ``base/make_base.py`` asks for them too, so as never to train on them.
    """
    rng, keys = random.Random(f"{SEED} test"), set()
    found = []
    for concept in CONCEPTS:
        for language in LANGUAGES:
            wanted = len(found) + (TEST_KNOWN if concept.known else TEST_TAUGHT)
            while len(found) < wanted:
                exercise = ask(concept, language, rng, "test")
                if exercise.key not in keys:
                    keys.add(exercise.key)
                    found.append((concept, exercise))
    return found


class Drawn:
    """Draws training exercises that are neither held out nor drawn already."""

    def __init__(self, rng: random.Random, held_out: set[tuple[str, ...]]) -> None:
        self.rng = rng
        self._held_out = held_out
        self._asked: set[str] = set()

    def exercise(self, concept: Concept, language: str) -> Exercise:
        while True:
            exercise = ask(concept, language, self.rng, "train")
            if exercise.key not in self._held_out and exercise.question not in self._asked:
                self._asked.add(exercise.question)
                return exercise


def pair_row(exercise: Exercise) -> dict[str, Any]:
    return {
        "instruction": exercise.question,
        "response": exercise.reply,
        "concept": exercise.concept,
        "language": exercise.language,
    }


def conversation_row(concept: Concept, language: str, drawn: Drawn) -> dict[str, Any]:
    """An exercise, then a step further from its answer or a second exercise."""
    rng = drawn.rng
    messages = system(language, rng) if rng.random() < 0.3 else []
    first = drawn.exercise(concept, language)
    after = follow_up(first, rng) if rng.random() < 0.4 else []
    if not after:
        second = concept if rng.random() < 0.4 else rng.choice(CONCEPTS)
        after = turns(drawn.exercise(second, language))
    messages = [*messages, *turns(first), *after]
    return {"messages": messages, "concept": concept.name, "language": language}


def test_row(concept: Concept, exercise: Exercise) -> dict[str, Any]:
    return {
        "messages": turns(exercise),
        "concept": exercise.concept,
        "language": exercise.language,
        "kind": "known" if concept.known else "unseen",
    }


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def write_array(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """A JSON array with one object a line: a change of one row is one line of a diff."""
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(f"[\n{body}\n]\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
