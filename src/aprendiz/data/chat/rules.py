"""What each service wants of a file beyond conversations that can be read.

The rules are of section (d) of the house's reference on the protocol: from the vendors'
specifications and documentation, not tried against a live account. What no service can learn from is refused
earlier, in ``rows.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aprendiz.data.chat.collect import Findings
from aprendiz.data.chat.records import ChatReading, Conversation, Message
from aprendiz.data.chat.tokens import TokenCounter, count_conversation
from aprendiz.data.chat.tokens import counter as counter_for
from aprendiz.data.check import errors_in, worst_first
from aprendiz.data.excerpt import excerpt
from aprendiz.data.records import Finding

Part = Literal["training", "validation"]

_MIB = 1024 * 1024
# Training contexts in tokens, by the beginning of the model's name; what is longer is cut.
_CONTEXTS = (
    ("gpt-3.5-turbo-0613", 4_096),
    ("gpt-35-turbo-0613", 4_096),
    ("gpt-3.5-turbo", 16_385),
    ("gpt-35-turbo", 16_385),
)
_CODES = {
    "too_few_examples": "invalid_n_examples",
    "too_large": "file_too_large",
    "missing_file": "invalid_file",
    "not_a_file": "invalid_file",
    "unreadable_file": "invalid_file",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a service wants of a file.

    Attributes:
        name: the service, for people.
        least_examples: of a training file; a validation file needs one.
        most_bytes: of a file.
        most_tokens_per_example: the training context; what is longer is cut, not refused.
        bom: whether a byte-order mark is asked for or only allowed.
    """

    name: str
    least_examples: int = 10
    most_bytes: int = 512 * _MIB
    most_tokens_per_example: int = 65_536
    bom: Literal["wanted", "allowed"] = "allowed"

    def for_model(self, model: str) -> Rules:
        """The same rules with the training context of a model where it is a smaller one."""
        base = model.lower().removeprefix("ft:")
        for beginning, context in _CONTEXTS:
            if base.startswith(beginning):
                return replace(self, most_tokens_per_example=context)
        return self


OPENAI = Rules("OpenAI")
AZURE = Rules("Azure OpenAI", bom="wanted")
PLATFORM = Rules("aprendiz platform")


def check_conversations(
    reading: ChatReading,
    rules: Rules,
    *,
    part: str = "training",
    against: ChatReading | None = None,
    counter: TokenCounter | None = None,
) -> list[Finding]:
    """Everything that is wrong with a chat file for one service, worst first.

    The findings of the reading are among them, so nothing has to be added up.

    Args:
        part: ``training`` or ``validation``; only a training file has a least number.
        against: for a validation file, the training file: conversations in both are leaks.
        counter: counts the tokens of examples that may be too long; by default as for a new model.
    """
    findings = Findings(reading.source)
    if reading.conversations or not errors_in(reading.findings):  # else those errors say it all
        _count(findings, reading, rules, part)
        _file(findings, reading, rules)
        _lengths(findings, reading.conversations, rules, counter)
        _duplicates(findings, reading.conversations)
        if against is not None:
            _leaks(findings, reading.conversations, against)
    return worst_first((*reading.findings, *findings.in_order()))


def vendor_code(finding: Finding) -> str:
    """The code that the protocol has for a finding.

    ``invalid_n_examples`` and ``invalid_file_format`` are OpenAI's; ``file_too_large`` and
    ``invalid_file`` are ours for what its sources name no code for.
    """
    return _CODES.get(finding.kind, "invalid_file_format")


def vendor_message(findings: Iterable[Finding], part: str = "training") -> str:
    """Why a file is refused, as ``job.error.message`` and ``status_details`` say it.

    Says the first of the errors (the one that :func:`vendor_code` is asked about, when the
    findings come from :func:`check_conversations`) with example and line, what to do about
    it, and the lines of the others. Empty when no finding is an error.
    """
    findings = list(findings)
    errors = errors_in(findings)
    if not errors:
        return ""
    first = errors[0]
    if vendor_code(first) != "invalid_file_format":
        message = _sentence(first.message)
    elif first.line:
        blank = sum(each.count for each in findings if _is_blank(each) and each.line < first.line)
        where = f"Example {first.line - blank} (line {first.line})"
        message = f"Invalid file format in the {part} file. {where}: {_stop(first.message)}"
    else:
        message = f"Invalid file format: {_stop(first.message)}"
    hint = f" {_sentence(first.hint)}" if first.hint else ""
    return message + hint + _others(errors[1:])


