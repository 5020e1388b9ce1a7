"""消费账单: what a customer's vouchers took off their orders in a month, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from kaquan.customers.models import Customer
from kaquan.engine.commands import Redeem, Reverse
from kaquan.engine.places import Place
from kaquan.foundation.actor import system_actor
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import TraceStep, trace_voucher
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.organisations.queries import organisation_names
from kaquan.wallet.acting import selves_of
from kaquan.wallet.vouchers import HELD_MAX

VOUCHERS_MAX = 300
USES_SHOWN = 20
_PUBLIC = system_actor("wallet")


class StatementLine(NamedTuple):
    """One use, or one that was undone; then the amounts are below zero."""

    at: datetime
    serial: int
    store: str
    order_no: str
    is_reversal: bool
    discount_fen: int


class Statement(NamedTuple):
    """A month's lines, the earliest first; ``is_cut``: there are more vouchers than were read."""

    month: date
    lines: Sequence[StatementLine]
    total_fen: int
    is_cut: bool


def statement(customer: Customer, month: date) -> Statement:
    """The month that begins on that day, in the issuer's zone; straight from the books."""
    zone = current_configuration().time_zone
    session = reading_session()
    selves = selves_of(customer)
    held = [found for one in selves for found in vouchers_of(session, one, limit=HELD_MAX)]
    held.sort(key=lambda one: one.changed_at.block, reverse=True)
    found: list[tuple[int, TraceStep, Redeem]] = []
    for one in held[:VOUCHERS_MAX]:
        steps = trace_voucher(session, one.serial)
        uses = {step.place: step.command for step in steps if isinstance(step.command, Redeem)}
        for step in steps:
            local = step.command.at.astimezone(zone)
            if (local.year, local.month) != (month.year, month.month):
                continue
            use = _use_of(step, uses)
            if use is not None and step.result.customer_id in selves:
                found.append((one.serial, step, use))
    names = organisation_names(_PUBLIC, {use.facts.store_id for _serial, _step, use in found})
    lines = sorted(
        (_line(serial, step, use, names) for serial, step, use in found), key=lambda one: one.at
    )
    total_fen = sum(line.discount_fen for line in lines)
    is_cut = len(held) > VOUCHERS_MAX
    return Statement(month.replace(day=1), lines, total_fen, is_cut)


def uses_of(customer: Customer, serial: int) -> Sequence[StatementLine]:
    """What one voucher was used for while it was theirs, the latest ``USES_SHOWN`` first."""
    steps = trace_voucher(reading_session(), serial)
    uses = {step.place: step.command for step in steps if isinstance(step.command, Redeem)}
    selves = selves_of(customer)
    found = [
        (step, use)
        for step in reversed(steps)
        if step.result.customer_id in selves and (use := _use_of(step, uses)) is not None
    ][:USES_SHOWN]
    names = organisation_names(_PUBLIC, {use.facts.store_id for _step, use in found})
    return [_line(serial, step, use, names) for step, use in found]


def _use_of(step: TraceStep, uses: Mapping[Place, Redeem]) -> Redeem | None:
    """The use that a step is or undoes."""
    if isinstance(step.command, Redeem):
        return step.command
    if isinstance(step.command, Reverse):
        return uses.get(step.command.redemption)
    return None


def _line(serial: int, step: TraceStep, use: Redeem, names: dict[int, str]) -> StatementLine:
    order = use.facts.order
    return StatementLine(
        at=step.command.at,
        serial=serial,
        store=names.get(use.facts.store_id, ""),
        order_no=order.order_no if order else "",
        is_reversal=isinstance(step.command, Reverse),
        discount_fen=step.result.discount_fen,
    )
