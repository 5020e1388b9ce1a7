"""``kaquan redeem`` and ``kaquan reverse``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from kaquan.engine.commands import LineReturn
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.foundation import clock
from kaquan.redemption.receipt_numbers import ReceiptKind, format_receipt, parse_receipt
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.outcomes import finish
from kaquan.surfaces.cli.output import Json
from kaquan.surfaces.cli.remote import (
    Remote,
    order_of,
    redeem_there,
    remote_client,
    remote_key,
    reverse_there,
    voucher_uses,
)

ReversedAmount = Annotated[
    int | None,
    typer.Option(
        "--amount",
        parser=values.yuan,
        metavar="YUAN",
        help="只撤销这么多（元）· only so much, in yuan",
    ),
]
ReturnedLines = Annotated[
    list[LineReturn] | None,
    typer.Option(
        "--line",
        parser=values.returned_line,
        metavar="LINE:QUANTITY",
        help="退回的订单行与数量，可重复 · units of an order line that come back, repeatable",
    ),
]


def redeem(
    codes: Annotated[
        list[str], typer.Argument(metavar="CODE...", help="一张或多张券码 · one code or several")
    ],
    *,
    store: values.Store,
    order: values.OrderNo = "",
    amount: values.OrderAmount = None,
    lines: values.OrderLines = None,
    customer: values.Customer = None,
    channel: values.Channel = "store",
    pay: values.FromBalance = None,
    uses: values.Uses = 1,
    request_key: values.Key = None,
    dry_run: values.DryRun = False,
    as_: values.As = None,
    remote: Remote = None,
    json: Json = False,
) -> int:
    """核销：在一笔订单上用券，全部成功或全部不动 · Use vouchers on one order, all or none."""
    if lines and amount is not None:
        raise typer.BadParameter("--line 与 --amount 只能用一种 · either --line or --amount")
    if remote is not None:
        with remote_client(remote, as_) as client:
            outcome = redeem_there(
                client,
                voucher_uses(codes, pay, uses),
                dry_run=dry_run,
                key=remote_key(request_key),
                store=store,
                order=order_of(order, values.numbered(lines), amount),
                customer=customer or "",
                channel=channel,
            )
        return _finish(outcome, dry_run=dry_run, json=json)
    actor, key = values.acting(as_), values.request_key(request_key)
    with open_installation():
        from kaquan.redemption.actions import CodeUse, redeem_codes, validate
        from kaquan.redemption.visits import Visit

        visit = Visit(
            store_code=store,
            order_no=order,
            lines=values.numbered(lines),
            amount_fen=amount,
            customer_number=customer,
            channel=channel,
        )
        wanted = [CodeUse(code, pay, uses) for code in codes]
        at = clock.now()
        if dry_run:
            outcome = validate(actor=actor, uses=wanted, visit=visit, at=at)
        else:
            outcome = redeem_codes(actor=actor, uses=wanted, visit=visit, request_key=key, at=at)
        return _finish(outcome, dry_run=dry_run, json=json)


def _finish(outcome: Outcome, *, dry_run: bool, json: bool) -> int:
    if dry_run:
        return finish(outcome, zh="可以核销", en="can be redeemed", receipt=None, json=json)
    receipt = ReceiptKind.REDEMPTION
    return finish(outcome, zh="已核销", en="redeemed", receipt=receipt, json=json)


def reverse(
    what: Annotated[
        str,
        typer.Argument(
            metavar="REDEMPTION|CODE",
            help="核销单号；或券码加 --order · a redemption's number, or a code with --order",
        ),
    ],
    *,
    order: values.OrderNo = "",
    amount: ReversedAmount = None,
    lines: ReturnedLines = None,
    reason: Annotated[str, typer.Option("--reason", help="原因 · the reason")] = "",
    request_key: values.Key = None,
    as_: values.As = None,
    remote: Remote = None,
    json: Json = False,
) -> int:
    """撤销核销：整笔、部分金额或部分商品 · Undo a redemption: whole, an amount, or order lines."""
    if lines and amount is not None:
        raise typer.BadParameter("--line 与 --amount 只能用一种 · either --line or --amount")
    place = _redemption(what, order)
    if remote is not None:
        if place is None:
            raise typer.BadParameter(
                "--remote 只认核销单号（R 开头）· with --remote, name the redemption's number (R…)"
            )
        with remote_client(remote, as_) as client:
            outcome = reverse_there(
                client,
                format_receipt(ReceiptKind.REDEMPTION, place),
                amount_fen=amount,
                lines=lines or (),
                reason=reason,
                key=remote_key(request_key),
            )
        return _finish_reversal(outcome, json=json)
    actor, key = values.acting(as_), values.request_key(request_key)
    with open_installation():
        from kaquan.redemption import actions

        if place is None:
            undo = partial(actions.reverse_code, code=what, order_no=order)
        else:
            undo = partial(actions.reverse, redemption=place)
        outcome = undo(
            actor=actor,
            amount_fen=amount,
            lines=lines or (),
            reason=reason,
            request_key=key,
            at=clock.now(),
        )
        return _finish_reversal(outcome, json=json)


def _finish_reversal(outcome: Outcome, *, json: bool) -> int:
    receipt = ReceiptKind.REVERSAL
    return finish(outcome, zh="已撤销", en="reversed", receipt=receipt, json=json)


def _redemption(text: str, order: str) -> Place | None:
    """The redemption that a number names; None where the text must be a code on an order."""
    if order:
        return None
    place = parse_receipt(ReceiptKind.REDEMPTION, text)
    if place is None:
        raise typer.BadParameter(
            "应为核销单号（R 开头），或券码加 --order · "
            "expected a redemption's number (R…), or a code with --order"
        )
    return place
