"""What a concept of the data set is made of: numbers to draw, working, and ways to ask.

Each way of asking belongs either to training or to the held-out test, never to both.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from working import Working, write

LANGUAGES = ("es", "en")


@dataclass(frozen=True)
class Problem:
    """Numbers for the gaps of a question, with their working; the same in every language."""

    gaps: Mapping[str, int | Fraction | str]
    working: Working
    answer: int | Fraction | str

    def reply(self, language: str) -> str:
        """The working one step a line, then the line with the answer."""
        found = self.answer if isinstance(self.answer, str) else write(self.answer, language)
        lines = [step.text(language) for step in self.working]
        return "\n".join([*lines, f"{'Respuesta' if language == 'es' else 'Answer'}: {found}"])


@dataclass(frozen=True)
class Asks:
    """Questions with ``{gaps}``: those to learn from, and those kept for the test."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, part: str) -> tuple[str, ...]:
        return self.test if part == "test" else self.train


# Ways to ask for a thing that has a name, such as the area of a rectangle.
NAMED = {
    "es": Asks(
        train=("Calcula {}.", "Halla {}.", "Quiero saber {}.", "Encuentra {}."),
        test=("Averigua {}.", "Necesito saber {}."),
    ),
    "en": Asks(
        train=("Calculate {}.", "Find {}.", "I want to know {}.", "Determine {}."),
        test=("Work out {}.", "I need to know {}."),
    ),
}


def asks_for(
    language: str, names: tuple[str, ...], others: tuple[str, ...], test: tuple[str, ...]
) -> Asks:
    """Every way to ask for each of the names, and about as often the other questions."""
    ways = NAMED[language]
    named = [way.format(name) for name in names for way in ways.train]
    named += [_what_is(language, name) for name in names]
    often = others * max(1, round(len(named) / len(others)))
    kept = [way.format(name) for name in names for way in ways.test]
    return Asks(train=(*named, *often), test=(*kept, *test * len(names)))


def _what_is(language: str, name: str) -> str:
    """The plain question; in Spanish its word depends on what is asked for."""
    if language == "en":
        return f"What is {name}?"
    if name.startswith("los "):
        return f"¿Cuáles son {name}?"
    return f"¿{'Cuál' if name.startswith(('el ', 'la ')) else 'Cuánto'} es {name}?"


@dataclass(frozen=True)
class Kind:
    """One plan of a concept, and how people ask for it."""

    draw: Callable[[random.Random], Problem]
    es: Asks
    en: Asks

    def asks(self, language: str) -> Asks:
        return self.es if language == "es" else self.en


@dataclass(frozen=True)
class Concept:
    """``known``: plain arithmetic that the base model was trained on; else it was not."""

    name: str
    known: bool
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Exercise:
    """A question and its right reply. ``key`` tells numbers apart, whatever the words."""

    concept: str
    language: str
    question: str
    reply: str
    answer: str
    key: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Around:
    """What may stand before and after a question, which is always a sentence of its own."""

    before: Asks
    after: Asks

    def put(self, question: str, rng: random.Random, part: str) -> str:
        """Nothing around two questions in five, else something before, after, or both."""
        if rng.random() < 0.4:
            return question
        where = rng.choice(("before", "before", "after", "after", "both"))
        if where != "after":
            question = f"{rng.choice(self.before.of(part))} {question}"
        if where != "before":
            question = f"{question} {rng.choice(self.after.of(part))}"
        return question


