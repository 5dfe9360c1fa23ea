"""``/chat/completions``: a tuned model asked, be it a classifier or one that writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from aprendiz.platform import chat
from aprendiz.platform.http import asked
from aprendiz.platform.http.dialects import answering_of, body, errors
from aprendiz.platform.records import ModelRecord, Refusal
from aprendiz.serving.chat_answers import (
    STREAM,
    STREAM_HEADERS,
    ChatCompletion,
    Frame,
    as_json,
    choice,
)
from aprendiz.serving.chat_app import EventStream
from aprendiz.serving.chat_requests import AskedChat, AskedNamedChat
from aprendiz.serving.chats import Chat
from aprendiz.serving.presence import while_there


def routes() -> APIRouter:
    """``/chat/completions`` with the model in the body."""
    router = APIRouter(tags=["chat"])

    @router.post(
        "/chat/completions",
        response_model=ChatCompletion,
        responses={200: {"content": STREAM}, **errors(404, 429, 503)},
        openapi_extra=body(AskedNamedChat),
    )
    async def chat_completions(request: Request) -> Response:
        """What a tuned model answers: a classifier its most probable label, others in words."""
        wanted = await asked.read(request, AskedNamedChat)
        return await _complete(request, wanted, *await _find(request, wanted.model))

    return router


def of_deployment() -> APIRouter:
    """The same under a deployment's path, as Azure's dated interface has it."""
    router = APIRouter(tags=["chat"])

    @router.post(
        "/deployments/{deployment:path}/chat/completions",
        response_model=ChatCompletion,
        responses={200: {"content": STREAM}, **errors(404, 429, 503)},
        openapi_extra=body(AskedChat),
    )
    async def deployment_chat_completions(request: Request, deployment: str) -> Response:
        """What a tuned model answers: a classifier its most probable label, others in words."""
        wanted = await asked.read(request, AskedChat)
        try:
            found = await _find(request, deployment)
        except Refusal as refusal:
            raise (_no_deployment(deployment) if refusal.status == 404 else refusal) from None
        return await _complete(request, wanted, *found)

    return router


async def _find(request: Request, name: str) -> tuple[ModelRecord, bool]:
    """The model behind a name, and whether it is a language model."""
    answering = answering_of(request)

    def find() -> tuple[ModelRecord, bool]:
        record = answering.find(name)
        return record, answering.speaks(record)

    return await run_in_threadpool(find)


async def _complete(
    request: Request, wanted: AskedChat, record: ModelRecord, speaks: bool
) -> Response:
    if speaks:
        return await _speak(request, wanted, record)
    wanted.refuse_what_we_cannot()
    messages = wanted.conversation()
    # The whole answer is there before the first byte: what can go wrong has its own status.
    work = answering_of(request).answer(record, messages)
    answer = await while_there(request.receive, work)
    choices = wanted.n or 1
    usage = chat.usage(messages, answer, choices)
    logprobs = chat.logprobs(answer, wanted.top_logprobs or 0) if wanted.logprobs else None
    frame = Frame(answer.model, with_usage=wanted.with_usage, beside=answer.beside())
    if wanted.stream:
        return StreamingResponse(
            _label_events(frame, answer.label, logprobs, choices, usage),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )
    same = [choice(index, answer.label, "stop", logprobs) for index in range(choices)]
    return Response(as_json(frame.whole(same, usage)), media_type="application/json")


async def _speak(request: Request, wanted: AskedChat, record: ModelRecord) -> Response:
    """The reply of a language model, as it comes or whole."""
    answering = answering_of(request)
    asked = Chat(
        answering.generation,
        lambda: answering.chat_model(record),
        record.id,
        wanted,
        chat.MOST_CHARACTERS,
    )
    if wanted.stream:
        events = asked.events()
        # What can go wrong before the first word has its own status.
        return EventStream(await while_there(request.receive, anext(events)), events)
    whole = await while_there(request.receive, asked.whole())
    return Response(as_json(whole), media_type="application/json")


async def _label_events(
    frame: Frame, label: str, logprobs: dict[str, Any] | None, choices: int, usage: dict[str, int]
) -> AsyncIterator[bytes]:
    """A label as server-sent events: one token a choice."""
    for index in range(choices):
        yield frame.begin(index)
        yield frame.piece(index, {"content": label}, logprobs=logprobs)
        yield frame.piece(index, {}, finish="stop")
    yield frame.end(usage)


def _no_deployment(name: str) -> Refusal:
    return Refusal(
        404,
        f"There is no deployment or tuned model '{name}' here. GET /openai/deployments and "
        "GET /openai/models list what there is.",
        code="DeploymentNotFound",
    )
