"""A voucher for a friend: a link that one person may take, once, and the giver may take back.

The voucher stays the giver's until it is taken; it then passes through the door as a transfer.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from kaquan.customers.models import Customer
from kaquan.engine.commands import RequestKey, Transfer
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.door import submit
from kaquan.offers.queries import terms_of
from kaquan.wallet.acting import acting_as, selves_of
from kaquan.wallet.errors import gift_open, gift_own, gift_unknown
from kaquan.wallet.models import Gift
from kaquan.wallet.own_words import in_own_words
from kaquan.wallet.vouchers import OwnVoucher, Shelf, own_voucher

GOOD_FOR = timedelta(days=3)
TOKEN_BYTES = 18


def may_give(voucher: OwnVoucher) -> bool:
    """Whether the offer lets it be passed on, and it still could be."""
    is_open = voucher.shelf is Shelf.USABLE and not voucher.is_frozen
    return is_open and terms_of(voucher.batch.offer_version).transferable


def give(*, customer: Customer, serial: int, at: datetime) -> str:
    """Put a voucher on its way; the token that takes it, which is told once.

    Raises `voucher_not_held_unknown`, `gift_open`, `gift_unknown` where it cannot be given.
    """
    voucher = own_voucher(customer, serial, at)
    if not may_give(voucher):
        raise gift_unknown()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        with transaction.atomic():
            Gift.objects.filter(serial=serial, ended_at__isnull=True, ends_at__lte=at).update(
                ended_at=at
            )
            Gift.objects.create(
                token_hash=_hash(token),
                serial=serial,
                giver=customer,
                made_at=at,
                ends_at=at + GOOD_FOR,
            )
    except IntegrityError:
        raise gift_open() from None
    return token


def shown(*, token: str, at: datetime) -> OwnVoucher:
    """What a token stands for, before anybody takes it; raises `gift_unknown`."""
    gift = Gift.objects.select_related("giver").filter(token_hash=_hash(token)).first()
    if gift is None or gift.ended_at is not None or at >= gift.ends_at:
        raise gift_unknown()
    return _of_giver(gift, at)


def take_back(*, customer: Customer, serial: int, at: datetime) -> bool:
    """Take a gift back; whether there was one that nobody had taken."""
    givers = selves_of(customer)
    rows = Gift.objects.filter(giver__in=givers, serial=serial, ended_at__isnull=True)
    return bool(rows.update(ended_at=at))


def take(*, customer: Customer, token: str, at: datetime) -> int:
    """The customer takes what a token stands for; its serial. Again by the same: the same.

    Raises `gift_unknown`, `gift_own` and the ledger's refusals; then the gift stays as it was.
    """
    with transaction.atomic():
        rows = Gift.objects.select_for_update(of=("self",)).select_related("giver")
        gift = rows.filter(token_hash=_hash(token)).first()
        if gift is None:
            raise gift_unknown()
        if gift.taker_id == customer.id:
            return gift.serial
        if gift.ended_at is not None or at >= gift.ends_at:
            raise gift_unknown()
        if gift.giver_id in selves_of(customer):
            raise gift_own()
        command = Transfer(
            at=at,
            key=RequestKey(INTERNAL_CLIENT, f"wallet:gift:{gift.id}:{customer.id}"),
            serial=gift.serial,
            from_customer_id=_of_giver(gift, at).holder_id,
            to_customer_id=customer.id,
            reason="转赠",
        )
        # Under the gift's lock: no second friend asks the ledger before this is decided.
        (outcome,) = submit([command], actor=acting_as(customer))
        if not outcome.done:
            raise in_own_words(outcome)
        gift.taker, gift.ended_at = customer, at
        gift.save(update_fields=["taker", "ended_at"])
        return gift.serial


def _of_giver(gift: Gift, at: datetime) -> OwnVoucher:
    try:
        return own_voucher(gift.giver, gift.serial, at)
    except KaquanError:
        raise gift_unknown() from None  # it is the giver's no more, which nobody else is told


def _hash(token: str) -> bytes:
    return hashlib.sha256(f"gift\0{token.strip()[:64]}".encode()).digest()
