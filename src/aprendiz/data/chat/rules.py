"""What each service wants of a file beyond conversations that can be read.

The rules are of section (d) of the house's reference on the protocol: from the vendors'
specifications and documentation, not tried against a live account. What no service can learn from is refused
earlier, in ``rows.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aprendiz.data.chat import copies
from aprendiz.data.chat.collect import Findings
from aprendiz.data.chat.forms import Forms
from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.tokens import TokenCounter, count_conversation
from aprendiz.data.chat.tokens import counter as counter_for
from aprendiz.data.check import errors_in, worst_first
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
        forms: in which forms a row may hold a conversation.
        billed: whether tokens are paid for.
    """

    name: str
    least_examples: int = 10
    most_bytes: int = 512 * _MIB
    most_tokens_per_example: int = 65_536
    bom: Literal["wanted", "allowed"] = "allowed"
    forms: Forms = "protocol"
    billed: bool = True

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
LORA = Rules("lora on this machine", least_examples=2, forms="every", billed=False)
"""Our own training: every form is taken, and its base model's tokenizer counts what is too long
(:func:`over_length`)."""


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
        _take(findings, copies.duplicates(reading.conversations))
        if against is not None:
            _take(findings, copies.leaks(against.conversations, reading.conversations))
    return worst_first((*reading.findings, *findings.in_order()))


def over_length(
    conversations: Iterable[Conversation],
    count: Callable[[Conversation], int],
    limit: int,
    *,
    exact: bool = True,
) -> list[Finding]:
    """A warning for each conversation that a model cannot read whole.

    Args:
        conversations: what is to be learnt.
        count: the tokens of one, best as that model's own tokenizer and template make them.
        limit: tokens that the model reads.
        exact: whether ``count`` is the model's own and no estimate.
    """
    about = "" if exact else "about "
    hint = "shorten it, or the answer at its end is never learnt"
    found = []
    for each in conversations:
        if (tokens := count(each)) > limit:
            message = f"the example has {about}{tokens:,} tokens; what is over {limit:,} is cut off"
            found.append(Finding(each.file, each.line, "too_long", "warning", message, hint))
    return found


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
    # A token is a byte or more: few have to be counted, and a counter is loaded for those only.
    long = [each for each in conversations if _bytes(each) > most]
    if long:
        by = counter or counter_for("")
        _take(
            findings,
            over_length(long, lambda each: count_conversation(each, by), most, exact=by.exact),
        )


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


def _take(findings: Findings, found: Iterable[Finding]) -> None:
    for each in found:
        findings.add(each.line, each.kind, each.severity, each.message, each.hint)


def _is_blank(finding: Finding) -> bool:
    return finding.kind == "blank_line"


def _stop(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _sentence(text: str) -> str:
    return _stop(text[:1].upper() + text[1:])
