"""Proofs that a voucher is of a print run: log2(n) hashes, checked without us and our database."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from kaquan.engine.crockford import fold
from kaquan.foundation.errors import KaquanError
from kaquan.printing.merkle import is_proven, leaf_of

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Whole = Annotated[int, Meta(ge=0, le=2**62)]


class VoucherProof(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one voucher stands in the tree of its run; ``beside`` are the hashes beside the way to
    the root, from the bottom. The code is not in it: whoever holds the voucher has it."""

    run: Whole
    serial: Whole
    index: Whole
    count: Whole
    root: Hash
    beside: Annotated[tuple[Hash, ...], Meta(max_length=64)]


def read_proof(content: bytes) -> VoucherProof:
    """A proof from a file; raises `print_proof_invalid`."""
    try:
        return msgspec.json.decode(content, type=VoucherProof)
    except msgspec.DecodeError:
        raise _proof_invalid() from None


def holds(proof: VoucherProof, *, code: str, root: str) -> bool:
    """Whether a voucher with this code, as somebody typed it, is of the run that this root, read
    off the delivery note, stands for."""
    symbols = fold(code)
    try:
        expected = bytes.fromhex(root)
    except ValueError:
        return False
    if not symbols:
        return False
    leaf = leaf_of(proof.serial, symbols)
    beside = [bytes.fromhex(one) for one in proof.beside]
    return is_proven(leaf, proof.index, proof.count, beside, expected)


def _proof_invalid() -> KaquanError:
    return KaquanError(
        "print_proof_invalid",
        zh="文件不是印制证明；请用 kaquan print proof 生成。",
        en="The file is no proof of a print run; make one with kaquan print proof.",
    )
