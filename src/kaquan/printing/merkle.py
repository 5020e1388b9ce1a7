"""A Merkle tree over a print run: one hash on the delivery note stands for all its vouchers.

As in RFC 6962, section 2.1 (Certificate Transparency): a leaf is SHA-256(0x00 ‖ data), a node
SHA-256(0x01 ‖ left ‖ right), and a tree of n leaves splits at the largest power of two below n. A
leaf's data is the serial in 8 bytes, big-endian, and the SHA-256 of the code's 20 symbols: whoever
holds a voucher can show that it is of the run, and a printer can add none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from hmac import compare_digest

HASH_BYTES = 32


def leaf_of(serial: int, code: str) -> bytes:
    """The leaf of one voucher; ``code`` as its 20 symbols, without dashes."""
    data = serial.to_bytes(8, "big") + hashlib.sha256(code.encode("ascii")).digest()
    return hashlib.sha256(b"\x00" + data).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over at least one leaf."""
    assert leaves, "an empty run has no root"
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the way from a leaf to the root, from the bottom; log2 of all."""
    assert 0 <= index < len(leaves), (index, len(leaves))
    proof: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level, index = _above(level), index >> 1
    return proof


def is_proven(leaf: bytes, index: int, count: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf stands at an index of a tree of so many leaves with this root."""
    if not 0 <= index < count:
        return False
    found, left = leaf, list(proof)
    while count > 1:
        if index ^ 1 < count:
            if not left:
                return False
            beside = left.pop(0)
            pair = (beside, found) if index & 1 else (found, beside)
            found = _node(*pair)
        index, count = index >> 1, (count + 1) >> 1
    return not left and compare_digest(found, root)


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The level above; one that is left over rises as it is, which gives RFC 6962's splits."""
    nodes = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*nodes, level[-1]] if len(level) & 1 else nodes


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
