"""The story of a classifier's export: write the graph, ask the original and the copy, keep it or not.

What comes out is a model folder like any other, which needs no torch: graph, tokenizer, labels,
temperature, detector, rules, hashes. Chat models are exported elsewhere (``assistants/export.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aprendiz.artifact import decision
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.folder import building
from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.onnx_card import onnx_card
from aprendiz.errors import ExportError
from aprendiz.interfaces import Observer, Silence
from aprendiz.neural import scope
from aprendiz.neural.engine import choice, kinds, runtimes
from aprendiz.neural.engine.classifier import SETTINGS, TOKENIZER, TextSettings
from aprendiz.neural.engine.engine import BatchedEngine
from aprendiz.neural.engine.gates import Verdict
from aprendiz.neural.engine.rows import Rows, from_data, made_up
from aprendiz.neural.engine.writing import judged, limits_of, required

DTYPES = ("f32", "int8")

# What goes with the graph; what a folder does not have is passed over.
_KEPT = (
    *(SETTINGS, TOKENIZER, scope.FILE, decision.NAME),
    *("recipe.yaml", "split.json", "evaluation.json"),
)


@dataclass(frozen=True, slots=True)
class ExportedClassifier:
    """A finished export.

    Attributes:
        name: of the model.
        place: the folder.
        dtype: ``f32`` or ``int8``.
        engine: what answers there.
        bytes: of all its files together.
        verdicts: what the gates measured, one of each engine that can run here.
        version: of the new folder.
    """

    name: str
    place: Path
    dtype: str
    engine: str
    bytes: int
    verdicts: tuple[Verdict, ...]
    version: str

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "to": "onnx",
            "place": str(self.place),
            "dtype": self.dtype,
            "engine": self.engine,
            "bytes": self.bytes,
            "version": self.version,
            "gates": [verdict.as_dict() for verdict in self.verdicts],
        }

    def in_words(self) -> str:
        """For people."""
        lines = [
            f"{self.place}: an ONNX graph with tokenizer and labels, {self.dtype}, "
            f"{self.bytes / 1e6:.1f} MB; it needs no torch",
            *(verdict.in_words() for verdict in self.verdicts),
        ]
        return "\n".join(lines)


def export(
    model: Path,
    out: Path | None = None,
    *,
    dtype: str = "f32",
    data: Sequence[str] = (),
    text_column: str | None = None,
    label_column: str | None = None,
    observer: Observer | None = None,
) -> ExportedClassifier:
    """Write a folder that answers as the model does, without torch.

    Args:
        model: a model folder of ``probe`` or ``finetune``, or an earlier export.
        out: folder to make, by default ``MODEL-onnx``; an earlier model folder there is
            replaced.
        dtype: ``f32``; or ``int8``, which needs ``data`` with rows that the model has learnt
            from, for the ranges of its numbers, and rows that it has not, for the gates.
        data: files of labelled rows. Without them the gates look at made-up rows.
        text_column: name of the text column, when it cannot be found.
        label_column: name of the label column, when it cannot be found.
        observer: told what happens.

    Raises:
        ExportError: the model cannot be exported, the copy does not say the same, or the
            model itself stands where the copy should go.
        ModelFolderError: not a model folder, damaged, or something is in the way.
        DataError: the rows cannot be used.
        MissingExtra: a library is not installed.
    """
    tell = observer or Silence()
    manifest = manifests.read(model)
    manifests.verify(model, manifest)
    _refuse_others(model, manifest, dtype)
    goal = out or model.resolve().with_name(f"{model.resolve().name}-onnx")
    if goal.resolve() == model.resolve():
        raise ExportError(f"{goal}: is the model itself", "choose another folder with --out")
    settings = TextSettings.read(model)
    texts = settings.text_encoder(model)
    if data:
        rows = from_data(data, model, texts, text_column=text_column, label_column=label_column)
    else:
        rows = made_up(texts, manifest.labels)
    if dtype == "int8" and not rows.learnt:
        raise ExportError(
            "int8 takes the ranges of its numbers from rows that the model has learnt from, "
            "and there are none",
            "--data FILE with the file it was trained on; it can be given several times",
        )
    with building(goal, fingerprint=f"onnx {manifest.version}", resume=False) as build:
        for name in _KEPT:
            if (model / name).is_file():
                shutil.copyfile(model / name, build.files / name)
        reference = _write_graph(model, build.files, len(manifest.labels), settings.pad)
        verdicts = _judged(build.files, manifest, dtype, rows, reference, settings, tell)
        engine = "onnxruntime-int8" if dtype == "int8" else choice.DEFAULT
        choice.Choice(engine, {verdict.engine: verdict.as_dict() for verdict in verdicts}).write(
            build.files
        )
        told = manifest.model_copy(update={"name": goal.resolve().name, "files": {}})
        (build.files / "README.md").write_text(
            onnx_card(
                told,
                engine,
                kinds.KINDS[engine].file,
                [each.in_words() for each in verdicts],
                settings.several,
            ),
            encoding="utf-8",
        )
        sealed = build.seal(told)
    size = sum(entry.bytes for entry in sealed.files.values())
    return ExportedClassifier(
        sealed.name, goal, dtype, engine, size, tuple(verdicts), sealed.version
    )


def _refuse_others(model: Path, manifest: Manifest, dtype: str) -> None:
    if dtype not in DTYPES:
        raise ExportError(f"--dtype {dtype}: onnx is written as {', '.join(DTYPES)}")
    if (model / SETTINGS).is_file():
        return
    if manifest.method == "tfidf":
        raise ExportError(
            f"{model}: a tfidf model has no network to write, and needs no torch as it is",
            f"aprendiz serve {model}",
        )
    raise ExportError(
        f"{model}: the weights of a {manifest.method} model are not in its folder",
        "train a probe or finetune model from the same data",
    )


def _write_graph(model: Path, files: Path, labels: int, pad: int) -> BatchedEngine:
    """Put the fp32 graph into a folder; gives what it has to agree with."""
    if not (model / kinds.WEIGHTS).is_file():
        if not (model / kinds.GRAPH).is_file():
            raise ExportError(
                f"{model}: has neither weights nor {kinds.GRAPH}", "export the trained model"
            )
        shutil.copyfile(model / kinds.GRAPH, files / kinds.GRAPH)
        return kinds.open_engine(files, choice.DEFAULT, labels=labels, pad=pad)
    with runtimes.needing("train"):
        from aprendiz.neural import encoder, onnx_file
    encoder.quiet_transformers()
    network = encoder.load_network(model, labels)
    onnx_file.write(network, files)
    return BatchedEngine("torch", onnx_file.ServedNetwork(network).forward_arrays, pad=pad)


def _judged(
    files: Path,
    manifest: Manifest,
    dtype: str,
    rows: Rows,
    reference: BatchedEngine,
    settings: TextSettings,
    tell: Observer,
) -> list[Verdict]:
    """Pass the gates, writing the int8 copy between them if it is asked for."""
    tell.say(f"asking original and copy: {len(rows.held_out)} {rows.origin}")
    detector, limits = scope.load(files), limits_of(files, manifest.labels)

    def passed(name: str) -> Verdict:
        engine = kinds.open_engine(files, name, labels=len(manifest.labels), pad=settings.pad)
        return required(judged(engine, rows, reference, settings, detector, limits))

    verdicts = [passed(choice.DEFAULT)]
    if dtype == "int8":
        with runtimes.needing("train"):
            from aprendiz.neural import onnx_int8
        tell.say(f"int8: ranges from {len(rows.learnt)} rows that it has learnt from")
        onnx_int8.write(files / kinds.GRAPH, rows.learnt, settings.pad)
        verdicts.append(passed("onnxruntime-int8"))
    return verdicts
