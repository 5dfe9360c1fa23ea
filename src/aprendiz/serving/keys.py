"""Keys: who may use a server. A file with a line for each key, which holds its hash and a name.

A key is shown once, when it is made. It has 256 random bits, so its SHA-256 tells a right key
from a wrong one and helps nobody to find it; a slow hash would only slow the server down.
The platform keeps its keys the same way in its database (``platform/keys.py``).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from aprendiz.errors import SettingsError
from aprendiz.settings import Settings

PREFIX = "sk-aprendiz-"
FROM_SETTINGS = "settings"

_LINE = re.compile(r"([0-9a-f]{64})\s+(\S.{0,127})")


class Keys:
    """The keys that open a server.

    Args:
        digests: name of each key's owner to the SHA-256 of the key, in hexadecimal. An owner
            may have several (to change a key without a gap): ``name`` and ``name 2``.
    """

    def __init__(self, digests: Iterable[tuple[str, str]] = ()) -> None:
        self._digests = tuple(digests)

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """The keys of this machine: those of the file and the one in ``APRENDIZ_SERVE_KEY``.

        Raises:
            SettingsError: the file cannot be read.
        """
        found = [(name, digest) for digest, name in _read(settings.serve_keys_file)]
        if one := settings.serve_key.get_secret_value():
            found.append((FROM_SETTINGS, digest_of(one)))
        return cls(found)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def owner(self, key: str) -> str | None:
        """Whose key it is; ``None`` when it is nobody's.

        Every digest is compared, each in constant time, so that the time taken says nothing
        about how near a guess came, nor which key it was.
        """
        asked = digest_of(key)
        found: str | None = None
        for name, digest in self._digests:
            if hmac.compare_digest(asked, digest):
                found = name
        return found


def new_key(file: Path, name: str) -> str:
    """Make a key, keep its hash in the file, and give it back: the only time it can be read.

    Raises:
        SettingsError: the name cannot stand in the file, or the file cannot be written.
    """
    if not re.fullmatch(r"\S.{0,127}", name) or not name.isprintable():
        raise SettingsError(f"{name!r}: not a name for a key", "one line of up to 128 characters")
    _read(file)
    key = PREFIX + secrets.token_urlsafe(32)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as out:
            # Whoever took a line out by hand may have left the last one without its end.
            end = "\n" if file.read_text(encoding="utf-8")[-1:] not in ("", "\n") else ""
            out.write(f"{end}{digest_of(key)} {name}\n")
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written ({error.strerror})") from None
    return key


def digest_of(key: str) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _read(file: Path) -> list[tuple[str, str]]:
    """Digest and name of each line; comments begin with ``#``."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: the keys cannot be read ({error})") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SettingsError(
                f"{file}:{number}: not a line of SHA-256 and name",
                "aprendiz serve --new-key NAME writes one",
            )
        found.append((match[1], match[2]))
    return found
