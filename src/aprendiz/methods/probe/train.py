"""``probe``: embed every row once with a frozen encoder, fit a linear head on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from aprendiz.data.dataset import Dataset
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.records import Example
from aprendiz.interfaces import Trained, Workspace
from aprendiz.methods.probe.recipe import ProbeRecipe
from aprendiz.neural import (
    base_models,
    device,
    encoder,
    finite,
    held_out,
    linear_head,
    multi_head,
    tokenize,
    torch_file,
)
from aprendiz.neural.engine.writing import write_in_training


@dataclass(frozen=True, slots=True, eq=False)
class _Embedded:
    """A frozen encoder, and what it makes of some texts.

    Attributes:
        vectors: embeddings of the texts, shape (texts, width), float32.
        facts: for the manifest: the base model and where it ran.
    """

    network: encoder.PooledClassifier
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    vectors: np.ndarray
    facts: dict[str, object]


def train(dataset: Dataset, recipe: ProbeRecipe, workspace: Workspace) -> Trained:
    """Learn from ``dataset.train`` and write encoder, tokenizer and head.

    The head's penalty and temperature, and the detector's scale, are chosen out of fold on the
    training rows alone.
    """
    rows = (*dataset.train, *dataset.outside.train)
    embedded = _embed(rows, len(dataset.labels), recipe, workspace)
    vectors, outside = np.split(embedded.vectors, [len(dataset.train)])
    truth = np.array(dataset.numbers(dataset.train))
    head = linear_head.fit_head(
        vectors,
        truth,
        len(dataset.labels),
        regularization=recipe.regularization,
        seed=recipe.seed,
        calibrate=True,
    )
    workspace.observer.say(f"head fitted, regularization {head.regularization:g}")
    detector, told = held_out.out_of_fold(vectors, outside, head, recipe.seed)

    embedded.network.set_head(head.weight, head.bias)
    encoder.save(
        embedded.network,
        embedded.tokenizer,
        workspace.files,
        max_length=embedded.max_length,
        temperature=head.temperature,
    )
    if detector:
        detector.save(workspace.files)
    _hand_over(workspace, dataset.labels)
    return Trained(
        {
            **embedded.facts,
            "regularization": head.regularization,
            "temperature": round(head.temperature, 4),
            "torch_threads": torch.get_num_threads(),
            **({"detector": detector.name} if detector else {}),
        },
        chose_on_validation=False,
        huggingface=False,
        held_out=told,
    )


def train_multi(dataset: MultiDataset, recipe: ProbeRecipe, workspace: Workspace) -> Trained:
    """The same, of texts with any number of labels: one logistic regression a label.

    Penalty, calibration and thresholds are chosen out of fold on the training rows alone.
    """
    embedded = _embed(dataset.train, len(dataset.labels), recipe, workspace)
    truth = np.array(dataset.memberships(dataset.train), dtype=bool)
    head = multi_head.fit_multi_head(
        embedded.vectors, truth, regularization=recipe.regularization, seed=recipe.seed
    )
    workspace.observer.say(f"head fitted, regularization {head.regularization:g}")
    embedded.network.set_head(head.weight, head.bias)
    encoder.save(
        embedded.network,
        embedded.tokenizer,
        workspace.files,
        max_length=embedded.max_length,
        temperature=1.0,
        several=True,
    )
    _hand_over(workspace, dataset.labels)
    facts = {
        **embedded.facts,
        "regularization": head.regularization,
        "torch_threads": torch.get_num_threads(),
    }
    return Trained(facts, chose_on_validation=False, huggingface=False, held_out=head.held_out)


def _hand_over(workspace: Workspace, labels: tuple[str, ...]) -> None:
    """Write the forms that plain torch and other runtimes read, for a model that is kept."""
    if workspace.kept:
        torch_file.write(workspace.files, labels)
        write_in_training(workspace.files, labels, workspace.observer)


def _embed(
    rows: Sequence[Example], labels: int, recipe: ProbeRecipe, workspace: Workspace
) -> _Embedded:
    """Load the encoder, embed the rows, and leave it on the CPU with a head of this many labels."""
    tell = workspace.observer
    base = base_models.resolve(recipe.base_model)
    hardware = device.plan("fp32")
    tell.say(f"encoder {base.name} ({base.origin}) on {hardware.name}")
    tokenizer = tokenize.load_tokenizer(base.folder)
    max_length = min(recipe.max_length, base.longest)
    texts = tokenize.TextEncoder(
        tokenizer.backend_tokenizer, max_length, int(tokenizer.pad_token_id or 0)
    )
    network = encoder.PooledClassifier(
        encoder.load_encoder(base.folder), labels, base.pooling, base.normalize
    )
    network.to(hardware.device).eval()
    vectors = encoder.run_batched(
        network.embed,
        texts.encode([row.text for row in rows]),
        texts.pad,
        hardware.device,
        lambda done, total: tell.progress("embedding", done, total),
    )
    finite.check_embeddings(vectors)
    network.to("cpu")
    facts = {
        "base_model": base.name,
        "base_model_sha256": base.sha256,
        "device": hardware.name,
        "precision": "fp32",
        "parameters": sum(tensor.numel() for tensor in network.parameters()),
    }
    return _Embedded(network, tokenizer, max_length, vectors, facts)
