"""Units and the words around a number, in English and Spanish: which change it, which do not.

``12 cm`` is not ``12 m``; ``300 cm`` is ``3 m``; ``12 apples`` answers where ``12`` is asked;
``half of 12`` is not 12. What is not in these tables is a word like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts.

    Attributes:
        kind: what is measured (``length``, ``money:euro``, ``percent`` …).
        factor: how many base units of its kind it is.
    """

    kind: str
    factor: Fraction

    def same_kind(self, other: Unit) -> bool:
        """Whether the two measure the same; a bare ``$`` may be dollars or pesos."""
        kinds = {self.kind, other.kind}
        return len(kinds) == 1 or kinds in ({"money:$", "money:dollar"}, {"money:$", "money:peso"})


# kind: {factor to the base unit: every way to write it}. A plural in -s or -es is understood.
_TABLE: dict[str, dict[str, str]] = {
    "percent": {"1/100": "% percent pct por_ciento porciento per_cent percentage"},
    "angle": {"1": "° degree grado deg"},
    "temperature": {"1": "°c ºc degree_celsius grado_celsius °_c"},
    "length": {
        "1/1000": "mm millimetre millimeter milímetro",
        "1/100": "cm centimetre centimeter centímetro",
        "1/10": "dm decimetre decimeter decímetro",
        "1": "m metre meter metro mt",
        "1000": "km kilometre kilometer kilómetro",
        "127/5000": "inch inche pulgada",
        "381/1250": "ft foot feet pie",
        "1143/1250": "yd yard yarda",
        "201168/125": "mile milla",
    },
    "mass": {
        "1/1000": "mg milligram miligramo",
        "1": "g gram gramo gr",
        "1000": "kg kilogram kilogramo kilo",
        "1000000": "tonne tonelada",
        "45359237/1600000": "oz ounce onza",
        "45359237/100000": "lb pound libra",
    },
    "volume": {
        "1/1000": "ml millilitre milliliter mililitro cm^3 cubic_centimetre cubic_centimeter "
        "centímetro_cúbico cc",
        "1/100": "cl centilitre centiliter centilitro",
        "1/10": "dl",
        "1": "l litre liter litro dm^3 cubic_decimetre",
        "473176473/1000000000": "pint pinta",
        "473176473/500000000": "quart",
        "473176473/125000000": "gallon galón gal",
        "1000": "m^3 cubic_metre cubic_meter metro_cúbico",
    },
    "area": {
        "1/1000000": "mm^2 square_millimetre square_millimeter milímetro_cuadrado",
        "1/10000": "cm^2 square_centimetre square_centimeter centímetro_cuadrado sq_cm",
        "1/100": "dm^2",
        "1": "m^2 square_metre square_meter metro_cuadrado sq_m",
        "10000": "ha hectare hectárea",
        "1000000": "km^2 square_kilometre square_kilometer kilómetro_cuadrado sq_km",
    },
    "time": {
        "1": "s sec second segundo seg",
        "60": "min minute minuto",
        "3600": "h hr hour hora",
        "86400": "day día",
        "604800": "week semana",
    },
    "months": {"1": "month mes", "12": "year año"},
    "speed": {
        "1": "m/s metre_per_second meter_per_second metro_por_segundo",
        "5/18": "km/h kmh kph kilometre_per_hour kilometer_per_hour kilómetro_por_hora "
        "km_per_hour km_por_hora kilometre_an_hour",
        "1397/3125": "mph mile_per_hour milla_por_hora",
    },
    "money:$": {"1": "$"},
    "money:dollar": {"1": "usd us$ dollar dólar", "1/100": "¢ cent centavo"},
    "money:euro": {"1": "€ eur euro", "1/100": "céntimo"},
    "money:pound": {"1": "£ gbp"},
    "money:peso": {"1": "peso mxn"},
    "money:yen": {"1": "¥ yen"},
}  # fmt: skip
_UNITS = {
    name.replace("_", " "): Unit(kind, Fraction(factor))
    for kind, scale in _TABLE.items()
    for factor, names in scale.items()
    for name in names.split()
}

