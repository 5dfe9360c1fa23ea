"""The table of engines: runtime, arithmetic, the file each needs; and opening one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from aprendiz.errors import ModelFolderError
from aprendiz.neural import scope
from aprendiz.neural.engine import choice, cpu, runtimes
from aprendiz.neural.engine.classifier import EngineClassifier, TextSettings
from aprendiz.neural.engine.engine import BatchedEngine, Forward
from aprendiz.neural.engine.graph_check import read_graph

Precision = Literal["fp32", "bf16", "int8"]

GRAPH = "model.onnx"
INT8_GRAPH = "model.int8.onnx"
WEIGHTS = "model.safetensors"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Kind:
    """One engine.

    Attributes:
        file: what it needs in a model folder.
        library: what it needs installed.
        extra: which extra brings that; empty for what every installation has.
        precision: the arithmetic of its large products.
        words: for people.
        forward: opens it: folder, number of labels, threads.
        lanes: whether batches are worked on side by side, each by one thread, rather than one
            after the other by all.
    """

    file: str
    library: str
    extra: str
    precision: Precision
    words: str
    forward: Callable[[Path, int, int], Forward]
    lanes: bool = False

    def missing(self, folder: Path) -> str:
        """Why it cannot run here, with what to do; empty if it can."""
        if not (folder / self.file).is_file():
            return f"the folder has no {self.file}"
        if find_spec(self.library) is None:
            return f"pip install 'aprendiz[{self.extra}]'" if self.extra else f"no {self.library}"
        if self.precision == "int8" and not cpu.multiplies_int8():
            return "this processor cannot multiply bytes exactly"
        if self.precision == "bf16" and not cpu.multiplies_bf16():
            return "this processor has no bf16"
        return ""


def _onnxruntime(file: str) -> Callable[[Path, int, int], Forward]:
    def forward(folder: Path, _labels: int, _threads: int) -> Forward:
        return runtimes.onnxruntime_forward(read_graph(folder / file), folder / file)

    return forward


def _openvino(file: str, precision: str) -> Callable[[Path, int, int], Forward]:
    def forward(folder: Path, _labels: int, threads: int) -> Forward:
        graph, longest = read_graph(folder / file), TextSettings.read(folder).max_length
        return runtimes.openvino_forward(graph, threads, folder / file, precision, longest)

    return forward


KINDS: dict[str, Kind] = {
    "onnxruntime": Kind(
        GRAPH, "onnxruntime", "", "fp32", "ONNX Runtime, fp32", _onnxruntime(GRAPH), lanes=True
    ),
    "onnxruntime-int8": Kind(
        INT8_GRAPH,
        "onnxruntime",
        "",
        "int8",
        "ONNX Runtime, int8",
        _onnxruntime(INT8_GRAPH),
        lanes=True,
    ),
    "openvino-bf16": Kind(
        GRAPH, "openvino", "openvino", "bf16", "OpenVINO, bf16", _openvino(GRAPH, "bf16")
    ),
    "openvino-int8": Kind(
        INT8_GRAPH, "openvino", "openvino", "int8", "OpenVINO, int8", _openvino(INT8_GRAPH, "f32")
    ),
    "torch": Kind(WEIGHTS, "torch", "train", "fp32", "torch, fp32", runtimes.torch_forward),
}


def open_engine(
    folder: Path,
    kind: str = AUTO,
    threads: int | None = None,
    *,
    labels: int,
    pad: int,
) -> BatchedEngine:
    """Open a model folder's engine.

    Args:
        folder: the model folder.
        kind: a name of ``KINDS``; ``auto`` is the one that the folder names, which is ONNX
            Runtime in fp32 unless somebody chose otherwise.
        threads: of the engine; by default as many as there are cores for this process.
        labels: how many the model has.
        pad: the number of the padding token.

    Raises:
        ModelFolderError: there is no such engine, or not in this folder or on this machine.
        MissingExtra: its library is not installed.
    """
    name = choice.read(folder).engine if kind == AUTO else kind
    if name not in KINDS:
        raise ModelFolderError(
            f"{folder}: there is no engine {name!r}", f"choose one of: {', '.join(KINDS)}"
        )
    found = KINDS[name]
    if (reason := found.missing(folder)) and "pip install" not in reason:
        raise ModelFolderError(
            f"{folder}: the engine {name} cannot run: {reason}",
            f"aprendiz bench {folder} shows which can",
        )
    with runtimes.needing(found.extra):
        forward = found.forward(folder, labels, cpu.threads(threads))
    return BatchedEngine(name, forward, pad=pad, lanes=cpu.threads(threads) if found.lanes else 1)


def load_engine_classifier(
    folder: Path, labels: tuple[str, ...], kind: str = AUTO, threads: int | None = None
) -> EngineClassifier:
    """A classifier on a model folder's engine.

    Raises:
        ModelFolderError: see :func:`open_engine`, the head is for other labels, or the detector
            is damaged.
        MissingExtra: the engine's library is not installed.
    """
    settings = TextSettings.read(folder)
    texts = settings.text_encoder(folder)
    engine = open_engine(folder, kind, threads, labels=len(labels), pad=settings.pad)
    found = engine.run(texts.encode([""])).logits.shape[1]
    if found != len(labels):
        raise ModelFolderError(f"{folder}: made for {found} labels, the manifest has {len(labels)}")
    return EngineClassifier(engine, texts, labels, settings, scope.load(folder))
