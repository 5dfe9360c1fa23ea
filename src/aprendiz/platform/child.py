"""The training process of one job: ``python -m aprendiz.platform.child JOB_FOLDER PARENT``.

Reads ``order.json``, trains as ``aprendiz train`` does, and writes what happens into the
job's journal. It knows no database and no service. Whatever kills it, a next one goes on from
the last checkpoint; when the service dies, it dies too.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.folder import can_resume
from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.model import Model
from aprendiz.artifact.result import TrainResult
from aprendiz.data.chat import tokens
from aprendiz.data.chat.labels import to_example
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Conversation
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.errors import AprendizError, DataError, JobStopped, MissingExtra, ModelFolderError
from aprendiz.methods import catalogue
from aprendiz.platform import names
from aprendiz.platform import order as orders
from aprendiz.platform.files import told
from aprendiz.platform.journal import Journal, finite
from aprendiz.platform.order import Order

JOURNAL, MODEL, CHECKPOINTS = "journal.jsonl", "model", "checkpoints"
TRAINING_ROWS, VALIDATION_ROWS = "training.jsonl", "validation.jsonl"

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_MOST_MEASURED = 1_000  # training rows that a method without a loss of its own is measured on

# Our names of figures, and the ends of the vendors'.
_LEARNT = (("loss", "loss"), ("mean_token_accuracy", "mean_token_accuracy"))
_HELD_OUT = (
    ("eval_loss", "loss"),
    ("eval_accuracy", "mean_token_accuracy"),
    ("eval_mean_token_accuracy", "mean_token_accuracy"),
)


class Diary:
    """Listens to the training and writes the vendor's figures into the journal."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        self._journal = journal
        self._folder = folder
        self._latest: dict[str, float] = {}

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """Keep losses and accuracies of a step; step 0 has figures of the machine."""
        known = vendor_figures(values)
        if step > 0 and known:
            self._latest |= known
            self._journal.write("metrics", step=step, **known)

    def snapshot(self, step: int, folder: Path, values: Mapping[str, float]) -> None:
        """Keep where a checkpoint's model folder lies, with the figures last told."""
        place = folder.relative_to(self._folder).as_posix()
        figures = {**self._latest, **vendor_figures(values)}
        self._journal.write("snapshot", step=step, folder=place, figures=figures)


class Voice:
    """Says what the training says, line by line; the service keeps it as the job's log."""

    def say(self, message: str) -> None:
        """Write a line."""
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    def progress(self, task: str, done: int, total: int) -> None:
        """A log is no place for a moving bar."""


def vendor_figures(values: Mapping[str, float]) -> dict[str, float]:
    """Our figures under the vendors' names.

    A classifier's answer is one label, so the accuracy of its tokens is that of the label; and
    our validation always looks at the whole validation file, so its ``full_`` figures are the
    same.
    """
    told = finite(values)
    figures = {f"train_{theirs}": told[ours] for ours, theirs in _LEARNT if ours in told}
    for ours, theirs in _HELD_OUT:
        if ours in told:
            figures[f"valid_{theirs}"] = figures[f"full_valid_{theirs}"] = told[ours]
    return figures


def learn(order: Order, folder: Path, journal: Journal) -> None:
    """Train, or take up an interrupted training, or what one has finished; tell its end.

    Raises:
        AprendizError: the training cannot be done.
        JobStopped: it was interrupted on purpose.
    """
    journal.write("begin", steps=order.steps)
    out = folder / MODEL
    manifest = _sealed(out)
    if manifest is None:
        train = _train_on_chats if speaks(order) else _train_on_labels
        manifest = train(order, folder, Diary(journal, folder)).manifest or manifests.read(out)
    steps = int(manifest.training.get("steps", 1))
    epochs = float(manifest.training.get("epochs", 1))
    if "steps" not in manifest.training:
        figures = _measure_at_once(folder, order)
        journal.write("metrics", step=steps, **figures)
        journal.write("snapshot", step=steps, folder=MODEL, figures=figures)
    count = manifest.training.get("tokens") or _tokens(order, folder) * epochs
    journal.write("end", steps=steps, tokens=round(float(count)), epochs=epochs)


def speaks(order: Order) -> bool:
    """Whether the job makes a language model."""
    return names.learns_conversations(order.recipe["method"])


def _train_on_labels(order: Order, folder: Path, diary: Diary) -> TrainResult:
    """As ``aprendiz train`` does, from the conversations as labelled texts."""
    _rows(folder / TRAINING_ROWS, read_conversations(str(folder / orders.TRAINING)).conversations)
    validation = folder / VALIDATION_ROWS if order.validated else None
    if validation is not None:
        _rows(validation, read_conversations(str(folder / orders.VALIDATION)).conversations)
    return workflow.train(
        folder / TRAINING_ROWS,
        out=folder / MODEL,
        recipe=order.recipe,
        validation=validation,
        holdout=0.0,
        oos_label="",  # a client wants back every label it sent, this one too
        resume=can_resume(folder / MODEL),
        track=False,
        observer=Voice(),
        listener=diary,
        snapshots=folder / CHECKPOINTS,
    )


