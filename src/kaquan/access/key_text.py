"""The text of an API key: ``kq_live_<id>_<secret><tag>``, ``kq_live_pk_<id>_<secret><tag>``.

The secret has 160 bits. The tag is keyed, as a code's is, so that all but one in 2⁴⁰ of invented
keys end here without asking anybody. What is stored is a keyed hash of the whole text, under a key
that is not in the database: a stolen database opens nothing.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from kaquan.foundation.keys import Key

PUBLIC_ID_LENGTH = 8
_PREFIXES = {  # kind and mode by what a key begins with
    "kq_live_": ("secret", "live"),
    "kq_test_": ("secret", "test"),
    "kq_live_pk_": ("publishable", "live"),
    "kq_test_pk_": ("publishable", "test"),
}
_PREFIX_OF = {meaning: prefix for prefix, meaning in _PREFIXES.items()}
_SHORT_PREFIX_LENGTH = 8
_SECRET_BYTES = 20
_TAG_BYTES = 5
_TAG_LENGTH = 8
_HASH_BYTES = 32
_LENGTH_AFTER_PREFIX = PUBLIC_ID_LENGTH + 1 + 32 + _TAG_LENGTH
_PERSON = b"kaquan api key"
SIGNING_SECRET_PREFIX = "kqs_"  # noqa: S105  # what a secret begins with, not one


class ReadKey(NamedTuple):
    """What a key's text says, its tag being right."""

    public_id: str
    kind: str
    mode: str
    secret_hash: bytes


class NewText(NamedTuple):
    """A key as its owner gets it, and what is stored of it."""

    text: str
    public_id: str
    secret_hash: bytes


def new_key_text(kind: str, mode: str, pepper: Key) -> NewText:
    """A new key of 160 random bits."""
    public_id = _base32(secrets.token_bytes(5))
    body = f"{_PREFIX_OF[kind, mode]}{public_id}_{_base32(secrets.token_bytes(_SECRET_BYTES))}"
    tag, secret_hash = _digests(body, pepper.secret)
    return NewText(body + _base32(tag), public_id, secret_hash)


def new_signing_secret() -> str:
    """What a client signs requests with: 256 random bits."""
    return SIGNING_SECRET_PREFIX + _base32(secrets.token_bytes(32)).rstrip("=")


def read_key(text: str, peppers: Sequence[Key]) -> ReadKey | None:
    """What the text says; None where it is no key that was made with one of the peppers."""
    cut = _SHORT_PREFIX_LENGTH
    if text[cut : cut + 3] == "pk_":
        cut += 3
    meaning = _PREFIXES.get(text[:cut])
    if meaning is None or len(text) != cut + _LENGTH_AFTER_PREFIX or not text.isascii():
        return None
    body, tag_text = text[:-_TAG_LENGTH], text[-_TAG_LENGTH:].encode()
    for pepper in peppers:
        tag, secret_hash = _digests(body, pepper.secret)
        if hmac.compare_digest(base64.b32encode(tag).lower(), tag_text):
            return ReadKey(text[cut : cut + PUBLIC_ID_LENGTH], *meaning, secret_hash)
    return None


def mode_of(text: str) -> str | None:
    """The mode that a key claims to be for; its secret is not looked at."""
    meaning = _PREFIXES.get(text[:_SHORT_PREFIX_LENGTH])
    return meaning[1] if meaning else None


def _digests(body: str, secret: bytes) -> tuple[bytes, bytes]:
    digest = hashlib.blake2b(
        body.encode(), key=secret, digest_size=_TAG_BYTES + _HASH_BYTES, person=_PERSON
    ).digest()
    return digest[:_TAG_BYTES], digest[_TAG_BYTES:]


def _base32(content: bytes) -> str:
    return base64.b32encode(content).decode("ascii").lower()
