"""Rows in another language than the file's, by its small words. Not a language detector.

Only where a file has a clear main language, and only rows that leave little doubt: no word that
tells the main language, and several that it does not have and another has, or letters of
another script.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from aprendiz.data.checks.texts import Fault, Faults, TextCheck
from aprendiz.data.excerpt import excerpt

# Words that mean a language and none of the others: what two share is left out.
# fmt: off
_WORDS = {
    "en": "the and you what is are my of this with how have want please your can not would will been they "
          "it from that which when where who why there does did should could i'm i've don't was for be at by "
          "hello good morning thanks our us them get give bring take show tell need her his him than then about "
          "after before again into over only some any much many very too also has had were being because",
    "es": "el los las qué cómo una por para con mi está estoy quiero puedo tengo hay pero muy más del y cuándo "
          "dónde cuál yo usted hola gracias favor quiere puede es lo al ha hace hoy mañana sobre desde sin",
    "pt": "não uma você os das dos meu minha está estou quero posso tenho com mas muito mais quando onde qual "
          "eu obrigado obrigada isso esse essa são foi também já até num numa ao pelo pela fazer o",
    "fr": "le les des je vous nous est une pas mon ma mes pour avec dans sur que qui quel quelle suis veux peux "
          "ai c'est j'ai bonjour merci où quand comment mais très plus été être faire ce cette il elle",
    "de": "der das und ich nicht ist ein eine mein meine für mit auf zu wie wo wann warum haben kann möchte will "
          "sie wir es dem den bitte danke aber sehr von bei noch nach wird wurde sind habe",
    "it": "il gli che non è una per con mio mia sono voglio posso ho ma molto più come dove quando quale "
          "grazie ciao della del delle nel nella anche questo questa di si lo",
    "nl": "het een ik niet je van voor met op te is zijn hebben kan wil mijn waar wanneer hoe waarom maar "
          "dank hallo deze dit naar ook wordt heb bent",
    "ca": "els les amb què és estic vull puc tinc però molt més quan gràcies meu meva això aquest aquesta "
          "hi ha sóc també fer una per",
}
# Words too short or too widespread to tell a language by, which yet speak for it.
_COMMON = {
    "en": "a an in on or so as to do no me he if we but all die was son",
    "es": "la de que en se no me te un y a o si como su mi tu le son este esta al e",
    "pt": "a e de que em se no na um me te por para como mas si te do da",
    "fr": "la de en se un on si a y me te son il au aux par plus l d",
    "de": "in so an am um als war hat was er man die",
    "it": "la e di in se un a i no le mi ti da al ma",
    "nl": "de en in was dat die of er om als hij we",
    "ca": "la de que en se no un i a o si com mi el",
}
# fmt: on
NAMES = {
    "en": "English",
    "es": "Spanish",
    "pt": "Portuguese",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "nl": "Dutch",
    "ca": "Catalan",
}  # fmt: skip
_ALL = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_ALSO = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_SHARED = Counter(word for name in _ALL for word in _ALL[name] | _ALSO[name])
TELLING = {
    language: frozenset(word for word in words if _SHARED[word] == 1)
    for language, words in _ALL.items()
}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SAMPLE = 3_000  # rows from which the main language is found
_LEAST_KNOWN = 20  # of them with a language, to call one the main one
_DOUBTLESS = 4  # words of another language, those counted twice that no third one has
_CLEAR = 0.9  # share of them in that language


def main_language(texts: Sequence[str]) -> str | None:
    """The language of nearly all texts whose language can be told; None if there is none."""
    step = max(1, len(texts) // _SAMPLE)
    known = Counter(filter(None, (_language(_words(text)) for text in texts[::step])))
    if known.total() < _LEAST_KNOWN:
        return None
    (language, count) = known.most_common(1)[0]
    return language if count >= _CLEAR * known.total() else None


def wrong_language(main: str) -> TextCheck:
    """The check for a file in the language ``main``."""
    telling, ours = TELLING[main], _ALL[main] | _ALSO[main]
    foreign = frozenset().union(*_ALL.values()) - ours

    def check(text: str) -> Faults:
        words = frozenset(_words(text))
        theirs = foreign & words
        if len(theirs) >= 2 and telling.isdisjoint(words):
            found = max(_ALL, key=lambda name: (len(_ALL[name] & theirs), name))
            against = len(_ALL[found] & theirs) + len(TELLING[found] & words)
            if against >= _DOUBTLESS + len((ours - _ALL[found] - _ALSO[found]) & words):
                return (_fault(NAMES[found], main, text),)
        if text.isascii() or not (script := _other_script(text)):
            return ()
        return (_fault(f"the {script} script", main, text),)

    return check


def _fault(found: str, main: str, text: str) -> Fault:
    message = f"this looks like {found} in a file in {NAMES[main]}: {excerpt(text)}"
    return Fault("wrong_language", message, "translate it, or keep languages in files of their own")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def _language(words: Iterable[str]) -> str | None:
    """The language of which most telling words are there; None if there are none, or a tie."""
    seen = frozenset(words)
    scores = sorted(
        ((len(seen & telling), name) for name, telling in TELLING.items()), reverse=True
    )
    (best, name), (second, _) = scores[:2]
    return name if best > second else None


def _other_script(text: str) -> str:
    """The script of most letters where that is not Latin; empty otherwise."""
    letters = [mark for mark in text if mark.isalpha()]
    other = [mark for mark in letters if ord(mark) > 0x24F]
    if len(other) < 3 or 2 * len(other) <= len(letters):
        return ""
    name = unicodedata.name(Counter(other).most_common(1)[0][0], "").split(" ")[0]
    return {
        "CJK": "Chinese",
        "HIRAGANA": "Japanese",
        "KATAKANA": "Japanese",
        "HANGUL": "Korean",
    }.get(name, name.capitalize())
