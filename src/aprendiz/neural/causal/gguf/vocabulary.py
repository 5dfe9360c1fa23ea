"""A tokenizer of transformers as the fields of a GGUF.

Two kinds: byte-level pieces with merges (llama.cpp's ``gpt2``) and SentencePiece pieces with
byte fall-back (``llama``). Another kind, or a way of cutting text that llama.cpp has no name
for, is refused: the model would read other tokens there than here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from gguf import GGUFWriter, TokenType
from transformers import PreTrainedTokenizerBase

from aprendiz.errors import ExportError
from aprendiz.neural.causal.gguf import pre_tokenizers as cutting

_HF_INSTEAD = "export it with --to hf, which keeps the tokenizer as it is"


def write_vocabulary(writer: GGUFWriter, tokenizer: PreTrainedTokenizerBase, rows: int) -> None:
    """Write pieces, their kinds and how they merge.

    Args:
        writer: takes the fields.
        tokenizer: a fast one.
        rows: of the network's embedding; those without a piece are filled with unused ones.

    Raises:
        ExportError: a kind of tokenizer that llama.cpp does not have.
    """
    told = _told(tokenizer)
    merges = [" ".join(each) if isinstance(each, list) else each for each in told["merges"]]
    if not merges:
        raise ExportError("its tokenizer merges nothing; llama.cpp refuses that", _HF_INSTEAD)
    pieces, kinds = _pieces(tokenizer, rows)
    if told.get("byte_fallback"):
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores(_scores(pieces, merges))
        writer.add_add_space_prefix(_has_prefix(tokenizer))
        kinds = [_spm_kind(piece, kind) for piece, kind in zip(pieces, kinds, strict=True)]
        if tokenizer.unk_token_id is not None:
            kinds[int(tokenizer.unk_token_id)] = TokenType.UNKNOWN
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(_cutting(tokenizer))
    writer.add_token_list(pieces)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)


def write_special_tokens(
    writer: GGUFWriter, tokenizer: PreTrainedTokenizerBase, stops: Sequence[int]
) -> None:
    """Write which tokens begin, end and pad, and whether a text begins with one.

    Args:
        writer: takes the fields.
        tokenizer: names them.
        stops: tokens that end a reply, the end-of-text first; a GGUF has room for three.

    Raises:
        ExportError: there are more.
    """
    fields = (writer.add_eos_token_id, writer.add_eot_token_id, writer.add_eom_token_id)
    if len(stops) > len(fields):
        names = ", ".join(tokenizer.convert_ids_to_tokens(list(stops)))
        raise ExportError(
            f"{len(stops)} different tokens end a reply ({names}); a GGUF has room for three",
            "leave only those it was trained with in generation_config.json",
        )
    for add, number in zip(fields, stops, strict=False):
        add(number)
    for add, number in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_unk_token_id, tokenizer.unk_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if number is not None:
            add(int(number))
    plain = tokenizer.encode("a", add_special_tokens=False)
    framed = tokenizer.encode("a")
    writer.add_add_bos_token(framed[0] == tokenizer.bos_token_id != plain[0])
    writer.add_add_eos_token(framed[-1] == tokenizer.eos_token_id != plain[-1])


def _told(tokenizer: Any) -> dict[str, Any]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    told = json.loads(backend.to_str())["model"] if backend is not None else {"type": "slow"}
    if told["type"] != "BPE":
        raise ExportError(
            f"its tokenizer is of the kind {told['type']}; for a GGUF it has to merge byte pairs",
            _HF_INSTEAD,
        )
    return dict(told)


def _pieces(tokenizer: Any, rows: int) -> tuple[list[str], list[TokenType]]:
    """Every row's piece and its kind."""
    by_number = {number: piece for piece, number in tokenizer.get_vocab().items()}
    if max(by_number) >= rows:
        raise ExportError(
            f"the tokenizer has {max(by_number) + 1} pieces and the network only {rows} rows",
            "resize the network's embedding to the tokenizer",
        )
    added = tokenizer.added_tokens_decoder
    pieces, kinds = [], []
    for number in range(rows):
        pieces.append(by_number.get(number, f"[PAD{number}]"))
        if number not in by_number:
            kinds.append(TokenType.UNUSED)
        elif number not in added:
            kinds.append(TokenType.NORMAL)
        else:
            special = added[number].special
            kinds.append(TokenType.CONTROL if special else TokenType.USER_DEFINED)
    return pieces, kinds


def _cutting(tokenizer: Any) -> str:
    name = cutting.name_of(tokenizer.backend_tokenizer)
    if name is None:
        raise ExportError(
            "its tokenizer cuts text in a way that llama.cpp has no name for (known are "
            f"{', '.join(cutting.KNOWN)}): words and numbers would be read differently there",
            _HF_INSTEAD,
        )
    return name


def _spm_kind(piece: str, kind: TokenType) -> TokenType:
    byte = len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")
    return TokenType.BYTE if byte and kind is TokenType.NORMAL else kind


def _scores(pieces: Sequence[str], merges: Sequence[str]) -> list[float]:
    """Scores with which llama.cpp merges in the same order as the list of merges does.

    SentencePiece always makes the piece with the best score, so a piece's score is how early
    the list makes it. That is the same only where the list makes each piece in one go.
    """
    made = [piece for piece, _ in groupby(merges, key=lambda merge: merge.replace(" ", ""))]
    if len(made) != len(set(made)):
        raise ExportError(
            "its tokenizer merges in an order that no scores of pieces can give", _HF_INSTEAD
        )
    place = {piece: -float(number) for number, piece in enumerate(made)}
    last = -float(len(made))
    return [place.get(piece, last) for piece in pieces]


def _has_prefix(tokenizer: Any) -> bool:
    """Whether a space stands before the first word after a control token.

    ``first`` puts one before the very first word of a text only. A conversation begins with
    a control token, so for a chat model that is the same as never.
    """
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    before = told.get("pre_tokenizer") or {}
    normalizer = told.get("normalizer") or {}
    steps = normalizer.get("normalizers", [normalizer])
    if before.get("type") == "Metaspace":
        scheme = before.get("prepend_scheme")
        return scheme == "always" or (scheme == "first" and not tokenizer.chat_template)
    if before:
        raise ExportError(
            f"its tokenizer cuts text with {before['type']}, which a SentencePiece vocabulary "
            "in a GGUF cannot say",
            _HF_INSTEAD,
        )
    return any(step.get("type") == "Prepend" for step in steps)
