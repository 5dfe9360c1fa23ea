"""``model.onnx``: an encoder classifier as one ONNX graph, pooling, normalising and head inside.

It has the inputs ``input_ids`` and ``attention_mask`` (int64, rows × tokens, any of both) and
the outputs ``logits`` (before the temperature) and ``embedding``, float32. Weights are in the
file. Only operators of the ONNX standard are used, so that any runtime can load it: fusing
them is left to the runtime, which knows the processor. Its int8 copy is ``onnx_int8.py``'s.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from aprendiz.errors import MissingExtra
from aprendiz.neural.encoder import PooledClassifier

NAME = "model.onnx"

# The newest in which every runtime we know fuses what the exporter writes: 17 brought
# LayerNormalization as one operator.
_OPSET = 17


class ServedNetwork(nn.Module):
    """A trained classifier as engines run it: logits and embeddings from tokens and mask.

    The embedding of a model without pooling of its own is the last layer's ``[CLS]``.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.eval()  # itself too: after an export torch puts everything below back as this was

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (rows, labels) and embeddings (rows, width)."""
        if isinstance(self.network, PooledClassifier):
            embedding = self.network.embed(input_ids, attention_mask)
            return self.network.head(embedding), embedding
        told = self.network(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return told.logits, told.hidden_states[-1][:, 0]

    @torch.inference_mode()
    def forward_arrays(
        self, numbers: np.ndarray, mask: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same for arrays: a :data:`~aprendiz.neural.engine.engine.Forward`."""
        logits, embeddings = self(torch.from_numpy(numbers), torch.from_numpy(mask))
        return logits.numpy(), embeddings.numpy()


def write(network: nn.Module, folder: Path) -> Path:
    """Write the graph of a network that lies on the CPU; the network is left as it was.

    Whether the graph says the same as the network is for the gates to find out.

    Raises:
        MissingExtra: the library ``onnx`` is not installed.
    """
    if find_spec("onnx") is None:  # torch would look for it when all is done
        raise MissingExtra("train", "onnx")
    encoder = network.encoder if isinstance(network, PooledClassifier) else network
    before = encoder.config._attn_implementation  # type: ignore[union-attr]
    # Two rows, one of them padded, so that the mask is no constant of the graph.
    numbers = torch.tensor([[1, 2, 3, 4, 5], [1, 2, 3, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    path = folder / NAME
    # The plain form of attention: runtimes know its pattern, and the fused form's guards
    # against empty rows are work for nothing.
    encoder.set_attn_implementation("eager")  # type: ignore[operator]
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                ServedNetwork(network),
                (numbers, mask),
                path,
                # The newer exporter needs two libraries more, takes five times as long and
                # writes a graph that is no quicker.
                dynamo=False,
                opset_version=_OPSET,
                input_names=["input_ids", "attention_mask"],
                output_names=["logits", "embedding"],
                dynamic_axes={
                    "input_ids": {0: "rows", 1: "tokens"},
                    "attention_mask": {0: "rows", 1: "tokens"},
                    "logits": {0: "rows"},
                    "embedding": {0: "rows"},
                },
            )
    finally:
        encoder.set_attn_implementation(before)  # type: ignore[operator]
    return path
