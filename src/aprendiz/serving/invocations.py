"""``POST /invocations``: the shape of MLflow's scoring server, which SageMaker has as well.

A table whose column ``text`` holds the texts (or whose only column does), or a list of texts;
also CSV with a header. A row of the answer has what a recorded model of ours gives in MLflow,
and what every route of ours says beside.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from aprendiz.interfaces import Prediction
from aprendiz.serving.endpoint import (
    TEXTS_SCHEMA,
    Endpoint,
    ask,
    parse,
    told,
    within_limits,
)
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.faults import Fault
from aprendiz.serving.schemas import (
    DEFAULT_MAX_CHARACTERS,
    DEFAULT_MAX_INPUTS,
    LIMIT,
    Judged,
    judged,
)
from aprendiz.serving.service import Service

_COLUMN = "text"
_MOST_COLUMNS = 64
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")

# What pandas writes has a column for everything; only the texts are looked at.
_CELL = {"maxLength": DEFAULT_MAX_CHARACTERS, LIMIT: "characters"}
_RECORDS = {
    "type": "array",
    "items": {"type": "object", "minProperties": 1, "maxProperties": _MOST_COLUMNS},
    "minItems": 1,
    "maxItems": DEFAULT_MAX_INPUTS,
    LIMIT: "inputs",
}
_TABLE = {
    "type": "object",
    "properties": {
        "columns": {
            "type": "array",
            "items": {"type": "string", "maxLength": 512},
            "minItems": 1,
            "maxItems": _MOST_COLUMNS,
        },
        "data": {
            "type": "array",
            "items": {"type": "array", "items": _CELL, "maxItems": _MOST_COLUMNS},
            "minItems": 1,
            "maxItems": DEFAULT_MAX_INPUTS,
            LIMIT: "inputs",
        },
    },
    "required": ["columns", "data"],
    "maxProperties": 8,
}
_COLUMNS = {"type": "object", "minProperties": 1, "maxProperties": _MOST_COLUMNS}


class Table(BaseModel):
    """A table as pandas writes it with ``orient="split"``."""

    model_config = ConfigDict(extra="ignore")

    columns: list[StrictStr]
    data: list[list[Any]]


class Invocation(BaseModel):
    """Exactly one of the four forms."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "example": {"dataframe_split": {"columns": ["text"], "data": [["hello"]]}},
            "oneOf": [{"required": [form]} for form in _FORMS],
        },
    )

    dataframe_split: Annotated[Table | None, WithJsonSchema(_TABLE)] = None
    """A table as pandas writes it with `orient="split"`."""
    dataframe_records: Annotated[list[dict[str, Any]] | None, WithJsonSchema(_RECORDS)] = None
    """A table as pandas writes it with `orient="records"`."""
    instances: Annotated[list[Any] | None, WithJsonSchema({"anyOf": [TEXTS_SCHEMA, _RECORDS]})] = (
        None
    )
    """A list of texts, or of records, as TensorFlow Serving has it."""
    inputs: Annotated[
        list[Any] | dict[str, Any] | None, WithJsonSchema({"anyOf": [TEXTS_SCHEMA, _COLUMNS]})
    ] = None
    """A list of texts, or a list under the column's name."""
    params: (
        Annotated[
            dict[str, Any],
            Field(max_length=0),
            WithJsonSchema({"type": "object", "maxProperties": 0}),
        ]
        | None
    ) = None
    """Our models have no parameters."""

    @model_validator(mode="after")
    def _one_form(self) -> Invocation:
        sent = [form for form in _FORMS if form in self.model_fields_set]
        if len(sent) != 1 or getattr(self, sent[0]) is None:
            raise PydanticCustomError(
                "forms", "send exactly one of {forms}", {"forms": ", ".join(_FORMS)}
            )
        return self

    def texts(self) -> list[str]:
        """The texts, whatever the form.

        Raises:
            Fault: 422, there is no column of texts.
        """
        if self.dataframe_split is not None:
            table = self.dataframe_split
            at = _place_of(table.columns, "dataframe_split")
            cells = [row[at] if len(row) == len(table.columns) else None for row in table.data]
            return _strings(cells, "dataframe_split")
        if self.dataframe_records is not None:
            return _strings(
                _cells(self.dataframe_records, "dataframe_records"), "dataframe_records"
            )
        if self.instances is not None:
            return _strings(_cells(self.instances, "instances"), "instances")
        if isinstance(self.inputs, dict):
            columns = list(self.inputs)
            column = self.inputs[columns[_place_of(columns, "inputs")]]
            return _strings(column if isinstance(column, list) else [column], "inputs")
        return _strings(self.inputs or [], "inputs")


class InvocationRow(Judged):
    """The answer to one row."""

    label: str
    confidence: float = Field(ge=0.0, le=1.0)
    abstained: bool
    """True when the decision is not `answer`."""
    probabilities: dict[str, float]


class Invoked(BaseModel):
    """The answers, in the order of the rows."""

    predictions: list[InvocationRow]


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """The route."""

    async def invoke(exchange: Exchange) -> Answer:
        """An answer for each row of a table, in the shape of MLflow and SageMaker."""
        media_type = exchange.header(b"content-type").partition(";")[0].strip().lower()
        if media_type == "text/csv":
            texts = _of_csv(await exchange.body())
        else:
            texts = parse(Invocation, await exchange.json(), 422).texts()
        answered = await ask(service, exchange, within_limits(texts, service.settings))
        rows = [_row(prediction) for prediction in answered.predictions]
        return Answer.of({"predictions": rows}, headers=told(answered))

    return (
        Endpoint("/invocations", invoke, "Classify, in the shape of MLflow and SageMaker",
                 request=Invocation, response=Invoked, also=("text/csv",)),
    )  # fmt: skip


def _row(prediction: Prediction) -> dict[str, Any]:
    return {
        "label": prediction.label,
        "confidence": prediction.confidence,
        "abstained": prediction.abstained,
        **judged(prediction),
        "probabilities": dict(prediction.scores),
    }


def _place_of(columns: list[str], param: str) -> int:
    if _COLUMN in columns:
        return columns.index(_COLUMN)
    if len(columns) == 1:
        return 0
    raise Fault(422, f"{param}: there is no column 'text'", code="missing", param=param)


def _cells(rows: list[Any], param: str) -> list[Any]:
    """The text of each record; of a list of strings, the strings."""
    if not any(isinstance(row, Mapping) for row in rows):
        return rows
    cells = []
    for row in rows:
        columns = list(row) if isinstance(row, Mapping) else []
        cells.append(row[columns[_place_of(columns, param)]] if columns else None)
    return cells


def _strings(cells: list[Any], param: str) -> list[str]:
    for number, cell in enumerate(cells):
        if not isinstance(cell, str):
            where = f"{param}[{number}]"
            raise Fault(422, f"{where}: must be a text", code="wrong_type", param=where)
    return cells


def _of_csv(body: bytes) -> list[str]:
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Fault(400, "the body is not CSV in UTF-8", code="invalid_csv") from None
    rows = [row for row in rows if row]
    if not rows:
        raise Fault(422, "the body has no header", code="missing")
    at = _place_of(rows[0], "body")
    if any(len(row) != len(rows[0]) for row in rows):
        raise Fault(400, "a row has not as many cells as the header", code="invalid_csv")
    return [row[at] for row in rows[1:]]