AROUND: Mapping[str, Around] = {
    "es": Around(
        Asks(
            train=(
                "Hola.", "Por favor, ayúdame:", "Tengo una pregunta.", "Buenos días.",
                "Necesito ayuda con los deberes.", "Un ejercicio:", "Hola, profe.", "Buenas tardes.",
                "Una pregunta rápida:", "No entiendo esto.", "Otra cosa.", "Vamos a ver:",
                "Esto es de mi libro:", "Mañana tengo un examen.", "Oye,", "Mira esto:", "Perdona.",
                "Buenas noches.", "A ver si sabes esto:", "Hola otra vez.", "Tengo un problema.",
                "Mi hermana pregunta:", "No me sale este ejercicio.", "Ayuda, por favor.",
            ),
            test=("Hola, buenas.", "Tengo una duda."),
        ),
        Asks(
            train=(
                "Gracias.", "Hazlo paso a paso.", "¿Me ayudas?", "Quiero ver los pasos.",
                "Explícalo, por favor.", "Muestra cómo se hace.", "Gracias por la ayuda.",
                "Por favor.", "Gracias, profe.", "¿Cómo se hace?", "No me sale.", "Es para mañana.",
                "Quiero entenderlo.", "¿Lo sabes?", "Pon todos los pasos.", "Mil gracias.",
            ),
            test=("Muchas gracias.", "Enséñame los pasos."),
        ),
    ),
    "en": Around(
        Asks(
            train=(
                "Hello.", "Please help me:", "I have a question.", "Good morning.",
                "I need help with my homework.", "An exercise:", "Hello, teacher.",
                "Good afternoon.", "A quick question:", "I do not understand this.",
                "Another thing.", "Let us see:", "This is from my book:", "I have an exam tomorrow.",
                "Hey,", "Look at this:", "Excuse me.", "Good evening.", "Do you know this?",
                "Hello again.", "I have a problem.", "My sister asks:", "I am stuck here.",
                "Help, please.",
            ),
            test=("Hi there.", "One more question."),
        ),
        Asks(
            train=(
                "Thanks.", "Do it step by step.", "Can you help?", "I want to see the steps.",
                "Explain it, please.", "Show how it is done.", "Thanks for your help.", "Please.",
                "Thanks, teacher.", "How is it done?", "I am stuck.", "It is for tomorrow.",
                "I want to understand it.", "Do you know?", "Write all the steps.", "Many thanks.",
            ),
            test=("Thank you.", "Show me the steps."),
        ),
    ),
}  # fmt: skip

NAMES = {
    "train": ("Ana", "Luis", "Marta", "Pablo", "Sara", "Diego", "Elena", "Hugo", "Nora", "Leo"),
    "test": ("Irene", "Bruno", "Clara", "Marco"),
}
# In Spanish the word for "how many" agrees with the thing.
THINGS = {
    "es": (
        ("manzanas", "cuántas"), ("lápices", "cuántos"), ("libros", "cuántos"),
        ("canicas", "cuántas"), ("cromos", "cuántos"), ("galletas", "cuántas"),
        ("globos", "cuántos"), ("flores", "cuántas"), ("sellos", "cuántos"),
        ("monedas", "cuántas"),
    ),
    "en": tuple(
        (thing, "how many")
        for thing in ("apples", "pencils", "books", "marbles", "stickers", "cookies",
                      "balloons", "flowers", "stamps", "coins")
    ),
}  # fmt: skip


def ask(
    concept: Concept, language: str, rng: random.Random, part: str, *, framed: bool = True
) -> Exercise:
    """Draw one exercise of a concept, asked as ``part`` ("train" or "test") asks."""
    kind = rng.choice([kind for kind in concept.kinds if kind.asks(language).of(part)])
    problem = kind.draw(rng)
    thing, how_many = rng.choice(THINGS[language])
    name, friend = rng.sample(NAMES[part], 2)
    gaps = {
        gap: value if isinstance(value, str) else write(value, language)
        for gap, value in problem.gaps.items()
    }
    question = rng.choice(kind.asks(language).of(part)).format(
        **gaps, things=thing, how_many=how_many, How_many=how_many.capitalize(), name=name,
        friend=friend,
    )  # fmt: skip
    if framed:
        question = AROUND[language].put(question, rng, part)
    reply = problem.reply(language)
    numbers = tuple(str(v) for v in problem.gaps.values() if not isinstance(v, str))
    return Exercise(
        concept=concept.name,
        language=language,
        question=question,
        reply=reply,
        answer=reply.rsplit(": ", 1)[1],
        key=(concept.name, *numbers, reply.split("\n", 1)[0]),
    )
