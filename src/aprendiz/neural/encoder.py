"""An encoder with pooling, and the classifier it makes with a linear head on top.

Everything that ``probe`` and ``finetune`` put into a model folder is written and read
here, so that either method's folder is the same kind of thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    BertConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from aprendiz.errors import BaseModelError, ModelFolderError
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.platt import Platt, sigmoid
from aprendiz.interfaces import Token
from aprendiz.neural import scope
from aprendiz.neural.contrast import contrastive
from aprendiz.neural.scope import Detector
from aprendiz.neural.tokenize import TextEncoder, batches_by_length, pad_batch

HEAD = "head.safetensors"
SETTINGS = "classifier.json"


def quiet_transformers() -> None:
    """Keep the library's bars and notices off the terminal; ours say what matters."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def load_config(folder: Path) -> PretrainedConfig:
    """A base model's configuration; early BERT uploads that name no type are taken as BERT.

    Raises:
        BaseModelError: an architecture this version of transformers does not have.
    """
    stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "model_type" not in stated and (folder / "vocab.txt").is_file():
        return BertConfig(**stated)
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True)
    except (ValueError, KeyError, OSError) as error:
        raise BaseModelError(f"{folder}: {str(error).splitlines()[0]}") from None


def load_encoder(folder: Path) -> PreTrainedModel:
    """The bare encoder, in fp32, ready to train or to embed with.

    Raises:
        BaseModelError: the weights do not make an encoder.
    """
    quiet_transformers()
    try:
        encoder = AutoModel.from_pretrained(
            folder, config=load_config(folder), local_files_only=True, dtype=torch.float32
        )
    except (ValueError, OSError, RuntimeError) as error:
        raise BaseModelError(f"{folder}: {str(error).splitlines()[0]}") from None
    if getattr(encoder, "pooler", None) is not None:
        # BERT's own pooler is not used by mean pooling: no need to train or carry it.
        encoder.pooler = None
    return encoder


class PooledClassifier(nn.Module):
    """Encoder, pooling over tokens, optional scaling to length 1, linear head.

    Args:
        encoder: gives ``last_hidden_state`` of shape (batch, tokens, width).
        labels: how many.
        pooling: ``mean`` over real tokens, or ``cls`` for the first one.
        normalize: scale each embedding to Euclidean length 1.

    Attributes:
        contrast: weight of the supervised contrastive loss (``contrast.py``) while training.
    """

    contrast = 0.0

    def __init__(
        self, encoder: PreTrainedModel, labels: int, pooling: str = "mean", normalize: bool = True
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, labels)
        self.pooling = pooling
        self.normalize = normalize

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Sentence embeddings, shape (batch, width), float32."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        pooled = pooled.float()
        return nn.functional.normalize(pooled, dim=-1) if self.normalize else pooled

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Logits of shape (batch, labels), and when labels are given the loss.

        That is the mean cross-entropy; while training, the contrastive loss comes on top.
        """
        vectors = self.embed(input_ids, attention_mask)
        logits = self.head(vectors)
        if labels is None:
            return {"logits": logits}
        loss = nn.functional.cross_entropy(logits, labels)
        if self.training and self.contrast:
            loss = loss + self.contrast * contrastive(vectors, labels)
        return {"loss": loss, "logits": logits}

    def both(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits and embeddings side by side, shape (batch, labels + width)."""
        vectors = self.embed(input_ids, attention_mask)
        return torch.cat([self.head(vectors), vectors], dim=1)

    @torch.no_grad()
    def set_head(self, weight: np.ndarray, bias: np.ndarray) -> None:
        """Start the head from a fitted linear model: ``(labels, width)`` and ``(labels,)``."""
        self.head.weight.copy_(torch.from_numpy(weight))
        self.head.bias.copy_(torch.from_numpy(bias))


