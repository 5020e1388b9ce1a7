"""A member's one code for all their vouchers: the counter picks the one that saves most.

What was scanned stands for the member for some minutes, as `shown_codes` does for a voucher, while
the clerk types the order's amount; then the voucher that was picked takes its place. Prepaid cards
are left out: nobody's own money is spent because another voucher would have saved less.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.core.signing import BadSignature, Signer

from kaquan.customers.models import Customer
from kaquan.engine.codes import CodeFault, Presented
from kaquan.engine.commands import RequestKey, VoucherUse
from kaquan.engine.dynamic_codes import MEMBER_PROFILE, is_dynamic
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.rules.terms import PrepaidCard
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.batch_rules import rules_of
from kaquan.ledger.holdings import held_serials
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import batches_of
from kaquan.ledger.voucher_pages import voucher_rows
from kaquan.redemption.actions import PastUse, redeem_past
from kaquan.redemption.dynamic_keys import dynamic_member
from kaquan.terminals import tries
from kaquan.terminals.errors import member_code_over, shown_code_over
from kaquan.terminals.requests import Counter, CounterOrder, visit_of
from kaquan.terminals.shown_codes import GOOD_FOR, shown_text

CANDIDATES_MAX: Final = 50
NEEDS_AMOUNT: Final = (
    OutcomeCode.ORDER_REQUIRED,
    OutcomeCode.NO_BENEFIT,
    OutcomeCode.AMOUNT_NOT_ALLOWED,
)
"""Refusals that an order's amount would cure."""
_PREFIX: Final = "member."
_SALT: Final = "kaquan.terminals.member_codes"


class Picked(NamedTuple):
    """What a member's code came to. ``code`` stands for the voucher, or for the member while the
    amount is not known; ``refusal``: why none of their ``number`` vouchers can be used."""

    code: str
    member: str
    number: int
    wants_amount: bool = False
    refusal: Outcome | None = None


def is_member_code(text: str) -> bool:
    """Whether a text stands for a member, who shows it or did so a moment ago."""
    return text.startswith(_PREFIX) or is_dynamic(text, MEMBER_PROFILE)


def pick(
    counter: Counter, text: str, order: CounterOrder, *, taken: Collection[int], at: datetime
) -> Picked:
    """The member's voucher that saves most on the order, of equal ones that which ends first.

    ``taken`` are on the order already. Raises `counter_member_code_over`,
    `counter_shown_code_over`, `counter_tried_too_often`.
    """
    terminal_id = counter.shift.terminal_id
    customer = _member(terminal_id, text, at)
    serials = [one for one in _candidates(customer.id) if one not in taken]
    rows = voucher_rows(reading_session(), serials)
    theirs = [Presented(one, rows[one].hand) for one in serials if one in rows]
    found = _tried(counter, theirs, replace(order, customer_number=customer.number), at)
    if order.amount_fen is None and any(one.code in NEEDS_AMOUNT for one in found.values()):
        waits = _standing(terminal_id, customer.id, at)
        return Picked(waits, customer.number, len(serials), wants_amount=True)
    good = [one for one in theirs if found[one].done]
    if not good:
        refusal = next(iter(found.values()), Outcome(OutcomeCode.VOUCHER_UNKNOWN))
        return Picked(text, customer.number, len(serials), refusal=refusal)
    best = max(good, key=lambda one: _saved_fen(found[one]))
    return Picked(shown_text(terminal_id, best, at), customer.number, len(serials))


def _member(terminal_id: int, text: str, at: datetime) -> Customer:
    customer_id = _id_behind(terminal_id, text, at)
    found = Customer.objects.filter(
        id=customer_id, erased_at__isnull=True, merged_into__isnull=True
    ).first()
    if found is None:
        raise member_code_over()
    return found


def _id_behind(terminal_id: int, text: str, at: datetime) -> int:
    if text.startswith(_PREFIX):
        try:
            signed = Signer(salt=_SALT).unsign_object(text.removeprefix(_PREFIX))
            of_terminal, customer_id, until = (int(one) for one in signed)
        except (BadSignature, ValueError, TypeError):
            raise shown_code_over() from None
        if of_terminal != terminal_id or at > datetime.fromtimestamp(until, UTC):
            raise shown_code_over()
        return customer_id
    subject = tries.forged(terminal_id)
    tries.refuse_beyond(subject, at)
    member = dynamic_member(text, at)
    if isinstance(member, CodeFault):
        tries.note(subject, 1, at)
        raise member_code_over()
    return member


def _standing(terminal_id: int, customer_id: int, at: datetime) -> str:
    until = int((at + GOOD_FOR).timestamp())
    return _PREFIX + Signer(salt=_SALT).sign_object([terminal_id, customer_id, until])


def _candidates(customer_id: int) -> Sequence[int]:
    """Live vouchers, those that end first before others; ``CANDIDATES_MAX`` at most."""
    session = reading_session()
    serials = held_serials(session, customer_id, limit=CANDIDATES_MAX)
    batch_of = batches_of(session, serials)
    rules = rules_of(session, set(batch_of.values()))
    return [
        one
        for one in serials
        if (known := rules.get(batch_of.get(one, 0))) is not None
        and not isinstance(known.terms.benefit, PrepaidCard)
    ]


def _tried(
    counter: Counter, theirs: Sequence[Presented], order: CounterOrder, at: datetime
) -> dict[Presented, Outcome]:
    """What each alone would be answered; nothing is booked."""
    visit = visit_of(counter, order)
    # Names of nothing: no rehearsal keeps them.
    keys = [RequestKey(INTERNAL_CLIENT, f"counter:pick:{one.serial}") for one in theirs]
    past = [
        PastUse(VoucherUse(one.serial, hand=one.hand), visit, at, key)
        for one, key in zip(theirs, keys, strict=True)
    ]
    outcomes = redeem_past(actor=counter.acting, past=past, dry=True)
    return dict(zip(theirs, outcomes, strict=True))


def _saved_fen(outcome: Outcome) -> int:
    return sum(one.discount_fen for one in outcome.vouchers)
