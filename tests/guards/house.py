"""The guards themselves: each takes the root of a checkout and gives back its faults.

The tests beside this file run them on this checkout, where they must find nothing, and on
copies with one fault planted, where they must find that one (``test_guards_bite.py``).
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]

# What a light room may not have in memory after its import.
HEAVY = {
    "accelerate", "azure", "datasets", "fastapi", "gguf", "huggingface_hub", "joblib",
    "llama_cpp", "math_verify", "matplotlib", "mlflow", "onnx", "onnxruntime", "openai", "openvino",
    "optuna", "pandas", "peft", "psutil", "pyarrow", "pynvml", "safetensors", "scipy", "seaborn",
    "sentence_transformers", "sklearn", "sqlalchemy", "starlette", "sympy", "tiktoken",
    "tokenizers", "torch", "transformers", "trl", "uvicorn",
}  # fmt: skip

# Rooms that work with arrays, and so may have numpy; the others may not.
ROOMS_WITH_NUMPY = {
    "comparison",
    "evaluation",
    "platform",
    "projects",
    "report",
    "serving",
    "trials",
}

# What the whole point of a room needs from its first module on.
ROOMS_NEED = {"platform": {"sqlalchemy"}}

# Companions of a declared library, which brings them and is useless without them.
PART_OF = {
    "markupsafe": "jinja2",
    "pydantic_core": "pydantic",
    "starlette": "fastapi",
    "threadpoolctl": "scikit-learn",
}

# Libraries of the extra `llama`, which is compiled where it is installed: neither in the lock
# nor in a test environment.
COMPILED = {"llama_cpp": "llama-cpp-python"}

LONGEST_FILE = 400
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def package(root: Path) -> Path:
    return root / "src" / "aprendiz"


def files(root: Path) -> list[Path]:
    """Every Python file of the package, in order."""
    return sorted(package(root).rglob("*.py"))


def pyproject(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def heavy_patterns(root: Path) -> list[str]:
    """The files that may be heavy: those that pyproject.toml lets import heavy libraries."""
    ignores = pyproject(root)["tool"]["ruff"]["lint"]["per-file-ignores"]
    return [p for p, rules in ignores.items() if p.startswith("src/") and "TID253" in rules]


def module(root: Path, file: Path) -> str:
    parts = file.relative_to(root / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def light_rooms(root: Path) -> dict[str, list[str]]:
    """Room name to the modules in it that must import without a heavy library.

    ``__main__`` is left out: importing it runs the command line.
    """
    heavy = heavy_patterns(root)
    rooms: dict[str, list[str]] = {}
    for file in files(root):
        if file.name == "__main__.py":
            continue
        if any(fnmatch(file.relative_to(root).as_posix(), pattern) for pattern in heavy):
            continue
        name = module(root, file)
        room = name.split(".")[1] if "." in name else "aprendiz"
        rooms.setdefault(room, []).append(name)
    return rooms


# ------------------------------------------------------------------ guards by reading


def contracts(root: Path) -> dict[str, bool]:
    """Name of each import-linter contract, and whether it is kept.

    Raises:
        RuntimeError: import-linter judged nothing (a fault in its configuration, mostly).
    """
    call = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = _python(root, "-c", call, "--no-cache", "--no-logo")
    judged = re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?$", done.stdout, re.MULTILINE)
    kept = {name: verdict == "KEPT" for name, verdict in judged}
    if not kept or all(kept.values()) != (done.returncode == 0):
        raise RuntimeError((done.stdout + done.stderr).strip())
    return kept


def ban_faults(root: Path) -> list[str]:
    """``file code`` of everything that ruff's bans find: heavy at the top, os.environ, print …"""
    done = _python(
        root, "-m", "ruff", "check", "--no-cache", "--select", "TID,T20",
        "--output-format", "json", "src",
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return [
        f"{Path(fault['filename']).resolve().relative_to(root.resolve()).as_posix()} {fault['code']}"
        for fault in json.loads(done.stdout)
    ]


def third_party(root: Path, room: str) -> set[str]:
    """Libraries that a room's files name anywhere, in functions too."""
    place = package(root) / room
    found: set[str] = set()
    for file in sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"aprendiz"}


def imported(root: Path) -> set[str]:
    """Libraries that the whole package names anywhere."""
    children = [path for path in package(root).iterdir() if not path.name.startswith("__")]
    rooms = {path.stem for path in children if path.is_dir() or path.suffix == ".py"}
    return set().union(*(third_party(root, room) for room in rooms))


def undeclared(root: Path) -> list[str]:
    """Imported libraries that no dependency and no extra of pyproject.toml brings by name."""
    homes = metadata.packages_distributions()
    return sorted(
        name
        for name in imported(root)
        if declared(root).isdisjoint(
            canonical(home)
            for home in [PART_OF.get(name), COMPILED.get(name), *homes.get(name, [])]
            if home
        )
    )


def _overload(node: ast.stmt) -> bool:
    """A signature for the type checker; the function below it has the docstring."""
    marks = getattr(node, "decorator_list", [])
    return any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in marks)


def style_faults(root: Path) -> list[str]:
    """Files without a first word, with a name that says nothing, too long, or full hallways."""
    faults = []
    for file in files(root):
        where = file.relative_to(root).as_posix()
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
        if not ast.get_docstring(tree):
            faults.append(f"{where}: no docstring says what it is for")
        if {file.stem, file.parent.name} & NAMES_THAT_SAY_NOTHING:
            faults.append(f"{where}: the name says nothing")
        if text.count("\n") > LONGEST_FILE:
            faults.append(f"{where}: {text.count(chr(10))} lines, more than {LONGEST_FILE}")
        if file.name == "__init__.py" and file.parent != package(root) and len(tree.body) > 1:
            faults.append(f"{where}: a room's door holds a docstring and nothing else")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not (
                node.name.startswith("_") or ast.get_docstring(node) or _overload(node)
            ):
                faults.append(f"{where}:{node.lineno}: {node.name} has no docstring")
    return faults


