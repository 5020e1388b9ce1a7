"""What a voucher gives on an order: how much, and on which lines.

Money kinds (amount, percent, cash, card) take from all lines in scope together, in proportion to
what is left to pay on them. Unit kinds (exchange, count card, free unit) cover single units. A
unit's price is its share of the line before any voucher, and never more than the line has left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from kaquan.engine.facts import OrderLine
from kaquan.engine.money import allocate, percent_of
from kaquan.engine.outcomes import OutcomeCode, Refusal
from kaquan.engine.rules.terms import (
    AmountOff,
    CashVoucher,
    CountCard,
    Exchange,
    FreeUnit,
    PercentOff,
    PrepaidCard,
    Terms,
)


class Benefit(Struct, frozen=True, gc=False):
    """What one voucher does to one order.

    ``allocation`` is ``discount_fen`` over the order's lines, in their order; without lines it
    is empty. ``value_fen`` is what this use costs those who fund it. ``uses_used`` leaves the
    voucher's uses (1 for a single-use voucher, 0 for a balance), ``balance_used_fen`` its balance.
    ``units`` counts the units per line that the voucher used up; empty for money kinds.
    """

    discount_fen: int
    allocation: tuple[int, ...]
    balance_used_fen: int
    uses_used: int
    value_fen: int
    units: tuple[int, ...] = ()


class Ask(Struct, frozen=True, gc=False):
    """How much of a voucher is asked for, and how much is on it."""

    amount_fen: int | None = None
    uses: int = 1
    balance_fen: int = 0
    uses_left: int = 1


class Till(Struct, frozen=True, gc=False):
    """An order as one voucher sees it: lines, which of them count, what earlier vouchers left.

    ``payable`` and ``taken`` (units used up already) have one entry for each line.
    """

    lines: tuple[OrderLine, ...]
    eligible: Sequence[int]
    payable: Sequence[int]
    taken: Sequence[int]


OnOrder = Callable[[Till, Ask], Benefit | Refusal]
WithoutOrder = Callable[[Ask], Benefit | Refusal]

NO_BENEFIT = Refusal(OutcomeCode.NO_BENEFIT)
ORDER_REQUIRED = Refusal(OutcomeCode.ORDER_REQUIRED)
WHOLE_ONLY = Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"uses_possible": 1})


def compile_benefit(terms: Terms) -> tuple[OnOrder, WithoutOrder]:
    """Two closures: the benefit on an order with lines, and where nobody knows the order."""
    match terms.benefit:
        case AmountOff(amount_fen=amount) | CashVoucher(face_fen=amount, allow_partial=False):
            return _whole_amount(amount)
        case CashVoucher():
            return _from_balance(whole_without_order=True)
        case PrepaidCard():
            return _from_balance(whole_without_order=False)
        case PercentOff() as percent:
            return _percent(percent)
        case CountCard() as card:
            return _count_card(card)
        case Exchange() as exchange:
            return _exchange(exchange)
        case FreeUnit() as free:
            return _free_unit(free)


# Money kinds --------------------------------------------------------------------------------------


def _left_to_pay(till: Till) -> int:
    payable = till.payable
    if len(till.eligible) == len(payable):
        return sum(payable)
    return sum([payable[index] for index in till.eligible])


def _spread(discount_fen: int, base_fen: int, till: Till) -> tuple[int, ...]:
    """``discount_fen`` over the lines that count. No line gets more than its payable, since the sum
    is not above all of them and a share is rounded up only if its exact quota is broken."""
    assert 0 < discount_fen <= base_fen, (discount_fen, base_fen)
    eligible, payable = till.eligible, till.payable
    if len(payable) == 1:
        return (discount_fen,)
    if len(eligible) == len(payable):
        if discount_fen == base_fen:
            return tuple(payable)
        return tuple(allocate(discount_fen, payable))
    shares = allocate(discount_fen, [payable[index] for index in eligible])
    allocation = [0] * len(payable)
    for index, share in zip(eligible, shares, strict=True):
        allocation[index] = share
    return tuple(allocation)


def _whole_amount(amount_fen: int) -> tuple[OnOrder, WithoutOrder]:
    unseen = Benefit(amount_fen, (), 0, 1, amount_fen)

    def on_order(till: Till, ask: Ask) -> Benefit | Refusal:
        if ask.amount_fen is not None or ask.uses != 1:
            return WHOLE_ONLY
        base = _left_to_pay(till)
        if base == 0:
            return NO_BENEFIT
        discount = amount_fen if amount_fen < base else base
        return Benefit(discount, _spread(discount, base, till), 0, 1, discount)

    def without_order(ask: Ask) -> Benefit | Refusal:
        return unseen if ask.amount_fen is None and ask.uses == 1 else WHOLE_ONLY

    return on_order, without_order


def _percent(percent: PercentOff) -> tuple[OnOrder, WithoutOrder]:
    points, cap, rounding = percent.basis_points_off, percent.cap_fen, percent.rounding

    def on_order(till: Till, ask: Ask) -> Benefit | Refusal:
        if ask.amount_fen is not None or ask.uses != 1:
            return WHOLE_ONLY
        base = _left_to_pay(till)
        discount = percent_of(base, points, rounding)
        if cap is not None and discount > cap:
            discount = cap
        if discount == 0:
            return NO_BENEFIT
        return Benefit(discount, _spread(discount, base, till), 0, 1, discount)

    return on_order, lambda _ask: ORDER_REQUIRED


def _from_balance(*, whole_without_order: bool) -> tuple[OnOrder, WithoutOrder]:
    """A cash voucher's rest may be taken unseen; a card is not drained for want of an amount."""

    def on_order(till: Till, ask: Ask) -> Benefit | Refusal:
        base = _left_to_pay(till)
        if base == 0:
            return NO_BENEFIT
        if ask.amount_fen is not None and ask.amount_fen > base:
            return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"payable_fen": base})
        wanted = min(base, ask.balance_fen) if ask.amount_fen is None else ask.amount_fen
        taken = _take(wanted, ask)
        if isinstance(taken, Refusal):
            return taken
        return Benefit(taken, _spread(taken, base, till), taken, 0, taken)

    def without_order(ask: Ask) -> Benefit | Refusal:
        if ask.amount_fen is None and not whole_without_order:
            return ORDER_REQUIRED
        taken = _take(ask.balance_fen if ask.amount_fen is None else ask.amount_fen, ask)
        return taken if isinstance(taken, Refusal) else Benefit(taken, (), taken, 0, taken)

    return on_order, without_order


