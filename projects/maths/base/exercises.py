"""What the base model practises: conversations without end, drawn from a seeded generator.

Plain arithmetic (``generate/known.py``), sheets of sums, plans that name numbers by their
place in a sentence, and copying: repeating a sentence, listing its numbers, picking one. The
sentences use the words of the taught concepts, so that these words are words to the model,
but no question about them is ever asked: which steps a word calls for is left for the adapter
to teach.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "generate"))

from concept import LANGUAGES, Exercise, ask
from known import KNOWN
from make_data import test_exercises
from sentences import statement
from turns import Turns, follow_up, system, turns
from working import Line, Working, line, product, quotient

HELD_OUT = {exercise.key for _, exercise in test_exercises()}
# Stories and chains need more practice than single sums.
HOW_OFTEN = [2 if concept.name in {"word problems", "several steps"} else 1 for concept in KNOWN]
THREE = "{}, {}, {}."
ORDINALS = {
    "es": ("primero", "segundo", "tercero", "cuarto", "quinto"),
    "en": ("first", "second", "third", "fourth", "fifth"),
}


def conversation(rng: random.Random) -> Turns:
    """One conversation of one to three exercises, now and then under a system message."""
    language = rng.choice(LANGUAGES)
    messages = system(language, rng) if rng.random() < 0.15 else []
    for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 5))):
        task = rng.choices((_arithmetic, _sheet, _plan, _copy), (60, 10, 17, 13))[0]
        messages += task(language, rng)
    return messages


def _arithmetic(language: str, rng: random.Random) -> Turns:
    exercise = _not_held_out(language, rng)
    found = turns(exercise)
    if rng.random() < 0.15:
        found += follow_up(exercise, rng)
    return found


def _not_held_out(language: str, rng: random.Random) -> Exercise:
    while True:
        exercise = ask(rng.choices(KNOWN, HOW_OFTEN)[0], language, rng, "train")
        if exercise.key not in HELD_OUT:
            return exercise


def _sheet(language: str, rng: random.Random) -> Turns:
    """A few sums at once, one line each."""
    lines = [_fact(rng) for _ in range(rng.randint(2, 6))]
    heading = {"es": "Completa cada línea:", "en": "Complete each line:"}[language]
    asked = [line.text(language).split(" = ")[0] for line in lines]
    separator = rng.choice(("\n", "; ", ", "))
    return _said(
        f"{heading} {separator.join(asked)}", "\n".join(line.text(language) for line in lines)
    )


def _fact(rng: random.Random) -> Line:
    """One line of arithmetic of the sizes that occur in working."""
    digit, other, small = rng.randint(1, 10), rng.randint(1, 10), rng.randint(2, 99)
    zeros = rng.choice((10, 10, 100))
    number = rng.randint(10, 950)
    round_number = 10 * rng.randint(1, 95)
    sort = rng.randrange(9)
    if sort == 0:
        return line(digit, "×", other)
    if sort == 1:
        return line(digit * other, "÷", other)
    if sort == 2:
        return line(other * zeros, "×", digit)
    if sort == 3:
        return rng.choice(
            (
                line(other * 100, "÷", 100),
                line(other * 10, "÷", 10),
                line(digit * 10 * other, "÷", other),
            )
        )
    if sort == 4:
        return line(small, "+", rng.randint(1, 99))
    if sort == 5:
        return line(number, "+", rng.randint(1, min(99, 999 - number)))
    if sort == 6:
        return line(small, "-", rng.randint(1, small))
    if sort == 7:
        return line(number, "-", rng.randint(1, min(99, number)))
    return rng.choice(
        (
            line(round_number, "+", rng.randint(1, 99)),
            line(round_number, "-", rng.randint(1, round_number)),
        )
    )


def _plan(language: str, rng: random.Random) -> Turns:
    """A plan that names numbers of a sentence by their place: "first × second; + third"."""
    operations = rng.choices("+-×÷", (2, 2, 3, 5), k=rng.choice((1, 2, 2, 3)))
    plan, template, tries = None, "", 0
    while not plan:
        if tries % 20 == 0:  # no numbers fit some pairs of sentence and operations
            template = rng.choice((statement(language, rng), statement(language, rng), THREE))
        tries += 1
        numbers = [_whole_number(rng) for _ in range(template.count("{}"))]
        plan = _steps_over(numbers, operations, language, rng)
    sentence = template.format(*numbers)
    said, working, answer = plan
    do, word = {"es": ("Haz", "Respuesta"), "en": ("Do", "Answer")}[language]
    asked = f"{do}: {said}. {sentence}" if rng.random() < 0.5 else f"{sentence} {do}: {said}."
    return _said(asked, "\n".join([*(s.text(language) for s in working), f"{word}: {answer}"]))


def _whole_number(rng: random.Random) -> int:
    return rng.choice((rng.randint(2, 10), rng.randint(2, 99), 10 * rng.randint(1, 90)))


def _steps_over(
    numbers: list[int], operations: list[str], language: str, rng: random.Random
) -> tuple[str, Working, int] | None:
    """The plan in words, its lines and its result; ``None`` where it leaves the arithmetic."""
    places = list(range(min(len(numbers), len(ORDINALS[language]))))
    first = rng.choice(places)
    so_far, said, working = numbers[first], ORDINALS[language][first], ()
    for number, operation in enumerate(operations):
        place = rng.choice([p for p in places if number or p != first] or places)
        operand, name = numbers[place], ORDINALS[language][place]
        if rng.random() < 0.2:
            operand = rng.choice((2, 3, 10, 60, 100))
            name = str(operand)
        steps = _steps(so_far, operation, operand)
        if not steps:
            return None
        said += f"{' ' if number == 0 else '; '}{operation} {name}"
        working += steps
        so_far = int(steps[-1].result)
    return said, working, so_far


def _steps(a: int, operation: str, b: int) -> Working | None:
    """The lines of one step; ``None`` where it is not among those practised."""
    if operation == "+" and a + b < 1000 and (min(a, b) < 100 or a % 10 == b % 10 == 0):
        return (line(a, "+", b),)
    if operation == "-" and a > b and (b < 100 or a % 10 == b % 10 == 0):
        return (line(a, "-", b),)
    if operation == "×" and b <= 10 and (a < 100 or a in range(100, 1000, 100)):
        return product(a, b)
    if operation == "×" and a <= 10 and b < 100:
        return product(b, a)
    if operation == "÷" and (b <= 10 or b == 100) and a % b == 0 and 1 < a // b < 20:
        return quotient(a, b)
    return None


def _copy(language: str, rng: random.Random) -> Turns:
    """Repeat a sentence, list its numbers, or pick one of them."""
    sentence, numbers = _sentence(language, rng)
    ordinals = {"es": ("primer", "segundo", "tercer"), "en": ("first", "second", "third")}
    sort = rng.randrange(4)
    if sort == 0:
        asked = {"es": "Repite", "en": "Repeat"}[language]
        return _said(f"{asked}: {sentence}", sentence)
    if sort == 1:
        asked = {"es": "Escribe los números", "en": "Write the numbers"}[language]
        return _said(f"{asked}: {sentence}", ", ".join(numbers))
    if sort == 2:
        place = rng.randrange(min(len(numbers), 3))
        asked = {"es": "Escribe el {} número", "en": "Write the {} number"}[language]
        word = {"es": "Respuesta", "en": "Answer"}[language]
        asked = asked.format(ordinals[language][place])
        return _said(f"{asked}: {sentence}", f"{word}: {numbers[place]}")
    asked = {"es": "Escribe al revés los números", "en": "Write the numbers backwards"}[language]
    return _said(f"{asked}: {sentence}", ", ".join(reversed(numbers)))


def _sentence(language: str, rng: random.Random) -> tuple[str, list[str]]:
    template = statement(language, rng)
    point = "," if language == "es" else "."
    numbers = [
        rng.choice(
            (
                str(rng.randint(2, 10)),
                str(rng.randint(2, 99)),
                str(rng.randint(2, 99)),
                str(rng.randint(10, 999)),
                f"{rng.randint(1, 19)}{point}{rng.randint(1, 9)}",
            )
        )
        for _ in range(template.count("{}"))
    ]
    return template.format(*numbers), numbers


def _said(question: str, reply: str) -> Turns:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
