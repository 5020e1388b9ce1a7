"""Fields that a stolen database does not give away: sealed text, and blind indexes to find it by.

A sealed value reads: format (1 byte), key id (4), nonce (12), AES-256-GCM ciphertext with its tag.
Table, column and primary key are its associated data, so a value copied to another row or column
does not open. The nonce is random; one key may seal 2³² values before it should be rotated
(NIST SP 800-38D §8.3).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models

from kaquan.foundation import keys
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError

_FORMAT = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_NONCE_AT = len(_FORMAT) + _KEY_ID_BYTES
_TEXT_AT = _NONCE_AT + _NONCE_BYTES
BLIND_INDEX_BYTES = 16
PERSON_ID_BITS = 63


def seal(text: str, *, table: str, column: str, row_id: int) -> bytes:
    """The text, readable with the key and in this very place only."""
    return seal_bytes(text.encode(), table=table, column=column, row_id=row_id)


def unseal(sealed: bytes, *, table: str, column: str, row_id: int) -> str:
    """The text again; raises `sealed_value_unreadable` if key or place is not the one it had."""
    return unseal_bytes(sealed, table=table, column=column, row_id=row_id).decode()


def seal_bytes(content: bytes, *, table: str, column: str, row_id: int) -> bytes:
    """`seal` for what is no text, such as a picture."""
    key_id, cipher = _sealing_key()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = cipher.encrypt(nonce, content, _place(table, column, row_id))
    return _FORMAT + key_id.to_bytes(_KEY_ID_BYTES, "big") + nonce + sealed


def unseal_bytes(sealed: bytes, *, table: str, column: str, row_id: int) -> bytes:
    """What `seal_bytes` sealed; raises `sealed_value_unreadable`."""
    cipher = _cipher(int.from_bytes(sealed[len(_FORMAT) : _NONCE_AT], "big"))
    try:
        if sealed[: len(_FORMAT)] != _FORMAT or cipher is None:
            raise InvalidTag
        return cipher.decrypt(
            sealed[_NONCE_AT:_TEXT_AT], sealed[_TEXT_AT:], _place(table, column, row_id)
        )
    except (InvalidTag, ValueError):  # ValueError: cut so short that not even a tag is left
        raise KaquanError(
            "sealed_value_unreadable",
            zh=f"无法解密 {table}.{column} 第 {row_id} 行：密钥不符，或数据被挪动、改动过。"
            "请检查密钥文件是否为此数据库所用。",
            en=f"{table}.{column} of row {row_id} cannot be opened: the key is another one, or "
            "the value was moved or changed. Check that the key file belongs to this database.",
            exit_code=ExitCode.CONFIGURATION,
        ) from None


def blind_index(subject: str, value: str) -> bytes:
    """16 bytes to find equal values by (HMAC-SHA256, cut); ``subject`` keeps kinds apart.

    The value must be in its one normal form. It leaks equality and nothing else.
    """
    return _blind(_blind_keys()[0], subject, value)


def blind_indexes(subject: str, value: str) -> Sequence[bytes]:
    """What a value may be filed under, whichever key was active then; the current one first."""
    return [_blind(key, subject, value) for key in _blind_keys()]


def blind_number(subject: str, value: str) -> int:
    """A number from 1 to 2⁶³−1 that stands for a value, the same for ever.

    It goes into the ledger's limits, so it is made with the first key there was, also after that
    key has been retired.
    """
    digest = _blind(_blind_keys()[-1], subject, value)
    return int.from_bytes(digest[:8], "big") >> (64 - PERSON_ID_BITS) or 1


class EncryptedTextField(models.BinaryField):  # type: ignore[type-arg]
    """Text in Python, sealed in the database; opened when it is first read.

    The row needs its primary key before it is saved (`draw_ids`). It cannot be searched: file a
    blind index beside it.
    """

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        """Put the attribute that opens the value onto the model."""
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, _SealedAttribute(self))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002
        """The bytes to store."""
        value = model_instance.__dict__.get(self.attname)
        if not isinstance(value, str):
            return value
        assert model_instance.pk is not None, "a sealed value is bound to its row's id"
        return seal(value, **self.place_of(model_instance))

    def place_of(self, model_instance: models.Model) -> dict[str, Any]:
        """Where a row's value of this field belongs, as `seal` and `unseal` want it."""
        return {
            "table": self.model._meta.db_table,
            "column": self.column,
            "row_id": model_instance.pk,
        }


class _SealedAttribute:
    """Keeps bytes as they came from the database until someone reads them."""

    def __init__(self, field: EncryptedTextField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        value = instance.__dict__[name]
        if value is None or isinstance(value, str):
            return value
        text = unseal(bytes(value), **self.field.place_of(instance))
        instance.__dict__[name] = text
        return text

    def __set__(self, instance: models.Model, value: str | bytes | memoryview | None) -> None:
        instance.__dict__[self.field.attname] = value


def _place(table: str, column: str, row_id: int) -> bytes:
    return f"{table}\0{column}\0{row_id}".encode()


def _blind(key: keys.Key, subject: str, value: str) -> bytes:
    message = f"{subject}\0{value}".encode()
    return hmac.digest(key.secret, message, hashlib.sha256)[:BLIND_INDEX_BYTES]


@cache
def _ring() -> keys.KeyRing:
    return keys.load_or_create(current_configuration().key_file)


@cache
def _blind_keys() -> tuple[keys.Key, ...]:
    return _ring().all("blind-index")


@cache
def _ciphers() -> Mapping[int, AESGCM]:
    return {key.key_id: AESGCM(key.secret) for key in _ring().all("field-encryption")}


@cache
def _sealing_key() -> tuple[int, AESGCM]:
    key = _ring().active("field-encryption")
    return key.key_id, _ciphers()[key.key_id]


def _cipher(key_id: int) -> AESGCM | None:
    if key_id not in _ciphers():
        forget_keys()  # another process may have rotated them since
    return _ciphers().get(key_id)


def forget_keys() -> None:
    """Read the key file again at the next use."""
    for cached in (_ring, _blind_keys, _ciphers, _sealing_key):
        cached.cache_clear()
