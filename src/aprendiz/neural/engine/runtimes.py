"""Forward passes in ONNX Runtime, OpenVINO and torch. Each import stands in its function.

Nothing here batches or pads; see ``engine.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from aprendiz.errors import MissingExtra, ModelFolderError
from aprendiz.neural.batches import few_shapes
from aprendiz.neural.engine.engine import Forward
from aprendiz.neural.onnx_runtime import load_onnxruntime
from aprendiz.settings import set_library_default

INPUTS = ("input_ids", "attention_mask")
OUTPUTS = ("logits", "embedding")


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Turn a library that is not installed into the extra that would bring it."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        if missing.split(".")[0] == "aprendiz":
            raise
        raise MissingExtra(extra, missing) from None


def onnxruntime_forward(graph: bytes, place: Path) -> Forward:
    """A graph in ONNX Runtime, computed by the thread that asks and no other.

    Several threads at one batch meet after every product, and wait there; several batches at a
    time, a thread each, never do. See ``BatchedEngine``'s lanes.

    Raises:
        ModelFolderError: the runtime cannot use the graph.
    """
    ort = load_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    # Patterns of memory are kept for each shape, and shapes here hardly ever repeat.
    options.enable_mem_pattern = False
    try:
        session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        _expect({each.name for each in session.get_inputs()}, set(INPUTS), place)
        _expect({each.name for each in session.get_outputs()}, set(OUTPUTS), place)
    except (RuntimeError, ValueError) as error:  # what the runtime's own errors derive from
        raise _unusable(place, "ONNX Runtime", error) from None

    def forward(numbers: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, embeddings = session.run(OUTPUTS, dict(zip(INPUTS, (numbers, mask), strict=True)))
        return logits, embeddings

    return forward


def openvino_forward(
    graph: bytes, threads: int, place: Path, precision: str, longest: int
) -> Forward:
    """A graph in OpenVINO on the CPU, all threads at one batch.

    It compiles for every shape it meets and keeps the outcome: a shape that is new takes three
    times as long and some megabytes. So batches are padded to one of few shapes.

    Args:
        precision: ``f32`` or ``bf16``, of what is computed in floating point.
        longest: most tokens that the model can read.

    Raises:
        ModelFolderError: the runtime cannot use the graph.
        MissingExtra: OpenVINO is not installed.
    """
    set_library_default("OPENVINO_TELEMETRY_DISABLE", "1")
    with needing("openvino"):
        import openvino
    core = openvino.Core()
    try:
        compiled = core.compile_model(
            core.read_model(graph, b""),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": precision,
                # Its fused attention adds up in an order that depends on the padding, and in
                # int8 the last bit of a sum may be a whole step of the scale.
                "SNIPPETS_MODE": "DISABLE",
            },
        )
        outputs = [compiled.output(name) for name in OUTPUTS]
    except RuntimeError as error:
        raise _unusable(place, "OpenVINO", error) from None

    def forward(numbers: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, width = numbers.shape
        goal = few_shapes(rows, width, longest)
        more = ((0, goal[0] - rows), (0, goal[1] - width))
        wider = (np.pad(numbers, more), np.pad(mask, more))
        # A request holds the state of one inference: each call has its own.
        results: Any = compiled.create_infer_request().infer(
            dict(zip(INPUTS, wider, strict=True)), share_outputs=False
        )
        return results[outputs[0]][:rows], results[outputs[1]][:rows]

    return forward


def torch_forward(folder: Path, labels: int, threads: int) -> Forward:
    """The weights of a model folder in torch, on the CPU, in fp32.

    Raises:
        MissingExtra: torch or transformers is not installed.
    """
    with needing("train"):
        import torch

        from aprendiz.neural import encoder, onnx_file
    encoder.quiet_transformers()
    torch.set_num_threads(threads)
    return onnx_file.ServedNetwork(encoder.load_network(folder, labels)).forward_arrays


def _expect(found: set[str], wanted: set[str], place: Path) -> None:
    if found != wanted:
        raise ModelFolderError(
            f"{place}: has {', '.join(sorted(found))} where {', '.join(sorted(wanted))} should be",
            "export the model again",
        )


def _unusable(place: Path, runtime: str, error: Exception) -> ModelFolderError:
    first = (str(error).strip().splitlines() or ["no reason given"])[0]
    return ModelFolderError(f"{place}: {runtime} cannot use it ({first})", "export the model again")
