"""Chat lines for the tests: good ones, and files made of them."""

from __future__ import annotations

import json
from pathlib import Path


def said(role: str, content: object, **more: object) -> dict[str, object]:
    return {"role": role, "content": content, **more}


def row(number: int, *middle: object, **more: object) -> dict[str, object]:
    """A good conversation that is unlike the others, or one with ``middle`` as its messages."""
    messages = list(middle) or [said("user", f"question {number}"), said("assistant", "answer")]
    return {"messages": messages, **more}


def text(*lines: object) -> str:
    """Lines of a file; what is text already is taken as it is."""
    return "".join(
        (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n"
        for line in lines
    )


def planted(path: Path, fault: object, at: int = 5, of: int = 12) -> Path:
    """A file of good lines, with ``fault`` (text, bytes or an object) on line ``at``."""
    lines = [text(row(number)).encode() for number in range(1, of + 1)]
    if not isinstance(fault, bytes):
        fault = text(fault).encode("utf-8", "surrogatepass")
    lines[at - 1] = fault
    path.write_bytes(b"".join(lines))
    return path
