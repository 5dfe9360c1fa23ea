"""``/chat/completions``: a tuned classifier, asked the way a chat model is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from aprendiz.data.chat.records import Message
from aprendiz.platform import chat
from aprendiz.platform.chat import Answer
from aprendiz.platform.http import asked
from aprendiz.platform.http.dialects import answering_of, body, errors
from aprendiz.platform.http.envelope import ClientGone
from aprendiz.platform.http.shapes import ChatCompletion
from aprendiz.platform.ids import new_id, now
from aprendiz.platform.records import ModelRecord, Refusal

# With `"stream": true`; `itemSchema` is one event, as OpenAPI 3.2 and FastAPI write it.
_EVENT = {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}}
_STREAM = {"text/event-stream": {"itemSchema": _EVENT}}


def routes() -> APIRouter:
    """``/chat/completions`` with the model in the body."""
    router = APIRouter(tags=["chat"])

    @router.post(
        "/chat/completions",
        response_model=ChatCompletion,
        responses={200: {"content": _STREAM}, **errors(404, 429)},
        openapi_extra=body(asked.AskedNamedChat),
    )
    async def chat_completions(request: Request) -> Response:
        """The most probable label, as the assistant's answer."""
        wanted = await asked.read(request, asked.AskedNamedChat)
        return await _complete(request, wanted, await _find(request, wanted.model))

    return router


def of_deployment() -> APIRouter:
    """The same under a deployment's path, as Azure's dated interface has it."""
    router = APIRouter(tags=["chat"])

    @router.post(
        "/deployments/{deployment:path}/chat/completions",
        response_model=ChatCompletion,
        responses={200: {"content": _STREAM}, **errors(404, 429)},
        openapi_extra=body(asked.AskedChat),
    )
    async def deployment_chat_completions(request: Request, deployment: str) -> Response:
        """The most probable label, as the assistant's answer."""
        wanted = await asked.read(request, asked.AskedChat)
        try:
            record = await _find(request, deployment)
        except Refusal as refusal:
            raise (_no_deployment(deployment) if refusal.status == 404 else refusal) from None
        return await _complete(request, wanted, record)

    return router


async def _find(request: Request, name: str) -> ModelRecord:
    return await run_in_threadpool(answering_of(request).find, name)


async def _complete(request: Request, wanted: asked.AskedChat, record: ModelRecord) -> Response:
    wanted.refuse_what_we_cannot()
    messages = [Message(each.role, each.text) for each in wanted.messages]
    # The whole answer is there before the first byte: what can go wrong has its own status.
    answer = await _while_there(request, answering_of(request).answer(record, messages))
    said = _Said(wanted, messages, answer)
    if wanted.stream:
        return StreamingResponse(
            said.events(), media_type="text/event-stream", headers={"cache-control": "no-cache"}
        )
    return Response(_json(said.completion()), media_type="application/json")


async def _while_there(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """An answer for as long as its client waits: one that gives up leaves the queue.

    Raises:
        ClientGone: the client has closed its connection.
    """
    asking, leaving = asyncio.create_task(work), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((asking, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise ClientGone
        return asking.result()
    finally:
        asking.cancel()
        leaving.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Said:
    """An answer in the protocol's two forms."""

    def __init__(
        self, wanted: asked.AskedChat, messages: Sequence[Message], answer: Answer
    ) -> None:
        self._answer = answer
        self._choices = wanted.n or 1
        self._usage = chat.usage(messages, answer, self._choices)
        self._with_usage = bool(wanted.stream_options and wanted.stream_options.include_usage)
        self._logprobs = (
            chat.logprobs(answer, wanted.top_logprobs or 0) if wanted.logprobs else None
        )
        self._same = {"id": new_id("chatcmpl-"), "created": now(), "model": answer.model}

    def completion(self) -> dict[str, Any]:
        """The answer in one piece."""
        message = {"role": "assistant", "content": self._answer.label, "refusal": None}
        return {
            **self._same,
            "object": "chat.completion",
            "choices": [
                {
                    "index": index,
                    "message": message,
                    "logprobs": self._logprobs,
                    "finish_reason": "stop",
                }
                for index in range(self._choices)
            ],
            "usage": self._usage,
        }

    async def events(self) -> AsyncIterator[bytes]:
        """The answer as server-sent events."""
        for index in range(self._choices):
            yield self._chunk(index, {"role": "assistant", "content": ""})
            yield self._chunk(index, {"content": self._answer.label}, logprobs=self._logprobs)
            yield self._chunk(index, {}, finish="stop")
        if self._with_usage:
            yield self._event({"choices": [], "usage": self._usage})
        yield b"data: [DONE]\n\n"

    def _chunk(
        self,
        index: int,
        delta: dict[str, str],
        *,
        logprobs: dict[str, Any] | None = None,
        finish: str | None = None,
    ) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        none = {"usage": None} if self._with_usage else {}
        return self._event({"choices": [choice], **none})

    def _event(self, values: dict[str, Any]) -> bytes:
        return (
            b"data: " + _json({**self._same, "object": "chat.completion.chunk", **values}) + b"\n\n"
        )


def _no_deployment(name: str) -> Refusal:
    return Refusal(
        404,
        f"There is no deployment or tuned model '{name}' here. GET /openai/deployments and "
        "GET /openai/models list what there is.",
        code="DeploymentNotFound",
    )


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