def _others(errors: Sequence[Finding]) -> str:
    """How many more errors there are, and on which lines the first few stand."""
    if not errors:
        return ""
    count = sum(each.count for each in errors)
    lines = sorted({each.line for each in errors if each.line})
    shown = ", ".join(str(line) for line in lines[:5]) + (" …" if len(lines) > 5 else "")
    number = "1 more error" if count == 1 else f"{count:,} more errors"
    on = "on line" if len(lines) == 1 else "on lines"
    return f" {number}, {on} {shown}." if lines else f" {number}."


def _count(findings: Findings, reading: ChatReading, rules: Rules, part: str) -> None:
    rows = max(reading.rows, len(reading.conversations))  # broken ones are reported as such
    least = rules.least_examples if part == "training" else 1
    if rows < least:
        message = f"{part} file has {rows} example(s), but must have at least {least} examples"
        findings.add(0, "too_few_examples", "error", message, f"add {least - rows} more")


def _file(findings: Findings, reading: ChatReading, rules: Rules) -> None:
    if reading.bytes > rules.most_bytes:
        message = (
            f"the file has {reading.bytes:,} bytes; {rules.name} takes {rules.most_bytes:,} at most"
        )
        findings.add(0, "too_large", "error", message, "leave examples out")
    if rules.bom == "wanted" and not reading.bom:
        message = f"the file has no byte-order mark, which {rules.name} asks for"
        hint = "write it with one (write_conversations(…, bom=True)); UTF-8 with signature"
        findings.add(1, "bom_missing", "warning", message, hint)


def _lengths(
    findings: Findings,
    conversations: Iterable[Conversation],
    rules: Rules,
    counter: TokenCounter | None,
) -> None:
    most = rules.most_tokens_per_example
    for conversation in conversations:
        if _bytes(conversation) <= most:  # a token is a byte or more: no need to count
            continue
        counter = counter or counter_for("")
        tokens = count_conversation(conversation, counter)
        if tokens > most:
            about = "" if counter.exact else "about "
            message = f"the example has {about}{tokens:,} tokens; what is over {most:,} is cut off"
            hint = "shorten it, or the answer at its end is never learnt"
            findings.add(conversation.line, "too_long", "warning", message, hint)


def _bytes(conversation: Conversation) -> int:
    """An upper bound of a conversation's tokens: its bytes, and those that go with a message."""
    texts = [conversation.rest]
    for each in conversation.messages:
        texts += (each.role, each.content, each.name, each.rest)
    return (
        sum(len(text.encode(errors="surrogatepass")) for text in texts)
        + 4 * len(conversation.messages)
        + 3
    )


def _duplicates(findings: Findings, conversations: Iterable[Conversation]) -> None:
    seen: dict[tuple[tuple[Message, ...], str], int] = {}
    for each in conversations:
        first = seen.setdefault((each.messages, each.rest), each.line)
        if first != each.line:
            message = f"repeats line {first}: {excerpt(_asked(each))}"
            findings.add(each.line, "duplicate", "warning", message, "remove the repeat")


def _leaks(findings: Findings, held_out: Iterable[Conversation], training: ChatReading) -> None:
    """Validation rows whose question was learnt: their score says nothing."""
    learnt = {each.question: each for each in reversed(training.conversations)}
    for each in held_out:
        if (there := learnt.get(each.question)) is not None:
            other = "" if there.answer == each.answer else ", with another answer there"
            message = (
                f"{excerpt(_asked(each))} is also in the training file "
                f"({training.source}:{there.line}{other})"
            )
            findings.add(each.line, "leak", "warning", message, "remove it from one of the two")


def _asked(conversation: Conversation) -> str:
    """What tells a conversation from others at a glance: the last thing said before the answer."""
    return conversation.messages[-2 if len(conversation.messages) > 1 else -1].content


def _is_blank(finding: Finding) -> bool:
    return finding.kind == "blank_line"


def _stop(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _sentence(text: str) -> str:
    return _stop(text[:1].upper() + text[1:])
