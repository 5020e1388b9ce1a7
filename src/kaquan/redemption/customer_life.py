"""What happened to a customer's vouchers and orders, for those who look after the customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kaquan.customers.models import BearerUse
from kaquan.customers.queries import customer_by_id
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.actor import Actor
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import TraceStep
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.redemption.models import Order
from kaquan.redemption.queries import trace_of_serial

VOUCHERS_LOOKED_AT = 200
VOUCHERS_TRACED = 20
STEPS_MAX = 200
LIST_MAX = 200
NO_FACTS = Facts()


class VoucherStep(NamedTuple):
    """One change of one of the customer's vouchers."""

    serial: int
    batch_id: int
    step: TraceStep


class OrderLine(NamedTuple):
    """An order of the customer's; the store is told by its id."""

    order_no: str
    store_id: int
    ordered_at: datetime
    total_fen: int


def voucher_steps(actor: Actor, customer_id: int) -> Sequence[VoucherStep]:
    """What happened to the vouchers that changed last, the latest first: those in the customer's
    name, and those of nobody's that the customer used.

    Raises `customer_unknown`, `permission_denied` for who may not trace vouchers. Of vouchers
    elsewhere only what happened in the actor's part is told.
    """
    customer_by_id(actor, customer_id)
    own = vouchers_of(reading_session(), customer_id, limit=VOUCHERS_LOOKED_AT)
    own.sort(key=lambda voucher: voucher.changed_at.block, reverse=True)
    serials = [voucher.serial for voucher in own[:VOUCHERS_TRACED]]
    serials += [serial for serial in bearer_serials(actor, customer_id) if serial not in serials]
    found = []
    for serial in serials[: 2 * VOUCHERS_TRACED]:
        trace = trace_of_serial(actor=actor, serial=serial)
        if isinstance(trace, Outcome):
            continue
        found += [
            VoucherStep(serial, step.result.batch_id, step)
            for step in trace.steps
            if customer_id in (step.result.customer_id, _named(step))
        ]
    found.sort(key=lambda one: one.step.command.at, reverse=True)
    return found[:STEPS_MAX]


def bearer_serials(actor: Actor, customer_id: int) -> Sequence[int]:
    """The vouchers of nobody's that the customer used last; raises `customer_unknown`."""
    customer_by_id(actor, customer_id)
    rows = BearerUse.objects.filter(customer_id=customer_id).order_by("-at")
    return list(dict.fromkeys(rows.values_list("serial", flat=True)[:VOUCHERS_TRACED]))


def orders_of(actor: Actor, customer_id: int, *, limit: int = LIST_MAX) -> Sequence[OrderLine]:
    """A customer's orders as tills have told of them, the latest first.

    Raises `customer_unknown`.
    """
    customer_by_id(actor, customer_id)
    rows = Order.objects.filter(customer_id=customer_id).order_by("-ordered_at")
    values = rows.values_list("order_no", "store_id", "ordered_at", "total_fen")
    return [OrderLine(*row) for row in values[: min(limit, LIST_MAX)]]


def _named(step: TraceStep) -> int:
    facts = getattr(step.command, "facts", None)
    return 0 if facts is None else facts.customer_id
