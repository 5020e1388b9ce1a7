"""What may be done to one voucher by hand: each with its reason, within one's authority, or handed
in for approval."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.lifecycle import State
from kaquan.engine.money import MoneyFault, parse_yuan
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import raise_if_refused
from kaquan.redemption import within_authority
from kaquan.redemption.authority import CARE, CareBeyondAuthorityError
from kaquan.redemption.deeds import Deed
from kaquan.redemption.queries import VoucherTrace
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end
from kaquan.surfaces.console.screens.batches import request_key
from kaquan.surfaces.console.words import OPERATIONS

USES_CHANGED_MAX = 10_000
REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000)
REMARK = Field("reason", _("Reason"), "long_text", characters_max=1_000)
ASK = Field("ask", _("Beyond my authority"), "switch", hint=_("Hand it in for approval then"))
ASKED = _("It was handed in for approval.")
_LIVE = (State.LIVE, State.ISSUED)
_ENDED = (State.USED, State.EXPIRED, State.VOID)
_FROZEN = (State.FROZEN_LIVE, State.FROZEN_ISSUED)


class VoucherPage(NamedTuple):
    """A voucher that there is, its batch if that is the actor's, and what waits for approval."""

    trace: VoucherTrace
    batch: CampaignBatch | None
    waiting: ApprovalRequest | None = None

    @property
    def state(self) -> State:
        """What it is now."""
        if self.trace.steps:
            return State(self.trace.steps[-1].result.state)
        assert self.trace.standing is not None
        return State.LIVE if self.trace.standing.active else State.INACTIVE


def perform(deed: Deed, doing: Doing, subject_id: int, done: Text) -> Text:
    """Do it; or, where that is wanted and needed, ask for it. Raises the ledger's refusals."""
    at = clock.now()
    try:
        outcome = within_authority.perform(
            actor=doing.actor, deed=deed, at=at, request_key=request_key(doing, subject_id)
        )
    except CareBeyondAuthorityError:
        if not doing.values.get("ask"):
            raise
        words, _tone = OPERATIONS[deed.operation]
        within_authority.ask_for(actor=doing.actor, deed=deed, title=f"{words} {subject_id}", at=at)
        return ASKED
    raise_if_refused([outcome])
    return done


def read_amount(text: str | None) -> int | None:
    """Fen from yuan as typed, a sign understood; raises `value_invalid`."""
    if text is None:
        return None
    amount_fen = parse_yuan(text, negative_allowed=True)
    if isinstance(amount_fen, MoneyFault):
        raise KaquanError(
            "value_invalid",
            zh="金额：应为元，例如 12.50。",
            en="Amount: expected yuan, such as 12.50.",
        )
    return amount_fen


def _simply(operation: str, done: Text) -> Callable[[VoucherPage, Doing], Text]:
    def run(voucher: VoucherPage, doing: Doing) -> Text:
        serial = voucher.trace.serial
        deed = Deed(
            operation=operation,  # type: ignore[arg-type]  # one of those below
            serial=serial,
            reason=doing.values["reason"] or "",
        )
        return perform(deed, doing, serial, str(done) % {"serial": serial})

    return run


def _extend(voucher: VoucherPage, doing: Doing) -> Text:
    serial = voucher.trace.serial
    deed = Deed(
        operation="extend",
        serial=serial,
        reason=doing.values["reason"],
        valid_until=day_end(doing.values["until"]),
    )
    done = _("The voucher %(serial)s was extended.") % {"serial": serial}
    return perform(deed, doing, serial, done)


def _transfer(voucher: VoucherPage, doing: Doing) -> Text:
    serial, values = voucher.trace.serial, doing.values
    deed = within_authority.transfer_deed(
        actor=doing.actor, serial=serial, to_number=values["to"], reason=values["reason"]
    )
    done = _("The voucher %(serial)s was passed on.") % {"serial": serial}
    return perform(deed, doing, serial, done)


