"""Redeeming, undoing and topping up at a counter: each request is written down, then done once.

A device names its requests itself. What became of one is asked by that name, and the answer is
final: a request that has not arrived by then is withdrawn and can never be done any more. So a
clerk whose network failed is told either what was booked or that nothing ever will be.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction

from kaquan.engine.codes import Presented
from kaquan.engine.commands import RequestKey
from kaquan.engine.dynamic_codes import is_dynamic
from kaquan.engine.facts import OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.answers import answers_given
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.issuer_settings import COUNTER_UNDO_MINUTES, issuer_setting
from kaquan.redemption import actions
from kaquan.redemption.actions import ISSUE, REVERSE, CodeUse
from kaquan.redemption.codes import presented, read_code
from kaquan.redemption.deeds import Deed
from kaquan.redemption.visits import Visit
from kaquan.redemption.within_authority import perform
from kaquan.staff.models import StaffUser
from kaquan.terminals import tries
from kaquan.terminals.errors import (
    beyond_cap,
    request_malformed,
    request_other,
    request_unknown,
    request_withdrawn,
    supervisor_needed,
)
from kaquan.terminals.models import CounterRequest, Shift
from kaquan.terminals.registering import caps_of
from kaquan.terminals.shown_codes import code_behind

CODES_MAX = 10
_FORGED = OutcomeCode.CODE_FORGED
_ONCE = re.compile(r"[A-Za-z0-9-]{16,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A terminal with who works at it, and who allows what they may not."""

    shift: Shift
    actor: Actor
    supervisor: StaffUser | None = None
    supervising: Actor | None = None

    @property
    def acting(self) -> Actor:
        """In whose name things are done."""
        return self.supervising or self.actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterOrder:
    """The order as the clerk knows it; ``sku`` is what the customer buys, where an offer asks."""

    order_no: str = ""
    amount_fen: int | None = None
    sku: str = ""
    customer_number: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and what the books say of it; ``outcome`` None: withdrawn, and nothing booked.
    ``serial``: the voucher, where it is about one and whoever asks knows its code."""

    request: CounterRequest
    outcome: Outcome | None
    serial: int | None = None


def redeem(
    *, counter: Counter, once: str, uses: Sequence[CodeUse], order: CounterOrder, at: datetime
) -> Answered:
    """Use vouchers on one order, all or none.

    Raises `counter_supervisor_needed` beyond the terminal's cap, `counter_request_withdrawn`,
    `request_key_reused`, and what `redeem_codes` raises.
    """
    if not 1 <= len(uses) <= CODES_MAX:
        raise request_malformed(f"一次 1 至 {CODES_MAX} 张券。", f"1 to {CODES_MAX} vouchers.")
    visit = visit_of(counter, order)

    def book(request: CounterRequest) -> Outcome:
        true = [replace(one, code=_behind(counter, one.code, at)) for one in uses]
        shown_by(counter, [one.code for one in true], at)
        cap_fen = caps_of(request.terminal).use_fen_max
        if cap_fen is not None and counter.supervising is None:
            tried = actions.validate(actor=counter.actor, uses=true, visit=visit, at=at)
            takes_fen = sum(one.discount_fen for one in tried.vouchers)
            if takes_fen > cap_fen:
                raise beyond_cap(cap_fen, takes_fen)
        return actions.redeem_codes(
            actor=counter.acting, uses=true, visit=visit, request_key=key_of(request), at=at
        )

    content = ["redeem", uses, order.order_no, order.amount_fen, order.sku, order.customer_number]
    found = _once(counter, once, "redeem", content, at=at, book=book, order_no=order.order_no)
    serial = read_code(_behind(counter, uses[0].code, at)) if len(uses) == 1 else None
    return replace(found, serial=serial if isinstance(serial, int) else None)


def shown_by(counter: Counter, codes: Sequence[str], at: datetime) -> list[Presented | Outcome]:
    """What stands behind codes that somebody holds; forged ones are counted against the terminal.

    After too many of these, codes that renew, whose eight digits could be guessed in the end, raise
    `counter_tried_too_often`; true codes of paper are taken all the same.
    """
    found = [presented(code) for code in codes]
    forged = [isinstance(one, Outcome) and one.code is _FORGED for one in found]
    if any(forged) or any(map(is_dynamic, codes)):
        subject = tries.forged(counter.shift.terminal_id)
        tries.refuse_beyond(subject, at)
        tries.note(subject, sum(forged), at)
    return found


def top_up(
    *,
    counter: Counter,
    once: str,
    code: str,
    amount_fen: int,
    payment_no: str,
    order: CounterOrder,
    at: datetime,
) -> Answered:
    """Put paid money onto a prepaid card; who may not issue needs a supervisor who may."""
    if ISSUE not in counter.acting.permissions:
        raise supervisor_needed("储值卡充值", "topping up a card")
    visit = visit_of(counter, order)

    def book(request: CounterRequest) -> Outcome:
        true = _behind(counter, code, at)
        shown_by(counter, [true], at)
        return actions.top_up(
            actor=counter.acting,
            code=true,
            amount_fen=amount_fen,
            payment_no=payment_no,
            visit=visit,
            request_key=key_of(request),
            at=at,
        )

    return _once(counter, once, "top_up", [code, amount_fen, payment_no], at=at, book=book)


def undo(*, counter: Counter, once: str, request_id: int, reason: str, at: datetime) -> Answered:
    """Take back a use of this terminal: for some minutes whoever serves there, later who may undo.

    Raises `counter_request_unknown`, `counter_supervisor_needed`, `care_beyond_authority`.
    """
    rows = CounterRequest.objects.select_related("terminal")
    target = rows.filter(
        terminal=counter.shift.terminal_id, operation="redeem", id=request_id
    ).first()
    outcome = outcomes_of([target]).get(target.pk) if target else None
    if target is None or outcome is None or not outcome.done or outcome.place is None:
        raise request_unknown()
    return take_back(
        counter=counter,
        once=once,
        redemption=outcome.place,
        used_at=target.at,
        reason=reason,
        content=[request_id, reason],
        at=at,
        undoes=target,
    )


def take_back(
    *,
    counter: Counter,
    once: str,
    redemption: Place,
    used_at: datetime,
    reason: str,
    content: Sequence[Any],
    at: datetime,
    undoes: CounterRequest | None = None,
) -> Answered:
    """Reverse a use of this terminal, however it came into the books; whoever calls has seen that
    it is one. Raises `counter_supervisor_needed`, `care_beyond_authority`."""
    minutes = int(issuer_setting(COUNTER_UNDO_MINUTES.name))
    is_early = at <= used_at + timedelta(minutes=minutes)
    is_allowed = REVERSE in counter.acting.permissions
    if not is_early and not is_allowed:
        raise supervisor_needed(
            f"核销已超过 {minutes} 分钟", f"the use was more than {minutes} minutes ago"
        )

    def book(request: CounterRequest) -> Outcome:
        key = key_of(request)
        if is_early and not is_allowed:
            acting = replace(counter.acting, permissions=counter.acting.permissions | {REVERSE})
            return actions.reverse(
                actor=acting, redemption=redemption, reason=reason, request_key=key, at=at
            )
        deed = Deed(operation="reverse", redemption=redemption, reason=reason)
        return perform(actor=counter.acting, deed=deed, at=at, request_key=key)

    return _once(counter, once, "reverse", content, at=at, book=book, undoes=undoes)


def answer_to(*, counter: Counter, once: str, operation: str, at: datetime) -> Answered:
    """What became of a request of this terminal, for good: booked, or withdrawn by this very
    question."""
    if operation not in ("redeem", "top_up", "reverse"):
        raise request_malformed("没有这种操作。", "There is no such operation.")
    request = _written(counter, once, operation, b"", at, withdrawn_at=at)
    with transaction.atomic():
        locked = CounterRequest.objects.select_for_update().get(pk=request.pk)
        outcome = outcomes_of([locked]).get(locked.pk)
        if outcome is None and locked.withdrawn_at is None:
            locked.withdrawn_at = at
            locked.save(update_fields=["withdrawn_at"])
    return Answered(locked, outcome)


def key_of(request: CounterRequest) -> RequestKey:
    """The name under which the books know a request."""
    return RequestKey(INTERNAL_CLIENT, f"counter:{request.terminal_id}:{request.once}")


def outcomes_of(requests: Sequence[CounterRequest]) -> dict[int, Outcome]:
    """What the books say of requests, by their ids; what was never booked is left out."""
    found: dict[int, Outcome] = {}
    for operation in {one.operation for one in requests}:
        keys = {key_of(one): one.pk for one in requests if one.operation == operation}
        answers = answers_given(reading_session(), list(keys), operation)
        found |= {keys[key]: outcome for key, outcome in answers.items()}
    return found


def visit_of(counter: Counter, order: CounterOrder) -> Visit:
    """The visit that a clerk describes."""
    terminal = counter.shift.terminal
    lines = []
    if order.sku and order.amount_fen is not None:
        lines = [OrderLine("1", order.sku, 1, order.amount_fen)]
    return Visit(
        store_code=terminal.store.organisation.code,
        order_no=order.order_no,
        lines=lines,
        amount_fen=order.amount_fen,
        customer_number=order.customer_number or None,
        terminal_code=terminal.code,
    )


def _behind(counter: Counter, code: str, at: datetime) -> str:
    return code_behind(counter.shift.terminal_id, code, at)


def _once(
    counter: Counter,
    once: str,
    operation: str,
    content: Sequence[Any],
    *,
    at: datetime,
    book: Callable[[CounterRequest], Outcome],
    **about: Any,
) -> Answered:
    # Hashed with nothing else: a code in it has 95 random bits, so its hash gives nothing away.
    digest = hashlib.sha256(msgspec.json.encode(content)).digest()
    request = _written(counter, once, operation, digest, at, **about)
    with _held(request, counter) as locked:
        known = outcomes_of([locked]).get(locked.pk)
        if known is None and locked.withdrawn_at is not None:
            raise request_withdrawn()
        if bytes(locked.content_hash) != digest:
            raise request_other()
        return Answered(locked, known or book(locked))


@contextmanager
def _held(request: CounterRequest, counter: Counter) -> Iterator[CounterRequest]:
    """The request, so that nobody withdraws it while it is being booked."""
    with transaction.atomic():
        rows = CounterRequest.objects.select_for_update(of=("self",)).select_related("terminal")
        locked = rows.get(pk=request.pk)
        if counter.supervisor is not None and locked.supervisor_id is None:
            locked.supervisor = counter.supervisor
            locked.save(update_fields=["supervisor"])
        yield locked


def _written(
    counter: Counter, once: str, operation: str, digest: bytes, at: datetime, **about: Any
) -> CounterRequest:
    """The request's row, new or as it was written first; committed before anything is booked."""
    if not _ONCE.fullmatch(once):
        raise request_malformed("请求号格式不对。", "The request's name has another form.")
    request, _ = CounterRequest.objects.get_or_create(
        terminal=counter.shift.terminal,
        once=once,
        defaults={
            "shift": counter.shift,
            "operation": operation,
            "content_hash": digest,
            "at": at,
            **about,
        },
    )
    if request.operation != operation:
        raise request_other()
    return request
