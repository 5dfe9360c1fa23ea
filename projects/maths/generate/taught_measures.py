"""Things measured, never seen by the base model: areas, distances, units, means."""

from __future__ import annotations

import random

from concept import Concept, Kind, Problem, asks_for
from working import line, product, quotient, total


def _rectangle(rng: random.Random) -> Problem:
    long, wide = rng.randint(11, 59), rng.randint(2, 9)
    return Problem({"a": long, "b": wide}, product(long, wide), long * wide)


def _perimeter(rng: random.Random) -> Problem:
    long = rng.randint(6, 49)
    wide = rng.randint(2, long - 1)
    lines = (line(long, "+", wide), *product(long + wide, 2))
    return Problem({"a": long, "b": wide}, lines, 2 * (long + wide))


def _triangle(rng: random.Random) -> Problem:
    half, high = rng.randint(2, 9), rng.randint(2, 10)
    lines = (*quotient(2 * half, 2), *product(half, high))
    return Problem({"a": 2 * half, "b": high}, lines, half * high)


def _mean_of_three(rng: random.Random) -> Problem:
    a, b, c = (rng.randint(1, 15) for _ in range(3))
    while (a + b + c) % 3 or a + b + c > 30:
        a, b, c = (rng.randint(1, 15) for _ in range(3))
    lines = (*total([a, b, c]), *quotient(a + b + c, 3))
    return Problem({"a": a, "b": b, "c": c}, lines, (a + b + c) // 3)


def _distance(rng: random.Random) -> Problem:
    speed, hours, more = 10 * rng.randint(2, 9), rng.randint(2, 9), rng.randint(5, 60)
    lines = (*product(speed, hours), line(speed * hours, "+", more))
    return Problem({"a": speed, "b": hours, "c": more}, lines, speed * hours + more)


def _minutes(rng: random.Random) -> Problem:
    a, b = rng.randint(2, 9), rng.randint(5, 59)
    return Problem({"a": a, "b": b}, (*product(60, a), line(60 * a, "+", b)), 60 * a + b)


def _centimetres(rng: random.Random) -> Problem:
    a, b = rng.randint(2, 9), rng.randint(5, 99)
    return Problem({"a": a, "b": b}, (*product(100, a), line(100 * a, "+", b)), 100 * a + b)


MEASURES = (
    Concept("rectangle area", False, (
        Kind(_rectangle, asks_for("es", (
            "el área de un rectángulo de {a} cm por {b} cm",
            "el área de un patio de {a} m de largo y {b} m de ancho"), (
            "Un rectángulo mide {a} m de largo y {b} m de ancho. ¿Cuál es su área?",
            "¿Qué área tiene un rectángulo de base {a} y altura {b}?",
            "Los lados de un rectángulo miden {a} y {b}. Calcula su área.",
            "Un patio tiene {a} m de largo y {b} m de ancho. Halla su área."), (
            "Un rectángulo tiene {a} cm de largo y {b} cm de ancho. ¿Qué área tiene?",
            "¿Qué área tiene un patio de {a} m por {b} m?"),
        ), asks_for("en", (
            "the area of a rectangle of {a} cm by {b} cm",
            "the area of a yard {a} m long and {b} m wide"), (
            "A rectangle is {a} m long and {b} m wide. What is its area?",
            "What area does a rectangle with base {a} and height {b} have?",
            "The sides of a rectangle are {a} and {b}. Calculate its area.",
            "A yard is {a} m long and {b} m wide. Find its area."), (
            "A rectangle is {a} cm long and {b} cm wide. How large is its area?",
            "What area does a yard of {a} m by {b} m have?"),
        )),
    )),
    Concept("rectangle perimeter", False, (
        Kind(_perimeter, asks_for("es", (
            "el perímetro de un rectángulo de {a} cm por {b} cm",
            "el perímetro de un patio de {a} m de largo y {b} m de ancho"), (
            "Un rectángulo mide {a} m de largo y {b} m de ancho. ¿Cuál es su perímetro?",
            "¿Qué perímetro tiene un rectángulo de base {a} y altura {b}?",
            "Los lados de un rectángulo miden {a} y {b}. Calcula su perímetro.",
            "Un patio tiene {a} m de largo y {b} m de ancho. Halla su perímetro."), (
            "Un rectángulo tiene {a} cm de largo y {b} cm de ancho. ¿Qué perímetro tiene?",
            "¿Qué perímetro tiene un patio de {a} m por {b} m?"),
        ), asks_for("en", (
            "the perimeter of a rectangle of {a} cm by {b} cm",
            "the perimeter of a yard {a} m long and {b} m wide"), (
            "A rectangle is {a} m long and {b} m wide. What is its perimeter?",
            "What perimeter does a rectangle with base {a} and height {b} have?",
            "The sides of a rectangle are {a} and {b}. Calculate its perimeter.",
            "A yard is {a} m long and {b} m wide. Find its perimeter."), (
            "A rectangle is {a} cm long and {b} cm wide. How long is its perimeter?",
            "What perimeter does a yard of {a} m by {b} m have?"),
        )),
    )),
    Concept("triangle area", False, (
        Kind(_triangle, asks_for("es", (
            "el área de un triángulo de base {a} cm y altura {b} cm",
            "el área de un triángulo con base {a} y altura {b}"), (
            "Un triángulo tiene {a} m de base y {b} m de altura. ¿Cuál es su área?",
            "La base de un triángulo mide {a} y su altura {b}. Halla su área.",
            "Un triángulo mide {a} m de base y {b} m de altura. Calcula su área."), (
            "¿Qué área tiene un triángulo de base {a} y altura {b}?",
            "Un triángulo mide {a} cm de base y {b} cm de altura. ¿Cuánto mide su área?"),
        ), asks_for("en", (
            "the area of a triangle of base {a} cm and height {b} cm",
            "the area of a triangle with base {a} and height {b}"), (
            "A triangle has a base of {a} m and a height of {b} m. What is its area?",
            "The base of a triangle is {a} and its height {b}. Find its area.",
            "A triangle has base {a} m and height {b} m. Calculate its area."), (
            "What area does a triangle of base {a} and height {b} have?",
            "A triangle has a base of {a} cm and a height of {b} cm. How large is its area?"),
        )),
    )),
    Concept("distance and speed", False, (
        Kind(_distance, asks_for("es", (
            "la distancia de {b} horas a {a} km/h y {c} km más",
            "el número de km de un viaje de {b} horas a {a} km/h y {c} km más"), (
            "Un tren va a {a} km/h durante {b} horas y después recorre {c} km más. ¿Qué "
            "distancia recorre?",
            "{name} conduce {b} horas a {a} km/h y luego {c} km más. ¿Cuántos km hace?",
            "Un coche va {b} horas a {a} km/h y aún le faltan {c} km. ¿Cuántos km tiene el "
            "viaje?",
            "Un barco va a {a} km/h durante {b} horas y luego hace {c} km. ¿Cuántos km hace?"), (
            "Un coche va a {a} km/h durante {b} horas y luego hace {c} km más. ¿Qué distancia "
            "recorre?",
            "{name} viaja {b} horas a {a} km/h y después recorre {c} km más. ¿Cuántos km hace?"),
        ), asks_for("en", (
            "the distance of {b} hours at {a} km/h and {c} km more",
            "the number of km of a trip of {b} hours at {a} km/h and {c} km more"), (
            "A train goes at {a} km/h for {b} hours and then {c} km more. What distance does it "
            "travel?",
            "{name} drives {b} hours at {a} km/h and then {c} km more. How many km is that?",
            "A car goes {b} hours at {a} km/h and has {c} km still to go. How many km does the "
            "trip have?",
            "A boat goes at {a} km/h for {b} hours and then {c} km. How many km is that?"), (
            "A car goes at {a} km/h for {b} hours and then {c} km more. What distance does it "
            "travel?",
            "{name} travels {b} hours at {a} km/h and then goes {c} km more. How many km is "
            "that?"),
        )),
    )),
    Concept("units", False, (
        Kind(_minutes, asks_for("es", ("el número de minutos de {a} h y {b} min",), (
            "¿Cuántos minutos son {a} h y {b} min?",
            "Pasa a minutos: {a} horas y {b} minutos.",
            "Una película dura {a} h y {b} min. ¿Cuántos minutos dura?",
            "¿Cuántos minutos hay en {a} horas y {b} minutos?",
            "{name} duerme {a} h y {b} min. ¿Cuántos minutos duerme?"), (
            "Expresa en minutos {a} horas y {b} minutos.",
            "Un viaje dura {a} h y {b} min. ¿Cuántos minutos son?"),
        ), asks_for("en", ("the number of minutes in {a} h and {b} min",), (
            "How many minutes are {a} h and {b} min?",
            "Convert to minutes: {a} hours and {b} minutes.",
            "A film takes {a} h and {b} min. How many minutes does it take?",
            "How many minutes are there in {a} hours and {b} minutes?",
            "{name} sleeps {a} h and {b} min. How many minutes is that?"), (
            "Express in minutes {a} hours and {b} minutes.",
            "A trip takes {a} h and {b} min. How many minutes is that?"),
        )),
        Kind(_centimetres, asks_for("es", ("el número de centímetros de {a} m y {b} cm",), (
            "¿Cuántos centímetros son {a} m y {b} cm?",
            "Pasa a centímetros: {a} metros y {b} centímetros.",
            "Una cuerda mide {a} m y {b} cm. ¿Cuántos centímetros mide?",
            "¿Cuántos centímetros hay en {a} metros y {b} centímetros?",
            "Un muro tiene {a} m y {b} cm. ¿Cuántos centímetros tiene?"), (
            "Expresa en centímetros {a} metros y {b} centímetros.",
            "Una mesa mide {a} m y {b} cm. ¿Cuántos centímetros son?"),
        ), asks_for("en", ("the number of centimetres in {a} m and {b} cm",), (
            "How many centimetres are {a} m and {b} cm?",
            "Convert to centimetres: {a} metres and {b} centimetres.",
            "A rope is {a} m and {b} cm long. How many centimetres is that?",
            "How many centimetres are there in {a} metres and {b} centimetres?",
            "A wall has {a} m and {b} cm. How many centimetres does it have?"), (
            "Express in centimetres {a} metres and {b} centimetres.",
            "A table is {a} m and {b} cm long. How many centimetres is it?"),
        )),
    )),
    Concept("mean", False, (
        Kind(_mean_of_three, asks_for("es", (
            "la media de {a}, {b} y {c}", "el promedio de {a}, {b} y {c}"), (
            "{name} saca {a}, {b} y {c} puntos. ¿Cuál es su media?",
            "En tres días se venden {a}, {b} y {c} libros. ¿Cuál es el promedio?",
            "Los números son {a}, {b} y {c}. Halla su media.",
            "¿Qué media tienen {a}, {b} y {c}?"), (
            "Calcula la media de los números {a}, {b} y {c}.",
            "¿Cuál es el promedio de {a}, {b} y {c} puntos?"),
        ), asks_for("en", (
            "the mean of {a}, {b} and {c}", "the average of {a}, {b} and {c}"), (
            "{name} gets {a}, {b} and {c} points. What is the mean?",
            "In three days {a}, {b} and {c} books are sold. What is the average?",
            "The numbers are {a}, {b} and {c}. Find their mean.",
            "What mean do {a}, {b} and {c} have?"), (
            "Calculate the mean of the numbers {a}, {b} and {c}.",
            "What is the average of {a}, {b} and {c} points?"),
        )),
    )),
)  # fmt: skip
