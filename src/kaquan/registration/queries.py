"""Bundles and slips as the desk sees them, within the actor's part of the organisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from kaquan.customers.phones import masked_name, masked_phone
from kaquan.customers.queries import customer_by_id
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, page_of
from kaquan.organisations.queries import within
from kaquan.organisations.searching import written_node
from kaquan.registration.acting import REGISTER
from kaquan.registration.errors import bundle_unknown, slip_unknown
from kaquan.registration.models import (
    Bundle,
    Conversion,
    Keying,
    Slip,
    SlipPhoto,
    SlipState,
)
from kaquan.staff.naming import names_of

SLIPS_MAX = 500
CONVERSIONS_MAX = 200
_ORDERS = {"opened": "-id", "name": "name"}


class Totals(NamedTuple):
    """What was typed so far: slips that count, their order amounts, and those that do not count."""

    slips: int
    amount_fen: int
    reversed: int
    pending: int


class SlipLine(NamedTuple):
    """A slip in a list; the holder is not named in full."""

    id: int
    bundle_id: int
    bundle_name: str
    bundle_is_open: bool
    serial: int
    holder: str
    customer_id: int | None
    customer_number: str
    store: str
    clerk: str
    used_at: datetime
    amount_fen: int | None
    discount_fen: int
    state: SlipState
    redemption: Place | None
    reversal: Place | None
    typed_at: datetime
    typed_by: str
    typed_by_name: str
    has_photo: bool


class Remembered(NamedTuple):
    """Where and by whom the last slip's voucher was taken; both empty at first."""

    store: str = ""
    clerk: str = ""


class ConversionLine(NamedTuple):
    """A paper voucher and the digital one that took its place."""

    serial: int
    digital_serial: int | None
    at: datetime
    by: str


def bundle_by_id(actor: Actor, bundle_id: int, *, for_update: bool = False) -> Bundle:
    """The bundle; raises `bundle_unknown`, `permission_denied`."""
    rows = _bundles(actor).filter(id=bundle_id)
    bundle = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if bundle is None:
        raise bundle_unknown(bundle_id)
    return bundle


def bundle_page(actor: Actor, paging: Paging, *, words: str | None = None) -> Page[Bundle]:
    """Bundles, the latest first."""
    rows = _bundles(actor)
    return page_of(rows.filter(name__icontains=words) if words else rows, paging, _ORDERS)


def totals_of(bundle: Bundle) -> Totals:
    """What was typed into a bundle that the actor has."""
    counts = Q(state=SlipState.REGISTERED)
    found = bundle.slips.aggregate(
        slips=Count("id", filter=counts),
        amount=Sum("amount_fen", filter=counts),
        reversed=Count("id", filter=Q(state=SlipState.REVERSED)),
        pending=Count("id", filter=Q(state=SlipState.PENDING)),
    )
    return Totals(found["slips"], found["amount"] or 0, found["reversed"], found["pending"])


def slips_of(actor: Actor, bundle_id: int, *, limit: int = SLIPS_MAX) -> Sequence[SlipLine]:
    """A bundle's slips, the last typed first; raises `bundle_unknown`."""
    bundle = bundle_by_id(actor, bundle_id)
    rows = _slips(actor).filter(bundle=bundle).order_by("-id")
    return [line_of(slip) for slip in rows[: min(limit, SLIPS_MAX)]]


def slip_by_id(actor: Actor, slip_id: int) -> SlipLine:
    """One slip; raises `slip_unknown`, `permission_denied`."""
    slip = _slips(actor).filter(id=slip_id).first()
    if slip is None:
        raise slip_unknown(slip_id)
    return line_of(slip)


def remembered(actor: Actor, bundle_id: int) -> Remembered:
    """What the next slip of a bundle has in common with the last; raises `bundle_unknown`."""
    bundle = bundle_by_id(actor, bundle_id)
    last: Slip | Keying | None
    if bundle.double_key:
        keyed = Keying.objects.select_related("store__organisation").filter(bundle=bundle)
        last = keyed.filter(keyed_by=actor.id[:100]).order_by("-id").first()
    else:
        last = _slips(actor).filter(bundle=bundle, typed_by=actor.id[:100]).order_by("-id").first()
    if last is None:
        return Remembered()
    return Remembered(written_node(last.store.organisation), last.clerk)


def conversion_of(serial: int) -> ConversionLine | None:
    """The conversion that a voucher was in, on paper or as the digital one. Not scoped: whoever
    asks has the voucher's page before them."""
    row = Conversion.objects.filter(Q(serial=serial) | Q(digital_serial=serial)).first()
    return None if row is None else _conversion_lines([row])[0]


def conversions_of(actor: Actor, customer_id: int) -> Sequence[ConversionLine]:
    """What a customer brought on paper and holds digitally now, the latest first; raises
    `customer_unknown`."""
    customer_by_id(actor, customer_id)
    rows = Conversion.objects.filter(customer_id=customer_id, digital_serial__isnull=False)
    return _conversion_lines(rows.order_by("-id")[:CONVERSIONS_MAX])


def line_of(slip: Slip) -> SlipLine:
    """What may be shown of a slip to anyone at the desk."""
    name = masked_name(slip.holder_name) if slip.holder_name else ""
    phone = masked_phone(slip.holder_phone) if slip.holder_phone else ""
    return SlipLine(
        id=slip.id,
        bundle_id=slip.bundle_id,
        bundle_name=slip.bundle.name,
        bundle_is_open=slip.bundle.closed_at is None,
        serial=slip.serial,
        holder=" ".join(filter(None, (name, phone))),
        customer_id=slip.customer_id,
        customer_number=slip.customer.number if slip.customer else "",
        store=slip.store.organisation.name,
        clerk=slip.clerk,
        used_at=slip.used_at,
        amount_fen=slip.amount_fen,
        discount_fen=slip.discount_fen,
        state=SlipState(slip.state),
        redemption=_place(slip.redemption_block, slip.redemption_index),
        reversal=_place(slip.reversal_block, slip.reversal_index),
        typed_at=slip.typed_at,
        typed_by=slip.typed_by,
        typed_by_name=slip.typed_by_name,
        has_photo=getattr(slip, "has_photo", False),
    )


def _conversion_lines(rows: Iterable[Conversion]) -> list[ConversionLine]:
    rows = list(rows)
    people = names_of({row.converted_by for row in rows})
    return [
        ConversionLine(
            row.serial,
            row.digital_serial,
            row.converted_at,
            people.get(row.converted_by, row.converted_by_name),
        )
        for row in rows
    ]


def _place(block: int | None, index: int | None) -> Place | None:
    return None if block is None or index is None else Place(block, index)


def _bundles(actor: Actor) -> QuerySet[Bundle]:
    require(actor, REGISTER)
    return within(actor, Bundle.objects.all(), "organisation")


def _slips(actor: Actor) -> QuerySet[Slip]:
    require(actor, REGISTER)
    rows = Slip.objects.select_related("bundle", "customer", "store__organisation")
    photos = SlipPhoto.objects.filter(slip=OuterRef("pk"))
    return within(actor, rows.annotate(has_photo=Exists(photos)), "bundle__organisation")
