"""A vendor's service in a few lines, with the vendors' own oddities, to be switched on one by one.

What our platform does right cannot be tested with our platform: lists that never end, a
500 for a job that was created all the same, a model that retires. This is a real HTTP server
that the real SDK talks to; the end-to-end tests use the real platform.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ENDED = {"succeeded", "failed", "cancelled"}


@dataclass
class Oddities:
    """What is unusual about this vendor."""

    no_has_more: bool = False
    ignores_after: bool = False
    oldest_first: bool = False
    hollow_errors: bool = False  # {"code": null, ...} on healthy jobs
    missing_fields: bool = False  # as Azure leaves them out
    create_faults: list[str] = field(default_factory=list)  # "500 after", "500 before", "cut after"
    poll_faults: list[int] = field(default_factory=list)  # statuses that polls get first
    statuses: list[str] = field(
        default_factory=lambda: ["validating_files", "queued", "running", "succeeded"]
    )
    file_statuses: list[str] = field(default_factory=lambda: ["processed"])
    file_details: str = ""
    fault: dict[str, Any] | None = None
    base64_results: bool = False
    results: str | None = None
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[str, dict[str, Any]] | None = None
    arm_states: list[str] = field(default_factory=lambda: ["Creating", "Succeeded"])
    key: str = ""
    reply: Any = None  # text -> content, or (content, logprobs) for chats


class Vendor:
    """The service and everything it was asked; use it with ``with``."""

    def __init__(self, **oddities: Any) -> None:
        self.odd = Oddities(**oddities)
        self.files: dict[str, bytes] = {}
        self.file_polls: Counter[str] = Counter()
        self.jobs: list[dict[str, Any]] = []
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.arm: dict[str, dict[str, Any]] = {}
        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Vendor:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def count(self, method: str, path: str) -> int:
        """How often something was asked."""
        return sum(each == (method, path) for each in self.asked)

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        """The answer to a request: (status, value) or bytes."""
        route = re.sub(r"^/openai/v1|^/openai|^/v1", "", path)
        with self.lock:
            self.asked.append((method, route))
            parts = route.strip("/").split("/")
            if "subscriptions" in parts:
                return self._arm(method, parts[-1], body)
            if parts[0] == "files":
                return self._file(method, parts, body)
            if parts[0] == "fine_tuning":
                return self._job(method, parts[2:], query, body)
            if parts[0] == "models":
                return self._model(parts)
            if route.endswith("/chat/completions"):
                return self._chat(parts, body)
            if parts[0] == "deployments" and self.odd.deployments is not None:
                rows = [
                    {"id": n, "object": "deployment", **v} for n, v in self.odd.deployments.items()
                ]
                return 200, {"object": "list", "data": rows}
            return 404, error("Resource not found", "404")

    def _file(self, method: str, parts: list[str], body: bytes) -> Any:
        if method == "POST":
            id = f"file-{len(self.files):04d}"
            self.files[id] = body.split(b"\r\n\r\n", 2)[-1].rsplit(b"\r\n--", 1)[0]
            found = re.search(rb'name="file".*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
            assert found is not None
            self.files[id] = found[1]
            return 200, self._file_object(id)
        if parts[-1] == "content":
            return self.files[parts[1]]
        if parts[1] not in self.files:
            return 404, error("no such file", "notFound")
        self.file_polls[parts[1]] += 1
        return 200, self._file_object(parts[1])

    def _file_object(self, id: str) -> dict[str, Any]:
        told = self.odd.file_statuses
        status = told[min(self.file_polls[id], len(told) - 1)]
        return {
            "id": id, "object": "file", "bytes": len(self.files[id]), "created_at": 1,
            "filename": "x.jsonl", "purpose": "fine-tune", "status": status,
            "status_details": self.odd.file_details or None,
        }  # fmt: skip

    def _job(self, method: str, parts: list[str], query: dict[str, str], body: bytes) -> Any:
        if not parts:
            return self._create(body) if method == "POST" else self._page(self.jobs, query)
        job = next((each for each in self.jobs if each["id"] == parts[0]), None)
        if job is None:
            return 404, error("no such job", "notFound")
        if len(parts) == 1:
            if self.odd.poll_faults:
                return self.odd.poll_faults.pop(0), error("not now", "busy")
            self._advance(job)
            return 200, job
        if parts[1] == "events":
            return self._page(self.events[job["id"]], query)
        if parts[1] == "checkpoints":
            return self._page([], query)
        job["status"] = {"cancel": "cancelled", "pause": "paused", "resume": "running"}[parts[1]]
        return 200, job

    def _create(self, body: bytes) -> Any:
        fault = self.odd.create_faults.pop(0) if self.odd.create_faults else ""
        asked = json.loads(body)
        self.bodies.append(asked)
        if fault == "500 before":
            return 500, error("internal", "internalFailure")
        id = f"ftjob-{len(self.jobs):04d}"
        hollow = {"code": None, "message": None, "param": None}
        job = {
            "id": id, "object": "fine_tuning.job", "created_at": 1000 + len(self.jobs),
            "model": asked["model"], "training_file": asked["training_file"],
            "validation_file": asked.get("validation_file"), "status": self.odd.statuses[0],
            "fine_tuned_model": None, "seed": asked.get("seed"),
            "error": hollow if self.odd.hollow_errors else None, "polls": 0,
        }  # fmt: skip
        if not self.odd.missing_fields:
            job |= {
                "finished_at": None, "organization_id": "o", "result_files": [],
                "trained_tokens": None,
                "hyperparameters": {"n_epochs": "auto", "batch_size": 1},
            }  # fmt: skip
        self.jobs.append(job)
        self.events[id] = [event(id, 0, f"Created fine-tuning job: {id}")]
        if fault == "500 after":
            return 500, error("internal", "internalFailure")
        if fault == "cut after":
            return None
        return 201, job

    def _advance(self, job: dict[str, Any]) -> None:
        if job["status"] in ENDED:
            return
        told = self.odd.statuses
        job["polls"] += 1
        job["status"] = told[min(job["polls"], len(told) - 1)]
        events = self.events[job["id"]]
        if job["status"] == "running":
            for step in range(1, 5):
                events.append(metrics(job["id"], len(events), step, 4))
        elif job["status"] == "failed":
            job["error"] = self.odd.fault
        elif job["status"] == "succeeded":
            job["fine_tuned_model"] = f"{job['model']}.ft-{job['id']}"
            events.append(event(job["id"], len(events), "The job has successfully completed"))
            if self.odd.results is not None:
                raw = self.odd.results.encode()
                self.files["file-results"] = (
                    base64.b64encode(raw) if self.odd.base64_results else raw
                )
                job["result_files"] = ["file-results"]

    def _page(self, rows: list[dict[str, Any]], query: dict[str, str]) -> Any:
        ordered = rows if self.odd.oldest_first else rows[::-1]
        start = 0
        if "after" in query and not self.odd.ignores_after:
            ids = [row["id"] for row in ordered]
            start = ids.index(query["after"]) + 1
        limit = min(int(query.get("limit", 20)), 3)  # small pages, so that there are several
        page = ordered[start : start + limit]
        told: dict[str, Any] = {"object": "list", "data": page}
        if not self.odd.no_has_more:
            told["has_more"] = start + limit < len(ordered)
        return 200, told

    def _model(self, parts: list[str]) -> Any:
        known = self.odd.models
        if len(parts) == 1:
            return 200, {"object": "list", "data": [{"id": n, **v} for n, v in known.items()]}
        name = unquote(parts[1])
        if name not in known:
            return 404, error(f"no model {name}", "model_not_found")
        return 200, {"id": name, "object": "model", **known[name]}

    def _chat(self, parts: list[str], body: bytes) -> Any:
        asked = json.loads(body)
        self.bodies.append(asked)
        if parts[0] == "deployments":
            known = self.odd.deployments or {}
            if unquote(parts[1]) not in known:
                return 404, error("The API deployment does not exist", "DeploymentNotFound")
        told = self.odd.reply(asked["messages"][-1]["content"])
        if isinstance(told, int):
            return told, error("no", "content_filter" if told == 400 else "busy")
        content, logprobs = told if isinstance(told, tuple) else (told, None)
        if asked.get("logprobs") and logprobs == "refused":
            return 400, error("this model gives no logprobs", "unsupported", "logprobs")
        choice = {
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": content, "refusal": None},
            "logprobs": {"content": logprobs} if isinstance(logprobs, list) else None,
        }  # fmt: skip
        return 200, {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1,
            "model": asked["model"], "choices": [choice],
        }  # fmt: skip

    def _arm(self, method: str, name: str, body: bytes) -> Any:
        if method == "PUT":
            self.arm[name] = {"name": name, **json.loads(body), "polls": 0}
        if name not in self.arm:
            return 404, error("no such deployment", "DeploymentNotFound")
        row = self.arm[name]
        told = self.odd.arm_states
        row["properties"]["provisioningState"] = told[min(row["polls"], len(told) - 1)]
        row["polls"] += 1
        return 200, row

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                where = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(where.query).items()}
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                vendor.headers.append({n.lower(): v for n, v in self.headers.items()})
                given = self.headers.get("api-key") or self.headers.get("authorization", "")
                if vendor.odd.key and given.removeprefix("Bearer ") != vendor.odd.key:
                    told: Any = (401, error("Incorrect API key provided", "invalid_api_key"))
                else:
                    told = vendor.answer(self.command, where.path, query, body)
                if told is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                if isinstance(told, bytes):
                    self._send(200, told, "application/octet-stream")
                else:
                    self._send(told[0], json.dumps(told[1]).encode(), "application/json")

            def _send(self, status: int, content: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.send_header("x-request-id", "req-7")
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def error(message: str, code: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "param": param, "type": "invalid_request"}}


def event(job: str, number: int, message: str) -> dict[str, Any]:
    return {
        "id": f"ftevent-{job}-{number:03d}", "object": "fine_tuning.job.event",
        "created_at": 1000 + number, "level": "info", "message": message, "type": "message",
        "data": None,
    }  # fmt: skip


def metrics(job: str, number: int, step: int, steps: int) -> dict[str, Any]:
    told = event(job, number, f"Step {step}/{steps}: training loss={1 / step:.2f}")
    return told | {"type": "metrics", "data": {"step": step, "train_loss": 1 / step}}


def piece(text: str, probability: float, **others: float) -> dict[str, Any]:
    """One piece of a reply, with what stood beside it."""
    shown = {text: probability, **others}
    top = [{"token": t, "logprob": math.log(p), "bytes": None} for t, p in shown.items()]
    return {"token": text, "logprob": math.log(probability), "bytes": None, "top_logprobs": top}
