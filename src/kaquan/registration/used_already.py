"""A voucher that was used or converted already: by whom, where and when, as far as the desk may
know."""

from __future__ import annotations

from kaquan.engine.commands import Redeem
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.trace import TraceStep
from kaquan.organisations.queries import organisation_names
from kaquan.redemption.queries import trace_of_serial
from kaquan.registration.errors import converted_already
from kaquan.registration.models import Conversion, Slip
from kaquan.staff.naming import names_of

_OF_USED_ONES = (OutcomeCode.VOUCHER_USED, OutcomeCode.VOUCHER_HELD)


def refusal_of(actor: Actor, serial: int, outcome: Outcome) -> KaquanError:
    """The ledger's refusal; where the voucher is used up, with what is known of its last use, and
    where it is void because it became a digital one, that it did."""
    refused = RefusedError(outcome)
    if outcome.code is OutcomeCode.VOUCHER_VOID:
        became = Conversion.objects.filter(serial=serial).exclude(digital_serial=None).first()
        return refused if became is None else told_of_conversion(became)
    step = _last_use(actor, serial) if outcome.code in _OF_USED_ONES else None
    if step is None:
        return refused
    assert isinstance(step.command, Redeem)
    at = step.command.at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
    store_id = step.command.facts.store_id
    store = organisation_names(actor, [store_id]).get(store_id, "")
    who = _who(step)
    zh = f"已于 {at} 在{f'“{store}”' if store else '其他门店'}使用"
    en = f"It was used at {at} in {store or 'another store'}"
    return KaquanError(
        refused.code,
        zh=f"{refused.zh}{zh}{f'，经手人 {who}' if who else ''}。",
        en=f"{refused.en} {en}{f', by {who}' if who else ''}.",
    )


def told_of_conversion(conversion: Conversion) -> KaquanError:
    """That a paper voucher became a digital one, when and by whom."""
    by = names_of([conversion.converted_by]).get(conversion.converted_by)
    return converted_already(conversion.converted_at, by or conversion.converted_by_name)


def _last_use(actor: Actor, serial: int) -> TraceStep | None:
    trace = trace_of_serial(actor=actor, serial=serial)
    if isinstance(trace, Outcome):
        return None
    uses = [one for one in trace.steps if isinstance(one.command, Redeem) and one.outcome.done]
    return uses[-1] if uses else None


def _who(step: TraceStep) -> str:
    """The clerk on the slip that it was typed from, else whoever used it at a desk."""
    slip = Slip.objects.filter(
        redemption_block=step.place.block, redemption_index=step.place.index
    ).first()
    if slip is not None:
        return slip.clerk or slip.typed_by_name
    return names_of([step.command.actor]).get(step.command.actor, "")