def _take(wanted_fen: int, ask: Ask) -> int | Refusal:
    if ask.uses != 1:
        return WHOLE_ONLY
    if ask.amount_fen is not None and ask.amount_fen <= 0:
        return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"amount_fen": ask.amount_fen})
    if wanted_fen > ask.balance_fen or ask.balance_fen <= 0:
        shortfall = max(wanted_fen - ask.balance_fen, 0)
        data = {"balance_fen": ask.balance_fen, "shortfall_fen": shortfall}
        return Refusal(OutcomeCode.BALANCE_INSUFFICIENT, {**data})
    return wanted_fen


# Unit kinds ---------------------------------------------------------------------------------------


class _Units(Struct, frozen=True, order=True):
    """``count`` units of one price on one line. They sort by price, then by line."""

    price_fen: int
    line: int
    count: int


def _units(till: Till) -> list[_Units]:
    """The units that no voucher has used up, cheapest first.

    A line that does not divide evenly has units of two prices, a fen apart; the dearer count as
    used up first.
    """
    units = []
    for index in till.eligible:
        line, left = till.lines[index], till.payable[index]
        free = line.quantity - till.taken[index]
        if free <= 0 or left <= 0:
            continue
        price, dearer = divmod(line.payable_fen, line.quantity)
        dearer = max(dearer - till.taken[index], 0)
        if dearer:
            units.append(_Units(min(price + 1, left), index, dearer))
        if free > dearer:
            units.append(_Units(min(price, left), index, free - dearer))
    units.sort()
    return units


def _pick(units: Sequence[_Units], quantity: int) -> list[_Units]:
    picked = []
    for group in units:
        if quantity == 0:
            break
        count = min(group.count, quantity)
        picked.append(_Units(group.price_fen, group.line, count))
        quantity -= count
    return picked


def _count(units: Sequence[_Units]) -> int:
    return sum(group.count for group in units)


def _dearest(units: Sequence[_Units]) -> list[_Units]:
    return sorted(units, key=lambda group: (-group.price_fen, group.line))


class _Cover(Struct, frozen=True):
    """What units cost a voucher, line by line, and which units it uses up."""

    allocation: tuple[int, ...]
    units: tuple[int, ...]
    discount_fen: int


