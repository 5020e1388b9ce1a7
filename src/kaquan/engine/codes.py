"""Codes that prove themselves: a voucher's serial, hidden and signed, in 20 symbols to be typed.

    K7Q2-9FXM-0TRC-W4HD-5ZB1 = 38 bits hidden serial ‖ 57 bits tag ‖ 5 bits check symbol

- tag = 57 bits of a keyed hash of the serial. 1 − 2⁻⁵⁷ of all guesses fail it, without a database.
- hidden serial = serial XOR 38 bits of a keyed hash of the tag. So the codes of neighbours look
  unrelated, and a code does not say how many there are.
- check symbol: see ``crockford``. It tells a slip of the finger from a guess.

This is the SIV construction (Rogaway & Shrimpton, "Deterministic Authenticated-Encryption",
EUROCRYPT 2006; RFC 5297) with keyed BLAKE2b as its function, and its theorem is what is relied on:
q codes tell an attacker no more than q random strings would, up to q²/2⁵⁸ (tags that happen to be
equal), and a forgery succeeds with 2⁻⁵⁷ for each active key. Different serials always give
different codes. The usual alternative, a Feistel permutation of the 38 bits beside the tag, is only
proven up to some 2¹⁹ known codes (Patarin, "Luby-Rackoff: 7 rounds are enough", CRYPTO 2003) and
needs 16 MB of tables a key to be nearly as fast.

Exactly, with ‖ for joining, big-endian integers, their width in bytes as index, and
H(key, person, size, message) for BLAKE2b: eight tags share one
H(tag_key, "kaquan.code.tag1", 64, issuer₈ ‖ ⌊serial/8⌋₈); a tag is its word ``serial mod 8`` (of 8
bytes) without the first 6 bits and the last one. The mask is the first 38 bits of
H(serial_key, "kaquan.code.mask", 8, issuer₈ ‖ tag₈). ``tests/engine/vectors/codes.json`` has
examples.

A code is a voucher's in the hands of one holder. Hand 0 is the first, of all that is printed, and
has the tag above; each transfer begins the next one, whose tag is the word ``hand mod 8`` of
H(tag_key, "kaquan.code.hand", 64, issuer₈ ‖ serial₈ ‖ ⌊hand/8⌋₈). The hand is data that is signed
and not carried, so a reader tries all 32: a forgery succeeds with 2⁻⁵² for some hand, and with 2⁻⁵⁷
as above for the one that a voucher is in.
"""

from __future__ import annotations

import struct
import sys
import unicodedata
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

from msgspec import Struct

from kaquan.engine.code_columns import PAYLOAD_BYTES, code_lines
from kaquan.engine.crockford import check_symbol, fold, is_checked, number_of, symbols_of
from kaquan.engine.shards import SERIAL_BITS, SERIAL_END

CODE_SYMBOLS: Final = 20
TAG_BITS: Final = 57
KEY_MINIMUM_BYTES: Final = 32
POOL_CODE_MAXIMUM: Final = 64
HAND_MAX: Final = 31
"""How often a voucher may be passed on and still have a code of its own."""

_PAYLOAD_SYMBOLS = CODE_SYMBOLS - 1
_TAG_MASK = (1 << TAG_BITS) - 1
_MASK_UNUSED_BITS = 64 - SERIAL_BITS
_TAGS_A_HASH = 8
_CHUNK = 1 << 13  # a chunk's columns stay in the processor's cache, and memory flat
_POOL_NOISE = {"Zs", "Pd", "Cf"}  # spaces, dashes, invisible format characters


@dataclass(frozen=True, slots=True)
class CodeKey:
    """One generation of keys. Each key is 32 to 64 random bytes, and the two differ."""

    key_id: int
    serial_key: bytes = field(repr=False)  # hides the serial
    tag_key: bytes = field(repr=False)  # proves the code


