"""The text of an API key: ``kq_live_<id>_<secret><tag>``, ``kq_live_pk_<id>_<secret><tag>``.

The secret has 160 bits. The tag is keyed, as a code's is, so that of the invented keys all but one
in 2⁴⁰ are refused without asking the database. What is stored is a keyed hash of the whole text,
under a key that is not in the database: a stolen database opens nothing.
"""

import base64
import hashlib
import hmac
import secrets
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
SIGNING_SECRET_PREFIX = "kqs_"  # noqa: S105  # what a secret begins with, not one


class ReadKey(NamedTuple):
    """What a key's text says of itself; whether it is true is another question."""

    public_id: str
    kind: str
    mode: str
    whole: bytes

    def secret_hash(self, pepper: Key) -> bytes:
        """What is stored of this key, if it was made under this pepper."""
        return _hash(self.whole, pepper)

    def is_ours(self, pepper: Key) -> bool:
        """Whether it was made under this pepper, in force or not."""
        return hmac.compare_digest(
            _tag(self.whole[:-_TAG_LENGTH], pepper).encode(), self.whole[-_TAG_LENGTH:]
        )


class NewText(NamedTuple):
    """A key as its owner gets it, and what is stored of it."""

    text: str
    public_id: str
    secret_hash: bytes


def new_key_text(kind: str, mode: str, pepper: Key) -> NewText:
    """A new key of 160 random bits."""
    public_id = _base32(secrets.token_bytes(5))
    body = f"{_PREFIX_OF[kind, mode]}{public_id}_{_base32(secrets.token_bytes(_SECRET_BYTES))}"
    text = body + _tag(body.encode(), pepper)
    return NewText(text, public_id, _hash(text.encode(), pepper))


def new_signing_secret() -> str:
    """What a client signs requests with: 256 random bits."""
    return SIGNING_SECRET_PREFIX + _base32(secrets.token_bytes(32)).rstrip("=")


def read_key(text: str) -> ReadKey | None:
    """What the text says; None where it does not have the form of a key."""
    cut = _SHORT_PREFIX_LENGTH
    if text[cut : cut + 3] == "pk_":
        cut += 3
    meaning = _PREFIXES.get(text[:cut])
    if meaning is None or len(text) != cut + _LENGTH_AFTER_PREFIX or not text.isascii():
        return None
    kind, mode = meaning
    return ReadKey(text[cut : cut + PUBLIC_ID_LENGTH], kind, mode, text.encode())


def _hash(whole: bytes, pepper: Key) -> bytes:
    return hashlib.blake2b(
        whole, key=pepper.secret, digest_size=_HASH_BYTES, person=b"kaquan key hash"
    ).digest()


def _tag(body: bytes, pepper: Key) -> str:
    digest = hashlib.blake2b(
        body, key=pepper.secret, digest_size=_TAG_BYTES, person=b"kaquan key tag"
    ).digest()
    return _base32(digest)


def _base32(content: bytes) -> str:
    return base64.b32encode(content).decode("ascii").lower()
