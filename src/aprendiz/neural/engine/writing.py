"""Writing a model's graph beside its weights, and keeping it only if it passes its gates.

What a training does with the network it has just made, and an export with one from a folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aprendiz.artifact import decision
from aprendiz.errors import ExportError, MissingExtra
from aprendiz.interfaces import Observer
from aprendiz.neural import scope
from aprendiz.neural.engine import choice, kinds
from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.engine import BatchedEngine
from aprendiz.neural.engine.gates import Limits, Verdict, judge
from aprendiz.neural.engine.rows import Rows, made_up
from aprendiz.neural.scope import Detector

_IN_TRAINING = 48  # rows; a graph that is wrong is wrong in most of them


def judged(
    engine: BatchedEngine,
    rows: Rows,
    reference: BatchedEngine,
    settings: TextSettings,
    detector: Detector | None,
    limits: Limits,
) -> Verdict:
    """Let two engines answer the same rows; what the gates say of the first."""
    return judge(
        engine,
        reference.run(rows.held_out),
        rows.held_out,
        settings,
        detector,
        precision=kinds.KINDS[engine.name].precision,
        origin=rows.origin,
        limits=limits,
    )


def limits_of(folder: Path, labels: Sequence[str]) -> Limits:
    """From which probability on a folder's model gives each label, where a text may have several.

    A half, as long as nobody has chosen.
    """
    rules = decision.read(folder, 0.5).several
    return np.array([rules.each[label].threshold for label in labels]) if rules else 0.5


def required(verdict: Verdict) -> Verdict:
    """A verdict that has passed.

    Raises:
        ExportError: it has not; says by how much.
    """
    if not verdict.passed:
        raise ExportError(
            f"{verdict.engine} does not say what the model says, so nothing was written: "
            f"{'; '.join(verdict.faults)} ({verdict.rows} {verdict.origin})",
            "keep the model as it is; it answers with torch"
            if kinds.KINDS[verdict.engine].precision == "fp32"
            else "export it in fp32 (--dtype f32)",
        )
    return verdict


def write_in_training(folder: Path, labels: tuple[str, ...], tell: Observer) -> None:
    """Put the graph of a trained model into the folder that is being made.

    It is made from the files, not from the network in memory, which the training library may
    have wrapped. A graph that fails a gate is taken away again and said so, and so is a library
    that is missing: the model then answers with torch, and the training is not lost.

    Args:
        folder: what ``encoder.save`` has filled, and the detector if there is one.
        labels: of the model.
        tell: told when there is no graph.
    """
    from aprendiz.neural import encoder, onnx_file

    settings = TextSettings.read(folder)
    every = made_up(settings.text_encoder(folder), labels)
    # Label names come first, and rows of all lengths after them.
    rows = Rows(every.held_out[::2][:_IN_TRAINING], (), every.origin)
    network = encoder.load_network(folder, len(labels))
    served = onnx_file.ServedNetwork(network)
    try:
        graph = onnx_file.write(network, folder)
    except MissingExtra as missing:
        tell.say(f"no {onnx_file.NAME}: {missing.message}; the model answers with torch")
        return
    reference = BatchedEngine("torch", served.forward_arrays, pad=settings.pad)
    engine = kinds.open_engine(folder, choice.DEFAULT, labels=len(labels), pad=settings.pad)
    # The labels' thresholds are chosen when the training is over.
    verdict = judged(engine, rows, reference, settings, scope.load(folder), limits=0.5)
    if verdict.passed:
        choice.Choice(gates={verdict.engine: verdict.as_dict()}).write(folder)
    else:
        graph.unlink()
        tell.say(f"no {graph.name}: {verdict.in_words()}; the model answers with torch")
