"""What people do to one voucher by hand, as data: so that it can be tried, bounded, approved, done.

A deed keeps whom it meant when it was asked for: a transfer names the customer who held the voucher
then, so an approval that comes later cannot take it from somebody else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from kaquan.engine.commands import (
    Adjust,
    AnyCommand,
    Extend,
    Freeze,
    LineReturn,
    RequestKey,
    Reverse,
    Transfer,
    Unfreeze,
    Void,
)
from kaquan.engine.decide.kinds import Kind
from kaquan.engine.places import Place
from kaquan.engine.rules.terms import CountCard
from kaquan.ledger.voucher_pages import VoucherRow

Operation = Literal["freeze", "unfreeze", "void", "extend", "transfer", "adjust", "reverse"]
PROTECTIVE = ("freeze", "unfreeze")
"""They move no value and can be undone: nobody is held back from them."""


class Deed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One operation on one voucher. ``serial`` None: a reversal of all that a use used."""

    operation: Operation
    serial: int | None = None
    reason: str = ""
    valid_until: datetime | None = None
    from_customer_id: int = 0
    to_customer_id: int = 0
    balance_fen: int = 0
    uses: int = 0
    redemption: Place | None = None
    amount_fen: int | None = None
    lines: tuple[LineReturn, ...] = ()


def command_of(deed: Deed, at: datetime, key: RequestKey | None) -> AnyCommand:
    """What is asked of the ledger."""
    if deed.operation == "reverse":
        assert deed.redemption is not None, deed
        return Reverse(
            at=at,
            key=key,
            redemption=deed.redemption,
            serial=deed.serial,
            amount_fen=deed.amount_fen,
            lines=deed.lines,
            reason=deed.reason,
        )
    assert deed.serial is not None, deed
    about: dict[str, Any] = {"at": at, "key": key, "serial": deed.serial, "reason": deed.reason}
    match deed.operation:
        case "freeze":
            return Freeze(**about)
        case "unfreeze":
            return Unfreeze(**about)
        case "void":
            return Void(**about)
        case "extend":
            assert deed.valid_until is not None, deed
            return Extend(**about, valid_until=deed.valid_until)
        case "transfer":
            return Transfer(
                **about,
                from_customer_id=deed.from_customer_id,
                to_customer_id=deed.to_customer_id,
            )
        case "adjust":
            return Adjust(**about, balance_fen=deed.balance_fen, uses=deed.uses)


def stake_fen(deed: Deed, kind: Kind | None, voucher: VoucherRow | None) -> int:
    """How much money a deed is about: what it adds or takes, or all that the voucher may still be
    worth; ``voucher`` None: nothing has happened to it. Of a reversal the answer tells; an uncapped
    share of an order has no worth of its own."""
    if kind is None or deed.operation in PROTECTIVE or deed.operation == "reverse":
        return 0
    benefit = kind.terms.benefit
    per_use_fen = benefit.value_per_use_fen if isinstance(benefit, CountCard) else 0
    if deed.operation == "adjust":
        return abs(deed.balance_fen) + abs(deed.uses) * per_use_fen
    if kind.has_balance:
        return kind.opening_balance_fen if voucher is None else voucher.balance_fen
    if kind.is_count:
        return (kind.opening_uses if voucher is None else voucher.uses_left) * per_use_fen
    return kind.terms.maximum_cost_fen() or 0


def as_content(deed: Deed) -> dict[str, Any]:
    """A deed as JSON holds it."""
    content: dict[str, Any] = msgspec.to_builtins(deed)
    return content


def from_content(content: Any) -> Deed:
    """The deed again."""
    return msgspec.convert(content, Deed)
