"""Looking after single vouchers: freeze, unfreeze, void, extend, transfer, adjust, expire.

A voucher is named by its code, or by its serial from a list. One of a batch outside the actor's
part of the organisation is answered as if there were none. Refusals are outcomes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kaquan.campaigns.queries import own_batch_ids
from kaquan.customers.errors import customer_unknown
from kaquan.engine.commands import (
    Adjust,
    AnyCommand,
    Expire,
    Extend,
    Freeze,
    RequestKey,
    Transfer,
    Unfreeze,
    Void,
)
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.door import submit
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import batches_of
from kaquan.redemption.codes import read_code
from kaquan.redemption.recipients import recipient_ids

CARE = "voucher.care"

VoucherName = str | int
"""A code as typed, or a serial."""

UNKNOWN = Outcome(OutcomeCode.VOUCHER_UNKNOWN)


def freeze(
    *,
    actor: Actor,
    voucher: VoucherName,
    reason: str,
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """Stop a voucher for the time being."""
    return _submit(
        actor,
        voucher,
        lambda serial: Freeze(at=at, key=request_key, serial=serial, reason=reason),
    )


def unfreeze(
    *,
    actor: Actor,
    voucher: VoucherName,
    reason: str = "",
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """Let a frozen voucher go on."""
    return _submit(
        actor,
        voucher,
        lambda serial: Unfreeze(at=at, key=request_key, serial=serial, reason=reason),
    )


def void(
    *,
    actor: Actor,
    voucher: VoucherName,
    reason: str,
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """End a voucher for good; what a card still held is owed back to whoever paid for it."""
    return _submit(
        actor, voucher, lambda serial: Void(at=at, key=request_key, serial=serial, reason=reason)
    )


def extend(
    *,
    actor: Actor,
    voucher: VoucherName,
    valid_until: datetime,
    reason: str = "",
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """Let a voucher live longer; never shorter."""

    def command(serial: int) -> Extend:
        return Extend(at=at, key=request_key, serial=serial, valid_until=valid_until, reason=reason)

    return _submit(actor, voucher, command)


def transfer(
    *,
    actor: Actor,
    voucher: VoucherName,
    from_number: str,
    to_number: str,
    reason: str = "",
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """Pass a voucher on from one customer to another; raises `customer_unknown`."""
    require(actor, CARE)
    ids = recipient_ids(actor, {from_number, to_number})
    for number in (from_number, to_number):
        if number not in ids:
            raise customer_unknown(number)

    def command(serial: int) -> Transfer:
        return Transfer(
            at=at,
            key=request_key,
            serial=serial,
            from_customer_id=ids[from_number],
            to_customer_id=ids[to_number],
            reason=reason,
        )

    return _submit(actor, voucher, command)


def adjust(
    *,
    actor: Actor,
    voucher: VoucherName,
    balance_fen: int = 0,
    uses: int = 0,
    reason: str,
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """Correct a balance or the uses left, by so much more or (below zero) less."""

    def command(serial: int) -> Adjust:
        return Adjust(
            at=at,
            key=request_key,
            serial=serial,
            balance_fen=balance_fen,
            uses=uses,
            reason=reason,
        )

    return _submit(actor, voucher, command)


def expire(
    *,
    actor: Actor,
    voucher: VoucherName,
    at: datetime,
    request_key: RequestKey | None = None,
) -> Outcome:
    """Book that a voucher's time is over."""
    return _submit(actor, voucher, lambda serial: Expire(at=at, key=request_key, serial=serial))


def _submit(actor: Actor, voucher: VoucherName, command: Callable[[int], AnyCommand]) -> Outcome:
    require(actor, CARE)
    serial = read_code(voucher) if isinstance(voucher, str) else voucher
    if isinstance(serial, Outcome):
        return serial
    if not is_own(actor, serial):
        return UNKNOWN
    return submit([command(serial)], actor=actor)[0]


def is_own(actor: Actor, serial: int) -> bool:
    """Whether the voucher belongs to a batch in the actor's part of the organisation."""
    if not actor.organisation_path:
        return True
    batch_id = batches_of(reading_session(), [serial]).get(serial)
    return batch_id is not None and bool(own_batch_ids(actor, [batch_id]))
