"""The supervised contrastive loss: rows of one label draw together, others apart.

Source: Khosla et al. 2020, "Supervised Contrastive Learning", the form with the mean
outside of the logarithm (equation 2). Gunel et al. 2021 add it to the cross-entropy when a
language model is tuned on few examples; so does ``finetune``.
"""

from __future__ import annotations

import torch
from torch import nn

_TEMPERATURE = 0.07  # Khosla et al. 2020
_ITSELF = -1e9


def contrastive(embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of one batch.

    Args:
        embeddings: shape (rows, width).
        labels: label numbers, shape (rows,).

    Returns:
        A scalar in nats: the mean over the rows that share their label with another row of
        the batch, 0 where there are none.
    """
    # A bf16 product would round the likenesses to two digits.
    with torch.autocast(embeddings.device.type, enabled=False):
        unit = nn.functional.normalize(embeddings.float(), dim=-1)
        alike = unit @ unit.T / _TEMPERATURE
        itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
        alike = alike.masked_fill(itself, _ITSELF)
        chance = alike - torch.logsumexp(alike, dim=1, keepdim=True)
        fellows = (labels[:, None] == labels[None, :]) & ~itself
        count = fellows.sum(dim=1)
        losses = -(chance * fellows).sum(dim=1)[count > 0] / count[count > 0]
        return losses.mean() if len(losses) else unit.sum() * 0
