"""The key ring: secrets that live outside the database, so that a stolen database opens nothing.

A key is born active and becomes retired when its purpose gets a new one. Retired keys still check
what was made with them, so no key is ever removed here: losing the file makes every printed code
worthless, and it belongs into the backup, apart from the database's. One that fell into wrong hands
is revoked: it stays in the file, and what it makes is believed no more.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from kaquan.foundation import clock
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.locks import locked
from kaquan.foundation.private_files import (
    make_folder,
    read_private_file,
    write_private_file,
)

PURPOSES = (
    "code-permutation",
    "code-tag",
    "pool-hash",
    "blind-index",
    "field-encryption",
    "web-session",
    "api-key",
    "voucher-signing",
)
SECRET_BYTES = 32
_FILE_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Key:
    """One secret of 32 bytes; ids are unique in the ring and grow."""

    key_id: int
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell keys apart and say nothing about the secret."""
        return hmac.digest(self.secret, b"kaquan key fingerprint", hashlib.sha256)[:8].hex()


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """What may be told of a key."""

    key_id: int
    status: Literal["active", "retired", "revoked"]
    created_at: datetime
    revoked_at: datetime | None
    fingerprint: str


class _StoredKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    id: int
    purpose: str
    secret: bytes
    created: datetime
    status: Literal["active", "retired", "revoked"]
    revoked: datetime | None = None

    def __repr__(self) -> str:
        return f"<{self.status} key {self.id} for {self.purpose}>"


class _StoredRing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    keys: tuple[_StoredKey, ...]


_decoder = msgspec.json.Decoder(_StoredRing)  # once, for threads: see engine.rules.reading


class KeyRing:
    """All keys of one file, by purpose."""

    def __init__(self, stored: Iterable[_StoredKey]) -> None:
        self._newest_first = sorted(stored, key=lambda key: key.id, reverse=True)

    def active(self, purpose: str) -> Key:
        """The key that new things are made with."""
        (active,) = (
            key for key in self._newest_first if key.purpose == purpose and key.status == "active"
        )
        return Key(active.id, active.secret)

    def all(self, purpose: str) -> tuple[Key, ...]:
        """Every key that may have made something, the active one first."""
        return tuple(
            Key(key.id, key.secret) for key in self._newest_first if key.purpose == purpose
        )

    def standings(self, purpose: str) -> tuple[KeyStanding, ...]:
        """The keys of a purpose without their secrets, the newest first."""
        return tuple(
            KeyStanding(
                key.id, key.status, key.created, key.revoked, Key(key.id, key.secret).fingerprint
            )
            for key in self._newest_first
            if key.purpose == purpose
        )

    def revoked(self, purpose: str) -> dict[int, datetime]:
        """The keys of a purpose that are believed no more, and since when."""
        return {
            key.id: key.revoked
            for key in self._newest_first
            if key.purpose == purpose and key.revoked is not None
        }


def load(path: Path) -> KeyRing:
    """Read the ring; raises `key_file_missing`, `key_file_invalid` or `private_file_exposed`."""
    return KeyRing(_read(path))


def load_or_create(path: Path) -> KeyRing:
    """Read the ring; the first time, and for a purpose without keys, create what is missing.

    Raises what `load` raises, except `key_file_missing`.
    """
    make_folder(path.parent)
    with locked(_lock_file(path)):
        stored = _read(path) if path.exists() else ()
        known = {key.purpose for key in stored}
        complete = stored
        for purpose in PURPOSES:
            if purpose not in known:
                complete = (*complete, _new_key(complete, purpose))
        if complete != stored:
            _write(path, complete)
    return KeyRing(complete)


def rotate(path: Path, purpose: str) -> KeyRing:
    """Retire the active key of a purpose and add a new one; raises what `load` raises."""
    assert purpose in PURPOSES, f"no such purpose: {purpose}"
    with locked(_lock_file(path)):
        rotated = _rotated(_read(path), purpose)
        _write(path, rotated)
    return KeyRing(rotated)


def revoke(path: Path, purpose: str, key_id: int, at: datetime) -> KeyRing:
    """Believe a key no more; the active one gets a successor first. Raises what `load` raises.

    For purposes whose readers ask `KeyRing.revoked`. The key must be there; revoking it again
    changes nothing.
    """
    with locked(_lock_file(path)):
        stored = _read(path)
        (key,) = (one for one in stored if one.purpose == purpose and one.id == key_id)
        if key.status == "active":
            stored = _rotated(stored, purpose)
        if key.status != "revoked":
            over = msgspec.structs.replace(key, status="revoked", revoked=at)
            stored = tuple(over if one.id == key_id else one for one in stored)
            _write(path, stored)
    return KeyRing(stored)


def _rotated(stored: tuple[_StoredKey, ...], purpose: str) -> tuple[_StoredKey, ...]:
    retired = tuple(
        msgspec.structs.replace(key, status="retired")
        if key.purpose == purpose and key.status == "active"
        else key
        for key in stored
    )
    return (*retired, _new_key(retired, purpose))


def _lock_file(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _new_key(existing: tuple[_StoredKey, ...], purpose: str) -> _StoredKey:
    return _StoredKey(
        id=max((key.id for key in existing), default=0) + 1,
        purpose=purpose,
        secret=secrets.token_bytes(SECRET_BYTES),
        created=clock.now(),
        status="active",
    )


def _read(path: Path) -> tuple[_StoredKey, ...]:
    try:
        content = read_private_file(path)
    except FileNotFoundError:
        raise KaquanError(
            "key_file_missing",
            zh=f"找不到密钥文件 {path}；请从备份恢复，否则已印的券码无法验证。",
            en=f"The key file {path} is missing; restore it from the backup, "
            "or no printed code can be checked.",
            exit_code=ExitCode.CONFIGURATION,
        ) from None
    try:
        ring = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _invalid(path) from None  # its message might quote the content
    if ring.format != _FILE_FORMAT or not _is_sound(ring.keys):
        raise _invalid(path)
    return ring.keys


def _is_sound(keys: tuple[_StoredKey, ...]) -> bool:
    active = [key.purpose for key in keys if key.status == "active"]
    return (
        len({key.id for key in keys}) == len(keys)
        and len(set(active)) == len(active)
        and set(active) == {key.purpose for key in keys}
        and all(len(key.secret) == SECRET_BYTES and key.id > 0 for key in keys)
        and all((key.status == "revoked") == (key.revoked is not None) for key in keys)
    )


def _invalid(path: Path) -> KaquanError:
    return KaquanError(
        "key_file_invalid",
        zh=f"密钥文件 {path} 已损坏或版本不符；请从备份恢复，不要手工修改。",
        en=f"The key file {path} is damaged or of another version; restore it from the backup "
        "and do not edit it by hand.",
        exit_code=ExitCode.CONFIGURATION,
    )


def _write(path: Path, keys: tuple[_StoredKey, ...]) -> None:
    encoded = msgspec.json.encode(_StoredRing(format=_FILE_FORMAT, keys=keys))
    write_private_file(path, msgspec.json.format(encoded, indent=2) + b"\n")