def _adjust(voucher: VoucherPage, doing: Doing) -> Text:
    serial = voucher.trace.serial
    deed = Deed(
        operation="adjust",
        serial=serial,
        reason=doing.values["reason"],
        balance_fen=read_amount(doing.values["amount"]) or 0,
        uses=_read_uses(doing.values),
    )
    if (deed.balance_fen == 0) == (deed.uses == 0):
        raise KaquanError(
            "value_invalid",
            zh="请填写金额或次数（二选一），可以为负。",
            en="Enter an amount or a number of uses, one of both; below zero takes away.",
        )
    done = _("The voucher %(serial)s was adjusted.") % {"serial": serial}
    return perform(deed, doing, serial, done)


def _read_uses(values: Values) -> int:
    typed = values["uses"] or "0"
    digits = typed.removeprefix("-").removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 6
    if not is_number or int(digits) > USES_CHANGED_MAX:
        raise KaquanError(
            "value_invalid", zh="次数：应为整数。", en="Uses: expected a whole number."
        )
    return -int(digits) if typed.startswith("-") else int(digits)


def _asks(words: Text) -> Callable[[VoucherPage], Text]:
    return lambda voucher: (
        str(words)
        % {
            "serial": voucher.trace.serial,
            "batch": voucher.batch.name if voucher.batch else "",
        }
    )


def _is_own(*states: State) -> Callable[[VoucherPage], bool]:
    return lambda voucher: voucher.batch is not None and voucher.state in states


CARE_ACTIONS: tuple[Action[VoucherPage], ...] = (
    Action(
        "freeze",
        _("Freeze"),
        CARE,
        _asks(_("Freeze the voucher %(serial)s of the batch “%(batch)s”?")),
        _simply("freeze", _("The voucher %(serial)s was frozen.")),
        fields=(REASON,),
        danger=True,
        offered=_is_own(*_LIVE),
        consequence=_("It cannot be used until it is unfrozen."),
    ),
    Action(
        "unfreeze",
        _("Unfreeze"),
        CARE,
        _asks(_("Unfreeze the voucher %(serial)s of the batch “%(batch)s”?")),
        _simply("unfreeze", _("The voucher %(serial)s was unfrozen.")),
        fields=(REMARK,),
        offered=_is_own(*_FROZEN),
    ),
    Action(
        "extend",
        _("Extend"),
        CARE,
        _asks(_("Let the voucher %(serial)s of the batch “%(batch)s” live longer?")),
        _extend,
        fields=(Field("until", _("Good until"), "day", required=True), REASON, ASK),
        offered=_is_own(*_LIVE, *_FROZEN, State.EXPIRED),
        consequence=_("An expired voucher comes back, and its money is set aside again."),
    ),
    Action(
        "transfer",
        _("Pass on"),
        CARE,
        _asks(_("Pass the voucher %(serial)s of the batch “%(batch)s” on to another customer?")),
        _transfer,
        fields=(
            Field("to", _("To the member with the number"), required=True, characters_max=64),
            REASON,
            ASK,
        ),
        offered=_is_own(State.ISSUED),
    ),
    Action(
        "adjust",
        _("Adjust"),
        CARE,
        _asks(_("Correct what is left on the voucher %(serial)s of the batch “%(batch)s”?")),
        _adjust,
        fields=(
            Field("amount", _("Amount (yuan)"), characters_max=40,
                  hint=_("Of a balance: so much more, or below zero less")),
            Field("uses", _("Uses"), characters_max=8,
                  hint=_("Of a count card: so many more, or below zero fewer")),
            REASON,
            ASK,
        ),
        offered=_is_own(*_LIVE, *_FROZEN),
    ),
    Action(
        "void",
        _("Void"),
        CARE,
        _asks(_("Void the voucher %(serial)s of the batch “%(batch)s” for good?")),
        _simply("void", _("The voucher %(serial)s was voided.")),
        fields=(REASON, ASK),
        danger=True,
        offered=lambda v: v.batch is not None and v.state not in _ENDED,
        consequence=_("This cannot be undone. What a card still held is owed back to its payer."),
    ),
)  # fmt: skip
