"""What a server says of itself on the terminal: where it is, what it has, how to try it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

from aprendiz.serving.chat_service import ChatService
from aprendiz.serving.served import Served
from aprendiz.serving.service import Service

Say = Callable[[str], None]


def announce_classifiers(service: Service, address: tuple[str, int], say: Say) -> None:
    """The models are ready."""
    url = url_of(address)
    for served in (service.model or {}).values():
        say(
            f"ready: model {served.name}, version {served.version}, {len(served.labels)} labels, "
            f"{_asking(served)}"
        )
    body = json.dumps({"text": "what is in the news today?"})
    key = " -H 'Authorization: Bearer YOUR-KEY'" if service.door.keys else ""
    say(f"try it: curl {url}/classify -H 'Content-Type: application/json'{key} -d '{body}'")
    say(f"in a browser: {url}/ to try it, {url}/docs for the API")


def _asking(served: Served) -> str:
    if served.threshold is not None:
        return f"asks again under {served.threshold:.2f}"
    limits = (served.thresholds or {}).values()
    return f"gives each from its own threshold on ({min(limits):.2f} to {max(limits):.2f})"


def announce_chat(service: ChatService, address: tuple[str, int], say: Say) -> None:
    """The language model is ready."""
    model = service.model
    if model is None:
        return
    url = url_of(address)
    say(f"ready: {model.name}, goes on with conversations of up to {model.context:,} tokens")
    asked = {"model": model.name, "messages": [{"role": "user", "content": "What is 12 + 30?"}]}
    body = json.dumps(asked, ensure_ascii=False)
    key = " -H 'Authorization: Bearer YOUR-KEY'" if service.door.keys else ""
    say(
        f"try it: curl {url}/v1/chat/completions -H 'Content-Type: application/json'{key} "
        f"-d {shlex.quote(body)}"
    )
    shown = "YOUR-KEY" if service.door.keys else "none"
    say(f"OpenAI's clients: export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={shown}")
    say(f"the API, in a browser: {url}/docs")


def url_of(address: tuple[str, int]) -> str:
    """Where a client on this machine finds it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])
    return f"http://[{host}]:{address[1]}" if ":" in host else f"http://{host}:{address[1]}"
