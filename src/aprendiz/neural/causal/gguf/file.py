"""A GGUF file as it lies on disk: its fields and the shapes of its tensors, nothing computed.

What the fields mean to a network is for ``read.py``. A file that is something else, or was
cut off, is refused here with words.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from gguf import GGUFReader

from aprendiz.errors import BaseModelError

_MAGIC = b"GGUF"
_FETCH_AGAIN = "copy or download it again"


class GgufFile:
    """The header of a GGUF file.

    Attributes:
        path: where it lies.
        architecture: ``llama``, ``qwen2`` … as llama.cpp names them.
        shapes: of every tensor, by its name in the file, the way torch counts (rows first).

    Raises:
        BaseModelError: there is no such file, it is no GGUF, or it is cut off or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _refuse_other_formats(path)
        try:
            self._reader = GGUFReader(path)
            self.shapes = {
                tensor.name: tuple(int(size) for size in reversed(tensor.shape))
                for tensor in self._reader.tensors
            }
            self.architecture = str(self.value("general.architecture", ""))
        # What the reader raises depends on where the bytes end.
        except (ValueError, IndexError, KeyError, OSError, OverflowError, struct.error):
            raise BaseModelError(
                f"{path}: a GGUF file that is cut off or damaged "
                f"(it has {path.stat().st_size:,} bytes)",
                _FETCH_AGAIN,
            ) from None
        if not self.architecture or not self.shapes:
            raise BaseModelError(
                f"{path}: a GGUF file without a network in it (no architecture or no tensors)",
                "give the file that holds the model's weights",
            )

    def value(self, key: str, default: Any = None) -> Any:
        """A field's value; lists for arrays."""
        field = self._reader.fields.get(key)
        return default if field is None else field.contents()

    def of_architecture(self, key: str, default: Any = None) -> Any:
        """A field whose name begins with the architecture's."""
        return self.value(f"{self.architecture}.{key}", default)

    def tensor(self, name: str) -> Any:
        """A tensor that is stored as plain numbers, as an array.

        Raises:
            KeyError: there is no such tensor.
        """
        return next(each.data for each in self._reader.tensors if each.name == name)


def _refuse_other_formats(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(_MAGIC))
    except OSError as error:
        raise BaseModelError(f"{path}: cannot be read ({error.strerror})") from None
    if begin != _MAGIC:
        raise BaseModelError(
            f"{path}: not a GGUF file (a GGUF begins with the letters GGUF, this with {begin!r})",
            f"a download that failed often leaves a web page or a Git LFS pointer; {_FETCH_AGAIN}",
        )
