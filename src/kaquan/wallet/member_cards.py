"""Reusable member cards: what an NFC card says of whose it is, made and read.

A card holds the member's number and a tag that only we can make, so nobody writes a card for a
number that they guessed or overheard. It can be copied, as every card without a chip of its own
can: at a till it names a member, as the number that somebody tells does, and no more.
"""

from __future__ import annotations

import hmac

from django.db import transaction

from kaquan.customers.errors import customer_unknown
from kaquan.customers.keeping import keep
from kaquan.customers.models import Customer
from kaquan.customers.queries import customer_by_id, customer_ids
from kaquan.engine import ndef
from kaquan.engine.crockford import symbols_of
from kaquan.foundation import keys
from kaquan.foundation.actor import Actor, ActorKind, require
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.keys import Key
from kaquan.wallet.acting import NEWCOMER
from kaquan.wallet.errors import card_unknown

ISSUE = "customers.edit"
TAG_SYMBOLS = 16
PAYLOAD_MAX = 120
_DOT = "."
_MERGES_MAX = 8


def issue(*, actor: Actor, customer_id: int) -> bytes:
    """The NDEF message for a member's card; that somebody at work made one is kept.

    Raises `customer_unknown`.
    """
    require(actor, ISSUE)
    with transaction.atomic():
        customer = customer_by_id(actor, customer_id)
        if customer.erased_at is not None:
            raise customer_unknown(customer_id)
        if actor.kind is ActorKind.STAFF:
            keep(actor, "customers.card", customer)
    return ndef.encode([ndef.card_record(payload_of(customer.number))])


def read(payload: bytes | str) -> Customer:
    """Whose card it is: the record's payload, or the whole message as it stands on the card.

    One who was merged is answered as the one they became. Raises `member_card_unknown`.
    """
    number = _number_of(_text_of(payload))
    known = customer_ids([number])
    if number not in known:
        raise card_unknown()
    customer = customer_by_id(NEWCOMER, known[number])
    for _ in range(_MERGES_MAX):
        if customer.merged_into_id is None:
            break
        customer = customer_by_id(NEWCOMER, customer.merged_into_id)
    if customer.erased_at is not None:
        raise card_unknown()
    return customer


def payload_of(number: str) -> str:
    """What stands on the card of a member number."""
    return f"{number}{_DOT}{_tag(_keys()[0], number)}"


def _text_of(payload: bytes | str) -> str:
    if isinstance(payload, str):
        return payload.strip()
    try:
        return _text_in(payload)
    except ValueError:
        raise card_unknown() from None


def _text_in(payload: bytes) -> str:
    try:
        (record,) = ndef.decode(payload)
    except ValueError:
        return payload.decode()  # a reader that unpacks the message gives the payload alone
    return ndef.card_of(record)


def _number_of(text: str) -> str:
    number, dot, tag = text[:PAYLOAD_MAX].rpartition(_DOT)
    # Each key is tried, whichever fits first, so that time tells nothing.
    fits = [hmac.compare_digest(_tag(key, number).encode(), tag.encode()) for key in _keys()]
    if not dot or not any(fits):
        raise card_unknown()
    return number


def _tag(key: Key, number: str) -> str:
    own = hmac.digest(key.secret, b"kaquan member card", "sha256")
    digest = hmac.digest(own, number.encode(errors="surrogatepass"), "sha256")
    return symbols_of(int.from_bytes(digest[:10], "big"), TAG_SYMBOLS)


def _keys() -> tuple[Key, ...]:
    return keys.load(current_configuration().key_file).all("code-tag")
