"""Every kind of finding there is: what it means, its severity, whether ``--fix`` mends it.

The report and the reference page are written from this table; a test holds it against what
the checks really say. The severity is the usual one; a service may be stricter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aprendiz.data.records import Severity

Theme = Literal["file", "row", "label", "copy", "text", "private", "chat"]

THEMES: dict[Theme, str] = {
    "file": "The file and its form",
    "row": "Single rows",
    "label": "Labels",
    "copy": "The same text again",
    "text": "What texts hold",
    "private": "Personal data and secrets",
    "chat": "Conversations",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        theme: where it stands on a page.
        severity: ``error`` stops a training.
        meaning: what is wrong, and why that matters, in one sentence.
        mended: ``--fix`` repairs it (in labelled texts, where the repair is certain).
    """

    theme: Theme
    severity: Severity
    meaning: str
    mended: bool = False


def _kinds(theme: Theme, severity: Severity, **meanings: str) -> dict[str, Kind]:
    return {kind: Kind(theme, severity, meaning) for kind, meaning in meanings.items()}


KINDS: dict[str, Kind] = {
    **_kinds(
        "file",
        "error",
        missing_file="There is no such file.",
        not_a_file="It is a folder.",
        unreadable_file="The system refuses to open it.",
        empty_file="It holds nothing.",
        no_rows="It can be read and holds no example.",
        wrong_format="It is not what its name says, or not a table at all.",
        damaged_gzip="The compressed file is cut short or damaged.",
        encoding="Characters are not UTF-8, so nobody knows what they were.",
        invalid_json="The JSON breaks off or does not follow its grammar.",
        truncated_json="The JSON is fine as far as it goes and ends too early.",
        missing_columns="No column is recognised as the text or the label.",
        ambiguous_columns="Two columns could be meant.",
    ),
    **_kinds("file", "warning", bom="The file starts with a byte-order mark."),
    **_kinds("file", "warning", duplicate_key="A label is given twice in one object."),
    **_kinds("file", "warning", empty_label="A label is listed without texts."),
    **_kinds(
        "row",
        "error",
        bad_row="The row has too many or too few fields, a stray quotation mark, or is no record.",
        bad_type="The text or the label is a list, an object, a decimal number …",
        nul_byte="There is a NUL byte, where many programs stop reading.",
        empty_text="There is no text.",
        missing_label="There is no label.",
    ),
    **_kinds(
        "row",
        "warning",
        placeholder_text="The text is what a program writes for a missing one: None, nan, N/A.",
        placeholder_label="The label is what a program writes for a missing one.",
    ),
    **_kinds(
        "label",
        "error",
        single_label="All rows have the same label: there is nothing to tell apart.",
        rare_label="A label has one example: nothing to learn and nothing to measure.",
        unknown_label="A held-out row has a label that nothing teaches.",
    ),
    **_kinds(
        "label",
        "warning",
        near_labels="Two labels differ only in case, spaces, accents, hyphens or underscores.",
        label_typo="A rare label is a letter away from a common one.",
        scarce_label="A label has fewer than five texts where the usual one has ten or more.",
        imbalance="The commonest label has twenty times the rows of the rarest, or more.",
    ),
    **_kinds(
        "copy",
        "warning",
        duplicate="A row repeats the text and label of an earlier one.",
        near_duplicate="A row repeats another but for spelling, or for a fifth of its pieces.",
        label_conflict="The same text has two labels.",
        near_conflict="Nearly the same text has two labels.",
        leak="A held-out text is also in the training data: its score says nothing.",
        near_leak="A held-out text is nearly in the training data: its score says little.",
    ),
    **_kinds(
        "text",
        "warning",
        too_long="The base model reads only the beginning; about how much is lost is said.",
        control_character="A character that steers a terminal or a printer.",
        invisible_character="A zero-width character or a mark of writing direction.",
        lost_character="A replacement character: what stood there is gone.",
        mojibake="UTF-8 was read as Windows-1252 (cafÃ©).",
        not_nfc="Letters and their accents are separate characters.",
        html="Tags or entities of a web page are left over.",
        url_only="The text is a web address and nothing else.",
        no_words="The text is only punctuation.",
        wrong_language="The row is in another language than the file.",
    ),
    **_kinds("text", "info", odd_space="Tabs, no-break spaces or several spaces in a row."),
    **_kinds(
        "private",
        "warning",
        email="An e-mail address.",
        phone="A phone number.",
        card_number="A payment card whose check digit fits.",
        national_id="A Spanish DNI or NIE whose letter fits, or a US social security number.",
        iban="A bank account whose check digits fit.",
        secret="An API key, a token, a password or a private key.",
    ),
    **_kinds(
        "chat",
        "error",
        json_array="The file is one JSON list, not one conversation a line.",
        json_over_lines="A conversation goes on over several lines.",
        line_too_long="A line has more than 16 MiB.",
        stray_bom="A byte-order mark in the middle of the file.",
        not_an_object="A line is not an object.",
        repeated_key="An object gives a key twice.",
        no_messages="A line has no messages.",
        messages_not_a_list="The messages are not a list.",
        no_message="The list of messages is empty.",
        message_not_an_object="A message is not an object.",
        missing_role="A message has no role.",
        unknown_role="A message has a role that no service knows.",
        missing_content="A message says nothing.",
        empty_content="A message is empty.",
        content_not_text="The content is not a text.",
        not_only_text="The content has pictures or sound.",
        unrecognised_key="A key that the protocol does not know.",
        bad_name="The name of a speaker is not a text.",
        bad_weight="A weight is neither 0 nor 1.",
        extra_weight="A weight on a message that is not the assistant's.",
        bad_tools="Tools or functions are not what the protocol wants.",
        nul_character="A NUL character.",
        half_surrogate="Half a surrogate pair, which is no character.",
        no_assistant="No message is the assistant's: there is nothing to learn.",
        last_not_assistant="The conversation does not end with the assistant.",
        nothing_to_learn="Every assistant message has weight 0.",
        completion_format="Prompt and completion, the format of retired models.",
        sharegpt_format="The ShareGPT format.",
        dpo_format="Preferred and rejected answers (DPO).",
        rft_format="Data for a grader (reinforcement).",
        labelled_text="A labelled text among conversations.",
        too_few_examples="Fewer conversations than the service asks for.",
        too_large="The file is larger than the service takes.",
    ),
    **_kinds(
        "chat",
        "warning",
        blank_line="A blank line between conversations.",
        bom_missing="The service asks for a byte-order mark.",
        same_role_twice="Two messages in a row are from the same speaker.",
        system_not_first="The system speaks after others have.",
        assistant_first="The assistant speaks before anybody has asked anything.",
        answer_conflict="The same question has different answers.",
    ),
}

_MENDED = (
    "bom", "encoding", "nul_byte", "near_labels", "duplicate", "control_character",
    "invisible_character", "mojibake", "not_nfc", "odd_space",
)  # fmt: skip
for _kind in _MENDED:
    _old = KINDS[_kind]
    KINDS[_kind] = Kind(_old.theme, _old.severity, _old.meaning, mended=True)
