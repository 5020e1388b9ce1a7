"""Buckets are even, shard keys land one in each Citus shard, and neither ever changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import pytest

from kaquan.engine.shards import (
    BUCKETS,
    SERIAL_END,
    SHARD_KEYS_64,
    bucket_of_customer,
    bucket_of_serial,
    shard_of_customer,
    shard_of_serial,
)


def _postgresql_hashint4(value: int) -> int:
    """``hash_bytes_uint32`` of PostgreSQL (Bob Jenkins's lookup3), as a signed 32-bit integer."""

    def rotated(word: int, bits: int) -> int:
        return (word << bits | word >> 32 - bits) & 0xFFFF_FFFF

    words = [0x9E37_79B9 + 4 + 3_923_095] * 3
    words[0] += value
    for target, source, bits in (
        (2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24),
    ):  # fmt: skip
        mixed = (words[target] ^ words[source]) & 0xFFFF_FFFF
        words[target] = (mixed - rotated(words[source] & 0xFFFF_FFFF, bits)) & 0xFFFF_FFFF
    return words[2] - (1 << 32) if words[2] >> 31 else words[2]


def _citus_shard(value: int, shards: int) -> int:
    return (_postgresql_hashint4(value) + (1 << 31)) * shards >> 32


def _chi_square(buckets: Iterable[int]) -> float:
    counts = Counter(buckets)
    expected = counts.total() / BUCKETS
    return sum((counts[bucket] - expected) ** 2 / expected for bucket in range(BUCKETS))


def test_our_hash_is_postgresqls() -> None:
    # select hashint4(v)
    assert [_postgresql_hashint4(v) for v in (0, 1, 42)] == [
        -272_711_505,
        -1_905_060_026,
        1_509_752_520,
    ]


def test_each_shard_key_is_the_smallest_number_of_its_citus_shard() -> None:
    smallest: dict[int, int] = {}
    for value in range(max(SHARD_KEYS_64) + 1):
        smallest.setdefault(_citus_shard(value, BUCKETS), value)

    assert tuple(smallest[bucket] for bucket in range(BUCKETS)) == SHARD_KEYS_64


@pytest.mark.parametrize("shards", [32, 16, 8, 4, 2])
def test_fewer_shards_are_filled_evenly_too(shards: int) -> None:
    filled = Counter(_citus_shard(key, shards) for key in SHARD_KEYS_64)

    assert set(filled.values()) == {BUCKETS // shards}


def test_raw_bucket_numbers_would_leave_shards_empty() -> None:
    assert len({_citus_shard(bucket, BUCKETS) for bucket in range(BUCKETS)}) == 64 - 25


def test_a_serials_low_six_bits_are_its_bucket() -> None:
    assert [bucket_of_serial(serial) for serial in (0, 63, 64, SERIAL_END - 1)] == [0, 63, 0, 63]
    assert [shard_of_serial(serial) for serial in (0, 1, 63, 64)] == [60, 8, 18, 60]


@pytest.mark.parametrize("serial", [-1, SERIAL_END])
def test_a_serial_that_does_not_exist_has_no_bucket(serial: int) -> None:
    with pytest.raises(AssertionError):
        bucket_of_serial(serial)


@pytest.mark.parametrize("customer_id", [-1, 1 << 64])
def test_a_customer_that_cannot_exist_has_no_bucket(customer_id: int) -> None:
    with pytest.raises(AssertionError):
        bucket_of_customer(customer_id)


_RNG = random.Random(64)


@pytest.mark.parametrize(
    "customer_ids",
    [
        pytest.param(range(1, 20_001), id="counted up"),
        pytest.param(range(0, 20_000 * 64, 64), id="every 64th"),
        pytest.param(range(0, 20_000 * 10_000, 10_000), id="every 10,000th"),
        pytest.param(range(13_800_000_000, 13_800_020_000), id="like phone numbers"),
        pytest.param([n << 44 for n in range(20_000)], id="high bits only"),
        pytest.param([1_700_000_000_000 + n << 22 for n in range(20_000)], id="time in high bits"),
        pytest.param([_RNG.getrandbits(64) for _ in range(20_000)], id="random"),
    ],
)
def test_customers_spread_evenly_over_the_buckets(customer_ids: Iterable[int]) -> None:
    # 63 degrees of freedom: 118 is exceeded once in 30,000 random spreads.
    assert _chi_square(map(bucket_of_customer, customer_ids)) < 118


def test_a_customers_bucket_never_changes() -> None:
    assert [bucket_of_customer(n) for n in (0, 1, 2, 3, 10**6, (1 << 64) - 1)] == FROZEN_BUCKETS
    assert shard_of_customer(1) == SHARD_KEYS_64[bucket_of_customer(1)]


FROZEN_BUCKETS = [0, 21, 54, 7, 24, 45]
