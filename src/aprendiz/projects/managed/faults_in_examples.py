"""What is wrong with the examples themselves: seen before, said twice, unevenly spread."""

from __future__ import annotations

from itertools import combinations

from aprendiz.projects.managed.evidence import Evidence, alike, nearest
from aprendiz.projects.managed.suggestion import Suggestion, listed, of

SAME = 0.80  # texts this much alike are taken for one
UNEVEN = 1.5


def seen_before(evidence: Evidence) -> list[Suggestion]:
    """Test cases that are (nearly) in the examples learnt: their score says nothing."""
    met = []
    for answer in evidence.answers:
        likeness, row = nearest(answer.text, evidence.train)
        if row and likeness >= SAME:
            met.append({"test": answer.text, "learnt": row.text, "alike": round(likeness, 3)})
    if not met:
        return []
    return [
        Suggestion(
            "test_in_training",
            f"{of(len(met), len(evidence.answers))} test cases are in the training data, or nearly",
            "write these test cases anew and test again: as it stands the accuracy is too high",
            {"pairs": met},
        )
    ]


def repeats(evidence: Evidence) -> list[Suggestion]:
    """Examples that say the same; worse when they stand on both sides of the split, or disagree."""
    parts = ((evidence.train, "training"), (evidence.validation, "validation"))
    rows = [(row, part) for some, part in parts for row in some]
    same = [
        (likeness, one, other)
        for one, other in combinations(rows, 2)
        if (likeness := alike(one[0].text, other[0].text)) >= SAME
    ]
    if not same:
        return []
    across = sum(one[1] != other[1] for _, one, other in same)
    against = sum(one[0].label != other[0].label for _, one, other in same)
    return [
        Suggestion(
            "repeated_examples",
            f"{len(same)} pairs of examples are (nearly) the same text: "
            f"{across} across the split, {against} with two intents",
            "keep one of each pair and write others in their place"
            + ("; decide for one intent where they disagree" if against else ""),
            {
                "pairs": [
                    {
                        "alike": round(likeness, 3),
                        "examples": [
                            {"text": row.text, "intent": row.label, "part": part}
                            for row, part in both
                        ],
                    }
                    for likeness, *both in same
                ]
            },
        )
    ]


def imbalance(evidence: Evidence) -> list[Suggestion]:
    """Intents with far fewer examples than others."""
    least, most = min(evidence.learnt.values()), max(evidence.learnt.values())
    if most < UNEVEN * least:
        return []
    wanted = {intent: most - n for intent, n in sorted(evidence.learnt.items()) if n < most}
    return [
        Suggestion(
            "imbalance",
            f"the intents have {least} to {most} training examples",
            f"write more: {listed(wanted)}",
            {"training_examples": evidence.learnt, "missing": wanted},
        )
    ]
