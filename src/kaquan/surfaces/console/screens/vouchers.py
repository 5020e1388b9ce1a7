"""One voucher: all that happened to it, and what may be done to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.trade_queries import actor_names
from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import VIEW as VIEW_APPROVALS
from kaquan.campaigns.queries import batches_by_id
from kaquan.engine.entries import Account, Entry, Unit
from kaquan.engine.facts import Facts as CommandFacts
from kaquan.engine.money import format_yuan
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation.actor import Actor
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.batch_rules import batch_ends, later_end
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import TraceStep
from kaquan.organisations.queries import organisation_names
from kaquan.redemption import care, within_authority
from kaquan.redemption.authority import REVERSE
from kaquan.redemption.queries import TRACE, VoucherTrace, trace_of_serial
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.redemption.voucher_listings import holders
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    code,
    count,
    last_moment,
    local_text,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Happening, Panel, Tab, Timeline
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.batches import BATCH
from kaquan.surfaces.console.screens.conversion import conversion_facts
from kaquan.surfaces.console.screens.redemptions import RECEIPTS
from kaquan.surfaces.console.screens.voucher_care import CARE_ACTIONS, VoucherPage
from kaquan.surfaces.console.words import (
    ACCOUNTS,
    CHANNELS,
    OPERATIONS,
    UNITS,
    acted,
    voucher_state,
)


def _page_of(actor: Actor, trace: VoucherTrace | Outcome) -> VoucherPage:
    """Raises `voucher_unknown` and what the text deserves."""
    if isinstance(trace, Outcome):
        raise RefusedError(trace)
    batch_id = trace.standing.batch_id
    batch = batches_by_id(actor, [batch_id]).get(batch_id)
    waiting = within_authority.waiting_about(actor, trace.serial)
    return VoucherPage(trace, batch, waiting)


class VoucherDetail(DetailScreen[VoucherPage]):
    """The life of one voucher. Its serial opens nothing, so it may stand in an address."""

    name = "voucher"
    path = "vouchers/<int:key>"
    title = _("Voucher")
    permission = TRACE
    parent = "voucher-search"
    actions = CARE_ACTIONS

    def subject(self, actor: Actor, key: int) -> VoucherPage:
        """The voucher; raises `voucher_unknown`."""
        if not 0 <= key < SERIAL_END:
            raise RefusedError(care.UNKNOWN)
        return _page_of(actor, trace_of_serial(actor=actor, serial=key))

    def heading(self, subject: VoucherPage) -> str:
        """Its serial."""
        return str(subject.trace.serial)

    def badges(self, subject: VoucherPage) -> Sequence[Cell]:
        """What it is."""
        return [voucher_state(subject.state)]

    @staticmethod
    def life(call: Call, voucher: VoucherPage) -> Sequence[Panel]:
        """What it is now, and everything before that."""
        steps, batch = voucher.trace.steps, voucher.batch
        standing = voucher.trace.standing
        assert standing is not None
        last = steps[-1].result if steps else None
        ends = batch_ends(reading_session(), [standing.batch_id])
        ends_at = later_end(last.valid_until if last else None, ends.get(standing.batch_id))
        facts_at = _facts_at(steps)
        ids = {facts.store_id for facts in facts_at.values()} | {standing.organisation_id}
        names = organisation_names(call.actor, ids - {0})
        facts = [
            Fact(_("Batch"), text(batch.name, href=BATCH.address(key=batch.id))
                 if batch else text(_("Elsewhere"))),
            Fact(_("Campaign"), text(batch.campaign.name if batch else "")),
            Fact(_("In the hands of"), text(names.get(standing.organisation_id, ""))),
            Fact(_("Holder"), _holder(call, last.customer_id if last else 0)),
            Fact(_("Balance"), money(last.balance_fen or None if last else None)),
            Fact(_("Uses left"), count(last.uses_left or None if last else None)),
            Fact(_("Good until"), last_moment(ends_at)),
        ]  # fmt: skip
        facts += conversion_facts(call, voucher.trace.serial)
        if voucher.waiting is not None:
            facts.append(Fact(_("Waits for approval"), _request(call, voucher.waiting)))
        people = actor_names({step.command.actor for step in steps})
        undone = _undone(steps) if holds(call.actor, REVERSE) else None
        happenings = [
            _happening(step, facts_at[step.place], names, people, undone)
            for step in reversed(steps)
        ]
        empty = _("Nothing has happened to it yet.")
        heads = (_("Unit"), _("Amount"), _("Debit"), _("Credit"))
        return [
            Facts("", facts),
            Timeline(_("What happened"), happenings, empty, heads),
        ]

    tabs = (Tab("life", _("Life"), life),)


def _holder(call: Call, customer_id: int) -> Cell:
    """Whose it is, masked; only of one's own part."""
    holder = holders(call.actor, [customer_id] if customer_id else []).get(customer_id)
    if holder is None:
        return text(_("Elsewhere") if customer_id else "")
    href = reverse("console:customer", kwargs={"key": holder.id})
    return code(holder.number, href=href, note=holder.masked_phone)


