"""Everything held about one customer, for the customer (PIPL article 45)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from kaquan.customers.looks import Look, LookReason, keep_look, looks_of
from kaquan.customers.models import Consent, Customer, Identity
from kaquan.customers.profile import NoteLine, consent_history, notes_of
from kaquan.customers.queries import VIEW_PERSONAL, customer_by_number
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import HeldVoucher, vouchers_of
from kaquan.redemption.models import Order

PART_ROWS = 1_000
PARTS_MAX = 50


class OrderHeld(NamedTuple):
    """An order of the customer's."""

    order_no: str
    store: str
    ordered_at: datetime
    total_fen: int


@dataclass(frozen=True, slots=True)
class PersonalData:
    """The profile in full, the vouchers, the orders, the other numbers of the same person, and who
    looked at what is masked."""

    customer: Customer
    merged_numbers: Sequence[str]
    vouchers: Sequence[HeldVoucher]
    orders: Sequence[OrderHeld]
    identities: Sequence[Identity]
    consents: Sequence[Consent]
    notes: Sequence[NoteLine]
    looks: Sequence[Look]


def personal_data(*, actor: Actor, number: str) -> PersonalData:
    """All of it, and that somebody saw it is kept with the looks at the customer.

    Raises `customer_unknown`, `permission_denied`, `personal_data_too_long`.
    """
    require(actor, VIEW_PERSONAL)
    customer = customer_by_number(actor, number)
    held = PersonalData(
        customer=customer,
        merged_numbers=sorted(customer.merged.values_list("number", flat=True)),
        vouchers=_vouchers(customer),
        orders=_orders(customer),
        identities=list(customer.identities.order_by("id")[:PART_ROWS]),
        consents=consent_history(actor, customer.id),
        notes=notes_of(actor, customer.id),
        looks=looks_of(actor, customer.id),
    )
    with transaction.atomic():
        keep_look(actor, customer, "everything", reason=LookReason.REQUEST)
    return held


def _vouchers(customer: Customer) -> list[HeldVoucher]:
    found: list[HeldVoucher] = []
    session = reading_session()
    for _ in range(PARTS_MAX):
        after_serial = found[-1].serial if found else 0
        part = vouchers_of(session, customer.id, after_serial=after_serial, limit=PART_ROWS)
        found += part
        if len(part) < PART_ROWS:
            return found
    raise _too_long(customer.number)


def _orders(customer: Customer) -> list[OrderHeld]:
    rows = Order.objects.filter(customer=customer).order_by("ordered_at", "order_no")
    values = rows.values_list("order_no", "store__organisation__code", "ordered_at", "total_fen")
    found = [OrderHeld(*row) for row in values[: PART_ROWS * PARTS_MAX + 1]]
    if len(found) > PART_ROWS * PARTS_MAX:
        raise _too_long(customer.number)
    return found


def _too_long(number: str) -> KaquanError:
    return KaquanError(
        "personal_data_too_long",
        zh=f"客户“{number}”的记录超过 {PART_ROWS * PARTS_MAX} 条，请用命令行导出。",
        en=f'There are more than {PART_ROWS * PARTS_MAX} records of the customer "{number}"; '
        "export them on the command line.",
    )
