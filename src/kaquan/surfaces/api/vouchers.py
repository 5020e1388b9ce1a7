"""Single vouchers over HTTP: their life, and looking after them. Codes come in the body only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from kaquan.engine.entries import OPERATIONS, Entry
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.money import MAX_FEN
from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.foundation import clock
from kaquan.ledger.trace import TraceStep
from kaquan.organisations.queries import store_codes, terminal_codes
from kaquan.redemption import care
from kaquan.redemption.codes import new_code
from kaquan.redemption.queries import TRACE, terminal_of, voucher_trace
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.moments import ToldMoment
from kaquan.surfaces.api.refusing import OutcomeRefusedError, raise_unless_done
from kaquan.surfaces.api.schemas import ID_MAX, Answer, Body, Moment

routes = Routes("vouchers", zh="券", en="Vouchers")

CodeText = Annotated[str, Field(max_length=200, description="as typed or scanned")]
Serial = Annotated[int, Field(strict=True, ge=0, le=ID_MAX)]
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]
Remark = Annotated[str, Field(max_length=1_000)]
Member = Annotated[str, Field(min_length=1, max_length=64)]
SignedFen = Annotated[int, Field(strict=True, ge=-MAX_FEN, le=MAX_FEN)]
SignedUses = Annotated[int, Field(strict=True, ge=-10_000, le=10_000)]
RECEIPTS = {"redeem": ReceiptKind.REDEMPTION, "hold": ReceiptKind.HOLD,
            "reverse": ReceiptKind.REVERSAL}  # fmt: skip
EXAMPLE_CODE = "N6W5-0K3M-7Q2X-9D4R-JT8Z"


class VoucherAnswer(Answer):
    """What a voucher is after something was done to it. Its own moments are null where it keeps
    those of its offer's terms."""

    serial: int
    batch_id: int
    state: str
    balance_fen: int
    uses_left: int
    valid_from: ToldMoment | None
    valid_until: ToldMoment | None


class PassedOnAnswer(VoucherAnswer):
    """A voucher in other hands: every code of it from before is over, and this one is its new
    holder's."""

    voucher_code: str


class EntryAnswer(Answer):
    """One entry of the books: so much of a unit (fen, use, piece) from one account to another."""

    entry: str
    operation: str
    unit: str
    amount: int
    debit: str
    debit_id: int
    credit: str
    credit_id: int
    at: ToldMoment
    serial: int | None
    batch_id: int | None
    funder_id: int


class StepAnswer(Answer):
    """One thing that happened to the voucher, and what it was after it."""

    operation: str
    at: ToldMoment
    booked_at: ToldMoment
    by: str
    receipt: str | None
    store: str | None
    terminal: str | None
    order_no: str | None
    reason: str | None
    discount_fen: int
    voucher: VoucherAnswer
    entries: list[EntryAnswer]


class TraceAnswer(Answer):
    """The life of a voucher, oldest first. Where nothing has happened to it yet, custody says
    whether it is `active` and who holds it (null: its batch)."""

    serial: int
    batch_id: int
    active: bool
    held_by_organisation_id: int | None
    steps: list[StepAnswer]


class TraceBody(Body):
    """The code of the voucher."""

    voucher_code: CodeText


class NamedBody(Body):
    """A voucher, by its code or by its serial from a list."""

    voucher_code: CodeText | None = None
    serial: Serial | None = None

    @model_validator(mode="after")
    def _by_one_name(self) -> Self:
        if (self.voucher_code is None) == (self.serial is None):
            raise ValueError("give either voucher_code or serial")
        return self

    @property
    def voucher(self) -> care.VoucherName:
        """The name that was given."""
        name = self.serial if self.voucher_code is None else self.voucher_code
        assert name is not None
        return name


class ReasonBody(NamedBody):
    """With a reason, which is kept in the books."""

    reason: Reason


class RemarkBody(NamedBody):
    """With a remark, if there is something to say."""

    reason: Remark = ""


class VoidBody(ReasonBody):
    """`deactivate_request_no` may stand for the Idempotency-Key."""

    deactivate_request_no: Annotated[str, Field(max_length=255)] | None = None


class ExtendBody(RemarkBody):
    """The new last moment; later than the old one."""

    valid_until: Moment


