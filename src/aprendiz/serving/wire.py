"""What every JSON body of OpenAI's protocol is made of: the two base shapes and their plainest types.

Fields that nobody knows are no error: clients are newer than servers. What a chat is made of
stands in ``chat_requests.py`` and ``chat_answers.py``; files, jobs and deployments are the
platform's. The framework never parses a body here, since Pydantic's own parser is stricter
about JSON: no ``NaN``, no half surrogate pair, bounded nesting.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Asked(BaseModel):
    """Base of every body a client sends: unknown fields are kept in ``model_extra``."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class Shown(BaseModel):
    """Base of every answer; fields that a client sent with a job come back with it."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


def _number(value: Any) -> Any:
    """Refuse what Pydantic would turn into a number: ``true`` and ``"3"``."""
    if isinstance(value, bool | str):
        raise PydanticCustomError("number", "must be a number")
    return value


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("nul", "must not hold the character U+0000")
    return value


# After the bounds: with a validator before them Pydantic leaves them out of the document.
NUMBER = BeforeValidator(_number)
Text = Annotated[
    str, AfterValidator(_no_nul), Field(json_schema_extra={"pattern": "^[^\\u0000]*$"})
]
Name = Annotated[Text, Field(min_length=1, max_length=512)]
