"""Looking after single vouchers by hand: within one's authority at once, beyond it by approval.

Refusals are the ledger's outcomes; `care_beyond_authority` is raised, for an approval helps there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import structs

from kaquan.approvals.actions import ask
from kaquan.approvals.kinds import Kind
from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import open_of
from kaquan.campaigns.queries import own_batch_ids
from kaquan.customers.errors import customer_unknown
from kaquan.engine.commands import RequestKey
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.jobs.actors import as_json, from_json
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused
from kaquan.ledger.answers import answers_given
from kaquan.ledger.batch_rules import rules_of
from kaquan.ledger.door import submit
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import batches_of, record_at
from kaquan.ledger.voucher_pages import voucher_rows
from kaquan.organisations.queries import own_organisation_id
from kaquan.redemption.authority import CARE, REVERSE, authority_of, check, turns
from kaquan.redemption.care import UNKNOWN, is_own
from kaquan.redemption.deeds import (
    PROTECTIVE,
    Deed,
    as_content,
    command_of,
    from_content,
    stake_fen,
)
from kaquan.redemption.queries import lies_within
from kaquan.redemption.recipients import recipient_ids

APPROVE = "voucher.approve"
CARE_KIND = "voucher.care"
REVERSAL_KIND = "voucher.reversal"
SUBJECT = "voucher"
NOT_ISSUED = Outcome(OutcomeCode.VOUCHER_NOT_ISSUED)
NOT_REDEEMED = Outcome(OutcomeCode.REDEMPTION_UNKNOWN)


class Weighed(NamedTuple):
    """What would come of a deed now, how much money it is about, and how long ago the use was."""

    outcome: Outcome
    stake_fen: int = 0
    days_after_use: int = 0


def transfer_deed(*, actor: Actor, serial: int, to_number: str, reason: str) -> Deed:
    """Passing a voucher on from whoever holds it now; raises `customer_unknown`."""
    require(actor, CARE)
    ids = recipient_ids(actor, {to_number})
    if to_number not in ids:
        raise customer_unknown(to_number)
    row = voucher_rows(reading_session(), [serial]).get(serial)
    return Deed(
        operation="transfer",
        serial=serial,
        reason=reason,
        from_customer_id=0 if row is None else row.customer_id,
        to_customer_id=ids[to_number],
    )


def weigh(actor: Actor, deed: Deed, at: datetime) -> Weighed:
    """Try a deed; nothing is booked. Raises `permission_denied`."""
    require(actor, REVERSE if deed.operation == "reverse" else CARE)
    refusal = _out_of_reach(actor, deed)
    if refusal is not None:
        return Weighed(refusal)
    return weigh_some(actor, [deed], at)[0]


def weigh_some(actor: Actor, deeds: Sequence[Deed], at: datetime) -> list[Weighed]:
    """The same for several that lie within reach, one after another as if they were done."""
    outcomes = submit([command_of(deed, at, None) for deed in deeds], actor=actor, dry=True)
    serials = [deed.serial for deed in deeds if deed.serial is not None]
    session = reading_session()
    batch_of = batches_of(session, serials)
    kinds = {
        batch_id: kind_of(rules)
        for batch_id, rules in rules_of(session, set(batch_of.values())).items()
    }
    rows = voucher_rows(session, serials)

    def stake(deed: Deed, outcome: Outcome) -> int:
        if deed.operation == "reverse":
            return abs(sum(result.discount_fen for result in outcome.vouchers))
        serial = deed.serial or 0
        return stake_fen(deed, kinds.get(batch_of.get(serial, 0)), rows.get(serial))

    return [
        Weighed(outcome, stake(deed, outcome), _days_after_use(deed, at))
        for deed, outcome in zip(deeds, outcomes, strict=True)
    ]


def perform(*, actor: Actor, deed: Deed, at: datetime, request_key: RequestKey) -> Outcome:
    """Do what somebody may do alone, once for each request key.

    Raises `permission_denied` and `care_beyond_authority`; then nothing is booked.
    """
    weighed = weigh(actor, deed, at)
    known = answers_given(reading_session(), [request_key], deed.operation)
    if known or deed.operation in PROTECTIVE:
        return _book(actor, deed, at, request_key, weighed.outcome)
    if not weighed.outcome.done:
        return weighed.outcome
    authority = authority_of(actor, at)
    check(authority, amount_fen=weighed.stake_fen, days_after_use=weighed.days_after_use)
    with turns(actor, authority, at) as taken:
        outcome = _book(actor, deed, at, request_key, weighed.outcome)
        taken.unused = int(not outcome.done)
    return outcome


def ask_for(*, actor: Actor, deed: Deed, title: str, at: datetime) -> ApprovalRequest:
    """Ask for what lies beyond one's authority; raises what `approvals.ask` raises, and the
    ledger's refusals as errors."""
    weighed = weigh(actor, deed, at)
    raise_if_refused([weighed.outcome])
    serial = weighed.outcome.vouchers[0].serial if weighed.outcome.vouchers else deed.serial
    assert serial is not None, weighed
    return ask(
        actor,
        kind=REVERSAL_KIND if deed.operation == "reverse" else CARE_KIND,
        subject_kind=SUBJECT,
        subject_id=serial,
        title=title,
        organisation_id=own_organisation_id(actor),
        amount_fen=weighed.stake_fen,
        content={"actor": as_json(actor), "deed": as_content(deed)},
    )


