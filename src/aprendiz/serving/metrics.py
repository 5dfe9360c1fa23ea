"""What a classifier server counts, for Prometheus: requests, batches, tokens, answers.

Names follow OpenTelemetry where it has a convention (``http_server_…``) and begin with
``aprendiz_`` elsewhere; seconds and tokens as base units. No label holds what a client sent:
routes are templates, methods a short list, labels the model's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from aprendiz.interfaces import Prediction
from aprendiz.serving.batcher import Ran
from aprendiz.serving.faults import Fault
from aprendiz.serving.middleware import CLIENT_GONE, Scope

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# OpenTelemetry's buckets for HTTP, with two below them: a short text takes less than 5 ms.
_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1),
    *(0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
_POWERS = tuple(float(2**power) for power in range(14))
_SCORES = tuple(tenth / 10 for tenth in range(1, 11))
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"})
_REASONS = {
    "queue_full": "queue_full",
    "body_too_large": "body",
    "too_many_inputs": "inputs",
    "too_long": "chars",
    "stopping": "draining",
    "deadline": "deadline",
    "too_slow": "slow",
    "invalid_api_key": "key",
    "no_key_yet": "key",
}


class Condition(Protocol):
    """What is looked at when somebody asks for the figures."""

    def condition(self) -> Iterable[tuple[str, str, str, float]]:
        """Name, help, model (or nothing) and value of each gauge of the moment."""
        ...


class Metrics:
    """The figures of one server; a watcher of ``middleware.Envelope``.

    Args:
        condition: the server's state, read at each scrape.
    """

    def __init__(self, condition: Condition) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "aprendiz_requests",
            "Requests by outcome: success, client_error, rejected, timeout, cancelled, error",
            ("model", "route", "outcome"),
            registry=registry,
        )
        self._durations = Histogram(
            "http_server_request_duration_seconds",
            "Time from a request's head to the end of its answer",
            ("http_request_method", "http_route", "http_response_status_code"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._active = Gauge(
            "http_server_active_requests", "Requests being worked on", registry=registry
        )
        self._rejected = Counter(
            "aprendiz_rejected", "Requests turned away", ("reason",), registry=registry
        )
        self._reloads = Counter(
            "aprendiz_model_reloads", "Reloads by result", ("result",), registry=registry
        )
        self._load_seconds = Histogram(
            "aprendiz_model_load_seconds",
            "Time to load, verify and warm a model",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=registry,
        )
        self._models = _PerModel(registry)
        self._bound: dict[tuple[str, ...], Any] = {}
        registry.register(_Gauges(condition))

    def begin(self, scope: Scope) -> float:
        """A request has come."""
        self._active.inc()
        return time.perf_counter()

    def end(self, begun: float, scope: Scope, status: int, fault: Fault | None) -> None:
        """It is over, whatever the end."""
        self._active.dec()
        state = scope["state"]
        route = state.get("route") or getattr(scope.get("route"), "path", "") or "unmatched"
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        self._once(self._durations, method, route, str(status)).observe(time.perf_counter() - begun)
        outcome = _outcome(status)
        self._once(self._requests, state.get("model", ""), route, outcome).inc()
        if fault is not None and (reason := _REASONS.get(fault.code)):
            self._rejected.labels(reason).inc()

    def of_batch(self, model: str) -> Callable[[Ran], None]:
        """For a batcher: what to tell of each batch."""
        return self._models.of_batch(model)

    def answered(self, model: str, predictions: Sequence[Prediction]) -> None:
        """Labels and confidences that were given, which show drift."""
        self._models.answered(model, predictions)

    def tokenized(self, model: str, seconds: float, counts: Sequence[int]) -> None:
        """A request's texts have become tokens."""
        self._models.tokenized(model, seconds, counts)

    def loaded(self, seconds: float) -> None:
        """A model was loaded, verified and warmed."""
        self._load_seconds.observe(seconds)

    def reloaded(self, result: str) -> None:
        """A reload has ended: ``success``, ``unchanged`` or ``failure``."""
        self._reloads.labels(result).inc()

    def render(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)

    def _once(self, metric: Any, *labels: str) -> Any:
        """A metric's child; looking it up in our own dictionary is a third of the time."""
        key = (metric._name, *labels)
        child = self._bound.get(key)
        if child is None:
            child = self._bound[key] = metric.labels(*labels)
        return child


