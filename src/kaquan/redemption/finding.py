"""Finding a voucher by its code or serial, and an order by its number, within an actor's scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kaquan.engine.codes import Presented
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import within
from kaquan.redemption.codes import presented
from kaquan.redemption.listings import VIEW
from kaquan.redemption.models import Order
from kaquan.redemption.queries import TRACE, is_passed_on, trace_of_serial

FOUND_MAX = 50
CODE_CHARACTERS_MIN = 6
SERIAL_END = 1 << 38
_SERIAL_DIGITS_MAX = 12


class VoucherFound(NamedTuple):
    """A voucher that the actor may see; ``state`` None: nothing has happened to it yet.
    ``is_old_code``: it was found by a code that ended when it was passed on."""

    serial: int
    batch_id: int
    state: State | None
    is_old_code: bool = False


class OrderFound(NamedTuple):
    """An order as the stores' tills know it."""

    order_no: str
    store_id: int
    ordered_at: datetime
    total_fen: int


def vouchers_found(actor: Actor, words: str) -> Sequence[VoucherFound]:
    """The voucher with this code, and the one with this serial; nothing for a code that is none."""
    require(actor, TRACE)
    code = _by_code(words)
    serials = {_serial(words), code and code.serial} - {None}
    traces = [trace_of_serial(actor=actor, serial=serial) for serial in serials if serial]
    return [
        VoucherFound(
            serial=trace.serial,
            batch_id=trace.standing.batch_id,
            state=State(trace.steps[-1].result.state) if trace.steps else None,
            is_old_code=code is not None and code.serial == trace.serial and is_passed_on(code),
        )
        for trace in traces
        if not isinstance(trace, Outcome)
    ]


def orders_found(actor: Actor, order_no: str, *, limit: int) -> Sequence[OrderFound]:
    """Orders with this very number; tills of several stores may use the same."""
    require(actor, VIEW)
    rows = within(actor, Order.objects.filter(order_no=order_no), "store__organisation")
    found = rows.order_by("store_id").values_list("order_no", "store_id", "ordered_at", "total_fen")
    return [OrderFound(*row) for row in found[: min(limit, FOUND_MAX)]]


def _serial(words: str) -> int | None:
    if not (words.isascii() and words.isdigit() and len(words) <= _SERIAL_DIGITS_MAX):
        return None
    serial = int(words)
    return serial if 0 < serial < SERIAL_END else None


def _by_code(words: str) -> Presented | None:
    if len(words) < CODE_CHARACTERS_MIN:
        return None
    found = presented(words)
    return None if isinstance(found, Outcome) else found
