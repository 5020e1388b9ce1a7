"""What an event says besides where and when: amounts in fen, numbers that people know. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kaquan.engine import commands as c
from kaquan.engine.decide.custody import goes_to
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import OutcomeCode, VoucherResult
from kaquan.engine.places import Place
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt

Data = dict[str, Any]


def voucher_data(command: c.AnyCommand, result: VoucherResult, facts: Facts, place: Place) -> Data:
    """What a command did to one voucher, and what the voucher was after it."""
    data: Data = {"state": State(result.state).name.lower()}
    if result.balance_fen or result.balance_used_fen:
        data["balance_fen"] = result.balance_fen
    if result.uses_left or result.uses_used:
        data["uses_left"] = result.uses_left
    more = _MORE.get(type(command))
    return data if more is None else data | more(command, result, facts, place)


def refusal_data(code: OutcomeCode, facts: Facts) -> Data:
    """Why a use was refused, and on which order."""
    return {"refusal": code.name.lower(), **_order_no(facts)}


def supply_data(command: c.AnyCommand, answered: Mapping[str, Any]) -> Data:
    """What was done to a batch or a budget."""
    match command:
        case c.OpenBudget(total_fen=total_fen):
            return {"total_fen": total_fen}
        case c.ChangeBudget(total_fen=total_fen, expected_fen=before_fen):
            return {"total_fen": total_fen, "total_before_fen": before_fen}
        case c.DefineBatch():
            return {
                "offer_version_id": command.offer_version_id,
                "budget_id": command.budget_id or None,
                "by_code": command.by_code,
                "active": command.active,
            }
        case c.ReviseTerms(offer_version_id=offer_version_id):
            return {
                "offer_version_id": offer_version_id,
                "terms_version": answered["terms_version"],
            }
        case c.Mint() | c.Activate():
            return {name: answered[name] for name in ("first_serial", "quantity")}
        case c.Allot():
            return {
                "first_serial": command.first_serial,
                "quantity": command.quantity,
                "organisation_id": command.organisation_id or None,
                "from_organisation_id": command.from_organisation_id or None,
            }
        case c.MovePieces():
            return {
                "act": command.act,
                "first_serial": command.first_serial,
                "quantity": command.quantity,
                "from_organisation_id": command.organisation_id,
                "organisation_id": goes_to(command),
            }
    return {}


def _order_no(facts: Facts) -> Data:
    """The merchant's own number of the order, where there was one."""
    return {} if facts.order is None else {"order_no": facts.order.order_no}


def _handed_out(
    _command: c.Claim | c.Assign, result: VoucherResult, facts: Facts, _place: Place
) -> Data:
    return _validity(result) | ({"channel": facts.channel} if facts.channel else {})


def _sold(command: c.Sell, result: VoucherResult, _facts: Facts, _place: Place) -> Data:
    paid: Data = {"paid_fen": command.paid_fen, "payment_no": command.payment_no}
    return paid | _validity(result)


def _topped_up(command: c.TopUp, _result: VoucherResult, _facts: Facts, _place: Place) -> Data:
    return {"amount_fen": command.amount_fen, "payment_no": command.payment_no}


def _redeemed(command: c.Redeem, result: VoucherResult, facts: Facts, place: Place) -> Data:
    data: Data = {"redemption": format_receipt(ReceiptKind.REDEMPTION, place)}
    if command.hold is not None:
        data["hold"] = format_receipt(ReceiptKind.HOLD, command.hold)
    return data | _used(result, facts)


def _held(command: c.Hold, result: VoucherResult, facts: Facts, place: Place) -> Data:
    hold: Data = {
        "hold": format_receipt(ReceiptKind.HOLD, place),
        "expires_at": command.expires_at,
    }
    return hold | _used(result, facts)


def _released(command: c.Release, _result: VoucherResult, facts: Facts, _place: Place) -> Data:
    return {"hold": format_receipt(ReceiptKind.HOLD, command.hold), **_order_no(facts)}


def _reversed(command: c.Reverse, result: VoucherResult, facts: Facts, place: Place) -> Data:
    """What came back, in positive numbers."""
    data: Data = {
        "reversal": format_receipt(ReceiptKind.REVERSAL, place),
        "redemption": format_receipt(ReceiptKind.REDEMPTION, command.redemption),
        "returned_fen": -result.discount_fen,
    }
    if result.balance_used_fen:
        data["balance_returned_fen"] = -result.balance_used_fen
    if result.uses_used:
        data["uses_returned"] = -result.uses_used
    return data | _funding(result, sign=-1) | _order_no(facts)


def _extended(_command: c.Extend, result: VoucherResult, _facts: Facts, _place: Place) -> Data:
    return _validity(result)


def _adjusted(command: c.Adjust, _result: VoucherResult, _facts: Facts, _place: Place) -> Data:
    return {"balance_change_fen": command.balance_fen, "uses_change": command.uses}


def _loss_booked(command: c.BookLoss, _result: VoucherResult, facts: Facts, _place: Place) -> Data:
    return {"loss_fen": command.amount_fen, **_order_no(facts)}


_MORE: dict[type[c.Command], Callable[[Any, VoucherResult, Facts, Place], Data]] = {
    c.Claim: _handed_out,
    c.Assign: _handed_out,
    c.Sell: _sold,
    c.TopUp: _topped_up,
    c.Redeem: _redeemed,
    c.Hold: _held,
    c.Release: _released,
    c.Reverse: _reversed,
    c.Extend: _extended,
    c.Adjust: _adjusted,
    c.BookLoss: _loss_booked,
}


def _used(result: VoucherResult, facts: Facts) -> Data:
    data: Data = {"discount_fen": result.discount_fen}
    if result.balance_used_fen:
        data["balance_used_fen"] = result.balance_used_fen
    if result.uses_used:
        data["uses_used"] = result.uses_used
    if facts.order is not None and result.allocation:
        # Of an order of a single amount, the allocation has a share and the order no line.
        shares = zip(facts.order.lines, result.allocation, strict=False)
        data["lines"] = [
            {"line_id": line.line_id, "discount_fen": share_fen} for line, share_fen in shares
        ]
    return data | _funding(result, sign=1) | _order_no(facts)


def _funding(result: VoucherResult, *, sign: int) -> Data:
    if not result.funding:
        return {}
    shares = [
        {"funder_id": funder_id, "amount_fen": sign * share_fen}
        for funder_id, share_fen in result.funding
    ]
    return {"funding": shares}


def _validity(result: VoucherResult) -> Data:
    moments = {"valid_from": result.valid_from, "valid_until": result.valid_until}
    return {name: moment for name, moment in moments.items() if moment is not None}
