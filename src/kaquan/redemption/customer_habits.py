"""How often a customer comes, where and when, what they buy and which vouchers they use: counted
from their latest orders and their vouchers, for those who look after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from kaquan.engine.lifecycle import State
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import vouchers_of
from kaquan.offers.queries import product_names
from kaquan.redemption import models
from kaquan.redemption.customer_life import LIST_MAX, OrderLine, orders_of

LATELY = timedelta(days=90)
NAMED_MAX = 3

Counted = Sequence[tuple[int, int]]
"""What, and how often; the most frequent first."""


class Habits(NamedTuple):
    """``days_between``: whole days between two days with an order, on average; None where there is
    one such day at most. ``hour`` and ``weekday`` (0: Monday) are of the issuer's clock."""

    orders: int
    days_lately: int
    days_between: int | None
    average_fen: int | None
    stores: Counted
    goods: Sequence[tuple[str, int]]
    weekday: Counted
    hour: Counted
    vouchers: int
    vouchers_used: int
    batches_used: Counted


def habits_of(actor: Actor, customer_id: int, at: datetime) -> Habits:
    """Of the latest orders and vouchers, `LIST_MAX` of each; raises `customer_unknown`."""
    orders = orders_of(actor, customer_id)
    held = vouchers_of(reading_session(), customer_id, limit=LIST_MAX)
    used = [one for one in held if one.state is State.USED]
    zone = current_configuration().time_zone
    moments = [one.ordered_at.astimezone(zone) for one in orders]
    days = sorted({moment.date() for moment in moments})
    since = (at - LATELY).astimezone(zone).date()
    return Habits(
        orders=len(orders),
        days_lately=sum(day > since for day in days),
        days_between=(days[-1] - days[0]).days // (len(days) - 1) if len(days) > 1 else None,
        average_fen=sum(one.total_fen for one in orders) // len(orders) if orders else None,
        stores=_most(Counter(one.store_id for one in orders)),
        goods=_goods(orders),
        weekday=_most(Counter(moment.weekday() for moment in moments))[:1],
        hour=_most(Counter(moment.hour for moment in moments))[:1],
        vouchers=len(held),
        vouchers_used=len(used),
        batches_used=_most(Counter(one.batch_id for one in used)),
    )


def _goods(orders: Sequence[OrderLine]) -> Sequence[tuple[str, int]]:
    """In pieces; by name where the product is known."""
    numbers = {(one.order_no, one.store_id) for one in orders}
    lines = models.OrderLine.objects.filter(order_no__in={order_no for order_no, _ in numbers})
    pieces: Counter[str] = Counter()
    for order_no, store_id, sku, quantity in lines.values_list(
        "order_no", "store_id", "sku", "quantity"
    ):
        if (order_no, store_id) in numbers and sku:  # stores may number their orders alike
            pieces[sku] += quantity
    most = [(sku, number) for sku, number in pieces.most_common(NAMED_MAX) if number > 0]
    names = product_names([sku for sku, _number in most])
    return [(names.get(sku, sku), number) for sku, number in most]


def _most(counted: Counter[int]) -> Counted:
    return counted.most_common(NAMED_MAX)
