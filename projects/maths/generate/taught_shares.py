"""Parts of a whole, never seen by the base model: percentages, proportions, ratios, fractions."""

from __future__ import annotations

import random
from math import gcd

from concept import Concept, Kind, Problem, asks_for
from working import line, product, quotient


def _percentage(rng: random.Random) -> Problem:
    hundreds, percent = rng.randint(2, 9), rng.randint(3, 98)
    whole = 100 * hundreds
    lines = (line(whole, "÷", 100), *product(percent, hundreds))
    return Problem({"n": whole, "p": percent}, lines, percent * hundreds)


def _discount(rng: random.Random) -> Problem:
    hundreds, percent = rng.randint(2, 9), rng.randrange(5, 60, 5)
    price, off = 100 * hundreds, percent * hundreds
    lines = (line(price, "÷", 100), *product(percent, hundreds), line(price, "-", off))
    return Problem({"n": price, "p": percent}, lines, price - off)


def _proportion(rng: random.Random) -> Problem:
    each, (bought, wanted) = rng.randint(2, 9), rng.sample(range(2, 10), 2)
    lines = (*quotient(each * bought, bought), *product(each, wanted))
    gaps = {"a": bought, "b": each * bought, "c": wanted}
    return Problem(gaps, lines, each * wanted)


def _larger_share(rng: random.Random) -> Problem:
    small, large = sorted(rng.sample(range(1, 6), 2))
    while gcd(small, large) > 1 or small + large > 9:
        small, large = sorted(rng.sample(range(1, 6), 2))
    each = rng.randint(2, 10)
    whole = each * (small + large)
    lines = (line(small, "+", large), *quotient(whole, small + large), *product(each, large))
    return Problem({"n": whole, "a": small, "b": large}, lines, each * large)


def _part(rng: random.Random) -> Problem:
    below = rng.randint(3, 9)
    above = rng.choice([n for n in range(2, below) if gcd(n, below) == 1])
    each = rng.randint(2, 10)
    lines = (*quotient(below * each, below), *product(each, above))
    return Problem({"a": above, "b": below, "n": below * each}, lines, each * above)


def _fraction_sum(rng: random.Random) -> Problem:
    """Denominators without a common divisor, so that the result cannot be shortened."""
    while True:
        b, d = rng.sample(range(2, 10), 2)
        a, c = rng.randint(1, b - 1), rng.randint(1, d - 1)
        if gcd(b, d) == gcd(a, b) == gcd(c, d) == 1:
            break
    lines = (line(a, "×", d), line(c, "×", b), line(a * d, "+", c * b), line(b, "×", d))
    gaps = {"a": a, "b": b, "c": c, "d": d}
    return Problem(gaps, lines, f"{a * d + c * b}/{b * d}")


