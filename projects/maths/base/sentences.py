"""Plain statements with numbers in them, put together at random, to copy and to count in.

They use the words of the concepts that the adapter teaches, so that none of these is noise to
the network. None is a question, and none says how anything is computed.
"""

from __future__ import annotations

import random

# Who does something, and what: every gap is a number.
WHO = {
    "es": (
        "{name}", "{name}", "{name}", "el tren", "el coche", "el barco", "la máquina", "la tienda",
        "mi vecina", "el profesor", "la clase", "el equipo", "un alumno", "la caja", "el libro",
        "la mesa", "el abrigo", "la bici", "el móvil", "la silla", "el viaje", "la película",
        "el patio", "la cuerda", "el rectángulo", "el triángulo", "la serie", "la ecuación",
    ),
    "en": (
        "{name}", "{name}", "{name}", "the train", "the car", "the boat", "the machine", "the shop",
        "my neighbour", "the teacher", "the class", "the team", "a student", "the box", "the book",
        "the table", "the coat", "the bike", "the phone", "the chair", "the trip", "the film",
        "the yard", "the rope", "the rectangle", "the triangle", "the sequence", "the equation",
    ),
}  # fmt: skip
DOES = {
    "es": (
        "compra {} {thing}", "vende {} {thing}", "lleva {} {thing}", "usa {} {thing}",
        "tiene {} {thing}", "recibe {} {thing}", "cuenta {} {thing} y {} {thing}",
        "saca {} {thing}, {} {thing} y {} {thing}", "gasta {} €", "gasta {}/{} de {} €",
        "cuesta {} €", "cuestan {} €", "vale {} € y ahora {} €", "está rebajado un {} %",
        "tiene un descuento del {} %", "tiene el {} por ciento de {} {thing}",
        "mide {} cm por {} cm", "mide {} m de largo y {} m de ancho", "mide {} m y {} cm",
        "tiene {} cm de base y {} cm de altura", "tiene lados de {} y {}", "dura {} h y {} min",
        "dura {} horas y {} minutos", "va a {} km/h durante {} horas",
        "recorre {} km y luego {} km más", "conduce {} horas a {} km/h", "viaja {} km",
        "hace {} piezas en {} horas", "paga {} € por {} {thing}", "llena {} vasos con {} botellas",
        "está en razón {} a {}", "está en razón {}:{} con {} litros de agua y zumo",
        "reparte {} € en razón {}:{}", "tiene un área de {} y un perímetro de {}",
        "tiene una media de {} puntos", "tiene un promedio de {}", "escribe {}, {} y {}",
        "escribe {}, {}, {}", "escribe {}x + {} = {}", "escribe {}y - {} = {}",
        "escribe {}n + {} = {}", "escribe ({} + {}) × {}", "escribe {} + {} × {}",
        "escribe {}/{} y {}/{}", "sigue con el término {}", "pasa {} metros a centímetros",
        "lee {} páginas", "mezcla {} litros", "expresa {} horas en minutos",
        "tiene el valor {} y el número {}", "pone el precio final en {} €",
        "se queda en {} € de pan y {} € de leche", "equivale a {} kilos de fruta",
    ),
    "en": (
        "buys {} {thing}", "sells {} {thing}", "carries {} {thing}", "uses {} {thing}",
        "has {} {thing}", "gets {} {thing}", "counts {} {thing} and {} {thing}",
        "takes {} {thing}, {} {thing} and {} {thing}", "spends €{}", "spends {}/{} of €{}",
        "costs €{}", "cost €{}", "is worth €{} and now €{}", "is reduced by {}%",
        "has a discount of {}%", "has {} percent of {} {thing}",
        "is {} cm by {} cm", "is {} m long and {} m wide", "is {} m and {} cm long",
        "has a base of {} cm and a height of {} cm", "has sides of {} and {}",
        "takes {} h and {} min", "takes {} hours and {} minutes", "goes at {} km/h for {} hours",
        "goes {} km and then {} km more", "drives {} hours at {} km/h", "travels {} km",
        "makes {} parts in {} hours", "pays €{} for {} {thing}", "fills {} glasses from {} bottles",
        "is in the ratio {} to {}", "is in the ratio {}:{} with {} litres of water and juice",
        "shares €{} in the ratio {}:{}", "has an area of {} and a perimeter of {}",
        "has a mean of {} points", "has an average of {}", "writes {}, {} and {}",
        "writes {}, {}, {}", "writes {}x + {} = {}", "writes {}y - {} = {}",
        "writes {}n + {} = {}", "writes ({} + {}) × {}", "writes {} + {} × {}",
        "writes {}/{} and {}/{}", "goes on with the next term {}",
        "converts {} metres to centimetres",
        "reads {} pages", "mixes {} litres", "expresses {} hours in minutes",
        "has the value {} and the number {}", "sets the final price at €{}",
        "pays €{} for bread and €{} for milk", "is as much as {} kilos of fruit",
    ),
}  # fmt: skip
THINGS = {
    "es": (
        "alumnos", "personas", "coches", "cuadernos", "entradas", "bolígrafos", "botellas", "vasos",
        "piezas", "puntos", "páginas", "libros", "perros", "manzanas", "árboles", "fracciones",
        "números", "partes iguales", "litros de zumo", "kilos de fruta", "lápices", "días",
    ),
    "en": (
        "students", "people", "cars", "notebooks", "tickets", "pens", "bottles", "glasses",
        "parts", "points", "pages", "books", "dogs", "apples", "trees", "fractions",
        "numbers", "equal parts", "litres of juice", "kilos of fruit", "pencils", "days",
    ),
}  # fmt: skip
WHEN = {
    "es": (
        "", "", "", " hoy", " el lunes", " en casa", " en el colegio", " cada día", " por la tarde",
        " con {name}", " en total", " al final", " después", " en tres días",
    ),
    "en": (
        "", "", "", " today", " on Monday", " at home", " at school", " every day",
        " in the afternoon", " with {name}", " in all", " at the end", " later", " in three days",
    ),
}  # fmt: skip
THEN = {
    "es": (". ", " y ", ", luego ", " y después "),
    "en": (". ", " and ", ", then ", " and later "),
}
NAMES = ("Ana", "Luis", "Marta", "Pablo", "Sara", "Diego", "Elena", "Hugo", "Nora", "Leo")


def statement(language: str, rng: random.Random) -> str:
    """One to three clauses, each gap still ``{}``."""
    clauses = [_clause(language, rng) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
    text = clauses[0]
    for clause in clauses[1:]:
        text += rng.choice(THEN[language]) + clause
    sentences = [part[:1].upper() + part[1:] for part in text.split(". ")]
    return ". ".join(sentences) + "."


def _clause(language: str, rng: random.Random) -> str:
    form = rng.choice(WHO[language]) + " " + rng.choice(DOES[language]) + rng.choice(WHEN[language])
    while "{name}" in form:
        form = form.replace("{name}", rng.choice(NAMES), 1)
    while "{thing}" in form:
        form = form.replace("{thing}", rng.choice(THINGS[language]), 1)
    return form