class TransferBody(NamedBody):
    """From one customer to another, by their numbers."""

    from_customer: Member
    to_customer: Member


class AdjustBody(ReasonBody):
    """So much more, or below zero less; of the balance or of the uses, not of both."""

    balance_fen: SignedFen = 0
    uses: SignedUses = 0


def shown(result: VoucherResult) -> VoucherAnswer:
    """A voucher as an answer."""
    return VoucherAnswer(
        serial=result.serial,
        batch_id=result.batch_id,
        state=State(result.state).name.lower(),
        balance_fen=result.balance_fen,
        uses_left=result.uses_left,
        valid_from=result.valid_from,
        valid_until=result.valid_until,
    )


def shown_entry(block: int, entry: Entry) -> EntryAnswer:
    """An entry as an answer; ``entry`` names its place in the books for ever."""
    return EntryAnswer(
        entry=f"{block}-{entry.index}",
        operation=OPERATIONS[entry.operation],
        unit=entry.unit.name.lower(),
        amount=entry.amount,
        debit=entry.debit.name.lower(),
        debit_id=entry.debit_id,
        credit=entry.credit.name.lower(),
        credit_id=entry.credit_id,
        at=entry.at,
        serial=entry.serial or None,
        batch_id=entry.batch_id or None,
        funder_id=entry.funder_id,
    )


def _step(step: TraceStep, stores: Mapping[int, str], terminals: Mapping[int, str]) -> StepAnswer:
    command = step.command
    facts: Facts | None = getattr(command, "facts", None)
    kind = RECEIPTS.get(command.operation)
    return StepAnswer(
        operation=command.operation,
        at=command.at,
        booked_at=step.committed_at,
        by=command.actor,
        receipt=format_receipt(kind, step.place) if kind else None,
        store=stores.get(facts.store_id) if facts else None,
        terminal=terminals.get(terminal_of(command)),
        order_no=facts.order.order_no if facts and facts.order else None,
        reason=getattr(command, "reason", "") or None,
        discount_fen=step.result.discount_fen,
        voucher=shown(step.result),
        entries=[shown_entry(step.place.block, entry) for entry in step.entries],
    )


def _about(request: Request, body: NamedBody) -> dict[str, Any]:
    """What every action of care is told."""
    return {
        "actor": request.call.actor,
        "voucher": body.voucher,
        "at": clock.now(),
        "request_key": request.call.request_key,
    }


def _done(outcome: Outcome) -> VoucherAnswer:
    return shown(raise_unless_done(outcome).vouchers[0])


@routes.post(
    "/vouchers/trace",
    permission=TRACE,
    answer=TraceAnswer,
    changes=False,
    zh="查一张券的经过",
    en="The life of a voucher",
    about="All of a voucher of the caller's own batches; of others', what happened in the "
    "caller's own stores.",
    example={"voucher_code": EXAMPLE_CODE},
    problems=("code_malformed", "code_mistyped", "code_forged", "voucher_unknown"),
)
def trace_voucher(request: Request, body: TraceBody) -> TraceAnswer:
    """What happened to a voucher."""
    trace = voucher_trace(actor=request.call.actor, code=body.voucher_code)
    if isinstance(trace, Outcome):
        raise OutcomeRefusedError(trace)
    actor, standing = request.call.actor, trace.standing
    facts: list[Facts] = [getattr(step.command, "facts", Facts()) for step in trace.steps]
    stores = store_codes(actor, {one.store_id for one in facts} - {0})
    terminals = terminal_codes(actor, {terminal_of(step.command) for step in trace.steps} - {0})
    return TraceAnswer(
        serial=trace.serial,
        batch_id=standing.batch_id,
        active=standing.active,
        held_by_organisation_id=standing.organisation_id or None,
        steps=[_step(step, stores, terminals) for step in trace.steps],
    )


_NAMING = ("code_malformed", "code_mistyped", "code_forged", "voucher_unknown",
           "malformed_command", "voucher_void", "voucher_expired", "voucher_used",
           "voucher_not_activated", "voucher_held")  # fmt: skip


