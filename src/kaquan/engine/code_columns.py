"""Writing many codes at once, a column of symbols at a time.

Symbol by symbol, CPython spends about two microseconds on writing one code. ``bytes.translate``,
XOR of large integers and slice assignment do the same work for thousands of codes in one call each,
in a tenth of the time (``python -m benchmarks.codes``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kaquan.engine.crockford import ALPHABET, TIMES_ALPHA

PAYLOAD_BYTES: Final = 12
"""95 bits, most significant first; the last bit of the last byte means nothing."""

_PAYLOAD_SYMBOLS = 19
_GROUP = 4
_TO_SYMBOL = ALPHABET.encode() * 8  # a translate table has 256 entries; values are below 32


def _bits_at(offset: int) -> bytes:
    """The table that reads five bits of a byte from ``offset`` on; bits beyond the byte are 0."""
    return bytes((byte << offset & 0xFF) >> 3 for byte in range(256))


def _bits_over(missing: int) -> bytes:
    """The table that reads the first ``missing`` bits of the byte to the right."""
    return bytes(byte >> 8 - missing for byte in range(256))


def _times(power: int) -> bytes:
    """The table that multiplies a value of GF(32) by α to ``power``."""
    values = list(range(32))
    for _ in range(power):
        values = [TIMES_ALPHA[value] for value in values]
    return bytes(values * 8)


_BITS_AT = tuple(_bits_at(offset) for offset in range(8))
_BITS_OVER = tuple(_bits_over(missing) for missing in range(5))
_CHECK_WEIGHT = tuple(_times(_PAYLOAD_SYMBOLS - place) for place in range(_PAYLOAD_SYMBOLS))


def code_lines(payload: Sequence[bytes], separator: str) -> list[str]:
    """The codes whose payloads stand in ``payload``, a column (one byte per code) for each byte.

    ``separator`` (one character or none) stands between groups of four symbols.
    """
    assert len(payload) == PAYLOAD_BYTES
    assert len(separator) <= 1
    count = len(payload[0])
    width = 4 + len(separator)
    line = bytearray(separator.join(["0000"] * 5) + "\n", "ascii")
    text = line * count
    check = 0
    for place in range(_PAYLOAD_SYMBOLS):
        values = _symbol_column(payload, 5 * place)
        check ^= int.from_bytes(values.translate(_CHECK_WEIGHT[place]), "big")
        start = place // _GROUP * width + place % _GROUP
        text[start :: len(line)] = values.translate(_TO_SYMBOL)
    text[len(line) - 2 :: len(line)] = check.to_bytes(count, "big").translate(_TO_SYMBOL)
    return text.decode("ascii").split()


def _symbol_column(payload: Sequence[bytes], bit: int) -> bytes:
    """The values of the five bits that start at ``bit``, one byte per code."""
    byte, offset = divmod(bit, 8)
    values = payload[byte].translate(_BITS_AT[offset])
    missing = offset - 3
    if missing <= 0:
        return values
    over = payload[byte + 1].translate(_BITS_OVER[missing])
    both = int.from_bytes(values, "big") | int.from_bytes(over, "big")
    return both.to_bytes(len(values), "big")
