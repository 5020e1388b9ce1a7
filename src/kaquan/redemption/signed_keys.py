"""Signed codes: the issuer's keys for them, made and read.

A signature says that we made the voucher, not that it is unused, nor that its days are still those
that it says: the books know better. So only who made it is asked here. See docs/decisions/0035.
"""

from __future__ import annotations

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


def public_keys() -> tuple[PublicKey, ...]:
    """Every key that may have signed a code, the active one first."""
    path = current_configuration().key_file
    known = _public_keys(path, path.stat().st_mtime_ns)
    return tuple(PublicKey(key_id, key.public_bytes_raw()) for key_id, key in known.items())


def read_signed_code(text: str) -> SignedVoucher | CodeFault:
    """What a signed code says, if we signed it; no database is asked."""
    path = current_configuration().key_file
    known = _public_keys(path, path.stat().st_mtime_ns)

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


@lru_cache(maxsize=1)
def _public_keys(path: Path, _changed_at_ns: int) -> dict[int, Ed25519PublicKey]:
    return {
        key.key_id: Ed25519PrivateKey.from_private_bytes(key.secret).public_key()
        for key in keys.load(path).all(PURPOSE)
    }