@routes.post(
    "/vouchers/freeze",
    permission=care.CARE,
    answer=VoucherAnswer,
    repeatable=True,
    zh="冻结券",
    en="Freeze a voucher",
    example={"voucher_code": EXAMPLE_CODE, "reason": "持券人报失"},
    problems=(*_NAMING, "voucher_frozen"),
)
def freeze_voucher(request: Request, body: ReasonBody) -> VoucherAnswer:
    """A voucher stopped for the time being."""
    return _done(care.freeze(**_about(request, body), reason=body.reason))


@routes.post(
    "/vouchers/unfreeze",
    permission=care.CARE,
    answer=VoucherAnswer,
    repeatable=True,
    zh="解冻券",
    en="Unfreeze a voucher",
    example={"voucher_code": EXAMPLE_CODE, "reason": "已找回"},
    problems=(*_NAMING, "voucher_not_frozen"),
)
def unfreeze_voucher(request: Request, body: RemarkBody) -> VoucherAnswer:
    """A frozen voucher let go on."""
    return _done(care.unfreeze(**_about(request, body), reason=body.reason))


@routes.post(
    "/vouchers/void",
    permission=care.CARE,
    answer=VoucherAnswer,
    repeatable=True,
    key_field="deactivate_request_no",
    zh="作废券",
    en="Void a voucher",
    about="For good. What a card still held is owed back to whoever paid for it.",
    example={"voucher_code": EXAMPLE_CODE, "reason": "印刷错误"},
    problems=_NAMING,
)
def void_voucher(request: Request, body: VoidBody) -> VoucherAnswer:
    """A voucher ended."""
    return _done(care.void(**_about(request, body), reason=body.reason))


@routes.post(
    "/vouchers/extend",
    permission=care.CARE,
    answer=VoucherAnswer,
    repeatable=True,
    zh="延长有效期",
    en="Extend a voucher",
    about="An expired voucher comes back, and its money is set aside again.",
    example={"serial": 64, "valid_until": "2099-12-31T00:00:00+08:00"},
    problems=(*_NAMING, "voucher_not_issued", "budget_exhausted"),
)
def extend_voucher(request: Request, body: ExtendBody) -> VoucherAnswer:
    """A voucher that lives longer."""
    about = _about(request, body)
    return _done(care.extend(**about, valid_until=body.valid_until, reason=body.reason))


@routes.post(
    "/vouchers/transfer",
    permission=care.CARE,
    answer=PassedOnAnswer,
    repeatable=True,
    zh="转赠券",
    en="Pass a voucher on",
    about="Every code that the voucher had is over; its new holder is to be shown the new one.",
    example={"serial": 64, "from_customer": "M0001", "to_customer": "M0002"},
    problems=(*_NAMING, "customer_unknown", "voucher_not_yours", "voucher_not_issued",
              "batch_paused", "transfer_forbidden", "voucher_frozen"),
)  # fmt: skip
def transfer_voucher(request: Request, body: TransferBody) -> PassedOnAnswer:
    """A voucher in other hands."""
    about = _about(request, body)
    outcome = care.transfer(**about, from_number=body.from_customer, to_number=body.to_customer)
    one = raise_unless_done(outcome).vouchers[0]
    return PassedOnAnswer(**shown(one).model_dump(), voucher_code=new_code(one.serial, one.hand))


@routes.post(
    "/vouchers/adjust",
    permission=care.CARE,
    answer=VoucherAnswer,
    repeatable=True,
    zh="调整余额或次数",
    en="Adjust a balance or the uses left",
    example={"serial": 64, "uses": 1, "reason": "服务补偿"},
    problems=(*_NAMING, "command_not_for_kind", "amount_not_allowed", "balance_insufficient",
              "uses_insufficient"),
)  # fmt: skip
def adjust_voucher(request: Request, body: AdjustBody) -> VoucherAnswer:
    """A balance corrected."""
    about = _about(request, body)
    outcome = care.adjust(**about, balance_fen=body.balance_fen, uses=body.uses, reason=body.reason)
    return _done(outcome)


@routes.post(
    "/vouchers/expire",
    permission=care.CARE,
    answer=VoucherAnswer,
    repeatable=True,
    zh="登记过期",
    en="Book that a voucher is over",
    about="What was set aside for it is released.",
    example={"serial": 64},
    problems=(*_NAMING, "not_expired_yet"),
)
def expire_voucher(request: Request, body: NamedBody) -> VoucherAnswer:
    """A voucher whose time is over."""
    return _done(care.expire(**_about(request, body)))
