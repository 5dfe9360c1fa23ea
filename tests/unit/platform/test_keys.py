"""Keys: what opens the service, and that nothing kept gives a key away."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz.platform.keys import KeyRing
from aprendiz.platform.records import Refusal
from aprendiz.platform.service import Platform
from aprendiz.settings import Settings


def test_without_keys_nothing_opens(still: Platform) -> None:
    assert not still.keys.any()
    assert not still.keys.allows("")
    assert not still.keys.allows("sk-aprendiz-x")


def test_a_made_key_opens_and_another_does_not(still: Platform) -> None:
    record, key = still.keys.make("laptop")
    other, second = still.keys.make("laptop")
    assert key.startswith("sk-aprendiz-") and len(key) >= 12 + 43
    assert key != second and record.id != other.id
    assert still.keys.any()
    assert still.keys.allows(key) and still.keys.allows(second)
    for wrong in (key[:-1], key + "x", key.upper(), "", record.digest, record.id, "\ud800"):
        assert not still.keys.allows(wrong)


def test_a_key_made_beside_a_running_service_opens_it_at_once(
    still: Platform, tmp_path: Path
) -> None:
    command = Platform(still.home, settings=Settings())
    record, key = command.keys.make("from a command")
    command.stop()
    assert still.keys.allows(key)
    still.store.delete_key(record.id)
    assert not still.keys.allows(key)
    with pytest.raises(Refusal):
        still.store.delete_key(record.id)


def test_a_key_from_the_settings_opens(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "p", settings=Settings(platform_key="from-the-environment"))
    assert platform.keys.any()
    assert platform.keys.allows("from-the-environment")
    assert not platform.keys.allows("something else")
    platform.stop()


def test_nothing_on_disk_holds_the_key(still: Platform) -> None:
    _, key = still.keys.make("laptop")
    still.store.close()  # writes everything into the file
    kept = b"".join(path.read_bytes() for path in still.home.glob("platform.db*"))
    assert b"laptop" in kept
    assert key.encode() not in kept
    assert key.removeprefix("sk-aprendiz-").encode() not in kept


def test_every_key_is_compared_whichever_fits(
    still: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hmac

    keys = [still.keys.make(str(number))[1] for number in range(5)]
    ring = KeyRing(still.store)
    compared: list[int] = []
    genuine = hmac.compare_digest

    def count(one: str, other: str) -> bool:
        compared.append(1)
        return genuine(one, other)

    monkeypatch.setattr(hmac, "compare_digest", count)
    for key in (keys[0], keys[4], "wrong"):
        compared.clear()
        ring.allows(key)
        assert len(compared) == 5
