"""The story of an export: ask the original, write the copy, ask the copy, keep it or not.

Nothing is left behind by a copy that does not say the same. Forms are rows of
``export_targets.py``; classifiers are exported elsewhere.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aprendiz.artifact import manifest as manifests
from aprendiz.assistants.export_card import export_card
from aprendiz.assistants.export_prompts import prompts_for
from aprendiz.assistants.export_result import Exported, differences_in_words
from aprendiz.assistants.export_targets import MODELFILE, TARGETS, Content, Target, gguf_in
from aprendiz.assistants.gguf import heavy
from aprendiz.assistants.load import Found, identify
from aprendiz.assistants.parity import answers, compare
from aprendiz.errors import ExportError
from aprendiz.interfaces import Observer, Silence
from aprendiz.settings import get_settings

#: What an exported folder says of itself; with it, a later export may replace the folder.
RECORD = "export.json"


def export(
    model: str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    dtype: str | None = None,
    prompts: str | Path | None = None,
    agreement: float | None = None,
    observer: Observer | None = None,
) -> Exported:
    """Hand a chat model over to other software, if it still gives the same answers there.

    Args:
        model: whatever :func:`~aprendiz.assistants.load.load_chat_model` takes, but for a
            managed deployment.
        to: ``hf`` or ``gguf``.
        out: folder to make; for ``gguf`` also a file that ends in ``.gguf``. By default
            beside the model, with the form after its name. An earlier export is replaced.
        dtype: how weights are stored; by default ``f32`` for ``hf``, ``f16`` for ``gguf``.
        prompts: file of prompts to compare with (JSON lines with ``messages``, or a question
            a line); by default those held out when the model was trained, else built-in ones.
        agreement: least share of identical greedy replies, 0 to 1; by default the setting
            ``APRENDIZ_EXPORT_AGREEMENT``.
        observer: told what happens.

    Raises:
        ExportError: the model cannot be had in that form, the copy agrees too little, or
            something stands in the way.
        ModelFolderError, BaseModelError: the model cannot be opened.
        DataError: the file of prompts cannot be used.
        MissingExtra: a library is not installed.
    """
    tell = observer or Silence()
    target = _target(to)
    stored = _dtype(target, to, dtype)
    found = identify(model)
    goal = _goal(found, to, out)
    required = get_settings().export_agreement if agreement is None else agreement
    asked, origin = prompts_for(Path(prompts) if prompts else None, Path(found.place))

    original = _open(found, tell)
    name = goal.stem if goal.suffix == ".gguf" else _name(found)
    expected = answers(original.chat, asked, "asking the original", tell)
    tokenizer = original.chat.tokenizer
    about = (original.base_model, original.license)
    network = heavy("merge").merged(original.chat.network)
    with _beside(goal) as partial:
        target.write(Content(network, tokenizer, name, *about), partial, stored)
        del original, network  # the copy needs the room
        size = sum(file.stat().st_size for file in partial.iterdir())
        copy = target.open(partial, tell)
        said = answers(copy, asked, "asking the copy", tell)
        parity = compare(
            asked,
            expected,
            said,
            lambda text: [
                str(tokenizer.decode([number]))
                for number in tokenizer.encode(text, add_special_tokens=False)
            ],
        )
        engine = "llama.cpp" if getattr(copy, "device", "") == "llama.cpp" else "transformers"
        del copy
        done = Exported(
            name, to, target.words, goal, stored, size, engine, origin, required, parity
        )
        if parity.agreement < required:
            raise _too_different(done)
        (partial / RECORD).write_text(
            json.dumps(done.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (partial / "README.md").write_text(export_card(done, *about), encoding="utf-8")
        _take_place(partial, goal)
    return done


def _target(to: str) -> Target:
    if to not in TARGETS:
        raise ExportError(
            f"--to {to}: a chat model cannot be exported to that",
            f"choose one of: {', '.join(TARGETS)}",
        )
    return TARGETS[to]


def _dtype(target: Target, to: str, asked: str | None) -> str:
    dtype = asked or target.dtypes[0]
    if dtype not in target.dtypes:
        raise ExportError(
            f"--dtype {dtype}: {to} stores weights as {', '.join(target.dtypes)}",
            f"choose one of them; the usual one is {target.dtypes[0]}",
        )
    return dtype


def _open(found: Found, tell: Observer) -> Any:
    if found.kind == "deployment":
        raise ExportError(
            f"{found.place}: the model is at a service and its weights are not in the folder",
            "bring the data home and train with the method lora",
        )
    if found.kind == "assistant":
        folder = Path(found.place)
        manifests.verify(folder, manifests.read(folder))
    kind = "adapter" if found.kind == "assistant" else found.kind
    return heavy("merge").open_original(found.place, kind, tell)


def _name(found: Found) -> str:
    place = Path(found.place)
    return place.stem if found.kind == "gguf" else place.expanduser().resolve().name


def _goal(found: Found, to: str, out: str | Path | None) -> Path:
    """Where the export goes; refuses what stands there and is not an earlier export."""
    name = _name(found)
    beside = Path(found.place).parent if Path(found.place).exists() else Path()
    goal = Path(out).expanduser() if out else beside / f"{name}-{to}"
    if goal.suffix == ".gguf":
        if to != "gguf":
            raise ExportError(f"{goal}: {to} is a folder, not a .gguf file", "give a folder")
        first = heavy("gguf.modelfile").FIRST_LINE
        theirs = goal.parent / MODELFILE
        if goal.is_dir() or (theirs.exists() and not theirs.read_text().startswith(first)):
            raise ExportError(
                f"{goal.parent}: a folder or a {MODELFILE} that aprendiz did not write is in the "
                "way",
                "choose another place",
            )
    elif goal.exists() and not _replaceable(goal):
        raise ExportError(
            f"{goal}: stands in the way and is not an earlier export",
            "choose a new or empty folder with --out",
        )
    return goal


def _replaceable(goal: Path) -> bool:
    return goal.is_dir() and ((goal / RECORD).is_file() or not any(goal.iterdir()))


@contextmanager
def _beside(goal: Path) -> Iterator[Path]:
    """An empty folder beside the goal, which is gone afterwards whatever happens."""
    partial = goal.with_name(f".{goal.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _take_place(partial: Path, goal: Path) -> None:
    if goal.suffix == ".gguf":
        gguf_in(partial).replace(goal)
        (partial / MODELFILE).replace(goal.parent / MODELFILE)
        return
    earlier = goal.with_name(f".{goal.name}.earlier")
    if goal.exists():
        goal.rename(earlier)
    partial.rename(goal)
    shutil.rmtree(earlier, ignore_errors=True)


def _too_different(done: Exported) -> ExportError:
    told = "\n".join(differences_in_words(done.parity))
    return ExportError(
        f"the copy gives the same greedy reply to {done.parity.identical} of "
        f"{done.parity.prompts} prompts ({done.parity.agreement:.1%}, {done.engine}); "
        f"{done.required:.1%} were asked for, so nothing was written\n{told}",
        "store the weights more exactly (--dtype f32), or allow less with --agreement",
    )