# ------------------------------------------------------------------ guards by running

_IMPORT = """
import importlib, json, sys
forbidden, names = set(json.loads(sys.argv[1])), json.loads(sys.argv[2])
faults, seen = [], set()
for name in names:
    importlib.import_module(name)
    new = sorted((forbidden & set(sys.modules)) - seen)
    seen.update(new)
    faults += [f"{name} loads {library}" for library in new]
print(json.dumps({"faults": faults, "package": sys.modules["aprendiz"].__file__}))
"""

_COMMAND = """
import json, sys
from aprendiz.cli.main import run
codes, peak = [], 0
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["aprendiz", *arguments]
    try:
        run()
    except SystemExit as end:
        codes.append(end.code or 0)
try:
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except OSError:
    pass
names = sorted({name.split(".")[0] for name in sys.modules})
print("\\n=====" + json.dumps({"codes": codes, "peak_kb": peak, "loaded": names}))
"""


def loaded_faults(root: Path, room: str) -> list[str]:
    """``module loads library`` for each heavy library that a room's import brings into memory.

    One fresh process a room; its modules are imported one after the other, so that a fault
    is charged to the first that causes it.
    """
    forbidden = HEAVY if room in ROOMS_WITH_NUMPY else {*HEAVY, "numpy"}
    forbidden = forbidden - ROOMS_NEED.get(room, set())
    names = light_rooms(root)[room]
    done = _python(root, "-c", _IMPORT, json.dumps(sorted(forbidden)), json.dumps(names))
    if done.returncode != 0:
        return [f"{room} cannot be imported: {done.stderr.strip().splitlines()[-1]}"]
    told = json.loads(done.stdout)
    assert Path(told["package"]).is_relative_to(root), "another copy of the package was imported"
    return list(told["faults"])


def run_commands(root: Path, *commands: list[str]) -> tuple[str, dict[str, Any]]:
    """Run ``aprendiz`` once for each list of arguments, all in one fresh process.

    Returns:
        What was written to stdout, and ``{"codes", "peak_kb", "loaded"}``: the exit codes,
        the highest resident memory (0 where the system has no /proc) and the top-level names
        of all modules in memory at the end.
    """
    done = _python(root, "-c", _COMMAND, json.dumps(commands))
    said, _, told = done.stdout.rpartition("\n=====")
    if not told:
        raise RuntimeError(done.stderr)
    return said, json.loads(told)


def _python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@cache
def declared(root: Path) -> set[str]:
    """Distribution names that pyproject.toml declares, lower case, dashes for underscores."""
    project = pyproject(root)["project"]
    lines = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    return {canonical(re.split(r"[\s\[<>=!~;]", line, maxsplit=1)[0]) for line in lines}


def canonical(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# ------------------------------------------------------------------ papers


def changelog_faults(root: Path, version: str) -> list[str]:
    """CHANGELOG.md is missing, or its first release is not the package's version."""
    file = root / "CHANGELOG.md"
    if not file.exists():
        return ["there is no CHANGELOG.md"]
    releases = re.findall(r"^## \[?v?(\d+\.\d+\.\d+)", file.read_text(encoding="utf-8"), re.M)
    if releases[:1] != [version]:
        return [f"CHANGELOG.md opens with {releases[:1]}, the package is {version}"]
    return []


def lock_faults(root: Path) -> list[str]:
    """A line that is not ``name==version``, or something declared or required and not pinned.

    What a pinned library requires is read from the libraries installed here, so that the
    lock stays whole under ``--no-deps``; libraries not installed here are passed over, and
    so is torch, which is installed first and with its own GPU libraries where it has them.
    Every version has to run on the oldest Python that we name: Debian's is not the newest.
    """
    pinned: dict[str, str] = {}
    faults = []
    for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        exact = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!]+)", line)
        if exact:
            pinned[canonical(exact[1])] = exact[2]
        else:
            faults.append(f"not an exact version: {line}")
    wanted = declared(root) - {"aprendiz", *COMPILED.values()}
    faults += [f"not pinned: {name}" for name in sorted(wanted - pinned.keys())]
    for name in sorted(pinned.keys() - {"torch"}):
        faults += [f"not pinned: {need} (for {name})" for need in needs(name) - pinned.keys()]
    oldest = re.search(
        r'^requires-python = ">=(\S+)"$', (root / "pyproject.toml").read_text(), re.M
    )
    assert oldest
    for name, version in sorted(pinned.items()):
        if not runs_on(name, version, oldest[1]):
            faults.append(f"does not run on Python {oldest[1]}: {name}=={version}")
    return faults


def runs_on(distribution: str, version: str, python: str) -> bool:
    """Whether a version takes a Python; yes, where another version is installed here."""
    try:
        told = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return True
    takes = told.metadata.get("Requires-Python")
    return told.version != version or not takes or SpecifierSet(takes).contains(python)


def needs(distribution: str) -> set[str]:
    """What an installed distribution requires here, without extras."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return set()
    wanted = [Requirement(line) for line in lines]
    return {
        canonical(each.name)
        for each in wanted
        if each.marker is None or each.marker.evaluate({"extra": ""})
    }
