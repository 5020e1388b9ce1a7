"""What stands on a slip as somebody typed it, read: whose voucher, where, when and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.phones import read_phone
from kaquan.engine.commands import Assign, Claim, Sell
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.encrypted_fields import blind_index
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import standing_of, trace_voucher
from kaquan.organisations.issuer_settings import SLIP_DAYS, issuer_setting
from kaquan.organisations.models import Store
from kaquan.organisations.queries import store_by_code
from kaquan.registration.errors import used_before_issue, used_outside_window
from kaquan.registration.reading import read_number

_GIVEN_OUT = (Assign, Claim, Sell)

_read_clerk = cells.text(100)
_read_name = cells.text(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipTyped:
    """What stands on a slip. ``number`` is a code, or a serial with ``last_symbols``, the last four
    of its code."""

    number: str
    last_symbols: str = ""
    holder_name: str | None = None
    holder_phone: str | None = None
    store_code: str
    clerk: str = ""
    used_at: datetime
    amount_fen: int | None = None


class SlipRead(NamedTuple):
    """The same in its normal form; the phone in E.164."""

    serial: int
    holder_name: str | None
    holder_phone: str | None
    store: Store
    clerk: str
    used_at: datetime
    amount_fen: int | None
    hand: int


def read_typed(acting: Actor, typed: SlipTyped) -> SlipRead:
    """Raises `slip_number_mistyped`, `store_unknown`, `slip_outside_window`, `slip_before_issue`,
    `value_invalid`, and what a text deserves that is no code."""
    shown = read_number(typed.number, typed.last_symbols)
    store = store_by_code(acting, typed.store_code)
    _check_time(shown.serial, typed.used_at)
    phone = typed.holder_phone or None
    if phone is not None:
        phone = cells.accepted(read_phone, phone, zh="手机号", en="phone")
    amount_fen = typed.amount_fen
    if amount_fen is not None:
        amount_fen = cells.accepted(cells.amount, amount_fen, zh="订单金额", en="order amount")
    clerk = typed.clerk and cells.accepted(_read_clerk, typed.clerk, zh="店员", en="clerk")
    return SlipRead(
        shown.serial,
        read_holder(typed.holder_name),
        phone,
        store,
        clerk,
        typed.used_at,
        amount_fen,
        shown.hand or 0,
    )


def read_holder(name: str | None) -> str | None:
    """A holder's name, None where none is given; raises `value_invalid`."""
    return cells.accepted(_read_name, name, zh="姓名", en="name") if name else None


def phone_index(phone: str | None) -> bytes | None:
    """What a phone is found by."""
    return None if phone is None else blind_index("phone", phone)


def _check_time(serial: int, used_at: datetime) -> None:
    """Whether the use lies in the window and not before the voucher was in anybody's hands."""
    days, now = int(issuer_setting(SLIP_DAYS.name)), clock.now()
    earliest = now - timedelta(days=days)
    if not earliest <= used_at <= now:
        raise used_outside_window(days, earliest)
    issued_at = _issued_at(serial)
    if issued_at is not None and used_at < issued_at:
        raise used_before_issue(issued_at)


def _issued_at(serial: int) -> datetime | None:
    """When a voucher was given out; for one that is named by its code, when its campaign began."""
    session = reading_session()
    for step in trace_voucher(session, serial):
        if isinstance(step.command, _GIVEN_OUT) and step.outcome.done:
            return step.command.at
    standing = standing_of(session, serial)
    if standing is None:
        return None  # the ledger will say that there is no such voucher
    row = CampaignBatch.objects.select_related("campaign").filter(id=standing.batch_id).first()
    return None if row is None else row.campaign.starts_at
