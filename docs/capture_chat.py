"""Records the session of ``how-to/chat.md``: a real chat, typed into tmux, put between its marks.

    python docs/capture_chat.py projects/maths/output/model

Needs tmux and the model. Run it again when the model or the screen has changed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGE = Path(__file__).parent / "how-to" / "chat.md"
SOCKET = "aprendiz-capture"
TYPED = (
    "Calcula el 15 % de 600.",
    "Solve 7x + 12 = 68.",
    "/save tutor.json",
    "/new",
    "/load tutor.json",
    "/quit",
)


def tmux(*arguments: str) -> str:
    """Run a tmux command on our own server."""
    command = ["tmux", "-u", "-L", SOCKET, "-f", "/dev/null", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wait(ready: str) -> None:
    """Wait until the last line of the screen is as wanted."""
    for _ in range(2_400):
        if re.search(ready, tmux("capture-pane", "-p").rstrip()):
            return
        time.sleep(0.1)
    raise SystemExit(tmux("capture-pane", "-p"))


def record(model: Path) -> str:
    """The whole session as it stood on the screen."""
    line = f"{sys.executable} -m aprendiz chat {model}; echo left; sleep 60"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / model.name).symlink_to(model.resolve())
        line = line.replace(str(model), model.name)
        size = ("-x", "80", "-y", "50")
        home = f"{folder}/home"
        tmux("new-session", "-d", "-c", folder, "-e", f"APRENDIZ_HOME={home}", *size, line)
        try:
            for text in TYPED:
                wait(r"\n›$")
                tmux("send-keys", "-l", "--", text)
                tmux("send-keys", "Enter")
            wait(r"\nleft$")
            seen = tmux("capture-pane", "-p", "-J", "-S", "-200").rpartition("left")[0]
            lines = [each.rstrip() for each in seen.replace(home, "~/.aprendiz").splitlines()]
            return "\n".join(lines).strip()
        finally:
            tmux("kill-server")


def main() -> None:
    """Put what was recorded into the page."""
    session = record(Path(sys.argv[1]))
    page = PAGE.read_text(encoding="utf-8")
    block = f"<!-- capture -->\n```text\n{session}\n```\n<!-- end of capture -->"
    page, found = re.subn(
        r"<!-- capture -->.*<!-- end of capture -->", lambda _: block, page, flags=re.DOTALL
    )
    if not found:
        raise SystemExit(f"{PAGE}: has no marks for the capture")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
