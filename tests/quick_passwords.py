"""Passwords that are quick to check: a real hash takes long on purpose, and tests make hundreds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest


class HashCost(NamedTuple):
    """What a hash of Argon2id costs whoever guesses."""

    memory_kib: int
    passes: int
    lanes: int


@pytest.fixture(scope="session", autouse=True)
def real_hash_cost() -> Iterator[HashCost]:
    """What it is in production, which nothing sets; in this process it is far less."""
    from kaquan.staff.passwords import Argon2idHasher as Hasher

    real = HashCost(Hasher.memory_cost, Hasher.time_cost, Hasher.parallelism)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Hasher, "memory_cost", 64)
        patch.setattr(Hasher, "time_cost", 1)
        yield real