def run_batched(
    forward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    rows: Sequence[Sequence[int]],
    pad: int,
    device: str,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Apply a network to rows of token numbers, like lengths together, and keep their order.

    Returns:
        float32 array of shape ``(len(rows), width of what forward gives)``.
    """
    results: list[np.ndarray | None] = [None] * len(rows)
    done = 0
    with torch.inference_mode():
        for positions in batches_by_length([len(row) for row in rows]):
            numbers, mask = pad_batch([rows[position] for position in positions], pad)
            answers = forward(numbers.to(device), mask.to(device)).float().cpu().numpy()
            for position, answer in zip(positions, answers, strict=True):
                results[position] = answer
            done += len(positions)
            if progress is not None:
                progress(done, len(rows))
    return np.stack([row for row in results if row is not None])


class EncoderClassifier:
    """A loaded ``probe`` or ``finetune`` model; a :class:`aprendiz.interfaces.ScopedClassifier`.

    Args:
        forward: network from padded batch to logits, already in evaluation mode; with a
            detector, to logits and embeddings side by side (:meth:`PooledClassifier.both`).
        text_encoder: from texts to token numbers.
        labels: label names in the order of the logits.
        temperature: divides the logits before the softmax.
        device: where the network is.
        detector: tells texts about the labels from others; ``None`` for none.
        several: a text may have any number of labels: each logit goes through a sigmoid by
            itself, and the temperature is 1.
    """

    def __init__(
        self,
        forward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        text_encoder: TextEncoder,
        labels: Sequence[str],
        temperature: float,
        device: str = "cpu",
        detector: Detector | None = None,
        several: bool = False,
    ) -> None:
        self._forward = forward
        self._text_encoder = text_encoder
        self._labels = tuple(labels)
        self._temperature = temperature
        self._device = device
        self._detector = detector
        self._several = several

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the probabilities' columns."""
        return self._labels

    @property
    def max_tokens(self) -> int:
        """Most tokens of a text, special ones counted; what is longer is cut."""
        return self._text_encoder.max_length

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, cut to the model's length."""
        return self._text_encoder.encode(texts)

    def tokens(self, text: str) -> list[Token]:
        """How a text is cut, for people."""
        return self._text_encoder.tokens(text)

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities, shape ``(len(texts), len(labels))``, float64."""
        return self.judge(texts)[0]

    def judge(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities, and the scope of each text, shape ``(len(texts),)``, or ``None``."""
        return self.judge_rows(self.encode(texts))

    def judge_rows(self, rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray | None]:
        """The same of rows that :meth:`encode` gave."""
        labels = len(self._labels)
        if not rows:
            return np.zeros((0, labels)), np.zeros(0) if self._detector else None
        told = run_batched(self._forward, rows, self._text_encoder.pad, self._device)
        logits = told[:, :labels].astype(np.float64)
        if self._several:
            return sigmoid(logits), None
        scope = self._detector.scope(told[:, labels:], logits) if self._detector else None
        return softmax(logits, self._temperature), scope


def save(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    *,
    max_length: int,
    temperature: float,
    several: bool = False,
    platt: Platt | None = None,
) -> None:
    """Write a classifier into a folder, in the Hugging Face layout.

    A :class:`PooledClassifier` becomes an encoder (``AutoModel`` loads it) with its head in a
    file beside it, ``platt`` folded into that file; any other model is taken for a Hugging Face
    sequence classifier and written as such.
    """
    tokenizer.save_pretrained(folder)
    shared = {
        "max_length": max_length,
        "temperature": temperature,
        "pad": int(tokenizer.pad_token_id or 0),
        **({"several": True} if several else {}),
    }
    if not isinstance(model, PooledClassifier):
        model.save_pretrained(folder)  # type: ignore[operator]
        _write_settings(folder, {"kind": "plain", **shared})
        return
    model.encoder.save_pretrained(folder)
    head = [tensor.detach().cpu().contiguous() for tensor in (model.head.weight, model.head.bias)]
    if platt is not None:
        head = [torch.from_numpy(each) for each in platt.folded(*(t.numpy() for t in head))]
    save_file(dict(zip(("weight", "bias"), head, strict=True)), folder / HEAD)
    declared = {"pooling": model.pooling, "normalize": model.normalize}
    _write_settings(folder, {"kind": "pooled", **declared, **shared})


def _write_settings(folder: Path, values: dict[str, object]) -> None:
    (folder / SETTINGS).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def load(folder: Path, labels: Sequence[str]) -> EncoderClassifier:
    """Load what :func:`save` (or a plain ``finetune``) wrote.

    Raises:
        ModelFolderError: a file is missing or does not fit the labels.
    """
    quiet_transformers()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        text_encoder = TextEncoder.from_file(
            folder / "tokenizer.json", settings["max_length"], settings["pad"]
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelFolderError(f"{folder}: cannot be loaded ({error})", "train again") from None
    network = load_network(folder, len(labels)).to(device)
    detector = scope.load(folder)
    return EncoderClassifier(
        network.both
        if detector is not None and isinstance(network, PooledClassifier)
        else lambda numbers, mask: network(input_ids=numbers, attention_mask=mask)["logits"],
        text_encoder,
        labels,
        settings["temperature"],
        device,
        detector,
        bool(settings.get("several")),
    )


def load_network(folder: Path, labels: int) -> nn.Module:
    """The network that :func:`save` wrote, in fp32, on the CPU, in evaluation mode.

    Raises:
        ModelFolderError: its head is for another number of labels.
    """
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    if settings["kind"] == "plain":
        return _plain_network(folder).eval()
    return _pooled_network(folder, settings, labels).eval()


def _plain_network(folder: Path) -> nn.Module:
    from transformers import AutoModelForSequenceClassification

    network: nn.Module = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32
    )
    return network


def _pooled_network(folder: Path, settings: dict[str, object], labels: int) -> PooledClassifier:
    head = load_file(folder / HEAD)
    if head["weight"].shape[0] != labels:
        raise ModelFolderError(
            f"{folder / HEAD}: made for {head['weight'].shape[0]} labels, the manifest has {labels}"
        )
    network = PooledClassifier(
        load_encoder(folder), labels, str(settings["pooling"]), bool(settings["normalize"])
    )
    network.head.load_state_dict(head)
    return network
