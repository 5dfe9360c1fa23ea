"""Recognising lines that were written for something else than supervised chat training.

Each is named for what it is, since "no messages" would send its author looking in the wrong
place. Lines with ``messages`` are for ``rows.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from aprendiz.data.excerpt import excerpt, listing

_SUPPORTED = (
    'only supervised conversations can be learnt from: {"messages": [{"role": "user", "content": '
    '"…"}, {"role": "assistant", "content": "…"}]}'
)
_DPO = {"preferred_output", "non_preferred_output"}
_DPO_ONCE = {"preferred_completion", "non_preferred_completion"}


def foreign_format(line: Mapping[str, object]) -> tuple[str, str, str]:
    """Kind, message and hint for a line without ``messages``."""
    keys = set(line)
    if keys & (_DPO | _DPO_ONCE) or {"chosen", "rejected"} <= keys:
        return _preferences(keys)
    if {"prompt", "completion"} <= keys or {"context", "completion"} <= keys:
        message = "a prompt and its completion, the format of the retired completion models"
        hint = 'write {"messages": …} with the prompt as the user and the completion as assistant'
        return "completion_format", message, hint
    if isinstance(line.get("conversations"), list):
        message = 'a list under "conversations" (ShareGPT\'s format), not under "messages"'
        hint = 'rename it to "messages", its "from" to "role" (human is user, gpt is assistant) '
        return "sharegpt_format", message, hint + 'and its "value" to "content"'
    if {"text", "label"} <= keys:
        message = "a labelled text, not a conversation"
        hint = 'write {"messages": …} with the text as the user and the label as the assistant'
        return "labelled_text", message, hint
    has = f"it has {listing(tuple(line))}" if line else "it is empty"
    return "no_messages", f'the line has no "messages"; {has}', _SUPPORTED


def _preferences(keys: set[str]) -> tuple[str, str, str]:
    message = "a pair of preferred and rejected answers (DPO)"
    if keys & _DPO_ONCE:
        once = excerpt(min(keys & _DPO_ONCE))
        message += f", with {once} from an older version of that format"
    return "dpo_format", message, _SUPPORTED


def graded(extra: tuple[str, ...]) -> tuple[str, str, str]:
    """The same for messages that end with the user beside keys for a grader."""
    message = (
        f"reinforcement data: the last message is the user's, and {listing(extra)} "
        "would be for a grader"
    )
    return "rft_format", message, _SUPPORTED