def carry_out(request: ApprovalRequest) -> None:
    """Do what was approved, in the name of whoever asked; raises the ledger's refusals."""
    actor = from_json(request.content["actor"])
    deed = from_content(request.content["deed"])
    reason = f"{deed.reason}（审批 {request.pk}）"
    deed = structs.replace(deed, reason=reason)
    refusal = _out_of_reach(actor, deed)
    key = RequestKey(INTERNAL_CLIENT, f"approval:{request.pk}")
    outcome = refusal or submit([command_of(deed, clock.now(), key)], actor=actor)[0]
    raise_if_refused([outcome])


KINDS = (
    Kind(
        name=CARE_KIND,
        zh="单张券的超限操作",
        en="Beyond one's authority on one voucher",
        ask_permission=CARE,
        approve_permission=APPROVE,
        carry_out=carry_out,
    ),
    Kind(
        name=REVERSAL_KIND,
        zh="超限撤销核销",
        en="A reversal beyond one's authority",
        ask_permission=REVERSE,
        approve_permission=APPROVE,
        carry_out=carry_out,
    ),
)


def waiting_about(actor: Actor, serial: int) -> ApprovalRequest | None:
    """What waits for an approval about a voucher, if the actor may see it."""
    asked = (open_of(actor, kind.name, SUBJECT, serial) for kind in KINDS)
    return next((one for one in asked if one is not None), None)


def _book(
    actor: Actor, deed: Deed, at: datetime, request_key: RequestKey, tried: Outcome
) -> Outcome:
    if tried in (UNKNOWN, NOT_REDEEMED, NOT_ISSUED):
        return tried
    return submit([command_of(deed, at, request_key)], actor=actor)[0]


def _out_of_reach(actor: Actor, deed: Deed) -> Outcome | None:
    """Why a deed is none of the actor's, as if there were nothing to do it to."""
    if deed.operation == "reverse":
        assert deed.redemption is not None, deed
        return None if lies_within(actor, deed.redemption) else NOT_REDEEMED
    assert deed.serial is not None, deed
    if not is_own(actor, deed.serial):
        return UNKNOWN
    is_held = deed.operation != "transfer" or deed.from_customer_id
    return None if is_held else NOT_ISSUED


def own_among(actor: Actor, serials: Sequence[int]) -> set[int]:
    """Those serials that were minted for a batch in the actor's part of the organisation."""
    batch_of = batches_of(reading_session(), serials)
    own = own_batch_ids(actor, set(batch_of.values()))
    return {serial for serial, batch_id in batch_of.items() if batch_id in own}


def _days_after_use(deed: Deed, at: datetime) -> int:
    if deed.redemption is None:
        return 0
    found = record_at(reading_session(), deed.redemption)
    return 0 if found is None else max((at - found[1].command.at).days, 0)