def _cover(
    till: Till, free: Sequence[_Units], used_up: Sequence[_Units], each: Callable[[int], int]
) -> _Cover:
    """Take ``each(price)`` off every free unit; never more than a line has left to pay."""
    allocation, units = [0] * len(till.lines), [0] * len(till.lines)
    for group in free:
        off = each(group.price_fen) * group.count
        allocation[group.line] = min(allocation[group.line] + off, till.payable[group.line])
    for group in used_up:
        units[group.line] += group.count
    return _Cover(tuple(allocation), tuple(units), sum(allocation))


def _capped(cover: _Cover, cap_fen: int | None) -> Benefit | Refusal:
    if cover.discount_fen == 0:
        return NO_BENEFIT
    discount, allocation = cover.discount_fen, cover.allocation
    if cap_fen is not None and discount > cap_fen:
        discount, allocation = cap_fen, tuple(allocate(cap_fen, allocation))
    return Benefit(discount, allocation, 0, 1, discount, cover.units)


def _settled_at(value_fen: int | None) -> WithoutOrder:
    """Goods handed over with no order in sight settle at the cap: nobody knows their price."""
    if value_fen is None:
        return lambda _ask: ORDER_REQUIRED
    unseen = Benefit(value_fen, (), 0, 1, value_fen)
    return lambda ask: unseen if ask.amount_fen is None and ask.uses == 1 else WHOLE_ONLY


def _no_units_left(missing: int) -> Refusal:
    return Refusal(OutcomeCode.PRODUCTS_NOT_ELIGIBLE, {"units_missing": missing})


def _exchange(exchange: Exchange) -> tuple[OnOrder, WithoutOrder]:
    def on_order(till: Till, ask: Ask) -> Benefit | Refusal:
        if ask.amount_fen is not None or ask.uses != 1:
            return WHOLE_ONLY
        picked = _pick(_dearest(_units(till)), exchange.quantity)
        if not picked:
            return _no_units_left(1)
        cover = _cover(till, picked, picked, lambda price: max(price - exchange.pay_fen, 0))
        return _capped(cover, exchange.value_cap_fen)

    return on_order, _settled_at(exchange.value_cap_fen)


def _free_unit(free: FreeUnit) -> tuple[OnOrder, WithoutOrder]:
    def on_order(till: Till, ask: Ask) -> Benefit | Refusal:
        if ask.amount_fen is not None or ask.uses != 1:
            return WHOLE_ONLY
        wanted = free.quantity_buy + free.quantity_free
        bought = _pick(_units(till), wanted)
        if _count(bought) < wanted:
            return _no_units_left(wanted - _count(bought))
        cover = _cover(till, _pick(bought, free.quantity_free), bought, lambda price: price)
        return _capped(cover, free.value_cap_fen)

    return on_order, _settled_at(free.value_cap_fen)


def _count_card(card: CountCard) -> tuple[OnOrder, WithoutOrder]:
    value, most = card.value_per_use_fen, card.covers_up_to_fen or card.value_per_use_fen

    def asked_wrongly(ask: Ask) -> Refusal | None:
        if ask.amount_fen is not None or ask.uses < 1:
            return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"uses_possible": ask.uses_left})
        if ask.uses > ask.uses_left:
            data = {"uses_left": ask.uses_left, "shortfall_uses": ask.uses - ask.uses_left}
            return Refusal(OutcomeCode.USES_INSUFFICIENT, {**data})
        return None

    def on_order(till: Till, ask: Ask) -> Benefit | Refusal:
        units = _dearest(_units(till))
        if not units:
            return _no_units_left(1)
        if (possible := _count(units)) < ask.uses:
            return Refusal(OutcomeCode.AMOUNT_NOT_ALLOWED, {"uses_possible": possible})
        if (refusal := asked_wrongly(ask)) is not None:
            return refusal
        picked = _pick(units, ask.uses)
        cover = _cover(till, picked, picked, lambda price: min(price, most))
        if cover.discount_fen == 0:
            return NO_BENEFIT
        total = value * ask.uses
        return Benefit(cover.discount_fen, cover.allocation, 0, ask.uses, total, cover.units)

    def without_order(ask: Ask) -> Benefit | Refusal:
        total = value * ask.uses
        return asked_wrongly(ask) or Benefit(total, (), 0, ask.uses, total)

    return on_order, without_order
