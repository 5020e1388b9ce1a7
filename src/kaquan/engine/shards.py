"""Which shard a voucher or a customer lives in.

A serial's low six bits are its bucket, 0…63. What the tables store is not the bucket but its entry
in ``SHARD_KEYS_64``: Citus places a row by PostgreSQL's ``hashint4`` of the stored value, and the
raw numbers 0…63 would leave 25 of 64 shards empty. Each constant is the smallest value whose hash
falls into its bucket's share of the hash range, so that 64 keys fill 64 shards evenly (and 32, 16,
8, 4 and 2 as well). The list is part of the stored data: it never changes.
"""

from __future__ import annotations

from typing import Final

BUCKETS: Final = 64
SERIAL_BITS: Final = 38
SERIAL_END: Final = 1 << SERIAL_BITS

# fmt: off
SHARD_KEYS_64: Final = (
    60, 8, 82, 1, 31, 88, 79, 24, 10, 92, 48, 109, 5, 112, 50, 166,
    4, 7, 17, 172, 16, 96, 170, 85, 36, 89, 19, 0, 37, 45, 101, 3,
    113, 52, 62, 99, 136, 168, 46, 28, 6, 66, 70, 21, 83, 39, 43, 13,
    2, 351, 27, 95, 58, 149, 41, 179, 9, 80, 59, 22, 12, 11, 44, 18,
)
# fmt: on

_WORD = 0xFFFF_FFFF_FFFF_FFFF


def bucket_of_serial(serial: int) -> int:
    """The bucket 0…63 of a serial."""
    assert 0 <= serial < SERIAL_END, serial
    return serial & BUCKETS - 1


def shard_of_serial(serial: int) -> int:
    """The stored ``shard`` value of a serial."""
    return SHARD_KEYS_64[bucket_of_serial(serial)]


def bucket_of_customer(customer_id: int) -> int:
    """The bucket 0…63 of a customer, whose vouchers get serials of the same bucket.

    The top six bits of SplitMix64's finaliser (Steele, Lea & Flood, "Fast Splittable Pseudorandom
    Number Generators", OOPSLA 2014): even for ids that count up, step by any stride or carry a time
    in their high bits. It has no key and, like the list, never changes.
    """
    assert 0 <= customer_id <= _WORD, customer_id
    mixed = customer_id
    mixed = (mixed ^ mixed >> 30) * 0xBF58_476D_1CE4_E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB & _WORD
    return (mixed ^ mixed >> 31) >> 58


def shard_of_customer(customer_id: int) -> int:
    """The stored ``shard`` value of a customer."""
    return SHARD_KEYS_64[bucket_of_customer(customer_id)]
