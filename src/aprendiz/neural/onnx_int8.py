"""``model.int8.onnx``: the same graph with its large products in bytes, at fixed scales.

Dynamic int8 scales each product by the largest number of the *batch*, so that a text's answer
depends on its neighbours. Here every scale is fixed beforehand: numbers are divided channel by
channel by the largest that training rows have shown (SmoothQuant, Xiao et al. 2023, whose
exponent decides how much of that the weights take over), then rounded with one scale for all;
weights have a scale for each output. What is written is the standard's own form, products
between ``QuantizeLinear`` and ``DequantizeLinear``, which runtimes replace by their own kernels.

Embeddings, attention, normalisation and the head stay in fp32.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from aprendiz.neural.batches import BATCH_TOKENS, cut, pad_rows
from aprendiz.neural.onnx_runtime import load_onnxruntime

NAME = "model.int8.onnx"

_SMOOTHING = 0.9  # share of a channel's range that the weights take over
_TINY = 1e-9


def write(graph: Path, rows: Sequence[Sequence[int]], pad: int) -> Path:
    """Write the int8 copy of a graph beside it.

    Args:
        graph: a ``model.onnx``.
        rows: token numbers of training rows, from which ranges are taken.
        pad: the number of the padding token.
    """
    model = onnx.load(graph)
    weights = {each.name: each for each in model.graph.initializer}
    products = [
        node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights
    ]
    ranges = _ranges(graph, sorted({node.input[0] for node in products}), rows, pad)
    quantised: dict[str, list[NodeProto]] = {}
    for name, (low, high) in ranges.items():
        readers = [node for node in products if node.input[0] == name]
        arrays = [numpy_helper.to_array(weights[node.input[1]]) for node in readers]
        made, constants = _quantise(name, low, high, readers, arrays)
        model.graph.initializer.extend(constants)
        quantised[readers[0].name] = made
        for node in readers[1:]:
            quantised[node.name] = []
    nodes = [made for node in model.graph.node for made in quantised.get(node.name, [node])]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    replaced = {node.input[1] for node in products}
    kept = [each for each in model.graph.initializer if each.name not in replaced]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    path = graph.with_name(NAME)
    onnx.save(model, path)
    return path


def _ranges(
    graph: Path, names: Sequence[str], rows: Sequence[Sequence[int]], pad: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Least and largest value of each channel of some values inside a graph, padding left out."""
    model = onnx.load(graph)
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    session = load_onnxruntime().InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for places in cut([len(row) for row in rows], BATCH_TOKENS):
        numbers, mask = pad_rows([rows[place] for place in places], pad)
        values = session.run(list(names), {"input_ids": numbers, "attention_mask": mask})
        for name, value in zip(names, values, strict=True):
            width = value.shape[-1]
            of_tokens = value.shape[:-1] == mask.shape
            real = value[mask.astype(bool)] if of_tokens else value.reshape(-1, width)
            low, high = real.min(axis=0), real.max(axis=0)
            if name in found:
                low, high = np.minimum(low, found[name][0]), np.maximum(high, found[name][1])
            found[name] = low, high
    return found


def _quantise(
    name: str,
    low: np.ndarray,
    high: np.ndarray,
    readers: Sequence[NodeProto],
    weights: Sequence[np.ndarray],
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes and constants that take the place of all products of one value.

    Args:
        name: the value, shape (rows, tokens, K).
        low: its least number in each channel, shape (K,).
        high: its largest.
        readers: the products of it.
        weights: their weights, each (K, N).
    """
    largest = np.maximum(np.abs(low), np.abs(high)).astype(np.float64) + _TINY
    heaviest = np.max([np.abs(weight).max(axis=1) for weight in weights], axis=0) + _TINY
    smooth = largest**_SMOOTHING / heaviest ** (1 - _SMOOTHING)
    bottom, top = min(0.0, (low / smooth).min()), max(0.0, (high / smooth).max())
    step = np.float32((top - bottom) / 255)
    zero = np.uint8(np.clip(round(-bottom / float(step)), 0, 255))
    key = f"{name}/int8"
    constants = {
        f"{key}/smooth": (1 / smooth).astype(np.float32),
        f"{key}/step": step,
        f"{key}/zero": zero,
    }
    scale = [f"{key}/step", f"{key}/zero"]
    nodes = [
        helper.make_node("Mul", [name, f"{key}/smooth"], [f"{key}/even"]),
        helper.make_node("QuantizeLinear", [f"{key}/even", *scale], [f"{key}/bytes"]),
        helper.make_node("DequantizeLinear", [f"{key}/bytes", *scale], [f"{key}/back"]),
    ]
    for node, weight in zip(readers, weights, strict=True):
        own = f"{node.name}/int8"
        uneven = weight.astype(np.float64) * smooth[:, None]
        steps = np.abs(uneven).max(axis=0) / 127 + _TINY
        constants |= {
            f"{own}/weight": np.clip(np.round(uneven / steps), -127, 127).astype(np.int8),
            f"{own}/steps": steps.astype(np.float32),
            f"{own}/zeros": np.zeros(len(steps), dtype=np.int8),
        }
        nodes += [
            helper.make_node(
                "DequantizeLinear",
                [f"{own}/weight", f"{own}/steps", f"{own}/zeros"],
                [f"{own}/weight/back"],
                axis=1,
            ),
            helper.make_node(
                "MatMul", [f"{key}/back", f"{own}/weight/back"], [node.output[0]], name=own
            ),
        ]
    return nodes, [
        numpy_helper.from_array(np.asarray(array), place) for place, array in constants.items()
    ]
