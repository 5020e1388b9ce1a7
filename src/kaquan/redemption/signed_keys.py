"""Signed codes: the issuer's keys for them, made and read.

A signature says that we made the voucher, not that it is unused, nor that its days are still those
that it says: the books know better. So only who made it is asked here. See docs/decisions/0035.

A key that fell into wrong hands is revoked: what it signed is taken by no till and no caller any
more. Such vouchers are used by their plain codes, which other keys prove.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kaquan.engine.codes import CodeFault
from kaquan.engine.signed import SignedVoucher, Signer, read_signed
from kaquan.foundation import keys
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError

PURPOSE = "voucher-signing"
KEY_ID_MAX = 255  # a signed code names its key by one byte


class PublicKey(NamedTuple):
    """What others check signatures with."""

    key_id: int
    raw: bytes


class _Known(NamedTuple):
    """The keys as the file has them: those that are believed, and those that are no more."""

    good: dict[int, Ed25519PublicKey]
    revoked: dict[int, tuple[Ed25519PublicKey, datetime]]


class SigningKey(NamedTuple):
    """The key that codes are signed with now."""

    key_id: int
    sign: Signer

    def __repr__(self) -> str:
        return f"<signing key {self.key_id}>"


def signing_key() -> SigningKey:
    """The active key; raises `signing_keys_exhausted` where its number fits no code."""
    path = current_configuration().key_file
    return _signing_key(path, path.stat().st_mtime_ns)


def signing_key_of(key_id: int) -> SigningKey | None:
    """A key to write once more what it wrote, retired or not; None where it is believed no more."""
    path = current_configuration().key_file
    ring = keys.load(path)
    if key_id in ring.revoked(PURPOSE):
        return None
    found = [key for key in ring.all(PURPOSE) if key.key_id == key_id]
    if not found:
        return None
    return SigningKey(key_id, Ed25519PrivateKey.from_private_bytes(found[0].secret).sign)


def public_keys() -> tuple[PublicKey, ...]:
    """Every key that may have signed a code and is believed, the active one first."""
    known = _known_now().good
    return tuple(PublicKey(key_id, key.public_bytes_raw()) for key_id, key in known.items())


def read_signed_code(text: str) -> SignedVoucher | CodeFault:
    """What a signed code says, if we signed it; no database is asked."""
    return _read(text, _known_now().good)


def read_revoked_code(text: str) -> tuple[SignedVoucher, datetime] | None:
    """What a code says that a key signed which was revoked, and since when it is; else None.

    For uses that are told afterwards: the till may have been right when it took the voucher.
    """
    revoked = _known_now().revoked
    found = _read(text, {key_id: key for key_id, (key, _since) in revoked.items()})
    return None if isinstance(found, CodeFault) else (found, revoked[found.key_id][1])


def signed_serial(text: str, issuer: int) -> int | CodeFault:
    """The serial of a signed code of this issuer."""
    found = read_signed_code(text)
    if isinstance(found, CodeFault):
        return found
    return found.serial if found.issuer == issuer else CodeFault.FORGED


@lru_cache(maxsize=1)
def _signing_key(path: Path, _changed_at_ns: int) -> SigningKey:
    key = keys.load(path).active(PURPOSE)
    if key.key_id > KEY_ID_MAX:
        raise KaquanError(
            "signing_keys_exhausted",
            zh=f"签名密钥的编号 {key.key_id} 超过了 {KEY_ID_MAX}，带签名的券码写不下；"
            "密钥更换得太频繁。",
            en=f"The signing key's number {key.key_id} is above {KEY_ID_MAX} and fits no signed "
            "code: keys were replaced too often.",
            exit_code=ExitCode.CONFIGURATION,
        )
    return SigningKey(key.key_id, Ed25519PrivateKey.from_private_bytes(key.secret).sign)


def _read(text: str, known: dict[int, Ed25519PublicKey]) -> SignedVoucher | CodeFault:
    def verify(key_id: int, message: bytes, signature: bytes) -> bool:
        key = known.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return read_signed(text, verify)


def _known_now() -> _Known:
    path = current_configuration().key_file
    return _known(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _known(path: Path, _changed_at_ns: int) -> _Known:
    ring = keys.load(path)
    revoked = ring.revoked(PURPOSE)
    known = {
        key.key_id: Ed25519PrivateKey.from_private_bytes(key.secret).public_key()
        for key in ring.all(PURPOSE)
    }
    return _Known(
        {key_id: key for key_id, key in known.items() if key_id not in revoked},
        {key_id: (known[key_id], since) for key_id, since in revoked.items()},
    )