MULTIPLIERS = {
    "hundred": 100, "thousand": 1_000, "mil": 1_000, "million": 10**6, "millón": 10**6,
    "millones": 10**6, "millions": 10**6, "billion": 10**9, "dozen": 12, "docena": 12,
    "docenas": 12, "dozens": 12, "cientos": 100,
}  # fmt: skip
"""Words after a number that multiply it."""

# Beside a number these make it another one, or no single one.
_CHANGING_WORDS = (
    "not no non nor never neither isn't aren't wasn't doesn't don't cannot can't but except "
    "besides instead rather less more fewer greater larger smaller bigger least most minimum "
    "maximum over under above below between within exceeds half double twice thrice triple "
    "quarter quarters third thirds fourth fourths fifth fifths sixth sixths halves tenth tenths "
    "times hundredth hundredths thousandth trillion squared cubed minus plus negative either or "
    "if unless wrong incorrect false almost nearly from to until through up "
    "ni nunca jamás tampoco excepto salvo sino menos más mayor menor mayores menores mínimo "
    "máximo bajo entre supera mitad doble triple cuarto cuartos tercio tercios tercera quinto quintos "
    "décimo décimos décima décimas centésima centésimas milésima veces vez billón billones medio "
    "media medios cuadrado cubo negativo incorrecto incorrecta falso casi desde hasta o si"
)
_CHANGING = frozenset(_CHANGING_WORDS.split())
# These say nothing about the number.
_FILLER_WORDS = (
    "the a an of in at on is are it its there total altogether all each per every left exactly "
    "about approximately around roughly only just answer result final el la los las un una unos "
    "unas de del en es son hay cada por total todo todos exactamente aproximadamente unos "
    "alrededor solo respuesta resultado"
)
_FILLERS = frozenset(_FILLER_WORDS.split())


def unit(name: str) -> Unit | None:
    """The unit of that name, symbol or plural, whatever its case; ``None`` if there is none."""
    name = re.sub(r"\s+", " ", name.lower().replace("**", "^").replace(" ^", "^")).strip(" .")
    name = re.sub(r"\bcubed\b|\bcúbicos\b", "cúbico", name)
    name = re.sub(r"\bcuadrados\b", "cuadrado", name)
    singular = re.sub(r"(?<=\w{2})s\b", "", name)
    for form in (name, singular, re.sub(r"(?<=\w{2})es\b", "", name)):
        if form in _UNITS:
            return _UNITS[form]
    return None


def split_unit(tail: str) -> tuple[Unit | None, frozenset[str]] | None:
    """A unit at the beginning of the words after a number, and the words that are left.

    Returns:
        ``None`` when the words change the number (``12 more``, ``3 quarters``).
    """
    words = re.findall(r"[^\s,.;!?\"()]+", tail)
    for count in range(min(4, len(words)), 0, -1):
        if found := unit(" ".join(words[:count])):
            rest = telling(words[count:])
            return None if rest is None else (found, rest)
    rest = telling(words)
    return None if rest is None else (None, rest)


_SCALING_WORDS = (
    "half double twice thrice triple quarter third fourth fifth sixth tenth times minus negative "
    "plus squared cubed mitad doble triple tercio cuarto quinto menos más veces "
    "more less fewer than que"
)
SCALING = frozenset(_SCALING_WORDS.split())
"""Words before a number that multiply it or turn its sign."""


def telling(words: list[str]) -> frozenset[str] | None:
    """The words that name something, without plurals; ``None`` if one changes the number."""
    lower = [word.lower().strip("*'\"") for word in words]
    if _CHANGING & set(lower) or any("n't" in word for word in lower):
        return None
    return frozenset(_singular(word) for word in lower if word and word not in _FILLERS)


def _singular(word: str) -> str:
    # A stem, not a word: apple and apples, flor and flores.
    return re.sub(r"(?<=\w{3})(?:es|s|e)$", "", word)
