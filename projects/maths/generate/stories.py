"""Stories of getting and losing things, put together at random, with their working.

Thousands of forms, for learning only: the test has stories in fixed words of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from concept import NAMES, THINGS, Problem
from working import Line, line


@dataclass(frozen=True)
class Scene:
    """Where the things are: with somebody, or in a place from which people take them.

    ``events`` begin with who acts, ``{name}`` or ``{friend}``.
    """

    start: tuple[str, ...]
    events: dict[str, tuple[str, ...]]
    ask: dict[str, tuple[str, ...]]


SCENES = {
    "es": (
        Scene(
            start=("{name} tiene {n} {things}", "{name} tenía {n} {things}",
                   "{name} empieza con {n} {things}", "{name} compra {n} {things}",
                   "{name} encuentra {n} {things}", "{name} junta {n} {things}",
                   "{name} recibe {n} {things}", "{name} guarda {n} {things}"),
            events={
                "+": ("{name} compra {n} más", "{name} encuentra {n} más", "{name} recibe {n} más",
                      "{name} gana {n} más", "{name} consigue {n}", "{name} compra {n}",
                      "{friend} le da {n}", "{friend} le trae {n} más", "{friend} le presta {n}"),
                "-": ("{name} pierde {n}", "{name} vende {n}", "{name} da {n} a {friend}",
                      "{name} regala {n}", "{name} regala {n} a {friend}", "{name} usa {n}",
                      "{name} presta {n} a {friend}", "{friend} le quita {n}",
                      "{friend} le compra {n}"),
            },
            ask={
                "+": ("¿{How_many} tiene ahora?", "¿{How_many} {things} tiene en total?",
                      "¿{How_many} {things} tiene ahora?", "¿{How_many} tiene al final?"),
                "-": ("¿{How_many} le quedan?", "¿{How_many} {things} le quedan?",
                      "¿{How_many} tiene ahora?", "¿{How_many} le quedan al final?"),
            },
        ),
        Scene(
            start=("Hay {n} {things} en {place}", "En {place} hay {n} {things}",
                   "Había {n} {things} en {place}", "En {place} había {n} {things}"),
            events={
                "+": ("{name} mete {n} más", "{name} pone {n} más", "{name} trae {n} más",
                      "{friend} añade {n}", "{friend} deja {n} más", "llegan {n} más"),
                "-": ("{name} saca {n}", "{name} quita {n}", "{name} coge {n}",
                      "{friend} se lleva {n}", "{friend} saca {n}", "{name} vende {n}"),
            },
            ask={
                "+": ("¿{How_many} hay en total?", "¿{How_many} {things} hay ahora?",
                      "¿{How_many} {things} hay en {place}?"),
                "-": ("¿{How_many} quedan?", "¿{How_many} {things} quedan?",
                      "¿{How_many} {things} hay al final?"),
            },
        ),
    ),
    "en": (
        Scene(
            start=("{name} has {n} {things}", "{name} had {n} {things}",
                   "{name} starts with {n} {things}", "{name} buys {n} {things}",
                   "{name} finds {n} {things}", "{name} collects {n} {things}",
                   "{name} receives {n} {things}", "{name} keeps {n} {things}"),
            events={
                "+": ("{name} buys {n} more", "{name} finds {n} more", "{name} receives {n} more",
                      "{name} wins {n} more", "{name} gets {n}", "{name} buys another {n}",
                      "{friend} gives {name} {n}", "{friend} brings {n} more",
                      "{friend} lends {name} {n}"),
                "-": ("{name} loses {n}", "{name} sells {n}", "{name} gives {n} to {friend}",
                      "{name} gives away {n}", "{name} gives {friend} {n}", "{name} uses {n}",
                      "{name} lends {n} to {friend}", "{friend} takes away {n}",
                      "{friend} buys {n} from {name}"),
            },
            ask={
                "+": ("How many does {name} have now?", "How many {things} does {name} have in all?",
                      "How many {things} are there now?", "How many does {name} have at the end?"),
                "-": ("How many are left?", "How many {things} are left?",
                      "How many does {name} have now?", "How many {things} are left at the end?"),
            },
        ),
        Scene(
            start=("There are {n} {things} in {place}", "In {place} there are {n} {things}",
                   "There were {n} {things} in {place}", "In {place} there were {n} {things}"),
            events={
                "+": ("{name} puts in {n} more", "{name} adds {n} more", "{name} brings {n} more",
                      "{friend} adds {n}", "{friend} leaves {n} more", "{n} more arrive"),
                "-": ("{name} takes out {n}", "{name} takes away {n}", "{name} picks {n}",
                      "{friend} takes {n} home", "{friend} takes out {n}", "{name} sells {n}"),
            },
            ask={
                "+": ("How many are there in all?", "How many {things} are there now?",
                      "How many {things} are there in {place}?"),
                "-": ("How many are left?", "How many {things} are left?",
                      "How many {things} are there at the end?"),
            },
        ),
    ),
}  # fmt: skip
THEN = {  # a comma joins no last clause
    "es": (", ", " y ", ". Luego ", ". Después ", " y luego ", ". "),
    "en": (", ", " and ", ". Then ", ". Later ", " and then ", ". "),
}
PLACES = {
    "es": ("la caja", "la mesa", "la bolsa", "la clase", "la tienda", "el cajón"),
    "en": ("the box", "the bag", "the classroom", "the shop", "the drawer", "the kitchen"),
}


def story(rng: random.Random, events: int) -> Problem:
    """Something at the start, so many events, how many at the end; in both languages."""
    start = so_far = rng.randint(2, 99)
    lines: list[Line] = []
    for _ in range(events):
        operation = rng.choice("+-") if so_far > 2 else "+"
        number = rng.randint(2, 99) if operation == "+" else rng.randint(1, min(so_far - 1, 99))
        lines.append(line(so_far, operation, number))
        so_far = int(lines[-1].result)
    numbers = {f"n{place}": int(step.right) for place, step in enumerate(lines)}
    told = {language: _told(start, lines, language, rng) for language in SCENES}
    return Problem({"start": start, **numbers, **told}, tuple(lines), so_far)


def _told(start: int, lines: list[Line], language: str, rng: random.Random) -> str:
    scene = rng.choice(SCENES[language])
    text = rng.choice(scene.start).replace("{n}", str(start))
    actor = "{name}" if "{name}" in text else ""
    for place, step in enumerate(lines, start=1):
        event = rng.choice(scene.events[step.operation]).replace("{n}", str(step.right))
        joint = rng.choice(THEN[language][place == len(lines) :])
        acts = event.split(" ", 1)[0]
        if acts == actor and not joint.startswith("."):
            event = event.removeprefix(f"{actor} ")  # "Ana buys 3 and loses 2"
        text += joint + (event if joint != ". " else event[:1].upper() + event[1:])
        actor = acts
    text += ". " + rng.choice(scene.ask[lines[-1].operation])
    thing, how_many = rng.choice(THINGS[language])
    name, friend = rng.sample(NAMES["train"], 2)
    return text.format(
        name=name, friend=friend, things=thing, place=rng.choice(PLACES[language]),
        How_many=how_many.capitalize(),
    )  # fmt: skip
