"""The tree over a run: RFC 6962's own examples, proofs of every leaf, and nothing else proven."""

from __future__ import annotations

import hashlib

import pytest

from kaquan.printing.merkle import is_proven, leaf_of, proof_of, root_of


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written: split at the largest power of two below n."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = reference_root(leaves[:split]), reference_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def some(number: int) -> list[bytes]:
    return [leaf_of(one, f"{one:020d}") for one in range(number)]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 8, 9, 31, 100])
def test_root_is_that_of_the_rfc_and_every_voucher_is_proven(number: int) -> None:
    leaves = some(number)
    root = root_of(leaves)
    assert root == reference_root(leaves)
    for index, leaf in enumerate(leaves):
        proof = proof_of(leaves, index)
        assert len(proof) <= (number - 1).bit_length()
        assert is_proven(leaf, index, number, proof, root)


def test_a_voucher_that_a_printer_adds_is_not_proven() -> None:
    leaves = some(9)
    root, proof = root_of(leaves), proof_of(leaves, 4)
    other = leaf_of(4, "F" * 20)
    assert not is_proven(other, 4, 9, proof, root)
    assert not is_proven(leaves[4], 5, 9, proof, root)
    assert not is_proven(leaves[4], 4, 9, proof[:-1], root)
    assert not is_proven(leaves[4], 4, 9, [*proof, root], root)
    assert not is_proven(leaves[4], 9, 9, proof, root)
