"""``kaquan show``: all that the ledger knows about one voucher."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from kaquan.engine.entries import OPERATIONS, Account, Entry, Unit
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.money import format_yuan
from kaquan.engine.outcomes import Outcome
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.outcomes import STATES, finish, voucher_as_json
from kaquan.surfaces.cli.output import Json, plain, table
from kaquan.surfaces.cli.output import show as show_value
from kaquan.surfaces.cli.remote import Remote
from kaquan.surfaces.cli.remote_show import show_there

if TYPE_CHECKING:
    from kaquan.campaigns.models import CampaignBatch
    from kaquan.ledger.trace import TraceStep
    from kaquan.redemption.queries import VoucherTrace

OPERATION_WORDS = dict(
    zip(
        OPERATIONS,
        [
            "开设预算",
            "变更预算",
            "定义批次",
            "制券",
            "批次状态",
            "激活",
            "调拨",
            "领取",
            "指派",
            "售券",
            "充值",
            "核销",
            "预占",
            "释放",
            "撤销",
            "转赠",
            "延期",
            "冻结",
            "解冻",
            "作废",
            "过期",
            "调整",
            "纸券保管",
            "改善规则",
            "离线损失",
        ],
        strict=True,
    )
)
UNTOUCHED = ("未动用", "nothing has happened to it")
_RECEIPTS = {
    "redeem": ReceiptKind.REDEMPTION,
    "hold": ReceiptKind.HOLD,
    "reverse": ReceiptKind.REVERSAL,
}


def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="券码 · the code")],
    *,
    as_: values.As = None,
    remote: Remote = None,
    json: Json = False,
) -> int:
    """查券：一张券的全部经过（需要权限）· The whole life of a voucher (permission needed)."""
    if remote is not None:
        return show_there(remote, as_, code, json=json)
    with open_installation():
        from kaquan.campaigns.queries import batch_by_id
        from kaquan.redemption.queries import voucher_trace

        actor = values.acting(as_)
        trace = voucher_trace(actor=actor, code=code)
        if isinstance(trace, Outcome):
            return finish(trace, zh="", en="", receipt=None, json=json)
        batch = batch_by_id(actor, trace.standing.batch_id)
        show_value(
            as_json(trace, batch), json=json, people=lambda console: _print(trace, batch, console)
        )
    return ExitCode.OK


def as_json(trace: VoucherTrace, batch: CampaignBatch) -> dict[str, Any]:
    """The trace with stable fields; amounts are fen, times are UTC."""
    return {
        "serial": trace.serial,
        "state": _state(trace).name,
        "batch": {"id": batch.id, "name": batch.name, "campaign": batch.campaign.name},
        "custody": {
            "active": trace.standing.active,
            "organisation_id": trace.standing.organisation_id,
        },
        "steps": [_step_as_json(step) for step in trace.steps],
    }


def _state(trace: VoucherTrace) -> State:
    if trace.steps:
        return State(trace.steps[-1].result.state)
    return State.LIVE if trace.standing.active else State.INACTIVE


def _step_as_json(step: TraceStep) -> dict[str, Any]:
    command, facts = step.command, _facts(step)
    return {
        "at": command.at,
        "committed_at": step.committed_at,
        "operation": command.operation,
        "number": _number(step),
        "block": step.place.block,
        "index": step.place.index,
        "actor": command.actor,
        "request_key": None if command.key is None else command.key.key,
        "store_id": facts.store_id,
        "customer_id": step.result.customer_id,
        "order_no": facts.order.order_no if facts.order else None,
        "reason": getattr(command, "reason", ""),
        "result": voucher_as_json(step.result),
        "entries": [_entry_as_json(entry) for entry in step.entries],
    }


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    return {
        "unit": Unit(entry.unit).name,
        "amount": entry.amount,
        "debit": Account(entry.debit).name,
        "debit_id": entry.debit_id,
        "credit": Account(entry.credit).name,
        "credit_id": entry.credit_id,
        "funder_id": entry.funder_id,
        "reverses": entry.reverses and format_receipt(ReceiptKind.REDEMPTION, entry.reverses),
    }


def _facts(step: TraceStep) -> Facts:
    facts: Facts | None = getattr(step.command, "facts", None)
    return facts or Facts()


def _number(step: TraceStep) -> str | None:
    kind = _RECEIPTS.get(step.command.operation)
    return None if kind is None else format_receipt(kind, step.place)


def _print(trace: VoucherTrace, batch: CampaignBatch, console: Console) -> None:
    zh, en = STATES[_state(trace)]
    console.print(f"券 voucher {trace.serial} · {zh} {en}", style="bold")
    console.print(
        plain(f"  批次 batch {batch.id} {batch.name} · 活动 campaign {batch.campaign.name}")
    )
    if trace.standing.organisation_id:
        console.print(f"  保管组织 in custody of organisation {trace.standing.organisation_id}")
    if not trace.steps:
        console.print(f"  {UNTOUCHED[0]} · {UNTOUCHED[1]}")
    for step in trace.steps:
        _print_step(step, console)


def _print_step(step: TraceStep, console: Console) -> None:
    command, facts, result = step.command, _facts(step), step.result
    words = f"{OPERATION_WORDS[command.operation]} {command.operation}"
    head = [_local(command.at), words, _number(step) or "", command.actor]
    console.print()
    console.print(plain("  ".join(filter(None, head))), style="bold")
    said = [
        f"门店 store {facts.store_id}" if facts.store_id else "",
        f"订单 order {facts.order.order_no}" if facts.order and facts.order.order_no else "",
        f"客户 customer {result.customer_id}" if result.customer_id else "",
        f"优惠 discount {format_yuan(result.discount_fen)}" if result.discount_fen else "",
        f"余额 balance {format_yuan(result.balance_fen)}" if result.balance_fen else "",
        f"请求 request {command.key.key}" if command.key else "",
        f"原因 reason {getattr(command, 'reason', '')}" if getattr(command, "reason", "") else "",
        f"→ {' '.join(STATES[State(result.state)])}",
    ]
    console.print(plain("  " + " · ".join(filter(None, said))))
    if step.entries:
        entries = table("", "借 debit", "贷 credit", "数量 amount", right=(3,))
        for entry in step.entries:
            amount = (
                format_yuan(entry.amount)
                if entry.unit is Unit.FEN
                else f"{entry.amount} {entry.unit.name.lower()}"
            )
            entries.add_row(
                " ",
                f"{entry.debit.name.lower()} {entry.debit_id}",
                f"{entry.credit.name.lower()} {entry.credit_id}",
                amount,
            )
        console.print(entries)


def _local(at: datetime) -> str:
    return at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M:%S")
