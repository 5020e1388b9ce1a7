"""One voucher: found by its code, with all that happened to it, and what may be done to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batches_by_id
from kaquan.engine.entries import Account, Entry, Unit
from kaquan.engine.facts import Facts as CommandFacts
from kaquan.engine.lifecycle import State
from kaquan.engine.money import format_yuan
from kaquan.engine.outcomes import Outcome
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.refusals import RefusedError, raise_if_refused
from kaquan.ledger.trace import TraceStep
from kaquan.organisations.queries import organisation_names
from kaquan.redemption import care
from kaquan.redemption.queries import TRACE, VoucherTrace, trace_of_serial, voucher_trace
from kaquan.redemption.receipt_numbers import format_receipt
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    code,
    count,
    last_moment,
    local_text,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Filled, read_all
from kaquan.surfaces.console.kit.panels import Facts, Happening, Panel, Tab, Timeline
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.screens.batches import BATCH, request_key
from kaquan.surfaces.console.screens.redemptions import RECEIPTS
from kaquan.surfaces.console.words import (
    ACCOUNTS,
    CHANNELS,
    OPERATIONS,
    UNITS,
    voucher_state,
)


class VoucherPage(NamedTuple):
    """A voucher that there is, and its batch if that is the actor's."""

    trace: VoucherTrace
    batch: CampaignBatch | None

    @property
    def state(self) -> State:
        """What it is now."""
        if self.trace.steps:
            return State(self.trace.steps[-1].result.state)
        assert self.trace.standing is not None
        return State.LIVE if self.trace.standing.active else State.INACTIVE


def _page_of(actor: Actor, trace: VoucherTrace | Outcome) -> VoucherPage:
    """Raises `voucher_unknown` and what the text deserves."""
    if isinstance(trace, Outcome):
        raise RefusedError(trace)
    if trace.standing is None or not trace.exists:
        raise RefusedError(care.UNKNOWN)
    batch_id = trace.standing.batch_id
    return VoucherPage(trace, batches_by_id(actor, [batch_id]).get(batch_id))


def _care(
    do: Callable[..., Outcome], words: Text, **more: Any
) -> Callable[[VoucherPage, Doing], Text]:
    def run(voucher: VoucherPage, doing: Doing) -> Text:
        serial = voucher.trace.serial
        outcome = do(
            actor=doing.actor,
            voucher=serial,
            reason=doing.values["reason"] or "",
            at=clock.now(),
            request_key=request_key(doing, serial),
            **more,
        )
        raise_if_refused([outcome])
        return str(words) % {"serial": serial}

    return run


def _asks(words: Text) -> Callable[[VoucherPage], Text]:
    return lambda voucher: (
        str(words)
        % {
            "serial": voucher.trace.serial,
            "batch": voucher.batch.name if voucher.batch else "",
        }
    )


_REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000)
_REMARK = Field("reason", _("Reason"), "long_text", characters_max=1_000)
_ENDED = (State.USED, State.EXPIRED, State.VOID)
_FROZEN = (State.FROZEN_LIVE, State.FROZEN_ISSUED)

CARE_ACTIONS: tuple[Action[VoucherPage], ...] = (
    Action(
        "freeze",
        _("Freeze"),
        care.CARE,
        _asks(_("Freeze the voucher %(serial)s of the batch “%(batch)s”?")),
        _care(care.freeze, _("The voucher %(serial)s was frozen.")),
        fields=(_REASON,),
        danger=True,
        offered=lambda v: v.batch is not None and v.state in (State.LIVE, State.ISSUED),
        consequence=_("It cannot be used until it is unfrozen."),
    ),
    Action(
        "unfreeze",
        _("Unfreeze"),
        care.CARE,
        _asks(_("Unfreeze the voucher %(serial)s of the batch “%(batch)s”?")),
        _care(care.unfreeze, _("The voucher %(serial)s was unfrozen.")),
        fields=(_REMARK,),
        offered=lambda v: v.batch is not None and v.state in _FROZEN,
    ),
    Action(
        "void",
        _("Void"),
        care.CARE,
        _asks(_("Void the voucher %(serial)s of the batch “%(batch)s” for good?")),
        _care(care.void, _("The voucher %(serial)s was voided.")),
        fields=(_REASON,),
        danger=True,
        offered=lambda v: v.batch is not None and v.state not in _ENDED,
        consequence=_("This cannot be undone. What a card still held is owed back to its payer."),
    ),
)


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
        ids = {_facts(step).store_id for step in steps} | {standing.organisation_id}
        names = organisation_names(call.actor, ids - {0})
        facts = [
            Fact(_("Batch"), text(batch.name, href=BATCH.address(key=batch.id))
                 if batch else text(_("Elsewhere"))),
            Fact(_("Campaign"), text(batch.campaign.name if batch else "")),
            Fact(_("In the hands of"), text(names.get(standing.organisation_id, ""))),
            Fact(_("Balance"), money(last.balance_fen or None if last else None)),
            Fact(_("Uses left"), count(last.uses_left if last else None)),
            Fact(_("Good until"), last_moment(last.valid_until if last else None)),
        ]  # fmt: skip
        happenings = [_happening(step, names) for step in reversed(steps)]
        empty = _("Nothing has happened to it yet.")
        heads = (_("Unit"), _("Amount"), _("Debit"), _("Credit"))
        return [
            Facts("", facts),
            Timeline(_("What happened"), happenings, empty, heads),
        ]

    tabs = (Tab("life", _("Life"), life),)


def _facts(step: TraceStep) -> CommandFacts:
    return getattr(step.command, "facts", None) or CommandFacts()


def _happening(step: TraceStep, stores: dict[int, str]) -> Happening:
    command, facts, result = step.command, _facts(step), step.result
    kind = RECEIPTS.get(command.operation)
    words, tone = OPERATIONS[command.operation]
    shown = [
        Fact(_("Number"), code(format_receipt(kind, step.place) if kind else "")),
        Fact(_("Store"), text(stores.get(facts.store_id, ""))),
        Fact(_("Channel"), text(CHANNELS.get(facts.channel, facts.channel))),
        Fact(_("Order number"), code(facts.order.order_no if facts.order else "")),
        Fact(_("Discount"), money(result.discount_fen or None)),
        Fact(_("Reason"), text(getattr(command, "reason", ""))),
        Fact(_("By"), text(command.actor)),
        Fact(_("After it"), voucher_state(result.state)),
    ]
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


class VoucherSearch(Screen):
    """A voucher by its code. The code is sent in the body: no address and no log knows it."""

    name = "voucher-search"
    path = "vouchers"
    title = _("Find a voucher")
    permission = TRACE
    field = Field("code", _("Voucher code"), required=True, characters_max=200)

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The form; or the way to the voucher."""
        del key
        if call.request.method != "POST":
            return self._shown(call, Filled(self.field), "")
        values, (filled,) = read_all([self.field], call.request.POST)
        if filled.error:
            return self._shown(call, filled, "", status=422)
        try:
            found = _page_of(call.actor, voucher_trace(actor=call.actor, code=values["code"]))
        except RefusedError as error:
            return self._shown(call, filled, in_words(error), status=404)
        return HttpResponseRedirect(VOUCHER.address(key=found.trace.serial))

    def _shown(
        self, call: Call, filled: Filled, error: str, *, status: int = 200
    ) -> HttpResponseBase:
        context = {"one": filled, "panels": [], "error": error}
        return self.page(call, "console/search.html", context, status=status)


VOUCHER: VoucherDetail = VoucherDetail()