SHARES = (
    Concept("percentages", False, (
        Kind(_percentage, asks_for("es", ("el {p} % de {n}", "el {p} por ciento de {n}"), (
            "¿Cuánto es el {p} % de {n}?", "¿Qué número es el {p} por ciento de {n}?",
            "En un colegio de {n} alumnos, el {p} % come allí. ¿Cuántos alumnos son?",
            "De {n} personas, el {p} % tiene perro. ¿Cuántas personas son?",
            "Hay {n} libros y el {p} % son nuevos. ¿Cuántos libros nuevos hay?",
            "El {p} % de {n} coches son rojos. ¿Cuántos coches son?"), (
            "¿A cuánto equivale el {p} por ciento de {n}?",
            "De {n} alumnos, el {p} % va en bici. ¿Cuántos alumnos son?"),
        ), asks_for("en", ("{p}% of {n}", "{p} percent of {n}"), (
            "How much is {p}% of {n}?", "Which number is {p} percent of {n}?",
            "In a school of {n} students, {p}% eat there. How many students is that?",
            "Of {n} people, {p}% have a dog. How many people is that?",
            "There are {n} books and {p}% are new. How many new books are there?",
            "{p}% of {n} cars are red. How many cars is that?"), (
            "How many are {p} percent of {n}?",
            "Of {n} students, {p}% come by bike. How many students is that?"),
        )),
    )),
    Concept("discounts", False, (
        Kind(_discount, asks_for("es", (
            "el precio final de una bici de {n} € con un descuento del {p} %",
            "el precio de un abrigo de {n} € rebajado un {p} %"), (
            "Una bici cuesta {n} € y tiene un descuento del {p} %. ¿Cuánto se paga?",
            "Un abrigo de {n} € está rebajado un {p} %. ¿Cuál es el precio final?",
            "A un precio de {n} € le hacen un {p} % de descuento. ¿En cuánto se queda?",
            "Con un descuento del {p} %, ¿cuánto se paga por una mesa de {n} €?",
            "El viaje vale {n} €. Con un {p} % de descuento, ¿cuánto cuesta?"), (
            "Un móvil cuesta {n} € y le hacen un descuento del {p} %. ¿Cuánto se paga?",
            "Una silla de {n} € tiene un {p} % de descuento. ¿Cuál es el precio final?"),
        ), asks_for("en", (
            "the final price of a bike of €{n} with a discount of {p}%",
            "the price of a coat of €{n} reduced by {p}%"), (
            "A bike costs €{n} and has a discount of {p}%. How much do you pay?",
            "A coat of €{n} is reduced by {p}%. What is the final price?",
            "A price of €{n} gets a {p}% discount. What is left to pay?",
            "With a discount of {p}%, how much do you pay for a table of €{n}?",
            "The trip is €{n}. With a {p}% discount, how much does it cost?"), (
            "A phone costs €{n} and gets a discount of {p}%. How much do you pay?",
            "A chair of €{n} has a {p}% discount. What is the final price?"),
        )),
    )),
    Concept("proportions", False, (
        Kind(_proportion, asks_for("es", (
            "el precio de {c} cuadernos si {a} cuestan {b} €",
            "el precio de {c} entradas si {a} entradas valen {b} €"), (
            "Si {a} cuadernos cuestan {b} €, ¿cuánto cuestan {c} cuadernos?",
            "{a} entradas valen {b} €. ¿Cuánto valen {c} entradas?",
            "Por {a} kilos de fruta se pagan {b} €. ¿Cuánto se paga por {c} kilos?",
            "En {a} horas una máquina hace {b} piezas. ¿Cuántas piezas hace en {c} horas?",
            "Con {a} botellas se llenan {b} vasos. ¿Cuántos vasos se llenan con {c} botellas?"), (
            "Si {a} bolígrafos cuestan {b} €, ¿cuánto cuestan {c}?",
            "Por {a} entradas se pagan {b} €. ¿Cuánto se paga por {c} entradas?"),
        ), asks_for("en", (
            "the price of {c} notebooks if {a} cost €{b}",
            "the price of {c} tickets if {a} tickets are worth €{b}"), (
            "If {a} notebooks cost €{b}, how much do {c} notebooks cost?",
            "{a} tickets are worth €{b}. How much are {c} tickets worth?",
            "For {a} kilos of fruit you pay €{b}. How much do you pay for {c} kilos?",
            "In {a} hours a machine makes {b} parts. How many parts does it make in {c} hours?",
            "With {a} bottles you fill {b} glasses. How many glasses do {c} bottles fill?"), (
            "If {a} pens cost €{b}, how much do {c} cost?",
            "For {a} tickets you pay €{b}. How much do you pay for {c} tickets?"),
        )),
    )),
    Concept("ratios", False, (
        Kind(_larger_share, asks_for("es", (
            "la parte mayor de {n} € en razón {a} a {b}",
            "la parte mayor si se reparten {n} en razón {a}:{b}"), (
            "Reparte {n} € en razón {a} a {b}. ¿Cuánto es la parte mayor?",
            "Divide {n} en partes que están en razón {a}:{b}. ¿Cuál es la parte mayor?",
            "Se mezclan {n} litros de agua y zumo en razón {a} a {b}. ¿Cuántos litros son la "
            "parte mayor?"), (
            "Se reparten {n} € en razón {a}:{b}. Halla la parte mayor.",
            "¿Cuál es la parte mayor si se divide {n} en razón {a} a {b}?"),
        ), asks_for("en", (
            "the larger part of €{n} in the ratio {a} to {b}",
            "the larger part if {n} is shared in the ratio {a}:{b}"), (
            "Share €{n} in the ratio {a} to {b}. How much is the larger part?",
            "Split {n} into parts in the ratio {a}:{b}. Which is the larger part?",
            "Mix {n} litres of water and juice in the ratio {a} to {b}. How many litres is the "
            "larger part?"), (
            "€{n} is shared in the ratio {a}:{b}. Find the larger part.",
            "What is the larger part if {n} is split in the ratio {a} to {b}?"),
        )),
    )),
    Concept("fraction of a number", False, (
        Kind(_part, asks_for("es", ("{a}/{b} de {n}", "los {a}/{b} de {n}"), (
            "¿Cuánto es {a}/{b} de {n}?", "¿Cuánto son los {a}/{b} de {n}?",
            "{name} gasta {a}/{b} de sus {n} €. ¿Cuánto gasta?",
            "De {n} personas, {a}/{b} tienen perro. ¿Cuántas personas son?",
            "{name} lee {a}/{b} de un libro de {n} páginas. ¿Cuántas páginas lee?"), (
            "Dime cuánto son los {a}/{b} de {n}.",
            "De {n} alumnos, {a}/{b} van en bici. ¿Cuántos alumnos son?"),
        ), asks_for("en", ("{a}/{b} of {n}", "the {a}/{b} part of {n}"), (
            "How much is {a}/{b} of {n}?", "Which number is {a}/{b} of {n}?",
            "{name} spends {a}/{b} of €{n}. How much is spent?",
            "Of {n} people, {a}/{b} have a dog. How many people is that?",
            "{name} reads {a}/{b} of a book of {n} pages. How many pages is that?"), (
            "Tell me how much {a}/{b} of {n} is.",
            "Of {n} students, {a}/{b} come by bike. How many students is that?"),
        )),
    )),
    Concept("sum of fractions", False, (
        Kind(_fraction_sum, asks_for("es", (
            "{a}/{b} + {c}/{d}", "la suma de {a}/{b} y {c}/{d}"), (
            "Suma las fracciones {a}/{b} y {c}/{d}.", "¿Cuánto es {a}/{b} + {c}/{d}?",
            "¿Cuánto es {a}/{b} más {c}/{d}?", "{a}/{b} + {c}/{d} = ?",
            "Suma {a}/{b} y {c}/{d}."), (
            "¿Cuánto da {a}/{b} + {c}/{d}?", "¿Cuánto suman {a}/{b} y {c}/{d}?"),
        ), asks_for("en", (
            "{a}/{b} + {c}/{d}", "the sum of {a}/{b} and {c}/{d}"), (
            "Add the fractions {a}/{b} and {c}/{d}.", "How much is {a}/{b} plus {c}/{d}?",
            "What is {a}/{b} plus {c}/{d}?", "{a}/{b} + {c}/{d} = ?",
            "Add {a}/{b} and {c}/{d}."), (
            "How much is {a}/{b} + {c}/{d}?", "How much do {a}/{b} and {c}/{d} make?"),
        )),
    )),
)  # fmt: skip
