"""Looking at what is masked: for a reason, a bounded number of times an hour, and never unseen.

A look is an entry of the change log: nobody can take it out again, and `kaquan prove` would miss
it. It names the customer by id and the field, and holds nothing of what was seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection, models, transaction

from kaquan.customers.errors import looks_too_many, nothing_to_show, reason_missing
from kaquan.customers.keeping import keep
from kaquan.customers.models import Customer
from kaquan.customers.queries import VIEW_PERSONAL, customer_by_id
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.models import Change
from kaquan.foundation.masking import masked

KIND = "customer_look"
LOOKS_AN_HOUR_MAX = 60
LIST_MAX = 200
NOTE_CHARACTERS_MAX = 200
_LOOKS_LOCK = 0x6B71_1001

read_note = cells.text(NOTE_CHARACTERS_MAX)


class LookReason(models.TextChoices):
    """Why somebody has to know."""

    SERVICE = "service", "售后服务"
    IDENTITY = "identity", "核对身份"
    COMPLAINT = "complaint", "投诉处理"
    FOLLOW_UP = "follow_up", "回访跟进"
    REGULATOR = "regulator", "监管要求"
    REQUEST = "request", "客户本人要求"
    OTHER = "other", "其他"


class Look(NamedTuple):
    """Somebody saw something of a customer in full. ``field`` may be ``identity``."""

    at: datetime
    by: str
    field: str
    reason: str
    note: str
    origin: str


def look(*, actor: Actor, customer_id: int, field: str, reason: LookReason, note: str = "") -> str:
    """What is masked, in full; ``field``: name, phone, birthday, or ``identity:`` and its id.

    Raises `customer_unknown`, `permission_denied`, `nothing_to_show`, `looks_too_many`, and
    `reason_missing` where "other" says nothing further.
    """
    require(actor, VIEW_PERSONAL)
    note = cells.accepted(read_note, note, zh="说明", en="note") if note.strip() else ""
    if reason is LookReason.OTHER and not note:
        raise reason_missing()
    with transaction.atomic():
        _refuse_too_many(actor)
        customer = customer_by_id(actor, customer_id)
        value = _value(customer, field)
        keep_look(actor, customer, field.partition(":")[0], reason=reason, note=note)
    return value


def keep_look(
    actor: Actor, customer: Customer, field: str, *, reason: LookReason, note: str = ""
) -> None:
    """Write a look down; part of the caller's transaction."""
    facts = {"field": field, "reason": str(reason), "note": masked(note)}
    keep(actor, "customers.look", customer, kind=KIND, **facts)


def looks_of(actor: Actor, customer_id: int, *, limit: int = LIST_MAX) -> Sequence[Look]:
    """Who saw what of a customer, the latest first; raises `customer_unknown`."""
    customer_by_id(actor, customer_id)
    rows = Change.objects.filter(kind=KIND, object_id=str(customer_id)).order_by("-id")
    return [_look_of(one) for one in rows[: min(limit, LIST_MAX)]]


def _look_of(one: Change) -> Look:
    told = one.after or {}
    field, reason, note = (told.get(name, "") for name in ("field", "reason", "note"))
    return Look(one.at, one.actor_name, field, reason, note, one.origin)


def looks_left(actor: Actor) -> int:
    """How often an actor may still look in this hour."""
    return max(0, LOOKS_AN_HOUR_MAX - _looks_in_the_last_hour(actor))


def _refuse_too_many(actor: Actor) -> None:
    with connection.cursor() as cursor:
        # Counted and added under one lock, or two at once would both be the last.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOOKS_LOCK, actor.id[:100]]
        )
    if not looks_left(actor):
        raise looks_too_many(LOOKS_AN_HOUR_MAX)


def _looks_in_the_last_hour(actor: Actor) -> int:
    since = clock.now() - timedelta(hours=1)
    rows = Change.objects.filter(actor_id=actor.id[:100], kind=KIND, at__gt=since)
    return rows[:LOOKS_AN_HOUR_MAX].count()


def _value(customer: Customer, field: str) -> str:
    name, _, number = field.partition(":")
    value: str | None = None
    if name == "identity" and number.isascii() and number.isdigit() and len(number) < 19:
        identity = customer.identities.filter(id=int(number)).first()
        value = identity.value if identity else None
    elif name == "phone" and customer.phone:
        value = customer.phone.removeprefix("+86")
    elif name == "birthday" and customer.birthday:
        value = date.fromisoformat(customer.birthday).isoformat()
    elif name == "name":
        value = customer.name
    if not value:
        raise nothing_to_show()
    return value
