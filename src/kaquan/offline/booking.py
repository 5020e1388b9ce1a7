"""Bringing into the books what a device told: its uses, what the issuer owes for those that the
books do not take, and uses that were taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kaquan.engine.commands import BookLoss, RequestKey, Void
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import FROZEN, State
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.answers import answers_given
from kaquan.ledger.door import submit
from kaquan.ledger.sessions import reading_session
from kaquan.offline.cases import Case
from kaquan.offline.errors import books_out_of_reach
from kaquan.redemption.actions import REDEEM, REVERSE, CodeUse, PastUse, redeem_past, reverse
from kaquan.redemption.visits import Visit, gather_many
from kaquan.terminals.models import Device

_UNSURE = (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)
_REASON = "离线核销 used without a network"
_UNDONE = "离线核销后撤销 undone without a network"


def book_uses(device: Device, cases: Sequence[Case]) -> None:
    """Book uses, each with what became of it; those taken back on the device stay out.

    Raises `offline_books_out_of_reach`: asked again, each is booked once.
    """
    going = [case for case in cases if case.undone_by is None]
    if not going:
        return
    actor = _actor(device)
    visits = [(_visit(device, case), case.at) for case in going]
    facts = _facts(actor, visits)
    past = [
        PastUse(CodeUse(case.code), visit, case.at, case.key)
        for case, (visit, _at) in zip(going, visits, strict=True)
    ]
    for case, outcome in zip(going, _sure(redeem_past(actor=actor, past=past)), strict=True):
        case.outcome = outcome
    pairs = zip(going, facts, strict=True)
    _book_losses(actor, [pair for pair in pairs if not (pair[0].is_booked or pair[0].uncovered)])


def book_reversal(
    *, device: Device, redemption: Place, serial: int, key: RequestKey, at: datetime
) -> Outcome:
    """Take back a use that is in the books. Raises `offline_books_out_of_reach`."""
    outcome = reverse(
        actor=_actor(device),
        redemption=redemption,
        serial=serial,
        reason=_UNDONE,
        request_key=key,
        at=at,
    )
    return _sure([outcome])[0]


def is_in_the_books(key: RequestKey) -> bool:
    """Whether a use was booked, or its loss, by a call whose answer nobody kept."""
    session = reading_session()
    return any(answers_given(session, [key], one) for one in ("redeem", "book_loss"))


def _actor(device: Device) -> Actor:
    terminal = device.terminal
    return Actor(
        kind=ActorKind.CLERK,
        id=f"terminal:{terminal.pk}",
        name=terminal.code,
        permissions=frozenset({REDEEM, REVERSE}),
        organisation_path=terminal.store.organisation.path,
    )


def _visit(device: Device, case: Case) -> Visit:
    terminal = device.terminal
    return Visit(
        store_code=terminal.store.organisation.code,
        order_no=case.line.order_no,
        amount_fen=case.line.order_fen,
        terminal_code=terminal.code,
    )


def _facts(actor: Actor, visits: list[tuple[Visit, datetime]]) -> list[Facts]:
    """The facts of the uses; an order's number that cannot be one is left out, not the use."""
    for index, (visit, when) in enumerate(visits):
        try:
            gather_many(actor, [(visit, when)])
        except KaquanError as error:
            if error.code != "value_invalid":
                raise
            plain = Visit(
                store_code=visit.store_code,
                amount_fen=visit.amount_fen,
                terminal_code=visit.terminal_code,
            )
            visits[index] = (plain, when)
    return gather_many(actor, visits)


def _book_losses(actor: Actor, lost: Sequence[tuple[Case, Facts]]) -> None:
    """Owe the store what it gave; and a voucher that could still be used is used no more, unless it
    was passed on: whoever has it now showed nothing to that device."""
    if not lost:
        return
    commands = [
        BookLoss(
            at=case.at,
            key=case.key,
            serial=case.line.serial,
            amount_fen=case.loss_fen,
            facts=facts,
            reason=_REASON,
        )
        for case, facts in lost
    ]
    good = (State.LIVE, State.ISSUED, *FROZEN)
    ending = []
    outcomes = _sure(submit(commands, actor=actor))
    for (case, _), outcome in zip(lost, outcomes, strict=True):
        case.loss = outcome
        if not outcome.done or _is_passed_on(case):
            continue
        if outcome.vouchers[0].state in good:
            ending.append(Void(at=case.at, key=case.key, serial=case.line.serial, reason=_REASON))
    if ending:
        _sure(submit(ending, actor=actor))


def _is_passed_on(case: Case) -> bool:
    return case.outcome is not None and case.outcome.code is OutcomeCode.CODE_PASSED_ON


def _sure(outcomes: list[Outcome]) -> list[Outcome]:
    if any(outcome.code in _UNSURE for outcome in outcomes):
        raise books_out_of_reach()
    return outcomes
