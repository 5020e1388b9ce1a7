"""``--remote URL``: the same commands, done by a Kaquan elsewhere through its HTTP API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from kaquan.engine.facts import OrderLine
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt

if TYPE_CHECKING:
    from kaquan.engine.commands import LineReturn
    from kaquan_client import Client, Order, Refused, VoucherAnswer, VoucherUse

T = TypeVar("T")

API_KEY = "KAQUAN_API_KEY"
SIGNING_SECRET = "KAQUAN_SIGNING_SECRET"  # noqa: S105  # a name, not a secret

Remote = Annotated[
    str | None,
    typer.Option(
        "--remote",
        metavar="URL",
        help=f"由该地址的服务执行，密钥取自环境变量 {API_KEY} · "
        f"let the server there do it, with the API key in {API_KEY}",
    ),
]

_AWAY = frozenset({"busy", "unavailable", "rate_limited"})
_NOT_LET_IN = frozenset({"unauthenticated", "permission_denied"})


@contextmanager
def remote_client(url: str, actor: Actor | None) -> Iterator[Client]:
    """A client of the server at ``url``; what goes wrong becomes a `KaquanError`."""
    from kaquan_client import Client, Refused, Unknown, Unreachable

    if actor is not None:
        raise typer.BadParameter("--as 不能与 --remote 同用 · --remote acts as the key's owner")
    api_key = os.environ.get(API_KEY, "").strip()
    if not api_key:
        raise KaquanError(
            "api_key_missing",
            zh=f"--remote 需要密钥；请放在环境变量 {API_KEY} 中，不要写在命令行上。",
            en=f"--remote needs an API key; put it in {API_KEY}, never on the command line.",
            exit_code=ExitCode.USAGE,
        )
    secret = os.environ.get(SIGNING_SECRET, "").strip() or None
    try:
        client = Client(url, api_key, signing_secret=secret)
    except ValueError as error:
        raise typer.BadParameter(f"--remote：{error}") from None
    try:
        with client:
            yield client
    except Refused as refused:
        _raise_refused(refused)
    except Unknown as unknown:
        raise KaquanError(
            "outcome_unknown",
            zh=f"没有收到答复，不知是否已生效。请加 --request-key {unknown.key} "
            "重试同一命令：不会重复生效。",
            en="No answer came, so nobody knows whether it happened. Run the same command with "
            f"--request-key {unknown.key}: it takes effect once.",
            exit_code=ExitCode.UNAVAILABLE,
        ) from None
    except Unreachable as unreachable:
        raise KaquanError(
            "server_unreachable",
            zh=f"连不上服务（{unreachable.reason}），什么也没有改变。",
            en=f"The server cannot be reached ({unreachable.reason}); nothing was changed.",
            exit_code=ExitCode.UNAVAILABLE,
        ) from None


def answered(ask: Callable[[], T], told: Callable[[T], Outcome]) -> Outcome:
    """What the server answered, as the ledger here would have; `Refused` for any other reason."""
    from kaquan_client import Refused

    try:
        return told(ask())
    except Refused as refused:
        return ledgers_refusal(refused)


def ledgers_refusal(refused: Refused) -> Outcome:
    """A refusal of the ledger, as it is told here; any other is raised."""
    name = refused.code.upper()
    if refused.code in _NOT_LET_IN or name not in OutcomeCode.__members__:
        raise refused
    return Outcome(OutcomeCode[name], refused.data)


def remote_key(text: str | None) -> str | None:
    """A request key as it may travel in a header."""
    from kaquan_client.requests import checked_key

    try:
        return None if text is None else checked_key(text)
    except ValueError as error:
        raise typer.BadParameter(f"--request-key：{error}") from None


def outcome_of(
    vouchers: Sequence[VoucherAnswer], receipt: ReceiptKind | None = None, number: str = ""
) -> Outcome:
    """A success, as the ledger here would have told it."""
    place = None if receipt is None else parse_receipt(receipt, number)
    return Outcome(OutcomeCode.DONE, place=place, vouchers=tuple(map(_result, vouchers)))


def voucher_uses(codes: Sequence[str], pay_fen: int | None, uses: int) -> list[VoucherUse]:
    """Codes, each used alike."""
    from kaquan_client import VoucherUse

    return [VoucherUse(code, pay_fen, uses) for code in codes]


def redeem_there(
    client: Client,
    vouchers: Sequence[VoucherUse],
    *,
    dry_run: bool,
    key: str | None,
    store: str,
    order: Order | None,
    customer: str,
    channel: str,
) -> Outcome:
    """Use vouchers on an order, or ask what that would do."""
    if dry_run:
        tried = client.validate(
            vouchers, store=store, order=order, customer=customer, channel=channel
        )
        refusal = None if tried.refusal is None else tried.refusal.refused()
        if refusal is not None:
            return ledgers_refusal(refusal)
        return outcome_of(tried.vouchers)
    ask = partial(
        client.redeem,
        vouchers,
        store=store,
        order=order,
        customer=customer,
        channel=channel,
        key=key,
    )
    return answered(
        ask, lambda done: outcome_of(done.vouchers, ReceiptKind.REDEMPTION, done.redemption)
    )


def reverse_there(
    client: Client,
    redemption: str,
    *,
    amount_fen: int | None,
    lines: Sequence[LineReturn],
    reason: str,
    key: str | None,
) -> Outcome:
    """Undo a redemption: whole, an amount, or order lines."""
    from kaquan_client import LineReturn as Line

    ask = partial(
        client.reverse,
        redemption,
        amount_fen=amount_fen,
        lines=[Line(line.line_id, line.quantity) for line in lines],
        reason=reason,
        key=key,
    )
    return answered(
        ask, lambda done: outcome_of(done.vouchers, ReceiptKind.REVERSAL, done.reversal)
    )


def order_of(order_no: str, lines: Sequence[OrderLine], amount_fen: int | None) -> Order | None:
    """The order as the API wants it."""
    from kaquan_client import Order
    from kaquan_client import OrderLine as Line

    if not order_no and not lines and amount_fen is None:
        return None
    named = [
        Line(
            line_id=line.line_id,
            sku=line.sku,
            quantity=line.quantity,
            amount_fen=line.amount_fen,
        )
        for line in lines
    ]
    return Order(order_no, tuple(named), amount_fen)


def _result(answer: VoucherAnswer) -> VoucherResult:
    return VoucherResult(
        serial=answer.serial,
        batch_id=answer.batch_id,
        version=0,
        state=State[answer.state.upper()],
        discount_fen=answer.discount_fen,
        allocation=answer.allocation,
        balance_used_fen=answer.balance_used_fen,
        uses_used=answer.uses_used,
        balance_fen=answer.balance_fen,
        uses_left=answer.uses_left,
        valid_from=answer.valid_from,
        valid_until=answer.valid_until,
    )


def _raise_refused(refused: Refused) -> NoReturn:
    """Whatever was not asked of the ledger: the key, the address, a store that is unknown."""
    exit_code = ExitCode.FAILED
    if refused.code in _NOT_LET_IN:
        exit_code = ExitCode.PERMISSION_DENIED
    elif refused.code in _AWAY:
        exit_code = ExitCode.UNAVAILABLE
    raise KaquanError(
        refused.code,
        zh=refused.text,
        en=f"The server refused: {refused.code}",
        exit_code=exit_code,
    )
