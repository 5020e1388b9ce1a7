"""A digital voucher takes the place of a paper one: once, and the paper one is dead from then on.

A conversion is kept first, then booked as one linked group, then both are tied together, like a
slip: whoever is interrupted sends the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer
from kaquan.customers.phones import read_phone
from kaquan.engine.commands import AnyCommand, Assign, RequestKey, Void
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.refusals import INTERNAL_CLIENT, RefusedError, surely_refused
from kaquan.ledger.door import submit
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import standing_of
from kaquan.redemption.care import UNKNOWN
from kaquan.redemption.codes import read_code
from kaquan.redemption.visits import Visit, gather
from kaquan.registration.acting import at_the_desk
from kaquan.registration.digital_batches import target_of
from kaquan.registration.errors import (
    conversion_needs_batch,
    conversion_not_offered,
    conversion_unknown,
    converted_already,
    voucher_not_paper,
)
from kaquan.registration.joining import customer_of
from kaquan.registration.models import Conversion
from kaquan.registration.reading import read_number
from kaquan.registration.typed import read_holder
from kaquan.registration.used_already import refusal_of, told_of_conversion

CHANNEL = "conversion"
REASON = "换为电子券"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperShown:
    """The paper voucher that somebody brought, and whose the digital one is to be. ``number`` is a
    code, or a serial with ``last_symbols``, the last four of its code."""

    number: str
    last_symbols: str = ""
    holder_phone: str
    holder_name: str | None = None


def convert_paper(*, actor: Actor, shown: PaperShown, once: str) -> Conversion:
    """End a paper voucher and give its holder a digital one instead, once for each ``once``.

    Raises `slip_number_mistyped`, `voucher_not_paper`, `conversion_needs_batch`, `value_invalid`
    and the ledger's refusals; of a voucher that was converted or used they tell by whom and when.
    """
    acting = at_the_desk(actor)

    def holder(conversion_id: int) -> Customer:
        phone = cells.accepted(read_phone, shown.holder_phone, zh="手机号", en="phone")
        return customer_of(
            acting,
            phone=phone,
            name=read_holder(shown.holder_name),
            source=f"纸质券换电子券（{conversion_id}）",
        )

    known = _known(acting, once)
    if known is not None:
        return _finish(acting, known)
    serial = read_number(shown.number, shown.last_symbols).serial
    return _convert(acting, serial, holder, once)


def convert_own(*, actor: Actor, customer: Customer, code: str, once: str) -> Conversion:
    """The same by the customer, who has the paper in hands and types its whole code; ``actor`` is
    that customer.

    Raises what the text deserves that is no code, `voucher_not_paper`, `conversion_not_offered`,
    `voucher_converted` and the ledger's refusals; they tell nothing of others.
    """
    known = _known(actor, once)
    if known is not None:
        return _finish(actor, known)
    serial = read_code(code)
    if isinstance(serial, Outcome):
        raise RefusedError(serial)
    try:
        return _convert(actor, serial, lambda _id: customer, once)
    except KaquanError as error:
        if error.code == conversion_needs_batch("", 0).code:
            raise conversion_not_offered() from None
        raise


def _known(acting: Actor, once: str) -> Conversion | None:
    """What a form of the actor's was before; raises `conversion_unknown` for somebody else's."""
    known = Conversion.objects.select_related("customer").filter(once=once).first()
    if known is not None and known.converted_by != acting.id[:100]:
        raise conversion_unknown()
    return known


def _convert(
    acting: Actor, serial: int, holder: Callable[[int], Customer], once: str
) -> Conversion:
    _refuse_converted(acting, serial)
    try:
        with transaction.atomic():
            conversion = _kept(acting, serial, holder, once)
            outcomes = _book(acting, conversion, dry=True)
            if not all(outcome.done for outcome in outcomes):
                raise _refusal(acting, conversion, outcomes)
    except IntegrityError:  # the same form, or another one about the same voucher, at once
        known = _known(acting, once)
        if known is None:
            _refuse_converted(acting, serial)
            raise RefusedError(Outcome(OutcomeCode.BUSY)) from None
        conversion = known
    return _finish(acting, conversion)


def _kept(acting: Actor, serial: int, holder: Callable[[int], Customer], once: str) -> Conversion:
    standing = standing_of(reading_session(), serial)
    if standing is None:
        raise RefusedError(UNKNOWN)
    if not standing.by_code:
        raise voucher_not_paper()
    paper = CampaignBatch.objects.select_related("offer_version").get(id=standing.batch_id)
    (conversion_id,) = draw_ids(Conversion, 1)
    conversion = Conversion(
        id=conversion_id,
        serial=serial,
        digital_batch=target_of(paper),
        customer=holder(conversion_id),
        once=once,
        converted_at=clock.now(),
        converted_by=acting.id[:100],
        converted_by_name=acting.name[:200],
    )
    conversion.save(force_insert=True)
    return conversion


def _finish(acting: Actor, conversion: Conversion) -> Conversion:
    """Book it; the same answer however often it is asked."""
    if conversion.digital_serial is not None:
        return conversion
    outcomes = _book(acting, conversion, dry=False)
    if not all(outcome.done for outcome in outcomes):
        if surely_refused(outcomes):
            Conversion.objects.filter(id=conversion.id, digital_serial=None).delete()
        raise _refusal(acting, conversion, outcomes)
    (given,) = outcomes[1].vouchers
    Conversion.objects.filter(id=conversion.id).update(digital_serial=given.serial)
    conversion.digital_serial = given.serial
    return conversion


def _book(acting: Actor, conversion: Conversion, *, dry: bool) -> Sequence[Outcome]:
    """End the paper one and give the digital one: both or neither."""
    at, customer = conversion.converted_at, conversion.customer
    key = RequestKey(INTERNAL_CLIENT, f"convert:{conversion.id}")
    visit = Visit(customer_number=customer.number, channel=CHANNEL)
    commands: list[AnyCommand] = [
        Void(
            at=at,
            key=key,
            link=1,
            serial=conversion.serial,
            reason=REASON,
            fresh_for=customer.id,
        ),
        Assign(
            at=at,
            key=key,
            link=1,
            batch_id=conversion.digital_batch_id,
            facts=gather(acting, visit, at),
        ),
    ]
    return submit(commands, actor=acting, dry=dry)


def _refusal(acting: Actor, conversion: Conversion, outcomes: Sequence[Outcome]) -> KaquanError:
    """Which of the two was refused; of a used voucher the desk is told who used it where and
    when."""
    ended, given = outcomes
    if acting.kind is ActorKind.CUSTOMER:
        return RefusedError(given if ended.code is OutcomeCode.LINKED_COMMAND_FAILED else ended)
    if ended.code is OutcomeCode.LINKED_COMMAND_FAILED:
        return RefusedError(given)
    return refusal_of(acting, conversion.serial, ended)


def _refuse_converted(acting: Actor, serial: int) -> None:
    """Where the voucher was converted before; one that was interrupted is finished first."""
    known = Conversion.objects.select_related("customer").filter(serial=serial).first()
    if known is None:
        return
    _finish(acting, known)
    if acting.kind is ActorKind.CUSTOMER:
        raise converted_already(known.converted_at, "")
    raise told_of_conversion(known)
