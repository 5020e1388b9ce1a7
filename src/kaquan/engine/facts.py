"""What a command knows about the shop, the order and the person.

Facts come in with the command; the engine never looks anything up. Amounts are integer fen.
"""

from __future__ import annotations

from msgspec import Struct


class OrderLine(Struct, frozen=True, gc=False, array_like=True):
    """One line of an order.

    ``amount_fen`` is the line's total for ``quantity`` units at list price; ``discount_fen`` is
    what other promotions already took off it. ``categories`` holds the line's own category and all
    above it.
    """

    line_id: str
    sku: str
    quantity: int
    amount_fen: int
    discount_fen: int = 0
    categories: tuple[str, ...] = ()

    @property
    def payable_fen(self) -> int:
        """What is left to pay on this line before any voucher, in fen."""
        return self.amount_fen - self.discount_fen


class Order(Struct, frozen=True, gc=False, array_like=True):
    """An order as the till knows it; ``order_no`` is the merchant's own number."""

    order_no: str
    lines: tuple[OrderLine, ...] = ()


class Facts(Struct, frozen=True, gc=False, array_like=True):
    """Where, through what and for whom a command happens.

    ``store_path`` lists the organisation ids from the root down to the store itself.
    ``person_id`` identifies the natural person behind one or several customers.
    ``first_order`` is None where nobody looked it up: a rule that needs it then refuses.
    ``terminal_id`` is that of the registered terminal, where the caller named one.
    """

    store_id: int = 0
    store_path: tuple[int, ...] = ()
    channel: str = ""
    terminal_kind: str = ""
    customer_id: int = 0
    person_id: int = 0
    tags: frozenset[str] = frozenset()
    first_order: bool | None = None
    order: Order | None = None
    terminal_id: int = 0
