"""What the answers to the test cases show: weak intents, confusions, kinds, doubtful labels.

Differences count only where chance would rarely make them (Fisher's exact test, and the
level divided by the number of groups looked at, after Bonferroni).
"""

from __future__ import annotations

from collections import Counter

from aprendiz.data.excerpt import excerpt
from aprendiz.evaluation.grade import chance_of_difference, share
from aprendiz.projects.managed.evidence import Answer, Evidence, nearest
from aprendiz.projects.managed.suggestion import LEVEL, Suggestion, listed, of

WEAK = 0.70  # an intent found less often than this needs work, whatever the others do
SURE = 0.90
_CUTS = (0.5, 0.6, 0.7, 0.8, 0.9)


def unanswered(evidence: Evidence) -> list[Suggestion]:
    """Answers that are none of the intents."""
    missed = [answer.text for answer in evidence.answers if not answer.predicted]
    if not missed:
        return []
    return [
        Suggestion(
            "unanswered",
            f"{of(len(missed), len(evidence.answers))} answers were none of the intents",
            "train longer, or name the intents in the system message more strictly",
            {"texts": missed},
        )
    ]


def weak_intents(evidence: Evidence) -> list[Suggestion]:
    """Intents under 70 %, or clearly below the rest; says how sure that is."""
    found = []
    for intent, (right, n) in evidence.by_intent.items():
        others = _others(evidence.by_intent, intent)
        chance = chance_of_difference(right, n, *others)
        below = others[1] > 0 and right / n < others[0] / others[1]
        clear = below and chance < LEVEL / len(evidence.by_intent)
        if not clear and right / n >= WEAK:
            continue
        numbers = share(right, n)
        low, high = numbers["accuracy_ci"]
        apart = ""
        if below:
            sure = "more than chance" if clear else "which may still be chance"
            apart = f"; the others {of(*others)}, {sure} (p = {chance:.2g})"
        found.append(
            Suggestion(
                "weak_intent",
                f"{intent!r}: {of(right, n)} found, {right / n:.0%} "
                f"(95 % interval {low:.0%} to {high:.0%}){apart}",
                "write more examples of the weak intents, the weakest first, and check the labels of "
                "those there are",
                {"intent": intent, **numbers, "p": chance, "clear": clear},
            )
        )
    return sorted(found, key=lambda each: float(each.evidence["accuracy"]))


def confused_pairs(evidence: Evidence) -> list[Suggestion]:
    """Intents answered for one another more than once, commonest first."""
    counts = Counter((answer.expected, answer.predicted) for answer in evidence.wrong)
    found = []
    for (expected, predicted), count in counts.most_common(3):
        if count < 2 or not predicted:
            continue
        texts = [
            {"text": answer.text, "confidence": round(answer.confidence, 3)}
            for answer in evidence.wrong
            if (answer.expected, answer.predicted) == (expected, predicted)
        ]
        cases = evidence.by_intent[expected][1]
        found.append(
            Suggestion(
                "confused_pair",
                f"{of(count, cases)} cases of {expected!r} were taken for {predicted!r}, "
                f"such as {excerpt(str(texts[0]['text']), 80)}",
                f"write examples of {expected!r} that share words with {predicted!r} "
                "but ask for something else",
                {"expected": expected, "predicted": predicted, "count": count, "texts": texts},
            )
        )
    return found


def uncovered(evidence: Evidence) -> list[Suggestion]:
    """Wrong cases that look more like an example of the wrong intent than like any of their own."""
    strays = [answer for answer in evidence.answers if _strays(answer, evidence)]
    wrong = [answer for answer in strays if not answer.right]
    if not wrong:
        return []
    right = len(strays) - len(wrong)
    chance = chance_of_difference(
        len(wrong), len(evidence.wrong), right, len(evidence.answers) - len(evidence.wrong)
    )
    if chance >= LEVEL:
        return []
    wanted = dict(sorted(Counter(answer.expected for answer in wrong).items()))
    return [
        Suggestion(
            "few_examples",
            f"{of(len(wrong), len(evidence.wrong))} wrong cases look more like an example of "
            f"another intent than like any of their own; of the right ones, "
            f"{of(right, len(evidence.answers) - len(evidence.wrong))} do (p = {chance:.2g})",
            f"at least one new example for each of them: {listed(wanted)}, worded differently "
            "from the test cases",
            {
                "texts": [answer.text for answer in wrong],
                "examples_wanted": wanted,
                "training_examples": evidence.learnt,
                "p": chance,
            },
        )
    ]


def kinds_apart(evidence: Evidence) -> list[Suggestion]:
    """A kind of case (short, long, ambiguous …) that is missed more often than chance explains."""
    found = []
    for kind, (right, n) in evidence.by_kind.items():
        others = _others(evidence.by_kind, kind)
        chance = chance_of_difference(right, n, *others)
        if chance >= LEVEL / len(evidence.by_kind) or right / n > others[0] / others[1]:
            continue
        found.append(
            Suggestion(
                "weak_kind",
                f"{kind} texts: {of(right, n)} right, the others {of(*others)} (p = {chance:.2g})",
                f"write {kind} examples of every intent",
                {"kind": kind, **share(right, n), "others": share(*others), "p": chance},
            )
        )
    return found


def doubtful_labels(evidence: Evidence) -> list[Suggestion]:
    """Wrong answers that the model is very sure of: either it or the label is mistaken."""
    sure = [answer for answer in evidence.wrong if answer.confidence >= SURE]
    if not sure:
        return []
    return [
        Suggestion(
            "check_labels",
            f"{of(len(sure), len(evidence.wrong))} wrong answers are given with {SURE:.0%} "
            "confidence or more",
            "read them again: is the label right, and is there an example that misleads?",
            {"answers": [answer.as_dict() for answer in sure]},
        )
    ]


def abstention(evidence: Evidence) -> list[Suggestion]:
    """The lowest confidence from which nine in ten answers are right, if confidence tells at all."""
    for cut in _CUTS:
        kept = [answer for answer in evidence.answers if answer.confidence >= cut]
        rest = [answer for answer in evidence.answers if answer.confidence < cut]
        right, missed = (sum(answer.right for answer in some) for some in (kept, rest))
        if not rest or right < SURE * len(kept) or 5 * len(kept) < len(evidence.answers):
            continue
        chance = chance_of_difference(right, len(kept), missed, len(rest))
        # Five cuts were looked at, so one has to stand out five times as clearly.
        if chance >= LEVEL / len(_CUTS):
            continue
        return [
            Suggestion(
                "ask_again",
                f"with a confidence of {cut:.1f} or more {of(right, len(kept))} answers are "
                f"right, below it {of(missed, len(rest))} (p = {chance:.2g})",
                f"serve with APRENDIZ_THRESHOLD={cut:.1f} and ask the customer again below it",
                {"threshold": cut, "above": share(right, len(kept)),
                 "below": share(missed, len(rest)), "p": chance},
            )
        ]  # fmt: skip
    return []


def _strays(answer: Answer, evidence: Evidence) -> bool:
    own = [row for row in evidence.train if row.label == answer.expected]
    others = [row for row in evidence.train if row.label != answer.expected]
    return nearest(answer.text, others)[0] > nearest(answer.text, own)[0]


def _others(groups: dict[str, tuple[int, int]], name: str) -> tuple[int, int]:
    rest = [counts for group, counts in groups.items() if group != name]
    return sum(right for right, _ in rest), sum(n for _, n in rest)
