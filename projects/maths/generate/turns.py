"""Exercises as conversations: a system message at times, a second question, a follow-up.

A follow-up goes on from the answer just given ("now add 5 to the result"), so it can only be
answered by who reads the whole conversation.
"""

from __future__ import annotations

import random

from concept import Exercise
from working import line

Turns = list[dict[str, str]]

SYSTEMS = {
    "es": ("Eres un profesor de matemáticas paciente.", "Responde paso a paso."),
    "en": ("You are a patient maths teacher.", "Answer step by step."),
}
FOLLOW_UPS = {
    "es": {
        "+": ("Ahora suma {n} al resultado.", "¿Y si al resultado le sumas {n}?"),
        "-": ("Ahora resta {n} al resultado.", "¿Y si al resultado le restas {n}?"),
    },
    "en": {
        "+": ("Now add {n} to the result.", "And if you add {n} to the result?"),
        "-": ("Now subtract {n} from the result.", "And if you subtract {n} from the result?"),
    },
}


def turns(exercise: Exercise) -> Turns:
    """The question and its reply."""
    return [
        {"role": "user", "content": exercise.question},
        {"role": "assistant", "content": exercise.reply},
    ]


def system(language: str, rng: random.Random) -> Turns:
    return [{"role": "system", "content": rng.choice(SYSTEMS[language])}]


def follow_up(exercise: Exercise, rng: random.Random) -> Turns:
    """One more step from a whole-number answer; nothing where the answer is of another sort."""
    if not exercise.answer.isdecimal() or int(exercise.answer) > 900:
        return []
    answer = int(exercise.answer)
    operation = rng.choice("+-") if answer > 2 else "+"
    number = rng.randint(2, 60) if operation == "+" else rng.randint(1, min(answer - 1, 60))
    step = line(answer, operation, number)
    word = "Respuesta" if exercise.language == "es" else "Answer"
    question = rng.choice(FOLLOW_UPS[exercise.language][operation]).format(n=number)
    reply = f"{step.text(exercise.language)}\n{word}: {step.result}"
    return [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
