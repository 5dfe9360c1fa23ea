"""Faults of conversations, each planted behind good ones."""

from __future__ import annotations

import json
from dataclasses import dataclass

_ASKED = [
    "where is the station", "how tall is the tower", "who wrote this song", "is the museum open",
    "what does the ticket cost", "may dogs come along", "when does the boat leave",
    "which bus goes to the beach", "can I pay by card", "do you sell umbrellas",
    "are there rooms with a view", "why is the bridge closed",
]  # fmt: skip
_SAID = [
    "Left of the town hall.", "Just over ninety metres.", "A fisherman, long ago.", "Until six today.",
    "Four coins for grown-ups.", "On a lead they may.", "At noon and at five.", "Number seven does.",
    "Sadly only cash here.", "In the shop downstairs.", "Two on the top floor.", "It is being painted.",
]  # fmt: skip


def turns(*said: tuple[str, object]) -> list[dict[str, object]]:
    """Messages from roles and contents."""
    return [{"role": role, "content": content} for role, content in said]


def line(*said: tuple[str, object], **more: object) -> str:
    """A conversation as it stands in a file."""
    return json.dumps({"messages": turns(*said), **more}, ensure_ascii=False)


CLEAN = [
    line(("user", asked), ("assistant", said)) for asked, said in zip(_ASKED, _SAID, strict=True)
]
ASK = ("user", "how do I get to the lake")
ANSWER = ("assistant", "Follow the river for an hour.")


@dataclass(frozen=True)
class PlantedChat:
    """A fault of a conversation.

    Attributes:
        kind: of the finding.
        lines: put behind the good ones; the finding names the last of them.
        at: the line instead, where that is another one.
        besides: other kinds that it rightly has.
        service: whose rules are asked for.
        good: whether the good conversations stand before.
    """

    kind: str
    lines: tuple[str, ...]
    at: int | None = None
    besides: frozenset[str] = frozenset()
    service: str = "platform"
    good: bool = True

    @property
    def where(self) -> int:
        return len(CLEAN) * self.good + len(self.lines) if self.at is None else self.at


def _message(**fields: object) -> str:
    return json.dumps({"messages": [turns(ASK)[0], {**turns(ANSWER)[0], **fields}]})


def _one(kind: str, *lines: str, besides: str = "", **more: object) -> PlantedChat:
    return PlantedChat(kind, lines, besides=frozenset(besides.split()), **more)  # type: ignore[arg-type]


CHATS: list[PlantedChat] = [
    _one("json_array", "[" + CLEAN[0] + "]", at=1, good=False),
    _one("json_over_lines", '{', '"messages": []}', at=1, good=False),
    _one("invalid_json", '{"messages": [}'),
    _one("stray_bom", "\ufeff" + line(ASK, ANSWER)),
    _one("not_an_object", '"hello"'),
    _one("repeated_key", '{"messages": [], "messages": []}'),
    _one("no_messages", '{"text": "hello"}'),
    _one("messages_not_a_list", '{"messages": "hello"}'),
    _one("no_message", '{"messages": []}'),
    _one("message_not_an_object", '{"messages": ["hello"]}', besides="no_assistant"),
    _one("missing_role", '{"messages": [{"content": "hello"}]}', besides="no_assistant"),
    _one("unknown_role", line(("boss", "hello"), ANSWER)),
    _one("missing_content", '{"messages": [{"role": "user"}, {"role": "assistant", "content": "yes"}]}'),
    _one("empty_content", line(ASK, ("assistant", " "))),
    _one("content_not_text", line(ASK, ("assistant", 5))),
    _one("not_only_text", line(("user", [{"type": "image_url"}]), ANSWER)),
    _one("unrecognised_key", _message(mood="good")),
    _one("bad_name", _message(name=7)),
    _one("bad_weight", _message(weight=0.5)),
    _one("extra_weight", json.dumps({"messages": [{**turns(ASK)[0], "weight": 0}, turns(ANSWER)[0]]})),
    _one("bad_tools", line(ASK, ANSWER, tools="none")),
    _one("nul_character", line(ASK, ("assistant", "one\0two"))),
    _one("half_surrogate", '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "\\ud83d"}]}'),
    _one("no_assistant", line(ASK)),
    _one("last_not_assistant", line(ASK, ANSWER, ("user", "thanks a lot"))),
    _one("nothing_to_learn", _message(weight=0)),
    _one("completion_format", '{"prompt": "hello", "completion": "hi"}'),
    _one("sharegpt_format", '{"conversations": [{"from": "human", "value": "hello"}]}'),
    _one("dpo_format", '{"input": {}, "preferred_output": [], "non_preferred_output": []}'),
    _one("rft_format", json.dumps({"messages": turns(ASK), "reference_answer": "7"})),
    _one("labelled_text", '{"text": "hello", "label": "greet"}'),
    _one("too_few_examples", *CLEAN[:3], at=0, good=False),
    _one("blank_line", ""),
    _one("bom_missing", *CLEAN, at=1, good=False, service="azure"),
    _one("same_role_twice", line(("user", "listen to me"), ASK, ANSWER)),
    _one("system_not_first", line(ASK, ("system", "be brief"), ANSWER)),
    _one("duplicate", CLEAN[0]),
    _one("assistant_first", line(("assistant", "Welcome to the town."), ASK, ANSWER)),
    _one("answer_conflict", line(("user", _ASKED[0]), ("assistant", "Over there."))),
    _one("near_duplicate", line(("user", "Where is the station?!"), ("assistant", _SAID[0]))),
    _one("control_character", line(ASK, ("assistant", "one\x07two"))),
    _one("invisible_character", line(ASK, ("assistant", "one\u200btwo"))),
    _one("lost_character", line(ASK, ("assistant", "one \ufffd two"))),
    _one("mojibake", line(ASK, ("assistant", "un cafÃ© au lait"))),
    _one("not_nfc", line(ASK, ("assistant", "un cafe\u0301 au lait"))),
    _one("placeholder_text", line(ASK, ("assistant", "N/A"))),
    _one("email", line(ASK, ("assistant", "ask jane.roe@contoso.com for it"))),
    _one("phone", line(ASK, ("assistant", "call +34 612 345 678 for it"))),
    _one("card_number", line(("user", "charge 4111 1111 1111 1111"), ANSWER)),
    _one("national_id", line(("user", "I am 12345678Z"), ANSWER)),
    _one("iban", line(("user", "pay to ES91 2100 0418 4502 0005 1332"), ANSWER)),
    _one("secret", line(("user", "I use AKIAIOSFODNN7EXAMPLE"), ANSWER)),
]  # fmt: skip