class CodeFault(Enum):
    """Why a text is not a code of ours. Only ``MISTYPED`` is worth another look at the paper."""

    MALFORMED = "malformed"  # not 20 symbols of the alphabet
    MISTYPED = "mistyped"  # the check symbol does not fit
    FORGED = "forged"  # no active key made it


class Presented(NamedTuple):
    """The voucher that somebody named: by a code, made for one ``hand``; None: not by a code, and
    so in whichever hand it is."""

    serial: int
    hand: int | None = 0


class DecodedCode(Struct, frozen=True, gc=False):
    """The serial behind a code, the generation of keys that made the code, and for which hand."""

    serial: int
    key_id: int
    hand: int = 0


class CodeBook:
    """Writes and reads an issuer's codes.

    All ``keys`` read; the first one writes unless a ``key_id`` is named, so that a batch can be
    written again with the keys of its day. ``ValueError`` for keys that cannot be used.
    """

    def __init__(self, keys: Sequence[CodeKey], issuer: int) -> None:
        if not keys:
            raise ValueError("a code book needs at least one key")
        self._ciphers = {key.key_id: _Cipher(key, issuer) for key in keys}
        if len(self._ciphers) != len(keys):
            raise ValueError("every code key needs a key_id of its own")
        self._writing_key_id = keys[0].key_id

    def encode(self, serial: int, hand: int = 0, *, key_id: int | None = None) -> str:
        """The code of ``serial`` in its ``hand``: 20 symbols without dashes. ``ValueError`` outside
        0…2³⁸−1 and 0…31."""
        if not 0 <= serial < SERIAL_END:
            raise ValueError(f"serial {serial} is not within 0…{SERIAL_END - 1}")
        if not 0 <= hand <= HAND_MAX:
            raise ValueError(f"hand {hand} is not within 0…{HAND_MAX}")
        cipher = self._cipher(key_id)
        tag = cipher.tags(serial)[hand] if hand else cipher.tag(serial)
        payload = (serial ^ cipher.mask(tag)) << TAG_BITS | tag
        symbols = symbols_of(payload, _PAYLOAD_SYMBOLS)
        return symbols + check_symbol(symbols)

    def decode(self, text: str) -> DecodedCode | CodeFault:
        """What a typed or scanned ``text`` stands for. Any string is answered, none raises."""
        symbols = fold(text)
        if symbols is None or len(symbols) != CODE_SYMBOLS:
            return CodeFault.MALFORMED
        if not is_checked(symbols):
            return CodeFault.MISTYPED
        payload = number_of(symbols[:_PAYLOAD_SYMBOLS])
        hidden, tag = payload >> TAG_BITS, payload & _TAG_MASK
        presented = tag.to_bytes(8, "big")
        for key_id, cipher in self._ciphers.items():
            serial = hidden ^ cipher.mask(tag)
            if compare_digest(cipher.tag(serial).to_bytes(8, "big"), presented):
                return DecodedCode(serial, key_id)
        # Few codes were passed on, so every key's first hand comes before any other.
        for key_id, cipher in self._ciphers.items():
            serial = hidden ^ cipher.mask(tag)
            for hand, of_hand in enumerate(cipher.tags(serial)):
                if compare_digest(of_hand.to_bytes(8, "big"), presented):
                    return DecodedCode(serial, key_id, hand)
        return CodeFault.FORGED

    def encode_range(
        self,
        first_serial: int,
        count: int,
        step: int = 1,
        *,
        separator: str = "",
        key_id: int | None = None,
    ) -> Iterator[list[str]]:
        """The codes of ``count`` serials, every ``step``-th from ``first_serial``, in lists.

        With ``separator="-"`` they come as ``format_code`` writes them. A list has a few thousand,
        so memory does not grow with ``count``. ``ValueError`` for serials outside 0…2³⁸−1.
        """
        if count < 0 or step < 1:
            raise ValueError(f"cannot write {count} codes in steps of {step}")
        serials = range(first_serial, first_serial + count * step, step)
        if serials and not 0 <= serials[0] <= serials[-1] < SERIAL_END:
            raise ValueError(f"serials {serials} are not within 0…{SERIAL_END - 1}")
        cipher = self._cipher(key_id)
        return (
            code_lines(cipher.payload_columns(serials[at : at + _CHUNK]), separator)
            for at in range(0, count, _CHUNK)
        )

    @property
    def key_ids(self) -> Sequence[int]:
        """All keys that a code may have been written with."""
        return tuple(self._ciphers)

    def _cipher(self, key_id: int | None) -> _Cipher:
        chosen = self._writing_key_id if key_id is None else key_id
        if chosen not in self._ciphers:
            raise ValueError(f"there is no active code key {chosen}")
        return self._ciphers[chosen]


