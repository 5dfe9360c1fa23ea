"""Runs a command for as long as whoever started this holds its standard input open.

A program that is killed cannot stop the service it has started, but the kernel closes its
pipes: then the command is asked to end. Started as a file of its own
(``python leash.py COMMAND…``); imports nothing of aprendiz, so that it costs little.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Sequence

_SECONDS_TO_END = 60.0


def run(command: Sequence[str]) -> int:
    """Run the command; end it when standard input closes; its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    return child.wait()


def _end_with_input(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        while sys.stdin.buffer.read(1):
            pass
    child.terminate()
    try:
        child.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
