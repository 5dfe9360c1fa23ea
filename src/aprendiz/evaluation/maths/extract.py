"""The final answer in a reply: after its mark, in its box, or in its last sentence.

Finds text and does not judge it. Nothing is guessed from a sentence with several numbers:
a grader that picks one of them calls wrong answers right.
"""

from __future__ import annotations

import re

from aprendiz.evaluation.maths.answer import Words
from aprendiz.evaluation.maths.notation import plain
from aprendiz.evaluation.maths.reading import readings
from aprendiz.evaluation.maths.steps import judge, relations
from aprendiz.evaluation.maths.words import is_said

_FARTHEST = 20_000
_STRONG = re.compile(
    r"####\s*(?P<gsm>[^\n]*)"
    r"|(?<![^\W_])(?:(?:final|correct)\s+)?(?:answer|respuesta(?:\s+(?:final|correcta))?)"
    r"(?:\s+(?:is|es))?\s*\**\s*[:=]\s*\**[ \t]*(?P<rest>[^\n]*(?:(?<=[:*])\s*\n+[^\n]+)?)",
    re.IGNORECASE,
)
_EMPTY_THEN_LINE = re.compile(r"[:=]\s*\**\s*\n+\s*([^\n]+)")
_WEAK = re.compile(
    r"\b(?:answer|result|solutions?|roots?|respuesta|resultado|soluci[oó]n(?:es)?)\b"
    r"(?:\s+(?!(?:is|are|es|son|not?|never|nunca|isn't|aren't)\b)[^\s.\n]+){0,6}?\s+(?:is|are|es|son)\s*:?\s+(?P<rest>[^\n]+)",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_STOP = re.compile(
    r"(?<![.\d])\.(?=\s|$)|(?<=\d)\.(?=\s|$)|(?:(?<!\d)!|\?)(?=\s|$)"
    r"|,?\s+(?:because|since|as we|which|porque|ya que|puesto que|pues)\b|,\s+(?:so|que)\s",
    re.IGNORECASE,
)
_HENCE = re.compile(
    r"(?:^|[,;.]\s*|\s)(?:so|therefore|thus|hence|entonces|luego|as[ií] que|por (?:lo )?tanto"
    r"|⇒|=>|→|->|∴|\\implies|\\Rightarrow)[\s,:]+",
    re.IGNORECASE,
)
_ASSIGNMENT = re.compile(r"^\s*\$?[^\W\d_](?:[_₀-₉]\w*)?\s*=\s*[^=]+$")
_LEAD = re.compile(
    r"^(?:(?:[A-Za-zÀ-ÿ]{2,}|[aAI])[^\w\s=+*/^-]?\s+)+(?=[-−+]?[$€£\\]?\s?[-−]?[\d½¼¾.(]|[^\W\d_](?:_\w)?\s*=)"
)
_CHANGED = re.compile(
    r"\b(?:not|no|n't|never|less|more|least|most|half|double|twice|between|either|minus|negative|"
    r"over|under|below|above|ni|nunca|menos|más|mitad|doble|triple|entre|mayor|menor|"
    r"tercio|cuarto|quarter|third|than|but|except|excepto|sino|almost|casi)\b|n't\b",
    re.IGNORECASE,
)


def final_answer(text: str) -> str | None:
    """The answer that a reply ends with, as written; ``None`` when there is none.

    Looked for, the last one counting: ``#### 42`` (GSM8K), ``\\boxed{42}``, ``Answer: 42``,
    ``Respuesta: 42``, ``the answer is 42``; then, without any of them, the last sentence that
    says one thing (``So 72 clips were sold``, ``3 + 4 = 7``, ``x = 1 or x = 2``).
    Several answers that stand together (two boxes, two lines ``x = …``) come whole.
    """
    text = text[-_FARTHEST:]
    marked = sorted([*_boxes(text), *_strong(text), *_weak(text)])
    if marked:
        return marked[-1][2] or None
    return _last_sentence(text)


def has_mark(text: str) -> bool:
    """Whether a text says by itself where its answer is (``####``, a box, ``Answer:``)."""
    return bool(_strong(text[-_FARTHEST:]) or _boxes(text[-_FARTHEST:]))


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """Place, end and content of each box; boxes joined by no more than *and* are one answer."""
    found: list[tuple[int, int, str]] = []
    for opening in _BOX.finditer(text):
        if found and opening.start() < found[-1][1]:
            continue  # a box in a box
        depth = 1
        for end in range(opening.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                break
        else:
            continue
        content = text[opening.end() : end].strip()
        between = text[found[-1][1] : opening.start()] if found else "text"
        if re.fullmatch(r"[\s$.,;]*(?:and|or|y|o|e|u)?[\s$,;]*", between, re.IGNORECASE):
            start, _, before = found.pop()
            content = content if before == content else f"{before}; {content}"
            found.append((start, end + 1, content))
        else:
            found.append((opening.start(), end + 1, content))
    return found


def _strong(text: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for met in _STRONG.finditer(text):
        said = met["gsm"] if met["gsm"] is not None else met["rest"]
        end = met.end()
        if met["gsm"] is None and not said.strip(" *"):
            if not (later := re.compile(r"\s*([^\n]+)").match(text, end)):
                continue
            said, end = later[1], later.end()
        if _BOX.search(said):
            continue
        content = _trimmed(said)
        if not content:
            continue
        end += len(content) - len(said)  # what follows the answer stands between two of them
        if _ASSIGNMENT.match(content):
            content, end = _with_following(content, text, end)
        if found and not text[found[-1][1] : met.start()].strip(" \n*"):
            start, _, before = found.pop()
            content = content if before == content else f"{before}; {content}"
            found.append((start, end, content))
        else:
            found.append((met.start(), end, content))
    return found


def _with_following(content: str, text: str, end: int) -> tuple[str, int]:
    """``x = 1`` with the lines ``x = 2`` that follow it at once."""
    while (later := re.compile(r"[ \t]*\n([^\n]+)").match(text, end)) and _ASSIGNMENT.match(
        later[1]
    ):
        content, end = f"{content}; {_trimmed(later[1])}", later.end()
    return content, end


def _weak(text: str) -> list[tuple[int, int, str]]:
    found = []
    for met in _WEAK.finditer(text):
        content = _trimmed(met["rest"])
        if _BOX.search(met["rest"]) or re.match(r"\s*[:=]", met["rest"]):
            continue
        if any(sign.isdigit() for sign in content) or is_said(content):
            found.append((met.start(), met.end(), content))
    return found


def _trimmed(text: str) -> str:
    """What is said before the sentence ends or gives its reasons, without emphasis."""
    text = text.replace("**", "").strip().strip("`_ ")
    if stop := _STOP.search(text):
        text = text[: stop.start()]
    return text.strip().rstrip(",;:").strip()


def _last_sentence(text: str) -> str | None:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    assigned: list[str] = []
    while lines and _ASSIGNMENT.match(plain(lines[-1])) and len(lines[-1]) < 80:
        assigned.insert(0, lines.pop().rstrip("."))
    if assigned:
        return "; ".join(assigned)
    if not lines:
        return None
    line = re.sub(r"<<[^<>\n]*>>", "", lines[-1]).replace("**", "")
    sentences = [part for part in re.split(r"(?<=[.!?])\s+(?=\S)", line) if part.strip()]
    if not sentences:
        return None
    sentence = sentences[-1].strip()
    if len(sentences) > 1 and is_said(line):
        return line
    parts = _HENCE.split(sentence)
    sentence = _trimmed(parts[-1] if parts[-1].strip() else sentence)
    if _says_one_thing(sentence):
        return _without_lead(sentence)
    if (after := _after_equals(sentence)) and _says_one_thing(after):
        return _without_lead(after)
    return sentence if is_said(sentence) or (len(lines) == 1 and len(text) < 60) else None


def _after_equals(sentence: str) -> str:
    """What a sentence computes; nothing when it computes wrongly."""
    if "=" not in sentence or any(judge(each, {}) is False for each in relations(sentence)[0]):
        return ""
    return sentence.rpartition("=")[2].strip()


def _says_one_thing(text: str) -> bool:
    return not all(isinstance(reading, Words) for reading in readings(text))


def _without_lead(text: str) -> str:
    lead = _LEAD.match(text)
    if lead is None or _CHANGED.search(lead[0]):
        return text
    return text[lead.end() :]