class _Cipher:
    """One generation of keys at work, on one serial or on columns; both give the same codes."""

    def __init__(self, key: CodeKey, issuer: int) -> None:
        for secret in (key.serial_key, key.tag_key):
            if not KEY_MINIMUM_BYTES <= len(secret) <= blake2b.MAX_KEY_SIZE:
                raise ValueError(f"code key {key.key_id}: each key must have 32 to 64 bytes")
        if compare_digest(key.serial_key, key.tag_key):
            raise ValueError(f"code key {key.key_id}: the two keys must differ")
        prefix = issuer.to_bytes(8, "big")
        self._mask_of = _keyed_hash(key.serial_key, b"kaquan.code.mask", prefix, 8)
        self._tags_of = _keyed_hash(key.tag_key, b"kaquan.code.tag1", prefix, 8 * _TAGS_A_HASH)
        self._hands_of = _keyed_hash(key.tag_key, b"kaquan.code.hand", prefix, 8 * _TAGS_A_HASH)

    def tag(self, serial: int) -> int:
        return _tag_in(self._tag_word(serial))

    def tags(self, serial: int) -> list[int]:
        """The tags of all hands, the first one's at 0."""
        of_serial = serial.to_bytes(8, "big")
        words = b"".join(
            [
                self._hands_of(of_serial + group.to_bytes(8, "big"))
                for group in range((HAND_MAX + _TAGS_A_HASH) // _TAGS_A_HASH)
            ]
        )
        tags = [_tag_in(words[at : at + 8]) for at in range(8, len(words), 8)]
        return [self.tag(serial), *tags]

    def mask(self, tag: int) -> int:
        return int.from_bytes(self._mask_of(tag.to_bytes(8, "big")), "big") >> _MASK_UNUSED_BITS

    def payload_columns(self, serials: range) -> list[bytes]:
        """The payloads of ``serials`` as ``code_lines`` wants them, a column for each byte."""
        size = 8 * len(serials)
        # A word is 6 bits to drop, the tag, 1 bit to drop: it lies right over payload bytes 4…11.
        words = int.from_bytes(self._tag_words(serials), "big")
        words &= int.from_bytes((_TAG_MASK << 1).to_bytes(8, "big") * len(serials), "big")
        tags = struct.unpack("8s" * len(serials), (words >> 1).to_bytes(size, "big"))
        masks = int.from_bytes(b"".join(map(self._mask_of, tags)), "big")
        hidden = (masks ^ int.from_bytes(_left_aligned(serials), "big")).to_bytes(size, "big")
        tag_bytes = words.to_bytes(size, "big")

        shared = int.from_bytes(hidden[4::8].translate(_DROP_LOW_2), "big")
        shared |= int.from_bytes(tag_bytes[0::8], "big")
        columns = [hidden[byte::8] for byte in range(4)]
        columns.append(shared.to_bytes(len(serials), "big"))
        columns += [tag_bytes[byte::8] for byte in range(1, 8)]
        assert len(columns) == PAYLOAD_BYTES
        return columns

    def _tag_word(self, serial: int) -> bytes:
        words = self._tags_of((serial // _TAGS_A_HASH).to_bytes(8, "big"))
        start = serial % _TAGS_A_HASH * 8
        return words[start : start + 8]

    def _tag_words(self, serials: range) -> bytes:
        if serials.step > 1:
            return b"".join(self._tag_word(serial) for serial in serials)
        groups = range(serials[0] // _TAGS_A_HASH, serials[-1] // _TAGS_A_HASH + 1)
        words = b"".join(self._tags_of(group.to_bytes(8, "big")) for group in groups)
        start = serials[0] % _TAGS_A_HASH * 8
        return words[start : start + 8 * len(serials)]


def _tag_in(word: bytes) -> int:
    return int.from_bytes(word, "big") >> 1 & _TAG_MASK


_DROP_LOW_2 = bytes(byte & 0b1111_1100 for byte in range(256))


def _left_aligned(serials: range) -> bytes:
    """Each serial in the highest bits of an 8-byte word, as the masks are."""
    words = array("Q", [serial << _MASK_UNUSED_BITS for serial in serials])
    if sys.byteorder == "little":
        words.byteswap()
    return words.tobytes()


def _keyed_hash(key: bytes, person: bytes, prefix: bytes, size: int) -> Callable[[bytes], bytes]:
    """Keyed BLAKE2b of ``prefix`` and a message, with the key's own block hashed only once."""
    keyed = blake2b(prefix, key=key, person=person, digest_size=size)

    def digest(message: bytes) -> bytes:
        ready = keyed.copy()
        ready.update(message)
        return ready.digest()

    return digest


def format_code(code: str) -> str:
    """A code of 20 symbols as people read it, ``XXXX-XXXX-XXXX-XXXX-XXXX``."""
    assert len(code) == CODE_SYMBOLS
    return "-".join([code[at : at + 4] for at in range(0, CODE_SYMBOLS, 4)])


def mask_code(text: str) -> str:
    """What may be shown of a code, its last four symbols; of anything else, nothing."""
    symbols = fold(text)
    if symbols is None or len(symbols) != CODE_SYMBOLS:
        return "****-****-****-****-****"
    return f"****-****-****-****-{symbols[-4:]}"


def fold_pool_code(raw: str) -> str | None:
    """What counts of a code that was made elsewhere; ``None`` if that is not 1 to 64 characters.

    Its alphabet is foreign, so look-alikes stay apart (O is not 0). Letter case and width, spaces,
    dashes and invisible format characters do not count: nobody can be relied on to type them.
    Control characters, unassigned ones and lone surrogates are refused. Two codes of a pool that
    differ only in what does not count are one code, and the importer must say so.
    """
    if len(raw) > POOL_CODE_MAXIMUM:
        return None
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).casefold())
    kept = "".join([character for character in plain if not _ignored_in_pools(character)])
    folded = unicodedata.normalize("NFKC", kept)  # what stood apart may now combine
    if not 1 <= len(folded) <= POOL_CODE_MAXIMUM:
        return None
    if any(unicodedata.category(character).startswith("C") for character in folded):
        return None
    return folded


def _ignored_in_pools(character: str) -> bool:
    return unicodedata.category(character) in _POOL_NOISE or character in "\t\r\n\u2212\u30fc"


def pool_hash(key: bytes, raw: str) -> bytes | CodeFault:
    """The 16 bytes by which a code made elsewhere is stored and found.

    ``MALFORMED`` if ``raw`` cannot be one; ``ValueError`` for a key that cannot be used.
    """
    if not KEY_MINIMUM_BYTES <= len(key) <= blake2b.MAX_KEY_SIZE:
        raise ValueError("the pool key must have 32 to 64 bytes")
    folded = fold_pool_code(raw)
    if folded is None:
        return CodeFault.MALFORMED
    return blake2b(folded.encode(), key=key, person=b"kaquan.code.pool", digest_size=16).digest()