def _train_on_chats(order: Order, folder: Path, diary: Diary) -> TrainResult:
    """The same from the conversations themselves.

    The finished model is not asked what the validation file asks, as ``aprendiz train`` would:
    a client wants the model, and its figures are those of the training.
    """
    from aprendiz.assistants.train import train

    return train(
        folder / orders.TRAINING,
        out=folder / MODEL,
        recipe=catalogue.choose_recipe(None, order.recipe),
        validation=folder / orders.VALIDATION if order.validated else None,
        holdout=0.0,
        resume=can_resume(folder / MODEL),
        track=False,
        observer=Voice(),
        listener=diary,
        snapshots=folder / CHECKPOINTS,
        most_asked=0,
    )


def _tokens(order: Order, folder: Path) -> int:
    """Tokens of the training file, as the vendors count them."""
    conversations = read_conversations(str(folder / orders.TRAINING)).conversations
    counter = tokens.counter(order.model)
    return sum(tokens.count_conversation(each, counter) for each in conversations)


def _rows(path: Path, conversations: Sequence[Conversation]) -> None:
    """Labelled texts, each on the line its conversation has, so that a fault names that line."""
    with path.open("w", encoding="utf-8") as out:
        line = 1
        for conversation in conversations:
            out.write("\n" * (conversation.line - line))
            row = to_example(conversation)
            out.write(json.dumps({"text": row.text, "label": row.label}, ensure_ascii=False) + "\n")
            line = conversation.line + 1


def _sealed(out: Path) -> Manifest | None:
    """The manifest of a model that an earlier process finished but could not report."""
    try:
        manifest = manifests.read(out)
        manifests.verify(out, manifest)
    except ModelFolderError:
        return None
    return manifest


def _measure_at_once(folder: Path, order: Order) -> dict[str, float]:
    """The figures of a method that has no steps: those of the finished model.

    On a thousand of the rows it learnt at most, drawn with the job's seed, and on all rows of
    the validation file.
    """
    rows = list(read_examples(str(folder / TRAINING_ROWS)).examples)
    if len(rows) > _MOST_MEASURED:
        rows = random.Random(order.recipe["seed"]).sample(rows, _MOST_MEASURED)
    model = workflow.load(folder / MODEL)
    learnt = _measure(model, rows)
    figures = {"train_loss": learnt["loss"], "train_mean_token_accuracy": learnt["accuracy"]}
    if order.validated:
        held_out = _measure(model, read_examples(str(folder / VALIDATION_ROWS)).examples)
        figures |= vendor_figures({f"eval_{name}": held_out[name] for name in held_out})
    return finite(figures)


def _measure(model: Model, rows: Sequence[Example]) -> dict[str, float]:
    from aprendiz.evaluation import metrics

    index = {label: number for number, label in enumerate(model.labels)}
    probabilities = model.probabilities([row.text for row in rows])
    return metrics.quick(probabilities, [index[row.label] for row in rows])


def _fault(error: AprendizError, folder: Path) -> dict[str, str | None]:
    """An error of the library in the vendor's terms."""
    if isinstance(error, DataError):
        validation = {str(folder / name) for name in (VALIDATION_ROWS, orders.VALIDATION)}
        part = "validation" if any(f.file in validation for f in error.findings) else "training"
        message = f"The job failed due to a file format error in the {part} file. "
        message += told(error.findings) if error.findings else error.message
        return {"code": "invalid_file_format", "message": message, "param": f"{part}_file"}
    code = "missing_library" if isinstance(error, MissingExtra) else "training_failed"
    hint = f" ({error.hint})" if error.hint else ""
    return {"code": code, "message": error.message + hint, "param": None}


def _die_with(parent: int) -> None:
    """See that this process never outlives the service.

    Linux tells us the moment the thread that started us ends; everywhere, a look once a
    second tells whether we have got another parent.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for an earlier process of the same job, which is about to die, to be gone."""
    with (folder / "child.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """Carry out the order in a job's folder; returns the exit code."""
    folder, parent = Path(arguments[0]), int(arguments[1])
    _die_with(parent)
    # A service started in the background of a shell hands down an ignored interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with _alone(folder):
            journal = Journal(folder / JOURNAL)
            if not journal.ended:
                try:
                    learn(Order.read(folder), folder, journal)
                except JobStopped:
                    raise
                except AprendizError as error:
                    journal.write("error", **_fault(error, folder))
                    Voice().say(f"{error.message} {error.hint}".strip())
                    return error.exit_code
    except (JobStopped, KeyboardInterrupt):
        Voice().say("stopped; the next process goes on from the last checkpoint")
        return JobStopped.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
