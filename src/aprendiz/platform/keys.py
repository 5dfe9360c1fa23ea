"""Keys: who may use the service. Nobody, unless a key says so.

A key is shown once, when it is made. What is kept is its SHA-256: a key has 256 random bits,
so a slow hash, made for guessable passwords, would only slow the service down.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from aprendiz.platform.ids import new_id, now
from aprendiz.platform.records import KeyRecord
from aprendiz.platform.store.store import Store

PREFIX = "sk-aprendiz-"


class KeyRing:
    """The keys that open the service.

    Args:
        store: where made keys are kept; keys made elsewhere (a command) count at once.
        also: one more key, from the settings; empty for none.
    """

    def __init__(self, store: Store, also: str = "") -> None:
        self._store = store
        self._also = _digest(also) if also else ""

    def make(self, name: str) -> tuple[KeyRecord, str]:
        """A new key, and its record; this is the only time the key can be read."""
        key = PREFIX + secrets.token_urlsafe(32)
        record = KeyRecord(new_id("key-", 8), name, _digest(key), now())
        self._store.add_key(record)
        return record, key

    def allows(self, key: str) -> bool:
        """Whether this key opens the service.

        Every digest is compared, each in constant time, so that the time taken says
        nothing about how near a guess came.
        """
        asked = _digest(key)
        found = False
        for digest in self._digests():
            found |= hmac.compare_digest(asked, digest)
        return found

    def any(self) -> bool:
        """Whether there is a key at all."""
        return bool(self._digests())

    def _digests(self) -> tuple[str, ...]:
        made = tuple(record.digest for record in self._store.key_records())
        return (*made, self._also) if self._also else made


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
