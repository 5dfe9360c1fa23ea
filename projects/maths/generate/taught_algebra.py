"""Numbers in signs, never seen by the base model: equations, brackets, sequences, decimals."""

from __future__ import annotations

import random
from fractions import Fraction

from concept import Concept, Kind, Problem, asks_for
from working import line, product, quotient


def _equation_plus(rng: random.Random) -> Problem:
    times, x, extra = rng.randint(2, 9), rng.randint(2, 10), rng.randint(1, 40)
    right = times * x + extra
    lines = (line(right, "-", extra), *quotient(times * x, times))
    return Problem({"a": times, "b": extra, "c": right, "x": rng.choice("xyn")}, lines, x)


def _equation_minus(rng: random.Random) -> Problem:
    times, x = rng.randint(2, 9), rng.randint(2, 10)
    less = rng.randint(1, times * x - 1)
    right = times * x - less
    lines = (line(right, "+", less), *quotient(times * x, times))
    return Problem({"a": times, "b": less, "c": right, "x": rng.choice("xyn")}, lines, x)


def _next_term(rng: random.Random) -> Problem:
    first, step = rng.randint(2, 60), rng.randint(2, 20)
    a, b, c = first, first + step, first + 2 * step
    lines = (line(b, "-", a), line(c, "+", step))
    return Problem({"a": a, "b": b, "c": c}, lines, c + step)


def _brackets(rng: random.Random) -> Problem:
    a, b, c = rng.randint(1, 30), rng.randint(1, 30), rng.randint(2, 9)
    lines = (line(a, "+", b), *product(a + b, c))
    return Problem({"a": a, "b": b, "c": c}, lines, (a + b) * c)


def _product_first(rng: random.Random) -> Problem:
    a, b, c = rng.randint(5, 90), rng.randint(2, 10), rng.randint(2, 9)
    lines = (*product(b, c), line(b * c, "+", a))
    return Problem({"a": a, "b": b, "c": c}, lines, a + b * c)


def _decimals(rng: random.Random) -> Problem:
    """The whole parts, the tenths (counted as tenths), then both together."""
    a, b = (10 * rng.randint(1, 9) + rng.randint(1, 9) for _ in range(2))
    wholes, tenths = a // 10 + b // 10, a % 10 + b % 10
    lines = (
        line(a // 10, "+", b // 10),
        line(a % 10, "+", b % 10),
        line(wholes, "+", Fraction(tenths, 10)),
    )
    gaps = {"a": Fraction(a, 10), "b": Fraction(b, 10)}
    return Problem(gaps, lines, Fraction(a + b, 10))


ALGEBRA = (
    Concept("linear equations", False, tuple(
        Kind(draw, asks_for("es", (f"{{x}} si {{a}}{{x}} {sign} {{b}} = {{c}}",), (
            f"Resuelve {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"¿Cuánto vale {{x}} si {{a}}{{x}} {sign} {{b}} = {{c}}?",
            f"Halla {{x}}: {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"Resuelve la ecuación {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"La ecuación es {{a}}{{x}} {sign} {{b}} = {{c}}. ¿Cuánto vale {{x}}?"), (
            f"Despeja {{x}} en la ecuación {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"Si {{a}}{{x}} {sign} {{b}} = {{c}}, ¿cuánto vale {{x}}?"),
        ), asks_for("en", (f"{{x}} if {{a}}{{x}} {sign} {{b}} = {{c}}",), (
            f"Solve {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"How much is {{x}} if {{a}}{{x}} {sign} {{b}} = {{c}}?",
            f"Find {{x}}: {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"Solve the equation {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"The equation is {{a}}{{x}} {sign} {{b}} = {{c}}. What is {{x}}?"), (
            f"Solve for {{x}} the equation {{a}}{{x}} {sign} {{b}} = {{c}}.",
            f"If {{a}}{{x}} {sign} {{b}} = {{c}}, what is {{x}}?"),
        )) for draw, sign in ((_equation_plus, "+"), (_equation_minus, "-"))
    )),
    Concept("order of operations", False, tuple(
        Kind(draw, asks_for("es", (expression, f"el valor de {expression}"), (
            f"¿Cuánto es {expression}?", f"{expression} = ?", f"Resuelve {expression}.",
            f"Haz esta cuenta: {expression}."), (
            f"¿Cuánto da {expression}?",),
        ), asks_for("en", (expression, f"the value of {expression}"), (
            f"Tell me what {expression} is.", f"{expression} = ?", f"Compute {expression}.",
            f"Do this sum: {expression}."), (
            f"How much is {expression}?",),
        )) for draw, expression in (
            (_brackets, "({a} + {b}) × {c}"), (_product_first, "{a} + {b} × {c}"))
    )),
    Concept("sequences", False, (
        Kind(_next_term, asks_for("es", (
            "el siguiente término de {a}, {b}, {c}",
            "el número que sigue en la serie {a}, {b}, {c}"), (
            "¿Qué número sigue en la serie {a}, {b}, {c}?",
            "Continúa la serie: {a}, {b}, {c}.",
            "La serie es {a}, {b}, {c}. ¿Qué término sigue?",
            "¿Cómo sigue la serie {a}, {b}, {c}?"), (
            "¿Cuál es el siguiente número de la serie {a}, {b}, {c}?",
            "Dime el término que sigue: {a}, {b}, {c}."),
        ), asks_for("en", (
            "the next term of {a}, {b}, {c}",
            "the number that comes next in the sequence {a}, {b}, {c}"), (
            "Which number comes next in the sequence {a}, {b}, {c}?",
            "Continue the sequence: {a}, {b}, {c}.",
            "The sequence is {a}, {b}, {c}. Which term comes next?",
            "How does the sequence {a}, {b}, {c} go on?"), (
            "What is the next number of the sequence {a}, {b}, {c}?",
            "Tell me the term that comes next: {a}, {b}, {c}."),
        )),
    )),
    Concept("decimals", False, (
        Kind(_decimals, asks_for("es", ("{a} + {b}", "{a} más {b}"), (
            "¿Cuánto es {a} + {b}?", "Suma {a} y {b}.", "¿Cuánto es {a} más {b}?",
            "{name} compra pan por {a} € y leche por {b} €. ¿Cuánto paga?",
            "Una cuerda mide {a} m y otra {b} m. ¿Cuántos metros miden juntas?"), (
            "¿Cuánto da {a} + {b}?",
            "{name} paga {a} € por el pan y {b} € por la leche. ¿Cuánto paga en total?"),
        ), asks_for("en", ("{a} + {b}", "{a} plus {b}"), (
            "Tell me what {a} + {b} is.", "Add {a} and {b}.", "What is {a} plus {b}?",
            "{name} buys bread for €{a} and milk for €{b}. How much is paid?",
            "One rope is {a} m long and another {b} m. How many metres are they together?"), (
            "How much is {a} + {b}?",
            "{name} pays €{a} for bread and €{b} for milk. How much is paid in all?"),
        )),
    )),
)  # fmt: skip
