"""Arguments that mean something: a text becomes a value, or a sentence about what it should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import structs

from kaquan.engine.commands import LineReturn, RequestKey
from kaquan.engine.facts import OrderLine
from kaquan.engine.places import Place
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, ActorKind, system_actor
from kaquan.foundation.imports_cells import BadCellError, Read
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt

CLIENT = 1  # the client of request keys that are given on the command line
SHOWN = 60

_read_sku = cells.code(200)
_read_quantity = cells.whole_number(1, 10**9)
_read_key = cells.code(200)
_read_actor = cells.code(100)


def _refusal(text: str, zh: str, en: str) -> typer.BadParameter:
    return typer.BadParameter(f"“{text[:SHOWN]}”：{zh} · {en}")


def _as_read(read: Read) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return read(text)
        except BadCellError as error:
            raise _refusal(text, error.reason.zh, error.reason.en) from None

    return parse


yuan = _as_read(cells.amount)
quantity = _as_read(_read_quantity)
positive_id = _as_read(cells.whole_number(1, 2**31 - 1))
serial = _as_read(cells.whole_number(0, 2**38 - 1))
request_key_text = _as_read(_read_key)


def order_line(text: str) -> OrderLine:
    """``SKU:QUANTITY:YUAN``, the amount being that of the whole line; the SKU may hold colons."""
    parts = text.rsplit(":", 2)
    try:
        if len(parts) == 3:
            sku, units, total = (
                _read_sku(parts[0]),
                _read_quantity(parts[1]),
                cells.amount(parts[2]),
            )
            return OrderLine("", str(sku), int(str(units)), total)
    except BadCellError as error:
        raise _refusal(text, error.reason.zh, error.reason.en) from None
    raise _refusal(text, "应为 商品:数量:金额", "expected SKU:QUANTITY:YUAN")


def numbered(lines: Sequence[OrderLine] | None) -> tuple[OrderLine, ...]:
    """The lines of an order, named 1, 2, 3 … in their order."""
    return tuple(
        structs.replace(line, line_id=str(number)) for number, line in enumerate(lines or (), 1)
    )


def returned_line(text: str) -> LineReturn:
    """``LINE:QUANTITY``: units of an order line that come back; the line's number counts from 1."""
    line_id, _, units = text.rpartition(":")
    try:
        if line_id:
            return LineReturn(str(_read_sku(line_id)), int(str(_read_quantity(units))))
    except BadCellError as error:
        raise _refusal(text, error.reason.zh, error.reason.en) from None
    raise _refusal(text, "应为 行号:数量", "expected LINE:QUANTITY")


def redemption_number(text: str) -> Place:
    """The place of a redemption."""
    place = parse_receipt(ReceiptKind.REDEMPTION, text)
    if place is None:
        raise _refusal(text, "不是核销单号，请核对", "is no redemption number; check it")
    return place


def operator(text: str) -> Actor:
    """Whoever is named, such as ``clerk:17``: somebody without any permission of this machine's."""
    kind, _, name = str(_as_read(_read_actor)(text)).partition(":")
    if kind not in set(ActorKind) - {ActorKind.SYSTEM} or not name:
        raise _refusal(text, "应为 clerk:17 这样的写法", "expected something like clerk:17")
    return Actor(ActorKind(kind), f"{kind}:{name}", f"{kind}:{name}", frozenset(), "")


def acting(chosen: Actor | None) -> Actor:
    """Who does it: the one named by ``--as``, else this machine's operator."""
    return chosen or system_actor("cli")


def request_key(text: str | None) -> RequestKey | None:
    """The key under which a request counts once, for ever."""
    return None if text is None else RequestKey(CLIENT, text)


As = Annotated[
    Actor | None,
    typer.Option(
        "--as",
        parser=operator,
        metavar="KIND:ID",
        help="以谁的身份（只有其本人的权限）· act as somebody, with their permissions only",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--request-key",
        parser=request_key_text,
        metavar="TEXT",
        help="请求编号：同一编号只生效一次 · the same key takes effect once, for ever",
    ),
]
Customer = Annotated[
    str | None, typer.Option("--customer", metavar="NUMBER", help="会员号 · the customer's number")
]
Store = Annotated[str, typer.Option("--store", metavar="CODE", help="门店编码 · the store's code")]
Channel = Annotated[str, typer.Option("--channel", help="渠道 · the channel")]
OrderNo = Annotated[
    str, typer.Option("--order", metavar="NUMBER", help="订单号 · the order's number")
]
OrderAmount = Annotated[
    int | None,
    typer.Option(
        "--amount", parser=yuan, metavar="YUAN", help="订单金额（元）· the order's amount in yuan"
    ),
]
OrderLines = Annotated[
    list[OrderLine] | None,
    typer.Option(
        "--line",
        parser=order_line,
        metavar="SKU:QUANTITY:YUAN",
        help="订单行，可重复；代替 --amount · an order line, repeatable, instead of --amount",
    ),
]
FromBalance = Annotated[
    int | None,
    typer.Option(
        "--pay",
        parser=yuan,
        metavar="YUAN",
        help="每张券用多少余额（默认尽量多）· how much of each balance (default: what fits)",
    ),
]
Uses = Annotated[
    int,
    typer.Option("--uses", parser=quantity, metavar="N", help="次卡用几次 · uses of a count card"),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只试算，不入账 · only tell what would happen")
]
Batch = Annotated[
    int, typer.Argument(parser=positive_id, metavar="BATCH", help="批次号 · the batch's number")
]
Commit = Annotated[
    bool, typer.Option("--commit", help="真正写入；不加则只试算 · write; without it a dry run")
]
ErrorsFile = Annotated[
    Path | None,
    typer.Option("--errors", metavar="FILE", help="把有误的行写入此文件 · where broken rows go"),
]