class _PerModel:
    """The figures that each model has."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(name, words, ("model", *labels), registry=registry)

        def histogram(name: str, words: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(name, words, ("model",), buckets=buckets, registry=registry)

        self.sequences = counter("aprendiz_sequences", "Texts that were classified")
        self.tokens = counter("aprendiz_tokens", "Tokens of these texts, without padding")
        self.batches = counter("aprendiz_batches", "Batches that were run")
        self.batch_sequences = histogram("aprendiz_batch_sequences", "Texts in a batch", _POWERS)
        self.batch_tokens = histogram("aprendiz_batch_tokens", "Tokens in a batch", _POWERS)
        self.queue_seconds = histogram("aprendiz_queue_seconds", "Time in the queue", _SECONDS)
        self.infer_seconds = histogram("aprendiz_infer_seconds", "Time of a batch", _SECONDS)
        self.tokenize_seconds = histogram(
            "aprendiz_tokenize_seconds", "Time to tokenize a request", _SECONDS
        )
        self.input_tokens = histogram("aprendiz_input_tokens", "Tokens of a text", _POWERS)
        self.predictions = counter("aprendiz_predictions", "Answers by label", "label")
        self.decisions = counter("aprendiz_decisions", "Answers by decision", "decision")
        self.scores = histogram("aprendiz_prediction_score", "Confidence of answers", _SCORES)
        self._children: dict[tuple[Any, ...], Any] = {}

    def _child(self, metric: Any, *labels: str) -> Any:
        """See ``Metrics._once``."""
        key = (metric, *labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = metric.labels(*labels)
        return child

    def of_batch(self, model: str) -> Callable[[Ran], None]:
        sequences, batches = self.sequences.labels(model), self.batches.labels(model)
        tokens = self.tokens.labels(model)
        batch_sequences = self.batch_sequences.labels(model)
        batch_tokens = self.batch_tokens.labels(model)
        queued, inferred = self.queue_seconds.labels(model), self.infer_seconds.labels(model)

        def tell(ran: Ran) -> None:
            sequences.inc(ran.rows)
            batches.inc()
            tokens.inc(ran.tokens)
            batch_sequences.observe(ran.rows)
            batch_tokens.observe(ran.tokens)
            inferred.observe(ran.seconds)
            for seconds in ran.waited:
                queued.observe(seconds)

        return tell

    def answered(self, model: str, predictions: Sequence[Prediction]) -> None:
        sure = self._child(self.scores, model)
        for prediction in predictions:
            given = (prediction.label,) if prediction.labels is None else prediction.labels
            for label in given:
                self._child(self.predictions, model, label).inc()
            self._child(self.decisions, model, prediction.decision).inc()
            sure.observe(prediction.confidence)

    def tokenized(self, model: str, seconds: float, counts: Sequence[int]) -> None:
        self.tokenize_seconds.labels(model).observe(seconds)
        lengths = self.input_tokens.labels(model)
        for count in counts:
            lengths.observe(count)


class _Gauges:
    """The state of the moment, as a collector that is asked at each scrape."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def collect(self) -> Iterable[Metric]:
        """One family a name."""
        families: dict[str, GaugeMetricFamily] = {}
        for name, words, model, value in self._condition.condition():
            labels = ["model"] if model else []
            family = families.setdefault(name, GaugeMetricFamily(name, words, labels=labels))
            family.add_metric([model] if model else [], value)
        return families.values()


def _outcome(status: int) -> str:
    if status in (408, 504):
        return "timeout"
    if status in (413, 429, 503):
        return "rejected"
    if status == CLIENT_GONE:
        return "cancelled"
    if status < 400:
        return "success" if status else "error"
    return "client_error" if status < 500 else "error"
