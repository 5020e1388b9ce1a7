"""How many altered signed codes are taken: ``python -m benchmarks.forgeries [HOW MANY]``; none is.

Bits are flipped, symbols swapped, codes cut and lengthened, keys and issuers exchanged, and one
voucher's signature is put to another's words. The seed is told, so that each run can be run again.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaquan.engine.codes import CodeFault
from kaquan.engine.crockford import number_of, symbols_of
from kaquan.engine.signed import SIGNED_SYMBOLS, SignedVoucher, encode_signed, read_signed
from kaquan.foundation import clock

SEED = 20261127
CODES = 200
_BITS = 704
_SIGNATURE_BITS = 512
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PRIVATE = {number: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)}
_PUBLIC = {number: key.public_key() for number, key in _PRIVATE.items()}


def _verify(key_id: int, message: bytes, signature: bytes) -> bool:
    try:
        _PUBLIC[key_id].verify(signature, message)
    except (KeyError, InvalidSignature):
        return False
    return True


def _flipped(text: str, luck: random.Random, _other: str) -> str:
    number = number_of(text)
    for _ in range(luck.randint(1, 8)):
        number ^= 1 << luck.randrange(_BITS)
    return symbols_of(number, SIGNED_SYMBOLS)


def _swapped(text: str, luck: random.Random, _other: str) -> str:
    symbols = list(text)
    for _ in range(luck.randint(1, 3)):
        symbols[luck.randrange(len(symbols))] = luck.choice(_ALPHABET)
    return "".join(symbols)


def _cut_or_longer(text: str, luck: random.Random, other: str) -> str:
    at = luck.randrange(len(text))
    return luck.choice([text[:at], text + luck.choice(_ALPHABET), text[:at] + other[at:]])


def _other_key_or_issuer(text: str, luck: random.Random, _other: str) -> str:
    number = number_of(text) ^ luck.randrange(1, 1 << 32) << (_BITS - 40)
    return symbols_of(number, SIGNED_SYMBOLS)


def _signature_of_another(text: str, _luck: random.Random, other: str) -> str:
    mask = (1 << _SIGNATURE_BITS) - 1
    return symbols_of(number_of(text) & ~mask | number_of(other) & mask, SIGNED_SYMBOLS)


WAYS: dict[str, Callable[[str, random.Random, str], str]] = {
    "bits flipped": _flipped,
    "symbols swapped": _swapped,
    "cut, longer or joined": _cut_or_longer,
    "another key or issuer": _other_key_or_issuer,
    "another's signature": _signature_of_another,
}


def main() -> int:
    """Try so many, and say what became of them; 1 where one was taken."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    luck = random.Random(SEED)
    days = (date(2026, 1, 1), date(2026, 12, 31))
    texts = [
        encode_signed(SignedVoucher(key, 1, serial, 1, 2_000, *days), _PRIVATE[key].sign)
        for serial in range(CODES)
        for key in _PRIVATE
    ]
    true, names = set(texts), list(WAYS)
    begun_s, said, taken = clock.monotonic_s(), Counter[str](), 0
    for number in range(wanted):
        text, other = luck.sample(texts, 2)
        altered = WAYS[names[number % len(names)]](text, luck, other)
        if altered in true:
            continue
        found = read_signed(altered, _verify)
        taken += not isinstance(found, CodeFault)
        said[found.name if isinstance(found, CodeFault) else "TAKEN"] += 1
    told = {
        "seed": SEED, "tried": said.total(), "taken": taken, "answers": dict(said),
        "seconds": round(clock.monotonic_s() - begun_s),
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if taken else 0


if __name__ == "__main__":
    sys.exit(main())
