"""The concepts that the base model knows: plain arithmetic, asked in plain words."""

from __future__ import annotations

import random

from concept import Asks, Concept, Kind, Problem
from stories import story
from working import Line, line, product, quotient, total


def _sum(rng: random.Random) -> Problem:
    a, b = rng.randint(2, 99), rng.randint(2, 99)
    return Problem({"a": a, "b": b}, total([a, b]), a + b)


def _round_sum(rng: random.Random) -> Problem:
    a, b = 10 * rng.randint(10, 80), rng.randint(2, 99)
    return Problem({"a": a, "b": b}, total([a, b]), a + b)


def _difference(rng: random.Random) -> Problem:
    a = rng.randint(12, 99)
    b = rng.randint(2, a - 1)
    return Problem({"a": a, "b": b}, (line(a, "-", b),), a - b)


def _round_difference(rng: random.Random) -> Problem:
    a = 10 * rng.randint(11, 90)
    b = 10 * rng.randint(1, a // 10 - 1)
    return Problem({"a": a, "b": b}, (line(a, "-", b),), a - b)


def _table_product(rng: random.Random) -> Problem:
    a, b = rng.randint(2, 10), rng.randint(2, 9)
    return Problem({"a": a, "b": b}, product(a, b), a * b)


def _long_product(rng: random.Random) -> Problem:
    a, b = rng.randint(11, 99), rng.randint(2, 9)
    return Problem({"a": a, "b": b}, product(a, b), a * b)


def _quotient(rng: random.Random) -> Problem:
    b = rng.randint(2, 9)
    result = rng.choice((rng.randint(2, 10), rng.randint(11, 19), 10 * rng.randint(2, 9)))
    return Problem({"a": b * result, "b": b}, quotient(b * result, b), result)


def _larger(rng: random.Random) -> Problem:
    a, b = rng.sample(range(2, 100), 2)
    return Problem({"a": a, "b": b}, (line(max(a, b), "-", min(a, b)),), max(a, b))


def _smaller(rng: random.Random) -> Problem:
    a, b = rng.sample(range(2, 100), 2)
    return Problem({"a": a, "b": b}, (line(max(a, b), "-", min(a, b)),), min(a, b))


def _groups(rng: random.Random) -> Problem:
    return _table_product(rng) if rng.random() < 0.5 else _long_product(rng)


def _shares(rng: random.Random) -> Problem:
    b, result = rng.randint(2, 9), rng.randint(2, 10)
    return Problem({"a": b * result, "b": b}, quotient(b * result, b), result)


def _add_then_take(rng: random.Random) -> Problem:
    a, b = rng.randint(10, 99), rng.randint(5, 60)
    c = rng.randint(2, min(99, a + b - 1))
    lines = (line(a, "+", b), line(a + b, "-", c))
    return Problem({"a": a, "b": b, "c": c}, lines, a + b - c)


def _three_sum(rng: random.Random) -> Problem:
    a, b, c = (rng.randint(2, 90) for _ in range(3))
    return Problem({"a": a, "b": b, "c": c}, total([a, b, c]), a + b + c)


ORDERS = {
    "es": {"+": "suma {}", "-": "resta {}", "×": "multiplica por {}", "÷": "divide entre {}"},
    "en": {"+": "add {}", "-": "subtract {}", "×": "multiply by {}", "÷": "divide by {}"},
}


def _orders(rng: random.Random) -> Problem:
    """Two or three orders carried out one after the other; tables only, so one line each."""
    start = so_far = rng.randint(2, 60)
    orders: list[tuple[str, int]] = []
    lines: list[Line] = []
    for _ in range(rng.choice((2, 2, 3))):
        operation, number = rng.choice(_next_orders(so_far, rng))
        orders.append((operation, number))
        lines.append(line(so_far, operation, number))
        so_far = int(lines[-1].result)
    gaps: dict[str, int | str] = {"a": start}
    for language, words in ORDERS.items():
        said = [words[operation].format(number) for operation, number in orders]
        last = " y " if language == "es" else " and "
        gaps[language] = ", ".join(said[:-1]) + last + said[-1]
    return Problem(gaps, tuple(lines), so_far)


def _next_orders(number: int, rng: random.Random) -> list[tuple[str, int]]:
    """One order of each operation that keeps to whole numbers below 1000 and to the table."""
    found = [("+", rng.randint(2, 60))]
    if number > 3:
        found.append(("-", rng.randint(1, number - 1)))
    if 1 < number <= 10 or (number < 100 and number % 10 == 0):
        found += [("×", rng.randint(2, 9))] * 2
    divisors = [d for d in range(2, 10) if number % d == 0 and 2 <= number // d <= 10]
    if divisors:
        found += [("÷", rng.choice(divisors))] * 2
    return found


def _stories(events: int) -> Kind:
    """Stories in many forms to learn from; none for the test."""
    return Kind(
        lambda rng: story(rng, events),
        Asks(train=("{es}",), test=()),
        Asks(train=("{en}",), test=()),
    )


# A question of plain arithmetic is a lead with a sum in it.
LEADS = {
    "es": ("¿Cuánto es {}?", "Calcula {}.", "Halla {}.", "Dime cuánto es {}.", "Resuelve {}.",
           "¿Cuál es el resultado de {}?", "Haz esta cuenta: {}.", "{} = ?", "¿Sabes cuánto es {}?",
           "Quiero saber cuánto es {}.", "¿Puedes calcular {}?", "Di el valor de {}.",
           "Opera: {}.", "¿Me dices cuánto es {}?", "Necesito calcular {}."),
    "en": ("What is {}?", "Calculate {}.", "Find {}.", "Tell me what {} is.", "Compute {}.",
           "What is the result of {}?", "Do this sum: {}.", "{} = ?", "Do you know what {} is?",
           "I want to know what {} is.", "Can you calculate {}?", "Give the value of {}.",
           "Evaluate {}.", "Could you tell me what {} is?", "I need to calculate {}."),
}  # fmt: skip
TEST_LEADS = {
    "es": ("¿Cuánto da {}?", "Averigua cuánto es {}."),
    "en": ("How much is {}?", "Work out {}."),
}


def _asks(language: str, sums: tuple[str, ...], others: tuple[str, ...], test: str) -> Asks:
    """Every lead with every sum, as often the other ways; one more sentence for the test."""
    led = tuple(lead.format(sum_) for lead in LEADS[language] for sum_ in sums)
    often = others * max(1, len(led) // (2 * len(others)))
    return Asks(
        train=(*led, *often),
        test=(*(lead.format(sum_) for lead in TEST_LEADS[language] for sum_ in sums), test, test),
    )


KNOWN = (
    Concept("addition", True, tuple(
        Kind(draw, _asks("es", ("{a} + {b}", "{a} más {b}"), (
            "Suma {a} y {b}.", "Halla la suma de {a} y {b}.", "Dime cuánto suman {a} y {b}.",
            "Añade {b} a {a}.", "Calcula la suma de {a} y {b}."),
            "¿Cuál es la suma de {a} y {b}?",
        ), _asks("en", ("{a} + {b}", "{a} plus {b}"), (
            "Add {a} and {b}.", "Find the sum of {a} and {b}.",
            "Tell me how much {a} and {b} make.", "Add {b} to {a}.",
            "Calculate the sum of {a} and {b}."),
            "What is the sum of {a} and {b}?",
        )) for draw in (_sum, _round_sum)
    )),
    Concept("subtraction", True, tuple(
        Kind(draw, _asks("es", ("{a} - {b}", "{a} menos {b}"), (
            "Resta {b} de {a}.", "Quita {b} a {a}.", "Halla la diferencia entre {a} y {b}.",
            "Si a {a} le quitas {b}, ¿cuánto queda?", "¿Cuánto queda si restas {b} de {a}?"),
            "Si a {a} le restas {b}, ¿cuánto queda?",
        ), _asks("en", ("{a} - {b}", "{a} minus {b}"), (
            "Subtract {b} from {a}.", "Take {b} away from {a}.",
            "Find the difference between {a} and {b}.",
            "If you take {b} away from {a}, how much is left?",
            "How much is left when you subtract {b} from {a}?"),
            "If you subtract {b} from {a}, how much is left?",
        )) for draw in (_difference, _round_difference)
    )),
    Concept("multiplication", True, tuple(
        Kind(draw, _asks("es", ("{a} × {b}", "{a} por {b}"), (
            "Multiplica {a} por {b}.", "Halla el producto de {a} por {b}.",
            "Calcula {a} * {b}.", "¿Cuánto es {b} veces {a}?", "Calcula el producto de {a} por {b}."),
            "¿Cuál es el producto de {a} por {b}?",
        ), _asks("en", ("{a} × {b}", "{a} times {b}"), (
            "Multiply {a} by {b}.", "Find the product of {a} and {b}.", "Calculate {a} * {b}.",
            "What is {a} multiplied by {b}?", "Calculate the product of {a} and {b}."),
            "What is the product of {a} and {b}?",
        )) for draw in (_table_product, _long_product)
    )),
    Concept("division", True, (
        Kind(_quotient, _asks("es", ("{a} ÷ {b}", "{a} entre {b}", "{a} dividido entre {b}"), (
            "Divide {a} entre {b}.", "Halla el cociente de {a} entre {b}.",
            "¿Cuántas veces cabe {b} en {a}?", "Calcula el cociente de {a} entre {b}."),
            "¿Cuál es el cociente de {a} entre {b}?",
        ), _asks("en", ("{a} ÷ {b}", "{a} divided by {b}"), (
            "Divide {a} by {b}.", "Find the quotient of {a} by {b}.",
            "How many times does {b} go into {a}?", "Calculate the quotient of {a} by {b}."),
            "What is the quotient of {a} by {b}?",
        )),
    )),
    Concept("comparison", True, (
        Kind(_larger, Asks(
            train=("¿Qué número es mayor, {a} o {b}?", "Di cuál es mayor: {a} o {b}.",
                   "Entre {a} y {b}, ¿cuál es el mayor?", "Elige el número mayor: {a} o {b}.",
                   "¿Qué es mayor: {a} o {b}?", "De {a} y {b}, ¿qué número es mayor?",
                   "Dime el mayor de {a} y {b}."),
            test=("¿Cuál es mayor, {a} o {b}?", "De {a} y {b}, dime el número mayor."),
        ), Asks(
            train=("Which number is larger, {a} or {b}?", "Say which is larger: {a} or {b}.",
                   "Of {a} and {b}, which is the larger?",
                   "Choose the larger number: {a} or {b}.", "What is larger: {a} or {b}?",
                   "Of {a} and {b}, which number is larger?", "Tell me the larger of {a} and {b}."),
            test=("Which is larger, {a} or {b}?", "Of {a} and {b}, tell me the larger number."),
        )),
        Kind(_smaller, Asks(
            train=("¿Qué número es menor, {a} o {b}?", "Di cuál es menor: {a} o {b}.",
                   "Entre {a} y {b}, ¿cuál es el menor?", "Elige el número menor: {a} o {b}.",
                   "¿Qué es menor: {a} o {b}?", "De {a} y {b}, ¿qué número es menor?",
                   "Dime el menor de {a} y {b}."),
            test=("¿Cuál es menor, {a} o {b}?", "De {a} y {b}, dime el número menor."),
        ), Asks(
            train=("Which number is smaller, {a} or {b}?", "Say which is smaller: {a} or {b}.",
                   "Of {a} and {b}, which is the smaller?",
                   "Choose the smaller number: {a} or {b}.", "What is smaller: {a} or {b}?",
                   "Of {a} and {b}, which number is smaller?",
                   "Tell me the smaller of {a} and {b}."),
            test=("Which is smaller, {a} or {b}?", "Of {a} and {b}, tell me the smaller number."),
        )),
    )),
    Concept("word problems", True, (
        _stories(1),
        _stories(1),
        Kind(_sum, Asks(
            train=("{name} tiene {a} {things} y {friend} le da {b} más. ¿{How_many} {things} "
                   "tiene ahora?",
                   "{name} tenía {a} {things} y compró {b}. ¿{How_many} {things} tiene en total?",
                   "Hay {a} {things} en una caja y {b} en otra. ¿{How_many} hay en total?",
                   "{name} encuentra {a} {things} y luego {b} más. ¿{How_many} tiene ahora?",
                   "{name} compra {a} {things}. Después recibe {b} más. ¿{How_many} {things} "
                   "tiene en total?",
                   "{name} tiene {a} {things} y {friend} tiene {b}. ¿{How_many} tienen juntos?",
                   "En la bolsa había {a} {things}. {name} mete {b} más. ¿{How_many} hay ahora?",
                   "En la mesa hay {a} {things} y {name} pone {b} más. ¿{How_many} {things} hay "
                   "en total?"),
            test=("{name} compra {a} {things} y {friend} le regala {b} más. ¿{How_many} {things} "
                  "tiene en total?",
                  "En la mesa hay {a} {things} y en la caja hay {b}. ¿{How_many} hay en total?"),
        ), Asks(
            train=("{name} has {a} {things} and {friend} gives {b} more. How many {things} does "
                   "{name} have now?",
                   "{name} had {a} {things} and bought {b}. How many {things} are there in all?",
                   "There are {a} {things} in one box and {b} in another. How many are there in "
                   "all?",
                   "{name} finds {a} {things} and then {b} more. How many does {name} have now?",
                   "{name} buys {a} {things}. Then {name} receives {b} more. How many {things} "
                   "does {name} have in all?",
                   "{name} has {a} {things} and {friend} has {b}. How many do they have together?",
                   "There were {a} {things} in the bag. {name} puts in {b} more. How many are "
                   "there now?",
                   "There are {a} {things} on the table and {name} adds {b} more. How many "
                   "{things} are there in all?"),
            test=("{name} buys {a} {things} and gets {b} more from {friend}. How many {things} "
                  "does {name} have in all?",
                  "There are {a} {things} on the table and {b} in the box. How many are there in "
                  "all?"),
        )),
        Kind(_difference, Asks(
            train=("{name} tiene {a} {things} y pierde {b}. ¿{How_many} {things} le quedan?",
                   "{name} tenía {a} {things} y dio {b} a {friend}. ¿{How_many} le quedan?",
                   "Había {a} {things} en la caja y {name} sacó {b}. ¿{How_many} quedan?",
                   "{name} compra {a} {things} y vende {b}. ¿{How_many} {things} le quedan?",
                   "Hay {a} {things} en la mesa. {name} se lleva {b}. ¿{How_many} quedan?",
                   "{name} compró {a} {things}. Luego perdió {b}. ¿{How_many} le quedan ahora?",
                   "En la bolsa hay {a} {things} y {name} quita {b}. ¿{How_many} {things} quedan?",
                   "De {a} {things}, {name} regala {b}. ¿{How_many} le quedan?"),
            test=("{name} compra {a} {things} y pierde {b}. ¿{How_many} le quedan?",
                  "En la caja hay {a} {things}. {name} saca {b}. ¿{How_many} {things} quedan?"),
        ), Asks(
            train=("{name} has {a} {things} and loses {b}. How many {things} are left?",
                   "{name} had {a} {things} and gave {b} to {friend}. How many are left?",
                   "There were {a} {things} in the box and {name} took {b}. How many are left?",
                   "{name} buys {a} {things} and sells {b}. How many {things} are left?",
                   "There are {a} {things} on the table. {name} takes away {b}. How many are "
                   "left?",
                   "{name} bought {a} {things}. Then {name} lost {b}. How many are left now?",
                   "There are {a} {things} in the bag and {name} takes out {b}. How many {things} "
                   "are left?",
                   "Of {a} {things}, {name} gives away {b}. How many are left?"),
            test=("{name} buys {a} {things} and loses {b}. How many are left?",
                  "There are {a} {things} in the box. {name} takes {b}. How many {things} are "
                  "left?"),
        )),
        Kind(_groups, Asks(
            train=("Cada caja tiene {a} {things} y hay {b} cajas. ¿{How_many} {things} hay?",
                   "{name} llena {b} bolsas con {a} {things} cada una. ¿{How_many} {things} usa?",
                   "Hay {b} cajas con {a} {things} cada una. ¿{How_many} {things} hay en total?",
                   "{name} tiene {b} bolsas. En cada bolsa hay {a} {things}. ¿{How_many} tiene?",
                   "Cada amigo tiene {a} {things}. ¿{How_many} {things} tienen {b} amigos?",
                   "{name} recibe {b} cajas con {a} {things} cada una. ¿{How_many} recibe?",
                   "En cada mesa hay {a} {things}. ¿{How_many} hay en {b} mesas?"),
            test=("{name} compra {b} cajas con {a} {things} cada una. ¿{How_many} {things} tiene?",
                  "Cada bolsa tiene {a} {things}. ¿{How_many} {things} hay en {b} bolsas?"),
        ), Asks(
            train=("Each box holds {a} {things} and there are {b} boxes. How many {things} are "
                   "there?",
                   "{name} fills {b} bags with {a} {things} each. How many {things} is that?",
                   "There are {b} boxes with {a} {things} each. How many {things} are there in "
                   "all?",
                   "{name} has {b} bags. In each bag there are {a} {things}. How many is that?",
                   "Each friend has {a} {things}. How many {things} do {b} friends have?",
                   "{name} gets {b} boxes with {a} {things} each. How many {things} is that?",
                   "On each table there are {a} {things}. How many are there on {b} tables?"),
            test=("{name} buys {b} boxes with {a} {things} each. How many {things} is that?",
                  "Each bag holds {a} {things}. How many {things} are there in {b} bags?"),
        )),
        Kind(_shares, Asks(
            train=("{name} reparte {a} {things} en {b} cajas iguales. ¿{How_many} van en cada "
                   "caja?",
                   "Se reparten {a} {things} entre {b} amigos. ¿{How_many} recibe cada uno?",
                   "Hay {a} {things} para {b} amigos. ¿{How_many} le tocan a cada uno?",
                   "{name} pone {a} {things} en {b} bolsas iguales. ¿{How_many} van en cada "
                   "bolsa?",
                   "{b} amigos se reparten {a} {things}. ¿{How_many} {things} recibe cada uno?",
                   "{name} da {a} {things} a {b} amigos por igual. ¿{How_many} recibe cada uno?",
                   "Se ponen {a} {things} en {b} cajas iguales. ¿{How_many} hay en cada caja?"),
            test=("{name} reparte {a} {things} entre {b} amigos. ¿{How_many} le tocan a cada uno?",
                  "Se reparten {a} {things} en {b} bolsas iguales. ¿{How_many} van en cada "
                  "bolsa?"),
        ), Asks(
            train=("{name} puts {a} {things} into {b} equal boxes. How many go in each box?",
                   "{a} {things} are shared among {b} friends. How many does each one get?",
                   "There are {a} {things} for {b} friends. How many does each one get?",
                   "{name} puts {a} {things} into {b} equal bags. How many go in each bag?",
                   "{b} friends share {a} {things}. How many {things} does each one get?",
                   "{name} gives {a} {things} to {b} friends equally. How many does each one get?",
                   "{a} {things} are put into {b} equal boxes. How many are in each box?"),
            test=("{name} shares {a} {things} among {b} friends. How many does each one get?",
                  "{a} {things} are put into {b} equal bags. How many go in each bag?"),
        )),
    )),
    Concept("several steps", True, (
        _stories(2),
        _stories(3),
        Kind(_orders, Asks(
            train=("Toma {a}, {es}.", "Empieza con {a}, {es}.", "Con el número {a}: {es}.",
                   "Al número {a} aplica: {es}.", "Toma el número {a}: {es}.",
                   "Desde {a}: {es}.", "Tienes {a}; {es}.", "Piensa en {a}, {es}."),
            test=("Empieza por {a}: {es}.", "Parte de {a}, {es}."),
        ), Asks(
            train=("Take {a}, {en}.", "Start with {a}, {en}.", "With the number {a}: {en}.",
                   "To the number {a} apply: {en}.", "Take the number {a}: {en}.",
                   "From {a}: {en}.", "You have {a}; {en}.", "Think of {a}, {en}."),
            test=("Start from {a}: {en}.", "Begin with {a}, {en}."),
        )),
        Kind(_three_sum, Asks(
            train=("Calcula {a} + {b} + {c}.", "¿Cuánto es {a} + {b} + {c}?",
                   "Suma {a}, {b} y {c}.", "{a} + {b} + {c} = ?", "Halla {a} + {b} + {c}.",
                   "Halla la suma de {a}, {b} y {c}.", "Dime cuánto suman {a}, {b} y {c}.",
                   "¿Cuánto es {a} más {b} más {c}?"),
            test=("¿Cuánto da {a} + {b} + {c}?", "¿Cuánto suman {a}, {b} y {c}?"),
        ), Asks(
            train=("Calculate {a} + {b} + {c}.", "What is {a} + {b} + {c}?",
                   "Add {a}, {b} and {c}.", "{a} + {b} + {c} = ?", "Find {a} + {b} + {c}.",
                   "Find the sum of {a}, {b} and {c}.",
                   "Tell me how much {a}, {b} and {c} make.", "What is {a} plus {b} plus {c}?"),
            test=("How much is {a} + {b} + {c}?", "What is the sum of {a}, {b} and {c}?"),
        )),
        Kind(_add_then_take, Asks(
            train=("Calcula {a} + {b} - {c}.", "¿Cuánto es {a} + {b} - {c}?",
                   "{name} tiene {a} {things}, compra {b} y da {c}. ¿{How_many} tiene al final?",
                   "{a} + {b} - {c} = ?", "Halla {a} + {b} - {c}.",
                   "{name} tiene {a} {things}, encuentra {b} y vende {c}. ¿{How_many} le quedan?",
                   "{name} tenía {a} {things}, recibió {b} y perdió {c}. ¿{How_many} le quedan?",
                   "Había {a} {things}. {name} puso {b} y {friend} quitó {c}. ¿{How_many} quedan?"),
            test=("¿Cuánto da {a} + {b} - {c}?",
                  "{name} tiene {a} {things}, compra {b} y pierde {c}. ¿{How_many} le quedan?"),
        ), Asks(
            train=("Calculate {a} + {b} - {c}.", "What is {a} + {b} - {c}?",
                   "{name} has {a} {things}, buys {b} and gives {c}. How many are there at the "
                   "end?", "{a} + {b} - {c} = ?", "Find {a} + {b} - {c}.",
                   "{name} has {a} {things}, finds {b} and sells {c}. How many are left?",
                   "{name} had {a} {things}, got {b} and lost {c}. How many are left?",
                   "There were {a} {things}. {name} put in {b} and {friend} took {c}. How many "
                   "are left?"),
            test=("How much is {a} + {b} - {c}?",
                  "{name} has {a} {things}, buys {b} and loses {c}. How many are left?"),
        )),
    )),
)  # fmt: skip
