"""Crockford's 32 symbols: what people read, type and dictate, and the check that catches slips.

The alphabet leaves out I, L, O and U (Douglas Crockford, "Base 32"). Crockford's own check symbols
do not fit a QR code's alphanumeric mode, so the check symbol here comes from the same 32: symbols
are elements of GF(32) = GF(2)[x]/(x⁵+x²+1), combined by the Damm quasigroup x∘y = αx + y with α = 2
(H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004), which is also an RS[n, n−1] code. Up to
31 symbols, check included, it finds every single substitution and every swap of two unequal symbols
at any distance. It is public: it tells slips from guesses and protects against nobody.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TYPED_MAXIMUM: Final = 64
"""Longer input cannot be a code with its spaces and dashes, and is refused before any work."""

_LONGEST_CHECKED = 31
_FOREIGN = "!"
_TO_RADIX_32 = bytes.maketrans(ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")
_TO_VALUE = bytes.maketrans(ALPHABET.encode(), bytes(range(32)))
_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)

# What keyboards, Chinese input methods, scanners and copied web pages put between symbols.
_SPACES = "\t\n\r \u00a0\u202f\u205f\u2060\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x2010)))
_DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u30fc\ufe58\ufe63\uff0d"
_FULL_WIDTH_OFFSET = 0xFEE0


class _Folding(dict[int, str | None]):
    """A table for ``str.translate`` that turns every character it does not know into a foreign one.

    Without this, Cyrillic and Greek look-alikes would pass through untouched.
    """

    def __missing__(self, character: int) -> str:
        return _FOREIGN


def _folding() -> _Folding:
    typed = {symbol: symbol for symbol in ALPHABET}
    typed |= {symbol.lower(): symbol for symbol in ALPHABET}
    typed |= {"I": "1", "i": "1", "L": "1", "l": "1", "O": "0", "o": "0"}
    table = _Folding()
    for character, symbol in typed.items():
        table[ord(character)] = symbol
        table[ord(character) + _FULL_WIDTH_OFFSET] = symbol
    for character in _SPACES + _DASHES:
        table[ord(character)] = None
    return table


_FOLDING = _folding()


def _multiply(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left <<= 1
        if left & 0b100000:
            left ^= 0b100101
        right >>= 1
    return product


TIMES_ALPHA: Final = tuple(_multiply(value, 2) for value in range(32))


def fold(text: str) -> str | None:
    """The symbols that ``text`` means, in upper case, without spaces and dashes.

    I and L are read as 1, O as 0, full-width characters as plain ones. ``None`` if anything else is
    in it: U, look-alikes from other scripts. Any string is safe to pass; one beyond
    ``TYPED_MAXIMUM`` characters is not even looked at.
    """
    if len(text) > TYPED_MAXIMUM:
        return None
    folded = text.translate(_FOLDING)
    return None if _FOREIGN in folded else folded


def symbol_values(symbols: str) -> bytes:
    """The values 0…31 of folded symbols."""
    return symbols.encode("ascii").translate(_TO_VALUE)


def number_of(symbols: str) -> int:
    """The number that folded symbols write, most significant first."""
    return int(symbols.encode("ascii").translate(_TO_RADIX_32), 32)


def symbols_of(number: int, length: int) -> str:
    """``number`` written in exactly ``length`` symbols; ``ValueError`` if it does not fit."""
    if number < 0 or number >> 5 * length:
        raise ValueError(f"{number} does not fit {length} symbols")
    pairs = [_PAIRS[number >> at & 1023] for at in range((length - 1) // 2 * 10, -1, -10)]
    return "".join(pairs)[-length:]


def check_symbol(symbols: str) -> str:
    """The check symbol to append to folded ``symbols`` (at most 30)."""
    assert len(symbols) < _LONGEST_CHECKED, "the check finds all swaps only up to 31 symbols"
    return ALPHABET[TIMES_ALPHA[_state_after(symbols)]]


def is_checked(symbols: str) -> bool:
    """Whether folded ``symbols`` end with their check symbol."""
    return _state_after(symbols) == 0


def _state_after(symbols: str) -> int:
    state = 0
    for value in symbol_values(symbols):
        state = TIMES_ALPHA[state] ^ value
    return state
