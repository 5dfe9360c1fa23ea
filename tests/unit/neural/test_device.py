"""bf16 where the hardware has it, fp32 elsewhere, and the reason said."""

from __future__ import annotations

import pytest
import torch

from aprendiz.errors import RecipeError
from aprendiz.neural import device


@pytest.mark.parametrize(
    ("flags", "precision", "reason"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, "bf16", "AMX"),
        ({"avx512_bf16": True}, "bf16", "avx512_bf16"),
        ({"bf16": True}, "bf16", "computes bf16"),
        ({"avx2": True}, "fp32", "no native bf16"),
    ],
)
def test_the_cpu_decides(flags, precision, reason, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    plan = device.plan("auto")
    assert (plan.device, plan.precision) == ("cpu", precision)
    assert reason in plan.reason


def test_the_recipe_is_obeyed(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert device.plan("fp32").precision == "fp32"
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert device.plan("bf16").bf16


def test_an_old_gpu_cannot_be_told_to_do_bf16(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "an old one")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda _: False)
    assert device.plan("auto").precision == "fp32"
    with pytest.raises(RecipeError, match="no bf16"):
        device.plan("bf16")
