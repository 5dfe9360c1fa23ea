"""Which device and which arithmetic, and why: said once, before a training begins."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from aprendiz.errors import RecipeError
from aprendiz.settings import get_settings


@dataclass(frozen=True, slots=True)
class Plan:
    """The chosen hardware.

    Attributes:
        device: ``cpu`` or ``cuda``.
        name: what the device calls itself.
        precision: ``fp32`` or ``bf16`` (autocast; weights stay in fp32).
        reason: why this precision, in words for people.
    """

    device: str
    name: str
    precision: str
    reason: str

    @property
    def bf16(self) -> bool:
        """Whether to train under bf16 autocast."""
        return self.precision == "bf16"


def plan(precision: str = "auto") -> Plan:
    """Choose the device, and bf16 autocast where the hardware computes it natively.

    Args:
        precision: ``auto``, ``bf16`` or ``fp32``, as the recipe says.

    Raises:
        RecipeError: ``bf16`` asked for on a GPU that cannot do it.
    """
    threads = get_settings().threads
    if threads:
        torch.set_num_threads(threads)
    if torch.cuda.is_available():
        device, name = "cuda", torch.cuda.get_device_name(0)
        native = "the GPU computes bf16" if torch.cuda.is_bf16_supported(False) else ""
    else:
        device, name = "cpu", f"CPU, {torch.get_num_threads()} threads"
        native = cpu_bf16()
    if precision == "fp32":
        return Plan(device, name, "fp32", "the recipe asks for fp32")
    if precision == "bf16":
        if device == "cuda" and not native:
            raise RecipeError("precision = 'bf16': this GPU has no bf16", "set precision to auto")
        return Plan(device, name, "bf16", "the recipe asks for bf16")
    if native:
        return Plan(device, name, "bf16", native)
    lacking = "the GPU" if device == "cuda" else "the CPU"
    return Plan(device, name, "fp32", f"{lacking} has no native bf16")


def cpu_bf16() -> str:
    """The CPU feature that makes bf16 worth while, in words; empty when there is none.

    Without such a feature bf16 on a CPU is emulated and many times slower than fp32.
    """
    offered = torch.cpu.get_capabilities()
    for flag, words in (
        ("amx_bf16", "the CPU has AMX bf16"),
        ("avx512_bf16", "the CPU has avx512_bf16"),
        ("bf16", "the CPU computes bf16"),
    ):
        if offered.get(flag):
            return words
    return ""
