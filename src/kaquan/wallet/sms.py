"""Codes by SMS: six digits, five minutes, five tries, and a bound on how many are sent.

Stored are keyed hashes of the phone and of the code. All bounds are counted under one lock for the
phone and the source, so that a burst of requests passes no more than one by one would.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet

from kaquan.access.sources import subject_of
from kaquan.customers.phones import read_phone
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.encrypted_fields import blind_index, blind_indexes
from kaquan.organisations.issuer_settings import SMS_SOURCE_HOURLY, issuer_setting
from kaquan.wallet.errors import sms_code_over, sms_code_wrong, sms_too_often
from kaquan.wallet.models import SmsCode
from kaquan.wallet.sms_gateways import SmsGateway

DIGITS = 6
GOOD_FOR = timedelta(minutes=5)
TRIES_MAX = 5
KEPT_FOR = timedelta(days=2)


class Bound(NamedTuple):
    """At most so many in so long."""

    most: int
    span: timedelta


PER_PHONE = (
    Bound(1, timedelta(minutes=1)),
    Bound(5, timedelta(hours=1)),
    Bound(10, timedelta(days=1)),
)
#: So long nobody need ask for another one: the page counts it down.
AGAIN_S = int(PER_PHONE[0].span.total_seconds())
#: How many times the bound of an hour a source has in a day.
SOURCE_HOURS_A_DAY = 5


def spelled_phone(text: str) -> str:
    """The number in E.164 form; raises `value_invalid`."""
    phone: str = cells.accepted(read_phone, text, zh="手机号", en="phone")
    return phone


def send_code(*, gateway: SmsGateway, phone: str, source: str, at: datetime) -> None:
    """Send a new code; only the newest counts. Raises `value_invalid`, `sms_too_often`,
    `sms_not_sent`. What could not be sent counts all the same: a provider that is away is no way
    round the bounds."""
    phone = spelled_phone(phone)
    subject, _surroundings = subject_of(source)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    index = blind_index("sms_phone", phone)
    with transaction.atomic():
        _lock(f"phone:{index.hex()}", f"source:{subject}")
        SmsCode.objects.filter(sent_at__lt=at - KEPT_FOR).delete()
        rows = SmsCode.objects.all()
        _hold_to(PER_PHONE, rows.filter(phone_index__in=blind_indexes("sms_phone", phone)), at)
        _hold_to(_per_source(), rows.filter(source=subject), at)
        sent = SmsCode.objects.create(
            phone_index=index, source=subject, code_hash=_hash(phone, code), sent_at=at
        )
    try:
        gateway.send_code(phone, code)
    except Exception:
        SmsCode.objects.filter(id=sent.id).update(tries=TRIES_MAX)
        raise


def check_code(*, phone: str, code: str, at: datetime) -> str:
    """The phone in E.164 form, if this is its code; the code is then spent.

    Raises `value_invalid`, `sms_code_over`, `sms_code_wrong`.
    """
    phone = spelled_phone(phone)
    typed = "".join(one for one in code if one.isalnum())[:32]
    with transaction.atomic():
        rows = SmsCode.objects.select_for_update().filter(
            phone_index__in=blind_indexes("sms_phone", phone)
        )
        sent = rows.order_by("-sent_at", "-id").first()
        if (
            sent is None
            or sent.used_at is not None
            or sent.tries >= TRIES_MAX
            or at >= sent.sent_at + GOOD_FOR
        ):
            raise sms_code_over()
        sent.tries += 1
        fits = hmac.compare_digest(bytes(sent.code_hash), _hash(phone, typed))
        if fits:
            sent.used_at = at
        sent.save(update_fields=["tries", "used_at"])
    if not fits:
        left = TRIES_MAX - sent.tries
        raise sms_code_wrong(left) if left else sms_code_over()
    return phone


def _per_source() -> tuple[Bound, Bound]:
    hourly: int = issuer_setting(SMS_SOURCE_HOURLY.name)
    return (
        Bound(hourly, timedelta(hours=1)),
        Bound(hourly * SOURCE_HOURS_A_DAY, timedelta(days=1)),
    )


def _hash(phone: str, code: str) -> bytes:
    return blind_index("sms_code", f"{phone}\0{code}")


def _hold_to(bounds: Iterable[Bound], rows: QuerySet[SmsCode], at: datetime) -> None:
    for bound in bounds:
        within = rows.filter(sent_at__gt=at - bound.span)
        if within.count() >= bound.most:
            oldest = within.order_by("-sent_at")[bound.most - 1].sent_at
            wait = oldest + bound.span - at
            raise sms_too_often(max(1, int(wait.total_seconds())))


def _lock(*names: str) -> None:
    with connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"kaquan sms {name}"]
            )
