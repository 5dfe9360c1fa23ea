"""``probe``: embed every row once with a frozen encoder, fit a linear head on top."""

from __future__ import annotations

import numpy as np
import torch

from aprendiz.data.dataset import Dataset
from aprendiz.interfaces import Trained, Workspace
from aprendiz.methods.probe.recipe import ProbeRecipe
from aprendiz.neural import base_models, device, encoder, linear_head, tokenize, torch_file


def train(dataset: Dataset, recipe: ProbeRecipe, workspace: Workspace) -> Trained:
    """Learn from ``dataset.train`` and write encoder, tokenizer and head.

    The head's penalty and temperature are chosen out of fold on the training rows alone.
    """
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
        encoder.load_encoder(base.folder), len(dataset.labels), base.pooling, base.normalize
    )
    network.to(hardware.device).eval()
    embeddings = encoder.run_batched(
        network.embed,
        texts.encode([row.text for row in dataset.train]),
        texts.pad,
        hardware.device,
        lambda done, total: tell.progress("embedding", done, total),
    )
    head = linear_head.fit_head(
        embeddings,
        np.array(dataset.numbers(dataset.train)),
        len(dataset.labels),
        regularization=recipe.regularization,
        seed=recipe.seed,
    )
    tell.say(f"head fitted, regularization {head.regularization:g}")

    network.to("cpu")
    network.set_head(head.weight, head.bias)
    encoder.save(
        network,
        tokenizer,
        workspace.files,
        max_length=max_length,
        temperature=head.temperature,
    )
    torch_file.write(workspace.files, dataset.labels)
    return Trained(
        {
            "base_model": base.name,
            "base_model_sha256": base.sha256,
            "device": hardware.name,
            "precision": "fp32",
            "parameters": sum(tensor.numel() for tensor in network.parameters()),
            "regularization": head.regularization,
            "temperature": round(head.temperature, 4),
            "torch_threads": torch.get_num_threads(),
        },
        chose_on_validation=False,
        huggingface=False,
    )
