"""A window-less Chromium that tests tell what to do; for tests of pages, no test itself."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One tab of a Chromium without a past, driven through a pipe (DevTools protocol)."""

    def __init__(self, profile: Path) -> None:
        ours_in, its_out = os.pipe()
        its_in, ours_out = os.pipe()
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", "--window-size=1400,1300", "--remote-debugging-pipe",
        ]  # fmt: skip
        # Chromium reads from descriptor 3 and writes to descriptor 4 (dash cannot say `3<&12`).
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{its_in} 4>&{its_out}', str(CHROMIUM), *flags],
            pass_fds=(its_in, its_out), process_group=0,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(its_in)
        os.close(its_out)
        self._out = os.fdopen(ours_out, "wb", buffering=0)
        self._in = os.fdopen(ours_in, "rb")
        self._number = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """A DevTools command and its result; events that come in between are dropped."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self) -> bytes:
        received = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser has gone"
            received += byte
        return bytes(received)

    def open(self, address: str) -> None:
        """Load a page anew."""
        self.call("Page.navigate", url="about:blank")  # else only the part after # changes
        self.call("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """What a script evaluates to, if it is a plain value."""
        return self.call("Runtime.evaluate", expression=script)["result"].get("value")

    def wait_for(self, script: str, seconds: float = 60) -> Any:
        """The script's value once it is truthy, or its last one."""
        deadline = time.monotonic() + seconds
        while not (found := self.value(script)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """What is in view, or the whole page, as PNG."""
        told = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def close(self) -> None:
        """End the browser and all its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._in.close()
        self._out.close()
