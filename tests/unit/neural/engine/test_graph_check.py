"""Graphs that are refused before a runtime sees them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aprendiz.errors import ModelFolderError
from aprendiz.neural.engine.graph_check import read_graph


def field(number: int, value: bytes | int) -> bytes:
    """A protobuf field: a message or bytes, or a small integer."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    size, head = len(value), number << 3 | 2
    prefix = bytes([head & 0x7F | 0x80, head >> 7]) if head > 127 else bytes([head])
    return prefix + bytes([size & 0x7F | 0x80, size >> 7]) + value


WEIGHT = field(1, 2) + field(8, b"weight") + field(9, b"\x00" * 8)
NODE = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
GRAPH = field(1, NODE) + field(5, WEIGHT)
OPSET = field(8, field(2, 17))
GOOD = field(1, 8) + field(7, GRAPH) + OPSET


def check(tmp_path: Path, content: bytes) -> bytes:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return read_graph(path)


def test_a_plain_graph_is_given_back_whole(tmp_path):
    assert check(tmp_path, GOOD) == GOOD


def test_onnx_runtimes_own_operators_are_welcome(tmp_path):
    assert check(tmp_path, GOOD + field(8, field(1, b"com.microsoft") + field(2, 1)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (field(7, field(5, WEIGHT + field(14, 1))), "another file"),
        (field(7, field(5, WEIGHT + field(13, field(1, b"location")))), "another file"),
        (field(7, field(1, NODE + field(5, field(5, WEIGHT + field(14, 1))))), "another file"),
        (
            field(7, field(1, NODE + field(5, field(6, field(5, WEIGHT + field(14, 1)))))),
            "another file",
        ),
        (field(7, GRAPH) + field(8, field(1, b"evil.ops")), "evil.ops"),
        (field(7, GRAPH) + field(25, b""), "functions"),
        (field(7, field(15, WEIGHT)), "sparse"),
        (OPSET, "no graph"),
        (GOOD + field(7, GRAPH), "several"),
        (GOOD[:-1], "damaged"),
        (b"\x80\x04pickle", "damaged"),
        (b"", "no graph"),
    ],
)
def test_what_is_not_expected_is_refused(tmp_path, content, why):
    with pytest.raises(ModelFolderError, match=why):
        check(tmp_path, content)


def test_graphs_nested_without_end_are_refused(tmp_path):
    inner = GRAPH
    for _ in range(40):
        inner = field(1, field(5, field(6, inner)))
    with pytest.raises(ModelFolderError, match="inside"):
        check(tmp_path, field(7, inner))


def test_links_are_refused(tmp_path):
    (tmp_path / "real").write_bytes(GOOD)
    (tmp_path / "model.onnx").symlink_to(tmp_path / "real")
    with pytest.raises(ModelFolderError, match="not there"):
        read_graph(tmp_path / "model.onnx")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
def test_damage_gives_the_graph_or_a_refusal(tmp_path, changes):
    content = bytearray(GOOD)
    for place, byte in changes:
        content[place] = byte
    with contextlib.suppress(ModelFolderError):
        assert check(tmp_path, bytes(content)) == content