def _request(call: Call, request: ApprovalRequest) -> Cell:
    may_see = holds(call.actor, VIEW_APPROVALS)
    href = reverse("console:approval", kwargs={"key": request.pk}) if may_see else ""
    return text(request.title, href=href)


def _facts(step: TraceStep) -> CommandFacts:
    return getattr(step.command, "facts", None) or CommandFacts()


def _facts_at(steps: Sequence[TraceStep]) -> dict[Place, CommandFacts]:
    """Where each step happened; what settles or releases a hold happened where that was made."""
    found: dict[Place, CommandFacts] = {}
    for step in steps:
        hold = getattr(step.command, "hold", None)
        found[step.place] = found.get(hold) or _facts(step) if hold else _facts(step)
    return found


def _undone(steps: Sequence[TraceStep]) -> set[Place]:
    """The redemptions that were reversed whole."""
    left = {step.place: step.result.discount_fen for step in steps}
    over = set()
    for step in steps:
        place = getattr(step.command, "redemption", None)
        if place in left:
            left[place] += step.result.discount_fen  # below zero
            over |= {place} if left[place] <= 0 else set()
    return over


def _happening(
    step: TraceStep,
    facts: CommandFacts,
    stores: Mapping[int, str],
    people: Mapping[str, str],
    undone: set[Place] | None,
) -> Happening:
    """``undone`` None: for somebody who may reverse nothing."""
    command, result = step.command, step.result
    kind = RECEIPTS.get(command.operation)
    words, tone = OPERATIONS[command.operation]
    of = getattr(command, "redemption", None)
    reversed_number = format_receipt(ReceiptKind.REDEMPTION, of) if of else ""
    shown = [
        Fact(_("Number"), code(format_receipt(kind, step.place) if kind else "")),
        Fact(_("Of the redemption"), code(reversed_number)),
        Fact(_("Store"), text(stores.get(facts.store_id, ""))),
        Fact(_("Channel"), text(CHANNELS.get(facts.channel, facts.channel))),
        Fact(_("Order number"), code(facts.order.order_no if facts.order else "")),
        Fact(_("Discount"), money(result.discount_fen or None)),
        Fact(_("Reason"), text(getattr(command, "reason", ""))),
        Fact(_("By"), text(acted(people, command.actor))),
        Fact(_("After it"), voucher_state(result.state)),
    ]
    is_open = undone is not None and step.place not in undone
    if is_open and command.operation == "redeem" and kind:
        there = reverse(
            "console:redemption-reverse", kwargs={"key": format_receipt(kind, step.place)}
        )
        shown.append(Fact(_("Undo"), text(_("Reverse this use"), href=there)))
    return Happening(
        at=local_text(command.at),
        title=words,
        tone=tone,
        facts=[fact for fact in shown if fact.cell.plain],
        lines=[_entry(entry) for entry in step.entries],
    )


def _entry(entry: Entry) -> tuple[str, ...]:
    is_money = entry.unit is Unit.FEN
    return (
        str(UNITS[entry.unit]),
        format_yuan(entry.amount) if is_money else f"{entry.amount:,}",
        _account(entry.debit, entry.debit_id),
        _account(entry.credit, entry.credit_id),
    )


def _account(account: Account, number: int) -> str:
    return f"{ACCOUNTS[account]} {number}" if number else str(ACCOUNTS[account])


VOUCHER: VoucherDetail = VoucherDetail()
