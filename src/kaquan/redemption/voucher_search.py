"""Finding vouchers by what somebody at work has: a code, a serial, a number on a receipt, the
number of an order, or whoever holds them.

All of it is asked at once, for people do not say what they typed. Nothing typed is ever repeated in
an address: a code opens a voucher.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from kaquan.campaigns.queries import own_batch_ids
from kaquan.customers.finding import customers_found
from kaquan.customers.queries import VIEW as VIEW_CUSTOMERS
from kaquan.customers.queries import CustomerLine
from kaquan.engine.codes import Presented
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation.actor import EVERY_PERMISSION, Actor, require
from kaquan.ledger.entry_pages import Period
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.voucher_pages import VoucherRow, voucher_rows
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.redemption.codes import presented
from kaquan.redemption.listings import VIEW as VIEW_BOOKS
from kaquan.redemption.listings import ActivityFilter, Operation, activities, activity_at
from kaquan.redemption.queries import TRACE, is_passed_on, trace_of_serial
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt
from kaquan.redemption.voucher_listings import VoucherLine, lines_of

TEXT_CHARACTERS_MAX = 200
ORDER_CHARACTERS_MAX = 64
HOLDERS_MAX = 20
VOUCHERS_EACH_MAX = 50
USES_MAX = 50
_SERIAL_DIGITS_MAX = 12
_RECEIPTS: tuple[tuple[ReceiptKind, Operation], ...] = (
    (ReceiptKind.REDEMPTION, "redeem"),
    (ReceiptKind.HOLD, "hold"),
    (ReceiptKind.REVERSAL, "reverse"),
)

Way = Literal["receipt", "order", "holder"]


class Found(NamedTuple):
    """Vouchers that were found one way. ``is_more``: there may be others beside them."""

    way: Way
    lines: Sequence[VoucherLine]
    holder: CustomerLine | None = None
    is_more: bool = False


class Search(NamedTuple):
    """``serial``: the text names this very voucher. ``refusal``: it looks like a code, and why it
    is none. ``is_old_code``: it is a code that ended when the voucher was passed on. Else what was
    found."""

    serial: int | None = None
    refusal: Outcome | None = None
    found: Sequence[Found] = ()
    is_old_code: bool = False


EVER = Period()


def search_vouchers(actor: Actor, text: str, *, period: Period = EVER) -> Search:
    """What a text may stand for. An order's number is looked for among what was booked in the
    period, and of that the latest part; the others everywhere."""
    require(actor, TRACE)
    text = text.strip()
    code = presented(text)
    if isinstance(code, Presented):
        return _exactly(actor, code)
    is_like_code = code.code is not OutcomeCode.CODE_MALFORMED
    if text.isascii() and text.isdigit() and len(text) <= _SERIAL_DIGITS_MAX:
        exact = _by_serial(actor, int(text))
        if exact is not None:
            return Search(serial=exact)
    found = [*_by_receipt(actor, text), *_by_holder(actor, text)]
    if not found or not is_like_code:
        found += _by_order(actor, text, period)
    return Search(refusal=code if is_like_code and not found else None, found=found)


def _exactly(actor: Actor, shown: Presented) -> Search:
    trace = trace_of_serial(actor=actor, serial=shown.serial)
    if isinstance(trace, Outcome):
        return Search(refusal=trace)
    return Search(serial=shown.serial, is_old_code=is_passed_on(shown))


def _by_serial(actor: Actor, serial: int) -> int | None:
    if serial >= SERIAL_END:
        return None
    trace = trace_of_serial(actor=actor, serial=serial)
    return None if isinstance(trace, Outcome) else serial


def _by_receipt(actor: Actor, text: str) -> list[Found]:
    if not _may(actor, VIEW_BOOKS):
        return []
    for kind, operation in _RECEIPTS:
        place = parse_receipt(kind, text)
        activity = place and activity_at(actor=actor, place=place, operation=operation)
        if activity:
            return _found(actor, "receipt", [one.serial for one in activity.vouchers])
    return []


def _by_order(actor: Actor, text: str, period: Period) -> list[Found]:
    if not _may(actor, VIEW_BOOKS) or not 0 < len(text) <= ORDER_CHARACTERS_MAX:
        return []
    page = activities(
        actor=actor,
        wanted=ActivityFilter(operations=("redeem", "hold"), order_no=text),
        period=period,
        limit=USES_MAX,
    )
    serials = dict.fromkeys(one.serial for use in page.items for one in use.vouchers)
    return _found(actor, "order", list(serials), is_more=page.following is not None)


def _by_holder(actor: Actor, text: str) -> list[Found]:
    if not _may(actor, VIEW_CUSTOMERS) or not text:
        return []
    found = []
    for holder in customers_found(actor, text, limit=HOLDERS_MAX):
        held = vouchers_of(reading_session(), holder.id, limit=VOUCHERS_EACH_MAX + 1)
        own = own_batch_ids(actor, {one.batch_id for one in held})
        rows = [
            VoucherRow(
                serial=one.serial,
                batch_id=one.batch_id,
                state=one.state,
                customer_id=holder.id,
                balance_fen=one.balance_fen,
                uses_left=one.uses_left,
                valid_from=one.valid_from,
                valid_until=one.valid_until,
                last=one.changed_at,
            )
            for one in held[:VOUCHERS_EACH_MAX]
            if one.batch_id in own
        ]
        is_more = len(held) > VOUCHERS_EACH_MAX
        found.append(Found("holder", lines_of(actor, rows), holder, is_more))
    return found


def _found(actor: Actor, way: Way, serials: Sequence[int], *, is_more: bool = False) -> list[Found]:
    rows = voucher_rows(reading_session(), serials)
    lines = lines_of(actor, [rows[serial] for serial in serials if serial in rows])
    return [Found(way, lines, None, is_more)] if lines or is_more else []


def _may(actor: Actor, permission: str) -> bool:
    return bool({permission, EVERY_PERMISSION} & actor.permissions)
