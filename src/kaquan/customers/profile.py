"""What is known of a customer besides the row itself: consents and notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from kaquan.customers.actions import PERMISSION
from kaquan.customers.errors import consent_unchanged, customer_erased
from kaquan.customers.keeping import keep
from kaquan.customers.models import Consent, Customer, Note, Purpose
from kaquan.customers.queries import customer_by_id
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.ids import draw_ids

LIST_MAX = 200
NOTE_CHARACTERS_MAX = 2_000

read_source = cells.text(64)
read_text_version = cells.code(64)


class ConsentLine(NamedTuple):
    """Where a customer stands about one purpose, since when and how; None: never asked."""

    purpose: Purpose
    given: bool | None
    at: datetime | None
    source: str
    text_version: str
    kept_by: str


class NoteLine(NamedTuple):
    """A note as it is read."""

    id: int
    at: datetime
    author: str
    text: str


def record_consent(
    *,
    actor: Actor,
    customer_id: int,
    purpose: Purpose,
    given: bool,
    source: str,
    text_version: str,
) -> Consent:
    """A customer agrees to a purpose, or takes that back.

    ``source`` says where (a store, the app, the telephone), ``text_version`` which wording was
    shown. Raises `customer_unknown`, `customer_erased`, `consent_unchanged`, `value_invalid`.
    """
    require(actor, PERMISSION)
    source = cells.accepted(read_source, source, zh="来源", en="source")
    text_version = cells.accepted(read_text_version, text_version, zh="文本版本", en="wording")
    with transaction.atomic():
        customer = _living(actor, customer_id)
        if (purpose in customer.consents) == given:
            raise consent_unchanged()
        consent = Consent.objects.create(
            customer=customer,
            purpose=purpose,
            given=given,
            at=clock.now(),
            source=source,
            text_version=text_version,
            kept_by=actor.name[:200],
        )
        kept = {*customer.consents, purpose.value} if given else {*customer.consents} - {purpose}
        customer.consents = sorted(kept)
        customer.save(update_fields=["consents"])
        keep(actor, "customers.consent", customer, f"{purpose}:{'given' if given else 'withdrawn'}")
        return consent


def consents_of(actor: Actor, customer_id: int) -> Sequence[ConsentLine]:
    """Where a customer stands about each purpose; raises `customer_unknown`."""
    customer = customer_by_id(actor, customer_id)
    last = {
        one.purpose: one
        for one in customer.consent_records.order_by("purpose", "-id").distinct("purpose")
    }
    return [
        ConsentLine(purpose, one.given, one.at, one.source, one.text_version, one.kept_by)
        if (one := last.get(purpose))
        else ConsentLine(purpose, None, None, "", "", "")
        for purpose in Purpose
    ]


def consent_history(actor: Actor, customer_id: int, *, limit: int = LIST_MAX) -> Sequence[Consent]:
    """Every agreement and withdrawal, the latest first; raises `customer_unknown`."""
    customer = customer_by_id(actor, customer_id)
    return list(customer.consent_records.order_by("-id")[: min(limit, LIST_MAX)])


def add_note(*, actor: Actor, customer_id: int, text: str) -> Note:
    """Write something down about a customer; nobody changes it afterwards.

    Raises `customer_unknown`, `customer_erased`, `value_invalid`.
    """
    require(actor, PERMISSION)
    text = cells.accepted(cells.text(NOTE_CHARACTERS_MAX), text, zh="备注", en="note")
    (note_id,) = draw_ids(Note, 1)
    with transaction.atomic():
        note = Note(
            id=note_id,
            customer=_living(actor, customer_id),
            text=text,
            at=clock.now(),
            author_id=actor.id[:100],
            author_name=actor.name[:200],
        )
        note.save(force_insert=True)
        return note


def notes_of(actor: Actor, customer_id: int, *, limit: int = LIST_MAX) -> Sequence[NoteLine]:
    """A customer's notes, the latest first; raises `customer_unknown`."""
    customer = customer_by_id(actor, customer_id)
    return [
        NoteLine(one.id, one.at, one.author_name, one.text)
        for one in customer.notes.order_by("-id")[: min(limit, LIST_MAX)]
    ]


def _living(actor: Actor, customer_id: int) -> Customer:
    customer = customer_by_id(actor, customer_id, for_update=True)
    if customer.erased_at is not None:
        raise customer_erased(customer.number)
    return customer
