"""What a limit per channel counts by: a number for each channel's name."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from unicodedata import normalize

SUBJECT_BITS = 62
_DIGEST_BYTES = 8
_CHANNELS_KEPT = 1_024


def folded_channel(name: str) -> str:
    """The name as limits compare it: in either case and either width it is one channel."""
    return normalize("NFKC", normalize("NFKC", name).casefold())


@lru_cache(maxsize=_CHANNELS_KEPT)
def channel_subject(name: str) -> int:
    """The number under which the ledger counts a channel, for ever: 1 to 2**62 - 1.

    The first 62 bits of the keyless BLAKE2b (8 bytes) of the folded name in UTF-8, big-endian; 0
    becomes 1, for 0 stands for every channel. A visit that names no channel counts under its own
    number, so that leaving the channel out gets round no limit.
    """
    # A till may send half a surrogate pair; it has a number as well.
    text = folded_channel(name).encode("utf-8", "surrogatepass")
    number = int.from_bytes(blake2b(text, digest_size=_DIGEST_BYTES).digest())
    return number >> (8 * _DIGEST_BYTES - SUBJECT_BITS) or 1
