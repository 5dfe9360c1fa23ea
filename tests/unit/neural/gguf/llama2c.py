"""A model in llama2.c's format: read it, run it with numpy alone, write it as a GGUF.

The forward pass is written from the arithmetic of Llama 2 (Touvron et al. 2023) and shares no
code with what it judges: no torch, no transformers, no gguf reader.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

EPSILON = 1e-5
BASE = 10_000.0
BOS, EOS = 1, 2
# The names of llama2.c's legacy checkpoint in the order of the file, a layer's at a time.
LAYERED = ("attn_norm", "q", "k", "v", "out", "ffn_norm", "gate", "down", "up")


@dataclass(frozen=True)
class Llama2c:
    """The seven sizes, the arrays, and the pieces of the vocabulary with their scores."""

    dim: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    context: int
    embedding: np.ndarray
    blocks: dict[str, np.ndarray]
    norm: np.ndarray
    pieces: tuple[bytes, ...]
    scores: tuple[float, ...]

    @property
    def head(self) -> int:
        """Numbers in a head."""
        return self.dim // self.heads


def read(folder: Path) -> Llama2c:
    """`stories260K.bin` and `tok512.bin`; the output layer is the embedding."""
    raw = (folder / "stories260K.bin").read_bytes()
    dim, hidden, layers, heads, kv_heads, vocabulary, context = struct.unpack_from("<7i", raw)
    numbers = np.frombuffer(raw, dtype="<f4", offset=28)
    kv = dim // heads * kv_heads
    shapes = {
        "attn_norm": (dim,),
        "q": (dim, dim),
        "k": (kv, dim),
        "v": (kv, dim),
        "out": (dim, dim),
        "ffn_norm": (dim,),
        "gate": (hidden, dim),
        "down": (dim, hidden),
        "up": (hidden, dim),
    }
    at = 0

    def take(*shape: int) -> np.ndarray:
        nonlocal at
        count = int(np.prod(shape))
        at += count
        return numbers[at - count : at].reshape(shape)

    embedding = take(vocabulary, dim)
    blocks = {name: take(layers, *shapes[name]) for name in LAYERED}
    norm = take(dim)
    pieces, scores = _vocabulary((folder / "tok512.bin").read_bytes(), vocabulary)
    return Llama2c(
        dim, hidden, layers, heads, kv_heads, context, embedding, blocks, norm, pieces, scores
    )


def _vocabulary(raw: bytes, size: int) -> tuple[tuple[bytes, ...], tuple[float, ...]]:
    at, pieces, scores = 4, [], []  # the first number is the longest piece's length
    for _ in range(size):
        score, length = struct.unpack_from("<fi", raw, at)
        pieces.append(raw[at + 8 : at + 8 + length])
        scores.append(score)
        at += 8 + length
    return tuple(pieces), tuple(scores)


def greedy(model: Llama2c, steps: int) -> list[int]:
    """The most probable tokens after BOS, until BOS comes again or `steps` are made."""
    tokens = [BOS]
    kv = model.head * model.kv_heads
    keys = np.zeros((model.layers, steps, kv), dtype=np.float32)
    values = np.zeros_like(keys)
    for position in range(steps):
        chosen = int(_logits(model, tokens[-1], position, keys, values).argmax())
        if chosen == BOS:
            break
        tokens.append(chosen)
    return tokens[1:]


def _logits(
    model: Llama2c, token: int, position: int, keys: np.ndarray, values: np.ndarray
) -> np.ndarray:
    block = model.blocks
    x = model.embedding[token]
    for layer in range(model.layers):
        seen = _norm(x, block["attn_norm"][layer])
        query = _turn(block["q"][layer] @ seen, position, model.head).reshape(model.heads, -1)
        keys[layer, position] = _turn(block["k"][layer] @ seen, position, model.head)
        values[layer, position] = block["v"][layer] @ seen
        mixed = np.zeros_like(query)
        for head in range(model.heads):
            group = head // (model.heads // model.kv_heads)
            part = slice(group * model.head, (group + 1) * model.head)
            scores = keys[layer, : position + 1, part] @ query[head] / np.sqrt(model.head)
            weights = np.exp(scores - scores.max())
            mixed[head] = weights / weights.sum() @ values[layer, : position + 1, part]
        x = x + block["out"][layer] @ mixed.reshape(-1)
        seen = _norm(x, block["ffn_norm"][layer])
        gate = block["gate"][layer] @ seen
        x = x + block["down"][layer] @ (gate / (1 + np.exp(-gate)) * (block["up"][layer] @ seen))
    return model.embedding @ _norm(x, model.norm)


def _norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight * x / np.sqrt(np.mean(x * x) + EPSILON)


def _turn(x: np.ndarray, position: int, head: int) -> np.ndarray:
    """Rotate neighbouring pairs of each head (Su et al. 2021): the layout of Meta's own weights."""
    pairs = x.reshape(-1, head // 2, 2)
    angle = position / BASE ** (np.arange(0, head, 2) / head)
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = np.stack(
        [
            pairs[..., 0] * cosine - pairs[..., 1] * sine,
            pairs[..., 0] * sine + pairs[..., 1] * cosine,
        ],
        axis=-1,
    )
    return turned.reshape(-1).astype(np.float32)


def text_of(model: Llama2c, tokens: list[int]) -> str:
    """What the tokens say; the space in front of the first word is not part of the text."""
    parts = []
    for token in tokens:
        piece = model.pieces[token]
        single = piece.startswith(b"<0x") and len(piece) == 6
        parts.append(bytes([int(piece[3:5], 16)]) if single else piece)
    return b"".join(parts).decode().removeprefix(" ")


def write_gguf(model: Llama2c, path: Path) -> None:
    """The same weights and vocabulary as a GGUF of llama.cpp's `llama` architecture.

    llama2.c turns neighbouring pairs, and so does llama.cpp for `llama`, so the query and key
    weights go over as they are; it is Hugging Face's half-and-half layout that would have to
    be reordered.
    """
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("stories260K")
    writer.add_license("mit")
    writer.add_vocab_size(len(model.pieces))
    writer.add_context_length(model.context)
    writer.add_embedding_length(model.dim)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.hidden)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.kv_heads)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_dimension_count(model.head)
    writer.add_rope_freq_base(BASE)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _write_vocabulary(model, writer)
    _write_tensors(model, writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_vocabulary(model: Llama2c, writer: gguf.GGUFWriter) -> None:
    # llama2.c's exporter put spaces for SentencePiece's mark and lines around BOS and EOS.
    kinds = {0: gguf.TokenType.UNKNOWN, BOS: gguf.TokenType.CONTROL, EOS: gguf.TokenType.CONTROL}
    pieces, types = [], []
    for number, piece in enumerate(model.pieces):
        control = number in kinds
        text = piece.decode()
        pieces.append(text.strip() if control else text.replace(" ", "\u2581"))
        byte = piece.startswith(b"<0x")
        types.append(kinds.get(number, gguf.TokenType.BYTE if byte else gguf.TokenType.NORMAL))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_scores(list(model.scores))
    writer.add_token_types(types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_eot_token_id(BOS)  # these stories end with the start of the next one
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)


def _write_tensors(model: Llama2c, writer: gguf.GGUFWriter) -> None:
    names = {
        "attn_norm": "attn_norm",
        "q": "attn_q",
        "k": "attn_k",
        "v": "attn_v",
        "out": "attn_output",
        "ffn_norm": "ffn_norm",
        "gate": "ffn_gate",
        "down": "ffn_down",
        "up": "ffn_up",
    }
    writer.add_tensor("token_embd.weight", model.embedding.copy())
    for layer in range(model.layers):
        for ours, theirs in names.items():
            writer.add_tensor(f"blk.{layer}.{theirs}.weight", model.blocks[ours][layer].copy())
    writer.add_tensor("output_norm.weight", model.norm.copy())
