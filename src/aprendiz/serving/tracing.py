"""OpenTelemetry traces, when the standard variables ask for them; otherwise nothing at all.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_TRACES_ENDPOINT``) switches them on and says where to;
``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``, ``OTEL_EXPORTER_OTLP_HEADERS`` and the rest are
read by OpenTelemetry itself. One span a request, in the trace that the client's
``traceparent`` names, with a span each for tokenizing, waiting and the model. Texts and keys
are never in a span.
"""

from __future__ import annotations

import time
from typing import Any

from aprendiz._version import __version__
from aprendiz.errors import MissingExtra
from aprendiz.serving.faults import Fault
from aprendiz.serving.middleware import CLIENT_GONE, Scope
from aprendiz.settings import Settings

_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"})


def tracing_wanted(settings: Settings) -> bool:
    """Whether the environment asks for traces."""
    if settings.otel_sdk_disabled or settings.otel_traces_exporter == "none":
        return False
    return bool(settings.otel_traces_endpoint or settings.otel_endpoint)


class Traces:
    """A watcher of ``middleware.Envelope`` that makes spans.

    Args:
        provider: a ``TracerProvider``.
    """

    def __init__(self, provider: Any) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._trace = trace
        self._provider = provider
        self._tracer = provider.get_tracer("aprendiz.serving", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to_collector(cls) -> Traces:
        """Spans in batches to where the standard variables say.

        Raises:
            MissingExtra: the libraries of the extra ``trace`` are not installed.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ModuleNotFoundError as error:
            raise MissingExtra("trace", error.name or "opentelemetry") from None
        # What the environment says of the service goes before this.
        resource = Resource.create({"service.version": __version__})
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "aprendiz"}))
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def begin(self, scope: Scope) -> Any:
        """A request has come: its span begins."""
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        return self._tracer.start_span(
            method,
            context=self._propagator.extract(carrier) if carrier else None,
            kind=self._trace.SpanKind.SERVER,
            attributes={"http.request.method": method, "url.scheme": scope.get("scheme", "http")},
        )

    def end(self, begun: Any, scope: Scope, status: int, fault: Fault | None) -> None:
        """It is over: the span gets its route, its status and its parts."""
        state = scope["state"]
        route = state.get("route") or getattr(scope.get("route"), "path", "")
        if route:
            begun.update_name(f"{scope['method']} {route}")
            begun.set_attribute("http.route", route)
        begun.set_attribute("http.response.status_code", status)
        begun.set_attribute("aprendiz.request_id", state["request_id"])
        if model := state.get("model"):
            begun.set_attribute("gen_ai.operation.name", "classify")
            begun.set_attribute("gen_ai.request.model", model)
        self._parts(begun, state.get("parts", ()))
        if status >= 500 or status == CLIENT_GONE:
            begun.set_attribute("error.type", fault.code if fault else str(status))
            begun.set_status(self._trace.Status(self._trace.StatusCode.ERROR))
        begun.end()

    def _parts(self, parent: Any, parts: Any) -> None:
        """Spans of what was measured: name, beginning (of ``perf_counter``) and seconds."""
        if not parts or not parent.is_recording():
            return
        context = self._trace.set_span_in_context(parent)
        now_wall, now = time.time_ns(), time.perf_counter()
        for name, start, seconds in parts:
            start_ns = now_wall - int((now - start) * 1e9)
            span = self._tracer.start_span(name, context=context, start_time=start_ns)
            span.end(end_time=start_ns + int(seconds * 1e9))

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
