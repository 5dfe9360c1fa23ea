"""Whether a file is an ONNX graph that we are willing to load: whole in itself, known operators.

A graph may name other files to read weights from, anywhere on the disk, and runtimes have
followed such names through links and out of the folder (CVE-2026-27489, CVE-2026-34446). So
this walks the file's protobuf fields, before a runtime sees it, and refuses what it does not
expect. It needs no library. The field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aprendiz.errors import ModelFolderError

DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
MOST_BYTES = 2**31  # what protobuf can hold

_GRAPH, _OPSETS, _FUNCTIONS = 7, 8, 25  # of ModelProto
_NODES, _WEIGHTS, _SPARSE = 1, 5, 15  # of GraphProto
_NODE_ATTRIBUTES = 5  # of NodeProto
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of TensorProto
_DEEPEST = 8

Field = tuple[int, int | memoryview]


class _Damaged(Exception):
    """Not the fields of a protobuf message."""


def read_graph(path: Path) -> bytes:
    """The bytes of a graph that may be handed to a runtime.

    Raises:
        ModelFolderError: no such file, a link, damaged, with weights in another file, or with
            operators that are not ONNX's own or ONNX Runtime's.
    """
    if path.is_symlink() or not path.is_file():
        raise ModelFolderError(f"{path}: is not there", "aprendiz export MODEL --to onnx")
    if path.stat().st_size >= MOST_BYTES:
        raise ModelFolderError(f"{path}: too large for an ONNX graph")
    content = path.read_bytes()
    try:
        fault = _fault(content)
    except _Damaged:
        fault = "damaged, or no ONNX graph"
    if fault:
        raise ModelFolderError(f"{path}: {fault}", "export the model again")
    return content


def _fault(content: bytes) -> str:
    graphs = 0
    for number, value in _fields(memoryview(content)):
        if number == _GRAPH:
            graphs += 1
            if fault := _graph_fault(_message(value), 0):
                return fault
        elif number == _FUNCTIONS:
            return "brings functions of its own"
        elif number == _OPSETS:
            domain = next((v for n, v in _fields(_message(value)) if n == 1), memoryview(b""))
            name = bytes(_message(domain)).decode("utf-8", "replace")
            if name not in DOMAINS:
                return f"needs operators of {name!r}"
    return "" if graphs == 1 else "holds no graph" if not graphs else "holds several graphs"


def _graph_fault(graph: memoryview, depth: int) -> str:
    if depth > _DEEPEST:
        return "graphs inside graphs inside graphs"
    for number, value in _fields(graph):
        fault = ""
        if number == _WEIGHTS:
            fault = _tensor_fault(_message(value))
        elif number == _SPARSE:
            fault = "has sparse weights"
        elif number == _NODES:
            for inner, attribute in _fields(_message(value)):
                if inner == _NODE_ATTRIBUTES:
                    fault = fault or _attribute_fault(_message(attribute), depth)
        if fault:
            return fault
    return ""


def _attribute_fault(attribute: memoryview, depth: int) -> str:
    for number, value in _fields(attribute):
        fault = ""
        if number in {_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS}:
            fault = _tensor_fault(_message(value))
        elif number in {_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS}:
            fault = _graph_fault(_message(value), depth + 1)
        if fault:
            return fault
    return ""


def _tensor_fault(tensor: memoryview) -> str:
    for number, value in _fields(tensor):
        if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0):
            return "keeps weights in another file"
    return ""


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise _Damaged
    return value


def _fields(message: memoryview) -> Iterator[Field]:
    """Number and value of each field: an integer, or the bytes of what is longer."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _varint(message, place)
        elif wire in {1, 5}:
            size = 8 if wire == 1 else 4
        else:
            raise _Damaged
        if number == 0 or place + size > len(message):
            raise _Damaged
        yield number, message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise _Damaged
