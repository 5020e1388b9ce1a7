"""Who uses a wallet: logged in by a phone, known by a token that only the browser keeps."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from kaquan.customers.actions import create_customer, update_customer
from kaquan.customers.errors import customer_exists
from kaquan.customers.identities import add_identity, customers_by_identity
from kaquan.customers.merging import merge_customers
from kaquan.customers.models import Customer, IdentityKind
from kaquan.customers.queries import CustomerLine, customer_by_id, customers_by_phone
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.sessions import reading_session
from kaquan.wallet.acting import NEWCOMER, acting_as, selves_of
from kaquan.wallet.errors import phone_unusable
from kaquan.wallet.models import WalletSession

GOOD_FOR = timedelta(days=30)
TOKEN_BYTES = 32
_NUMBER_SYMBOLS = "0123456789"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def log_in_by_phone(*, phone: str, at: datetime) -> tuple[Customer, str]:
    """The member of a phone that was proved, a new one if there is none; and the session's token.

    Raises `phone_unusable`.
    """
    with transaction.atomic():
        # Two logins at once must not make two members of one phone.
        reading_session().execute(_LOCK, [f"kaquan wallet phone {phone}"])
        living = _living(customers_by_phone(NEWCOMER, phone))
        if len(living) > 1:
            raise phone_unusable()
        customer = _member(living) or _newcomer(phone=phone)
    return customer, _begin(customer, at)


def log_in_by_wechat(*, open_id: str, at: datetime) -> tuple[Customer, str]:
    """The member whom WeChat knows by this id, a new one if there is none; and the token."""
    with transaction.atomic():
        reading_session().execute(_LOCK, [f"kaquan wallet wechat {open_id}"])
        known = _member(_living(customers_by_identity(NEWCOMER, IdentityKind.WECHAT, open_id)))
        customer = known or _newcomer()
        if known is None:
            add_identity(
                actor=NEWCOMER, customer_id=customer.id, kind=IdentityKind.WECHAT, value=open_id
            )
    return customer, _begin(customer, at)


def add_phone(*, customer: Customer, phone: str) -> None:
    """Whoever logged in by WeChat alone has proved a phone, too: it is theirs, or, where a member
    has it, they are one person from now on. Raises `phone_unusable`."""
    with transaction.atomic():
        reading_session().execute(_LOCK, [f"kaquan wallet phone {phone}"])
        living = _living(customers_by_phone(NEWCOMER, phone)) - {customer.id}
        if customer.phone is not None or len(living) > 1 or customer.merged.exists():
            raise phone_unusable()
        member = _member(living)
        if member is None:
            update_customer(actor=acting_as(customer), number=customer.number, phone=phone)
        else:
            merge_customers(
                actor=acting_as(customer), number=customer.number, into_number=member.number
            )


def customer_of(token: str, at: datetime) -> Customer | None:
    """Whose session it is; None for one that is over or never was."""
    if not token:
        return None
    row = (
        WalletSession.objects.select_related("customer__merged_into")
        .filter(token_hash=token_hash(token), ends_at__gt=at)
        .first()
    )
    if row is None or row.customer.erased_at is not None:
        return None
    return row.customer.merged_into or row.customer


def log_out(token: str) -> None:
    """End a session."""
    WalletSession.objects.filter(token_hash=token_hash(token)).delete()


def log_out_everywhere(customer: Customer) -> None:
    """End all sessions of a customer."""
    WalletSession.objects.filter(customer__in=selves_of(customer)).delete()


def forget_sessions(at: datetime) -> int:
    """Drop sessions that are over; how many."""
    return WalletSession.objects.filter(ends_at__lte=at).delete()[0]


def _begin(customer: Customer, at: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    WalletSession.objects.create(
        token_hash=token_hash(token), customer=customer, made_at=at, ends_at=at + GOOD_FOR
    )
    return token


def token_hash(token: str) -> bytes:
    """What we keep of a browser's token."""
    return hashlib.sha256(token.encode()).digest()


def _living(lines: Sequence[CustomerLine]) -> set[int]:
    """Whom these are; who was merged is the one they became."""
    return {one.merged_into_id or one.id for one in lines if one.erased_at is None}


def _member(living: set[int]) -> Customer | None:
    return customer_by_id(NEWCOMER, min(living)) if living else None


def _newcomer(*, phone: str | None = None) -> Customer:
    for _ in range(5):
        number = "W" + "".join(secrets.choice(_NUMBER_SYMBOLS) for _ in range(11))
        try:
            return create_customer(actor=NEWCOMER, number=number, phone=phone)
        except KaquanError as error:
            if error.code != customer_exists("").code:
                raise
    raise customer_exists(number)
