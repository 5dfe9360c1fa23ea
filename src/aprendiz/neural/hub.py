"""Files of a model on the Hugging Face hub: its cache first, then the hub itself.

Knows nothing of what the files mean: ``base_models.py`` (encoders) and ``causal/base.py``
(language models) say which ones they want. Without a network it says so in under a second.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aprendiz.errors import ProviderError
from aprendiz.settings import Settings

#: ``owner/name``, as the hub spells it.
HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files of a model are wanted.

    Attributes:
        weights: from all file names of the model, those (or patterns of those) that hold
            the weights; raises what it has to say when there are none.
        beside: patterns of the small files that go with them.
        complete: whether a folder already holds everything.
        instead: what to do without a network, for the hint.
    """

    weights: Callable[[Sequence[str]], Sequence[str]]
    beside: tuple[str, ...]
    complete: Callable[[Path], bool]
    instead: str


def snapshot(full: str, revision: str, wanted: Wanted, settings: Settings) -> Path:
    """The folder with a model's files, fetched if the cache does not have them.

    Args:
        full: ``owner/name``.
        revision: commit, tag or branch; empty for the newest.
        wanted: which files.
        settings: this machine's.

    Raises:
        BaseModelError: the model has none of the wanted weights (raised by ``wanted``).
        ProviderError: not in the cache and the hub cannot be reached, or it said no.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        cached = Path(snapshot_download(full, revision=revision or None, local_files_only=True))
        if wanted.complete(cached):
            return cached
    except LocalEntryNotFoundError:
        pass
    refuse_when_offline(full, wanted.instead, settings)
    token = settings.hf_token.get_secret_value() or None
    try:
        listed = HfApi(endpoint=settings.hf_endpoint, token=token).list_repo_files(
            full, revision=revision or None
        )
        return Path(
            snapshot_download(
                full,
                revision=revision or None,
                allow_patterns=[*wanted.weights(listed), *wanted.beside],
                endpoint=settings.hf_endpoint,
                token=token,
            )
        )
    except GatedRepoError:
        raise ProviderError(
            f"{full} is gated: the hub gives it only to those who accepted its licence",
            f"accept the licence on {settings.hf_endpoint}/{full}, then log in: "
            "`hf auth login`, or set HF_TOKEN",
        ) from None
    except RepositoryNotFoundError:
        raise ProviderError(
            f"the hub has no {full}, or shows it only to those who may see it",
            "check the name; for a private model log in: `hf auth login`, or set HF_TOKEN",
        ) from None
    except (HfHubHTTPError, OSError) as error:
        raise ProviderError(
            f"the hub did not give {full}: {str(error).splitlines()[0]}",
            "check the name and the revision; for a gated model set HF_TOKEN",
        ) from None


def pinned_name(full: str, folder: Path) -> str:
    """``owner/name@commit``: the hub's cache names a snapshot's folder by its commit."""
    return f"{full}@{folder.name}"


def refuse_when_offline(full: str, instead: str, settings: Settings) -> None:
    """Return if the hub can be asked.

    Raises:
        ProviderError: it cannot; ``instead`` is the hint.
    """
    if settings.hf_hub_offline:
        raise ProviderError(f"{full} is not in the hub's cache and HF_HUB_OFFLINE is set", instead)
    host = urlsplit(settings.hf_endpoint)
    try:
        with socket.create_connection((host.hostname or "", host.port or 443), timeout=0.9):
            pass
    except OSError:
        raise ProviderError(
            f"{full} is not on this disk and the hub ({host.hostname}) cannot be reached", instead
        ) from None
