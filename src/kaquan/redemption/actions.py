"""What people do with vouchers: codes and facts in, one command through the door, its outcome back.

Refusals are outcomes, also for a text that is no code. What raises is what nobody could book: no
permission, an unknown store or customer, text that is none (see `visits`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kaquan.engine.commands import (
    Assign,
    Claim,
    Hold,
    LineReturn,
    Redeem,
    Release,
    RequestKey,
    Reverse,
    Sell,
    TopUp,
    VoucherUse,
)
from kaquan.engine.facts import OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.door import submit
from kaquan.ledger.trace import find_redemption
from kaquan.redemption.codes import ledger_session, presented, read_code
from kaquan.redemption.queries import lies_within
from kaquan.redemption.visits import Visit, gather, gather_many

REDEEM = "redemption.redeem"
REVERSE = "redemption.reverse"
ISSUE = "redemption.issue"

NOT_REDEEMED = Outcome(OutcomeCode.REDEMPTION_UNKNOWN)


@dataclass(frozen=True, slots=True)
class CodeUse:
    """How much of a code's voucher: ``amount_fen`` of its balance (None: what fits), or uses."""

    code: str
    amount_fen: int | None = None
    uses: int = 1


@dataclass(frozen=True, slots=True)
class PastUse:
    """A use that happened before it was told; its key makes that telling it twice books it once.
    ``use``: by what was presented then, or by what was read from it."""

    use: CodeUse | VoucherUse
    visit: Visit
    at: datetime
    request_key: RequestKey


