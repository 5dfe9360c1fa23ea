"""``POST /feedback``: a client says which label would have been right.

Kept in the file that ``APRENDIZ_SERVE_FEEDBACK`` names, a row of ``text`` and ``label`` (or
``labels``) like those a model learns from; nothing is learned here and now. Off without that
file.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from aprendiz.serving.endpoint import TEXT_SCHEMA, Endpoint, parse, within_limits
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.faults import Fault
from aprendiz.serving.served import Served
from aprendiz.serving.service import Service


class Feedback(BaseModel):
    """What would have been right."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"text": "what is going on?", "label": "get_news"}},
    )

    text: StrictStr = Field(json_schema_extra=TEXT_SCHEMA)
    """The text, as it was classified."""
    label: StrictStr | None = Field(default=None, max_length=512)
    """The right label: one of the model's, or the one that says that the text is about none of
    them (`oos_label` of `/info`)."""
    labels: list[Annotated[StrictStr, Field(max_length=512)]] | None = Field(
        default=None, max_length=10_000
    )
    """Of a model of several labels, in place of `label`: all that are right, maybe none."""
    predicted: StrictStr | None = Field(default=None, max_length=512)
    """The label that the server had given; several joined by `, `."""
    model: StrictStr | None = Field(default=None, max_length=512)
    """Which of the server's models it is about; the first when not given."""


class Kept(BaseModel):
    """It is written down."""

    kept: bool


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """The route."""

    async def feedback(exchange: Exchange) -> Answer:
        """Keep a correction; 404 where the server was not told to keep any."""
        notes = service.feedback
        if notes is None:
            raise Fault(404, "this server keeps no feedback", code="not_found")
        wanted = parse(Feedback, await exchange.json(), 422)
        [text] = within_limits([wanted.text], service.settings, "text", alone=True)
        served = service.find(wanted.model)
        try:
            await notes.keep(
                {
                    "text": text,
                    **_right(wanted, served),
                    "predicted": wanted.predicted,
                    "model": served.name,
                    "version": served.version,
                }
            )
        except OSError:
            raise Fault(503, "the correction could not be written", code="not_kept") from None
        return Answer.of({"kept": True}, status=201)

    return (
        Endpoint("/feedback", feedback, "Correct an answer", request=Feedback, response=Kept,
                 statuses=(400, 401, 404, 408, 413, 415, 422, 500, 503)),
    )  # fmt: skip


def _right(wanted: Feedback, served: Served) -> dict[str, str | list[str]]:
    """What would have been right, as a row of data says it.

    Raises:
        Fault: 422, one label where the model gives several or the other way round, or none of
            its labels.
    """
    name = "label" if served.thresholds is None else "labels"
    told = wanted.label if name == "label" else wanted.labels
    if told is None or (wanted.label is not None and wanted.labels is not None):
        words = "the right label of" if name == "label" else "a list of the labels of"
        raise Fault(422, f"{name}: send {words} the text", code="missing", param=name)
    known = {*served.labels, served.oos_label} - {""}
    given = [told] if isinstance(told, str) else told
    if not set(given) <= known or len(set(given)) < len(given):
        said = "is not one of" if name == "label" else "are not different ones of"
        raise Fault(422, f"{name}: {said} the model's", code="unknown_label", param=name)
    return {name: told}
