"""The one place that imports ONNX Runtime: told beforehand not to report to its maker.

Its official builds do unless they are told otherwise before they start: they write a number for
this device into the user's cache folder and send events over the network (``Privacy.md`` in the
package). Sessions are opened by those who need one.
"""

from __future__ import annotations

from types import ModuleType

from aprendiz.settings import set_library_default


def load_onnxruntime() -> ModuleType:
    """The library."""
    set_library_default("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # noqa: TID251  # the ban's one exception

    return onnxruntime
