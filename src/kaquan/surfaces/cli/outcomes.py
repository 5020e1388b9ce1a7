"""The ledger's answers as people and programs read them."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from kaquan.engine.lifecycle import State
from kaquan.engine.money import format_yuan
from kaquan.engine.outcome_details import DETAILS, sentence
from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.foundation.errors import ExitCode
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt
from kaquan.surfaces.cli.output import plain, show

STATES = {
    State.INACTIVE: ("未激活", "not activated"),
    State.LIVE: ("可用", "live"),
    State.ISSUED: ("已发放", "issued"),
    State.USED: ("已用完", "used up"),
    State.FROZEN_LIVE: ("已冻结", "frozen"),
    State.FROZEN_ISSUED: ("已冻结", "frozen"),
    State.EXPIRED: ("已过期", "expired"),
    State.VOID: ("已作废", "void"),
}


def finish(
    outcome: Outcome,
    *,
    zh: str,
    en: str,
    receipt: ReceiptKind | None,
    code: str | None = None,
    json: bool,
) -> int:
    """Print an answer, ``zh``/``en`` saying what was done; returns the exit code.

    ``code`` is told along: whoever claims a voucher must learn it.
    """
    number = None
    if receipt is not None and outcome.place is not None:
        number = format_receipt(receipt, outcome.place)

    def people(console: Console) -> None:
        if not outcome.done:
            _print_refusal(outcome, console)
            return
        console.print(f"✓ {zh} · {en}" + (f"  {number}" if number else ""), style="green")
        for result in outcome.vouchers:
            _print_voucher(result, console)
        if code is not None:
            console.print(f"  券码 code {code}")

    value = as_json(outcome)
    if receipt is not None:
        value[receipt.name.lower()] = number
    if code is not None:
        value["code"] = code
    show(value, json=json, people=people)
    return ExitCode.OK if outcome.done else ExitCode.FAILED


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An answer with stable fields; amounts are fen."""
    return {
        "outcome": {
            "code": outcome.code.name,
            "number": int(outcome.code),
            "done": outcome.done,
            "retryable": DETAILS[outcome.code].retryable,
            "zh": sentence(outcome.code, outcome.data, "zh"),
            "en": sentence(outcome.code, outcome.data, "en"),
            "data": outcome.data,
        },
        "discount_fen": sum(result.discount_fen for result in outcome.vouchers),
        "vouchers": [voucher_as_json(result) for result in outcome.vouchers],
    }


def voucher_as_json(result: VoucherResult) -> dict[str, Any]:
    """What happened to one voucher, and what it is since."""
    return {
        "serial": result.serial,
        "batch_id": result.batch_id,
        "state": State(result.state).name,
        "discount_fen": result.discount_fen,
        "allocation_fen": list(result.allocation),
        "funding": [{"funder_id": funder, "amount_fen": fen} for funder, fen in result.funding],
        "balance_used_fen": result.balance_used_fen,
        "uses_used": result.uses_used,
        "balance_fen": result.balance_fen,
        "uses_left": result.uses_left,
        "valid_from": result.valid_from,
        "valid_until": result.valid_until,
    }


def _print_refusal(outcome: Outcome, console: Console) -> None:
    console.print(f"✗ {outcome.code.name}", style="red")
    console.print(plain(sentence(outcome.code, outcome.data, "zh")))
    console.print(plain(sentence(outcome.code, outcome.data, "en")))


def _print_voucher(result: VoucherResult, console: Console) -> None:
    zh, en = STATES[State(result.state)]
    parts = [f"  券 voucher {result.serial}: {zh} {en}"]
    if result.discount_fen:
        parts.append(f"优惠 discount {format_yuan(result.discount_fen)}")
    if result.balance_used_fen:
        parts.append(f"动用余额 from balance {format_yuan(result.balance_used_fen)}")
    if result.balance_fen:
        parts.append(f"余额 balance {format_yuan(result.balance_fen)}")
    if result.uses_left:
        parts.append(f"剩余次数 uses left {result.uses_left}")
    console.print(" · ".join(parts))
