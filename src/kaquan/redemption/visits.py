"""A visit at a till: what the person there knows, and the facts that a command makes of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import structs

from kaquan.customers.errors import customer_unknown
from kaquan.customers.queries import CustomerFacts, customers_facts
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.offers.queries import categories_of
from kaquan.organisations.errors import (
    organisation_unknown,
    store_not_open,
    terminal_blocked,
    terminal_of_other_store,
    terminal_unknown,
    terminal_without_store,
)
from kaquan.organisations.queries import store_ids
from kaquan.organisations.store_facts import (
    StoreFacts,
    TerminalFacts,
    stores_facts,
    terminals_by_code,
)

STORE_CHANNEL = "store"
NAME_MAX = 200

_read_name = cells.code(NAME_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where, for whom and for which order.

    An order is given by its ``lines``, or by ``amount_fen`` alone where nobody knows them. The
    lines' categories are looked up. ``channel`` is how the person came: ``store``, ``app`` …
    Of a registered terminal its ``terminal_code`` is enough: it is of the kind that it was
    registered as, whatever ``terminal_kind`` says.
    """

    store_code: str = ""
    order_no: str = ""
    lines: Sequence[OrderLine] = ()
    amount_fen: int | None = None
    customer_number: str | None = None
    channel: str = STORE_CHANNEL
    terminal_kind: str = ""
    terminal_code: str = ""


def gather(actor: Actor, visit: Visit, at: datetime) -> Facts:
    """The facts of a visit that happens now; raises what `gather_many` raises, and what
    `refusal_of` says."""
    (found,) = _gathered(actor, [(visit, at)])
    refusal = refusal_of(found.visit, found.store, found.terminal)
    if refusal is not None:
        raise refusal
    return found.facts


def refusal_of(
    visit: Visit, store: StoreFacts | None, terminal: TerminalFacts | None
) -> KaquanError | None:
    """Why nothing may happen there now: `store_not_open`, `terminal_of_other_store`,
    `terminal_blocked`."""
    if store is not None and not store.is_open:
        return store_not_open(visit.store_code)
    if terminal is None:
        return None
    if store is None or terminal.store_id != store.store_id:
        return terminal_of_other_store(visit.terminal_code, visit.store_code)
    return None if terminal.is_active else terminal_blocked(visit.terminal_code)


def gather_many(actor: Actor, visits: Sequence[tuple[Visit, datetime]]) -> list[Facts]:
    """The facts of visits, in a handful of queries for all of them; they may be long past, and
    then it does not matter whether the store is open today.

    Raises `organisation_unknown` and `terminal_unknown` for a store or terminal that the actor has
    nothing to do with, `customer_unknown`, and `value_invalid` for text that is none.
    """
    return [found.facts for found in _gathered(actor, visits)]


@dataclass(frozen=True, slots=True)
class _Gathered:
    visit: Visit
    facts: Facts
    store: StoreFacts | None
    terminal: TerminalFacts | None


def _gathered(actor: Actor, visits: Sequence[tuple[Visit, datetime]]) -> list[_Gathered]:
    named = [checked(visit) for visit, _ in visits]
    stores = _stores(actor, {visit.store_code for visit in named} - {""})
    terminals = _terminals(actor, {visit.terminal_code for visit in named} - {""})
    customers = _customers({visit.customer_number for visit in named} - {None, ""})
    skus = {line.sku for visit in named for line in visit.lines if not line.categories}
    categories = categories_of(skus - {""}) if skus else {}
    found = []
    for visit, (_, at) in zip(named, visits, strict=True):
        store = stores.get(visit.store_code)
        terminal = terminals.get(visit.terminal_code)
        customer = customers.get(visit.customer_number or "")
        facts = _facts(visit, store, terminal, customer, categories=categories, at=at)
        found.append(_Gathered(visit, facts, store, terminal))
    return found


def checked(visit: Visit) -> Visit:
    """The visit with its names folded as they are stored; raises `value_invalid`, also for a
    terminal without its store."""

    def name(text: str, zh: str, en: str) -> str:
        return cells.accepted(_read_name, text, zh=zh, en=en) if text else ""

    terminal_code = folded_terminal(visit.terminal_code)
    if terminal_code and not visit.store_code:
        raise terminal_without_store()
    return Visit(
        store_code=name(visit.store_code, "门店", "store"),
        order_no=name(visit.order_no, "订单号", "order number"),
        lines=[
            structs.replace(
                line, sku=name(line.sku, "商品", "SKU"), line_id=name(line.line_id, "行号", "line")
            )
            for line in visit.lines
        ],
        amount_fen=visit.amount_fen,
        customer_number=name(visit.customer_number or "", "会员号", "customer number"),
        channel=name(visit.channel, "渠道", "channel"),
        terminal_kind=name(visit.terminal_kind, "终端类型", "kind of terminal"),
        terminal_code=terminal_code,
    )


def folded_terminal(text: str) -> str:
    """A terminal's code as it is stored; raises `value_invalid`."""
    return cells.accepted(_read_name, text, zh="终端", en="terminal") if text else ""


def _stores(actor: Actor, codes: Collection[str]) -> dict[str, StoreFacts]:
    ids = store_ids(actor, codes)
    for code in codes:
        if code not in ids:
            raise organisation_unknown(code)
    facts = stores_facts(ids.values())
    return {code: facts[store_id] for code, store_id in ids.items()}


def _terminals(actor: Actor, codes: Collection[str]) -> dict[str, TerminalFacts]:
    found = terminals_by_code(codes) if codes else {}
    for code in codes:
        if code not in found or not found[code].path.startswith(actor.organisation_path):
            raise terminal_unknown(code)
    return found


def _customers(numbers: Collection[str | None]) -> dict[str, CustomerFacts]:
    wanted = [number for number in numbers if number]
    facts = customers_facts(wanted)
    for number in wanted:
        if number not in facts:
            raise customer_unknown(number)
    return facts


def _facts(
    visit: Visit,
    store: StoreFacts | None,
    terminal: TerminalFacts | None,
    customer: CustomerFacts | None,
    *,
    categories: dict[str, tuple[str, ...]],
    at: datetime,
) -> Facts:
    return Facts(
        store_id=store.store_id if store else 0,
        store_path=store.store_path if store else (),
        channel=visit.channel,
        terminal_kind=terminal.kind if terminal else visit.terminal_kind,
        customer_id=customer.customer_id if customer else 0,
        person_id=customer.person_id if customer else 0,
        tags=customer.tags if customer else frozenset(),
        first_order=is_first_order(customer, at) if customer else None,
        order=_order(visit, categories),
        terminal_id=terminal.terminal_id if terminal else 0,
    )


def is_first_order(customer: CustomerFacts, at: datetime) -> bool:
    """Whether an order at this moment is the customer's first, as far as the tables tell."""
    return customer.first_order_at is None or at <= customer.first_order_at


def _order(visit: Visit, categories: dict[str, tuple[str, ...]]) -> Order | None:
    lines = tuple(
        structs.replace(line, categories=line.categories or categories.get(line.sku, ()))
        for line in visit.lines
    )
    if not lines and visit.amount_fen is not None:
        lines = (OrderLine("1", "", 1, visit.amount_fen),)
    return Order(visit.order_no, lines) if lines or visit.order_no else None