def redeem_code(
    *,
    actor: Actor,
    code: str,
    store_code: str,
    order_no: str = "",
    lines: Sequence[OrderLine] = (),
    amount_fen: int | None = None,
    customer_number: str | None = None,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """Use one voucher on an order, given by its lines or its amount."""
    visit = Visit(
        store_code=store_code,
        order_no=order_no,
        lines=lines,
        amount_fen=amount_fen,
        customer_number=customer_number,
    )
    return redeem_codes(
        actor=actor, uses=[CodeUse(code)], visit=visit, request_key=request_key, at=at
    )


def redeem_codes(
    *,
    actor: Actor,
    uses: Sequence[CodeUse],
    visit: Visit,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """Use several vouchers on one order, all or none."""
    return _use(actor, uses, visit, request_key, at, dry=False)


def validate(*, actor: Actor, uses: Sequence[CodeUse], visit: Visit, at: datetime) -> Outcome:
    """What `redeem_codes` would answer now; nothing is booked."""
    return _use(actor, uses, visit, None, at, dry=True)


def _use(
    actor: Actor,
    uses: Sequence[CodeUse],
    visit: Visit,
    request_key: RequestKey | None,
    at: datetime,
    *,
    dry: bool,
) -> Outcome:
    require(actor, REDEEM)
    vouchers = _voucher_uses(uses)
    if isinstance(vouchers, Outcome):
        return vouchers
    facts = gather(actor, visit, at)
    command = Redeem(at=at, key=request_key, vouchers=vouchers, facts=facts)
    return submit([command], actor=actor, dry=dry)[0]


def redeem_past(*, actor: Actor, past: Sequence[PastUse], dry: bool = False) -> list[Outcome]:
    """Book uses after the fact, at most `COMMANDS_MAX` at once; each stands or falls alone.

    With ``dry``: what would be answered if each came first; nothing is booked.
    """
    require(actor, REDEEM)
    outcomes: list[Outcome | None] = []
    commands: list[Redeem] = []
    facts = gather_many(actor, [(one.visit, one.at) for one in past])
    for one, known in zip(past, facts, strict=True):
        vouchers = _voucher_uses([one.use])
        if isinstance(vouchers, Outcome):
            outcomes.append(vouchers)
            continue
        outcomes.append(None)
        commands.append(Redeem(at=one.at, key=one.request_key, vouchers=vouchers, facts=known))
    answers = iter(submit(commands, actor=actor, dry=dry) if commands else ())
    return [next(answers) if outcome is None else outcome for outcome in outcomes]


def hold_codes(
    *,
    actor: Actor,
    uses: Sequence[CodeUse],
    visit: Visit,
    expires_at: datetime,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """Reserve vouchers for an order until ``expires_at``; the outcome's place names the hold."""
    require(actor, REDEEM)
    vouchers = _voucher_uses(uses)
    if isinstance(vouchers, Outcome):
        return vouchers
    facts = gather(actor, visit, at)
    command = Hold(at=at, key=request_key, vouchers=vouchers, facts=facts, expires_at=expires_at)
    return submit([command], actor=actor)[0]


def settle(
    *, actor: Actor, hold: Place, request_key: RequestKey | None = None, at: datetime
) -> Outcome:
    """Redeem what a hold reserved, on the hold's own order."""
    require(actor, REDEEM)
    if not lies_within(actor, hold):
        return Outcome(OutcomeCode.HOLD_UNKNOWN)
    command = Redeem(at=at, key=request_key, facts=gather(actor, Visit(), at), hold=hold)
    return submit([command], actor=actor)[0]


def release(
    *, actor: Actor, hold: Place, request_key: RequestKey | None = None, at: datetime
) -> Outcome:
    """Give a hold back."""
    require(actor, REDEEM)
    if not lies_within(actor, hold):
        return Outcome(OutcomeCode.HOLD_UNKNOWN)
    return submit([Release(at=at, key=request_key, hold=hold)], actor=actor)[0]


def reverse(
    *,
    actor: Actor,
    redemption: Place,
    serial: int | None = None,
    amount_fen: int | None = None,
    lines: Sequence[LineReturn] = (),
    reason: str = "",
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """Undo a redemption: whole, an amount, or order lines; of one voucher or of each that it used.

    A redemption outside the actor's part of the organisation is answered as if there were none.
    """
    require(actor, REVERSE)
    if not lies_within(actor, redemption):
        return NOT_REDEEMED
    command = Reverse(
        at=at,
        key=request_key,
        redemption=redemption,
        serial=serial,
        amount_fen=amount_fen,
        lines=tuple(lines),
        reason=reason,
    )
    return submit([command], actor=actor)[0]


def reverse_code(
    *,
    actor: Actor,
    code: str,
    order_no: str,
    amount_fen: int | None = None,
    lines: Sequence[LineReturn] = (),
    reason: str = "",
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """`reverse` for the use of one code on one order, the latest if there were several."""
    require(actor, REVERSE)
    serial = read_code(code)
    if isinstance(serial, Outcome):
        return serial
    redemption = find_redemption(ledger_session(), serial, order_no)
    if redemption is None:
        return NOT_REDEEMED
    return reverse(
        actor=actor,
        redemption=redemption,
        serial=serial,
        amount_fen=amount_fen,
        lines=lines,
        reason=reason,
        request_key=request_key,
        at=at,
    )


def claim(
    *,
    actor: Actor,
    batch_id: int,
    visit: Visit,
    code: str | None = None,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """The visit's customer takes a voucher: the one behind ``code``, or the next from stock."""
    serial = _issued_serial(actor, code)
    if isinstance(serial, Outcome):
        return serial
    facts = gather(actor, visit, at)
    command = Claim(at=at, key=request_key, batch_id=batch_id, serial=serial, facts=facts)
    return submit([command], actor=actor)[0]


def assign(
    *,
    actor: Actor,
    batch_id: int,
    visit: Visit,
    code: str | None = None,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """The issuer gives the visit's customer a voucher: the one behind ``code``, or from stock."""
    serial = _issued_serial(actor, code)
    if isinstance(serial, Outcome):
        return serial
    facts = gather(actor, visit, at)
    command = Assign(at=at, key=request_key, batch_id=batch_id, serial=serial, facts=facts)
    return submit([command], actor=actor)[0]


def sell(
    *,
    actor: Actor,
    batch_id: int,
    visit: Visit,
    paid_fen: int,
    payment_no: str,
    code: str | None = None,
    face_fen: int | None = None,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """A voucher is paid for, by the visit's customer or by somebody without a name."""
    serial = _issued_serial(actor, code)
    if isinstance(serial, Outcome):
        return serial
    command = Sell(
        at=at,
        key=request_key,
        batch_id=batch_id,
        serial=serial,
        facts=gather(actor, visit, at),
        paid_fen=paid_fen,
        payment_no=payment_no,
        face_fen=face_fen,
    )
    return submit([command], actor=actor)[0]


def top_up(
    *,
    actor: Actor,
    code: str,
    amount_fen: int,
    payment_no: str,
    visit: Visit,
    request_key: RequestKey | None = None,
    at: datetime,
) -> Outcome:
    """Put paid money onto a prepaid card."""
    require(actor, ISSUE)
    found = presented(code)
    if isinstance(found, Outcome):
        return found
    command = TopUp(
        at=at,
        key=request_key,
        serial=found.serial,
        hand=found.hand,
        amount_fen=amount_fen,
        payment_no=payment_no,
        facts=gather(actor, visit, at),
    )
    return submit([command], actor=actor)[0]


def _issued_serial(actor: Actor, code: str | None) -> int | Outcome | None:
    require(actor, ISSUE)
    return None if code is None else read_code(code)


def _voucher_uses(uses: Sequence[CodeUse | VoucherUse]) -> tuple[VoucherUse, ...] | Outcome:
    """What the codes stand for; the first text that is no code answers for all."""
    vouchers = []
    for use in uses:
        if isinstance(use, VoucherUse):
            vouchers.append(use)
            continue
        found = presented(use.code)
        if isinstance(found, Outcome):
            return found
        vouchers.append(VoucherUse(found.serial, use.amount_fen, use.uses, found.hand))
    return tuple(vouchers)
