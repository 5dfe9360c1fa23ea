"""Whether several conversations may share a row: only where attention keeps them apart.

A row of several conversations wastes nothing on padding, but a network whose attention looks
across their borders learns from the wrong context, and no figure shows it. So the network
itself is asked, once, before it learns; names of attention kernels are not trusted.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Literal

import torch

from aprendiz.errors import RecipeError

_FLASH = "flash_attention_2"
_LENGTH = 8  # tokens of each of the two trial conversations


def decide(asked: bool | Literal["auto"], network: Any, device: str) -> tuple[bool, str]:
    """Whether to pack, and why, in words for people.

    Args:
        asked: what the recipe says; ``auto`` packs where it is safe and pays.
        network: a causal language model; gets FlashAttention where that is installed.
        device: ``cpu`` or ``cuda``.

    Raises:
        RecipeError: packing is asked for, and the network looks across borders.
    """
    if asked is False:
        return False, "the recipe says so"
    if device == "cuda" and find_spec("flash_attn") is not None:
        network.set_attn_implementation(_FLASH)
    kernel = str(network.config._attn_implementation)
    if asked == "auto" and not kernel.startswith("flash"):
        return False, (
            f"{kernel} attention works through a whole packed row, and rows of like length "
            "leave little padding to save"
        )
    if keeps_apart(network):
        return True, f"{kernel} attention keeps conversations apart"
    if asked == "auto":
        return False, f"its attention ({kernel}) looks across the borders of conversations"
    raise RecipeError(
        f"packing = true: the attention of this base model ({kernel}) looks across the borders "
        "of conversations",
        "set packing to false, or install flash-attn on a GPU",
    )


@torch.inference_mode()
def keeps_apart(network: Any) -> bool:
    """Whether what stands before a conversation in its row leaves its logits as they are.

    The same tokens are read twice behind two different conversations, with positions that
    start again at the border. Any difference has come across it.
    """
    words = network.config.get_text_config().vocab_size
    device = next(network.parameters()).device
    once = torch.arange(_LENGTH, device=device)
    positions = torch.cat([once, once])[None]
    border = _LENGTH
    same = (once * 7 + 3) % words
    seen = []
    for before in ((once * 5 + 1) % words, (once * 11 + 2) % words):
        row = torch.cat([before, same])[None]
        logits = network(input_ids=row, position_ids=positions, use_cache=False).logits
        seen.append(logits[0, border:].float())
    return bool(torch.allclose(seen[0], seen[1], rtol=1e-5, atol=1e-6))
