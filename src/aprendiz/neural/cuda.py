"""Why CUDA can or cannot be used here, and what to install: the GPU part of ``doctor``.

Looking (:func:`look`) is apart from judging (:func:`explain`), so that machines we do not have
can be judged in a test. Choosing a device for a training is for ``device.py``. Loads nothing
heavy by itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec

_CUDA_TORCH = {
    "linux": "pip install --force-reinstall torch==2.13.0 (its default build has CUDA)",
    "win32": "install a CUDA build of torch: pytorch.org, Get Started, gives the command",
}
_NO_CUDA_BUILD = "there is no CUDA for this operating system; training runs on the CPU"


@dataclass(frozen=True, slots=True)
class CudaFacts:
    """What this machine and this torch say about NVIDIA GPUs.

    Attributes:
        system: ``sys.platform``.
        torch: version of torch; empty when it is not installed.
        built_for: CUDA version that torch is built for; empty for a CPU build.
        gpus: names of the GPUs that the driver shows, whoever may use them.
        driver: version of the driver; empty when none answers.
        driver_cuda: newest CUDA version that the driver can do.
        driver_fault: why the driver does not answer, in its own words.
        usable: names of the GPUs that torch can use.
        capability: compute capability of the first of them, such as ``9.0``.
        oldest: the lowest that this torch has code for; empty when it does not say.
        torch_fault: what torch says when it is asked to start CUDA.
        bitsandbytes: whether the library for 4-bit weights is installed.
    """

    system: str
    torch: str = ""
    built_for: str = ""
    gpus: tuple[str, ...] = ()
    driver: str = ""
    driver_cuda: str = ""
    driver_fault: str = ""
    usable: tuple[str, ...] = ()
    capability: str = ""
    oldest: str = ""
    torch_fault: str = ""
    bitsandbytes: bool = False


@dataclass(frozen=True, slots=True)
class CudaState:
    """Whether CUDA can be used.

    Attributes:
        usable: whether it can.
        message: which GPU, or why none, in one sentence.
        advice: what to do about it; empty when there is nothing to do.
    """

    usable: bool
    message: str
    advice: str = ""


def explain(facts: CudaFacts) -> CudaState:
    """Judge what was found, the nearest cause first."""
    if not facts.torch:
        return CudaState(False, "unknown until torch is installed", "pip install 'aprendiz[train]'")
    if facts.usable:
        return _usable(facts)
    if not facts.built_for:
        return _cpu_build(facts)
    if not facts.driver:
        return _no_driver(facts)
    built, able = _number(facts.built_for), _number(facts.driver_cuda)
    if facts.driver_cuda and able[0] < built[0]:
        return CudaState(
            False,
            f"none usable: the driver ({facts.driver}) is too old; it knows CUDA up to "
            f"{facts.driver_cuda}, and this torch is built for CUDA {facts.built_for}",
            "update the NVIDIA driver, or install a torch that is built for "
            f"CUDA {facts.driver_cuda} or older",
        )
    if not facts.gpus:
        return CudaState(
            False,
            f"none: the NVIDIA driver ({facts.driver}) answers, but shows no GPU",
            "in a container, start it with --gpus all; otherwise see nvidia-smi",
        )
    if facts.torch_fault and "No CUDA GPUs" not in facts.torch_fault:
        return CudaState(
            False,
            f"none usable: {_listed(facts.gpus)} is there, but CUDA does not start "
            f"({facts.torch_fault})",
            "restart the machine if its driver was just updated; see nvidia-smi",
        )
    return CudaState(
        False,
        f"none usable: {_listed(facts.gpus)} is there, but hidden from this process: "
        "CUDA_VISIBLE_DEVICES is empty or names none that exists",
        "unset CUDA_VISIBLE_DEVICES, or set it to 0",
    )


def look() -> CudaFacts:
    """Ask the driver (through NVML) and torch. Starts CUDA where it can be started."""
    gpus, driver, driver_cuda, driver_fault = _ask_driver()
    told = CudaFacts(
        system=sys.platform,
        gpus=gpus,
        driver=driver,
        driver_cuda=driver_cuda,
        driver_fault=driver_fault,
    )
    if find_spec("torch") is None:
        return told
    import torch

    usable: tuple[str, ...] = ()
    capability, oldest, fault = "", "", ""
    if torch.version.cuda:
        try:
            torch.cuda.init()  # type: ignore[no-untyped-call]
            usable = tuple(
                torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())
            )
            capability = ".".join(str(part) for part in torch.cuda.get_device_capability(0))
            oldest = min(_capabilities(torch.cuda.get_arch_list()), default="", key=_number)
        except (RuntimeError, AssertionError) as error:
            fault = str(error).splitlines()[0]
    return replace(
        told,
        torch=torch.__version__,
        built_for=torch.version.cuda or "",
        usable=usable,
        capability=capability,
        oldest=oldest,
        torch_fault=fault,
        bitsandbytes=find_spec("bitsandbytes") is not None,
    )


def _usable(facts: CudaFacts) -> CudaState:
    name = _listed(facts.usable)
    if facts.capability and facts.oldest and _number(facts.capability) < _number(facts.oldest):
        return CudaState(
            False,
            f"none usable: {name} is too old for this torch (compute capability "
            f"{facts.capability}; it has code from {facts.oldest} on)",
            "install an older torch that still has code for it, or train on the CPU",
        )
    advice = "" if facts.bitsandbytes else "for 4-bit training (four_bit): pip install bitsandbytes"
    return CudaState(True, f"{name}, CUDA {facts.built_for}, driver {facts.driver}", advice)


def _cpu_build(facts: CudaFacts) -> CudaState:
    if facts.gpus:
        return CudaState(
            False,
            f"none usable: {_listed(facts.gpus)} is there (driver {facts.driver}), but this torch "
            f"({facts.torch}) is built for the CPU only",
            _CUDA_TORCH.get(facts.system, _NO_CUDA_BUILD),
        )
    how = _CUDA_TORCH.get(facts.system)
    return CudaState(
        False,
        "none: no NVIDIA GPU answers, and this torch is built for the CPU only, which is right "
        "for this machine",
        f"if it has an NVIDIA GPU, install its driver, then {how}" if how else _NO_CUDA_BUILD,
    )


def _no_driver(facts: CudaFacts) -> CudaState:
    fault = f" ({facts.driver_fault})" if facts.driver_fault else ""
    if "mismatch" in facts.driver_fault.lower():
        return CudaState(
            False,
            f"none usable: the NVIDIA driver was updated while it was running{fault}",
            "restart the machine",
        )
    return CudaState(
        False,
        f"none usable: torch is built for CUDA {facts.built_for}, but no NVIDIA driver answers"
        f"{fault}",
        "if this machine has an NVIDIA GPU, install its driver and restart; in a container, "
        "start it with --gpus all",
    )


def _ask_driver() -> tuple[tuple[str, ...], str, str, str]:
    """GPUs, driver version, newest CUDA version and fault; NVML does not hide GPUs from anyone."""
    try:
        import pynvml
    except ImportError:
        return (), "", "", "nvidia-ml-py is not installed"
    try:
        pynvml.nvmlInit()
        number = pynvml.nvmlSystemGetCudaDriverVersion_v2()
        count = pynvml.nvmlDeviceGetCount()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(each) for each in range(count)]
        return (
            tuple(str(pynvml.nvmlDeviceGetName(handle)) for handle in handles),
            str(pynvml.nvmlSystemGetDriverVersion()),
            f"{number // 1000}.{number % 1000 // 10}",
            "",
        )
    except pynvml.NVMLError as error:
        return (), "", "", str(error)


def _capabilities(built: list[str]) -> list[str]:
    """``sm_90`` as ``9.0``; code that is compiled on the way (``compute_…``) runs on newer ones."""
    numbers = [each.removeprefix("sm_").rstrip("af") for each in built if each.startswith("sm_")]
    return [f"{number[:-1]}.{number[-1]}" for number in numbers]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit()) or (0,)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(set(names)) == 1 == len(names) else f"{len(names)} × {names[0]}"
