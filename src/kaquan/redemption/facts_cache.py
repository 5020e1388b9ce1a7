"""The facts of many visits a second, from memory: what is remembered is at most a second old.

Products are many and seldom change: their categories stay remembered for as long as the number
that every change moves stands still, and it is asked for at least once a second.

A caller who may not wait for the database asks `FactsCache.facts`; where something is missing it
is told what, lets a thread `load` it and asks again. What is used stays loaded: names that are
about to grow old are reported as `growing_old` so that they can be loaded before anyone waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.errors import customer_unknown
from kaquan.customers.queries import CustomerFacts, customers_facts
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.offers.queries import categories_of, product_revision
from kaquan.organisations.errors import (
    organisation_unknown,
    terminal_blocked,
    terminal_not_there,
    terminal_unknown,
    terminal_without_store,
)
from kaquan.organisations.store_facts import (
    FACTS_AGE_S_MAX,
    StoreFacts,
    TerminalFacts,
    stores_by_code,
    terminals_by_code,
)
from kaquan.redemption.visits import (
    NAME_MAX,
    Visit,
    checked,
    folded_terminal,
    is_first_order,
    refusal_of,
)

AGE_S_MAX = FACTS_AGE_S_MAX
REFRESH_AGE_S = 0.6
REMEMBERED_MAX = 50_000
PRODUCTS_REMEMBERED_MAX = 500_000

Value = TypeVar("Value")


@dataclass(slots=True)
class Names:
    """What is to be loaded, by kind."""

    stores: set[str] = field(default_factory=set)
    terminals: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    skus: set[str] = field(default_factory=set)
    batches: set[int] = field(default_factory=set)
    product_revision: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.stores
            or self.terminals
            or self.customers
            or self.skus
            or self.batches
            or self.product_revision
        )

    def __ior__(self, other: Names) -> Names:
        self.stores |= other.stores
        self.terminals |= other.terminals
        self.customers |= other.customers
        self.skus |= other.skus
        self.batches |= other.batches
        self.product_revision |= other.product_revision
        return self


class _Products:
    """Categories by SKU, all of one revision; None: there is no such product."""

    def __init__(self) -> None:
        self.asked_s = float("-inf")
        self.categories: dict[str, tuple[str, ...] | None] = {}
        self._revision = -1

    def load(self, asked_s: float, skus: Collection[str]) -> None:
        """Ask whether anything changed, and read what is wanted."""
        # Asked first: a change after it is noticed the next time, whatever is read meanwhile.
        revision = product_revision()
        if revision != self._revision or len(self.categories) > PRODUCTS_REMEMBERED_MAX:
            self.categories = {}
            self._revision = revision
        if skus:
            found = categories_of(skus)
            self.categories.update((sku, found.get(sku)) for sku in skus)
        self.asked_s = asked_s


class _Remembered(Generic[Value]):
    """Values by name, each with when it was asked for; None: there is no such thing."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[float, Value | None]] = {}

    def get(self, name: Any) -> tuple[float, Value | None]:
        return self._known.get(name, _NEVER)

    def put(self, asked_s: float, names: Collection[Any], found: dict[Any, Value]) -> None:
        if len(self._known) + len(names) > REMEMBERED_MAX:
            self._known = {}
        for name in names:
            self._known[name] = (asked_s, found.get(name))


_NEVER = (float("-inf"), None)
_UNREAD: Final[tuple[str, ...]] = ("",)


class FactsCache:
    """Stores, terminals, customers, products' categories and batches' organisations of one process.

    Made for one thread that asks and others that load: an entry is replaced whole.
    """

    def __init__(self, monotonic_s: Callable[[], float] = clock.monotonic_s) -> None:
        self._monotonic_s = monotonic_s
        self._stores: _Remembered[StoreFacts] = _Remembered()
        self._terminals: _Remembered[TerminalFacts] = _Remembered()
        self._customers: _Remembered[CustomerFacts] = _Remembered()
        self._products = _Products()
        self._batch_paths: _Remembered[str] = _Remembered()
        self.growing_old = Names()

    def facts(
        self, actor: Actor, visit: Visit, at: datetime
    ) -> tuple[Facts, StoreFacts | None, KaquanError | None]:
        """The facts of a visit, its store, and why nothing may happen there now (`refusal_of`).

        Raises `NotLoadedError` where something is to be loaded first, and otherwise what
        `visits.gather_many` raises.
        """
        if not _is_plain(visit):
            visit = checked(visit)
        elif visit.terminal_code and not visit.store_code:
            raise terminal_without_store()
        now_s = self._monotonic_s()
        missing = Names()
        store, terminal, customer = None, None, None
        if visit.store_code:
            store = self._store(visit.store_code, now_s, missing)
        if visit.terminal_code:
            terminal = self._terminal(visit.terminal_code, now_s, missing)
        if visit.customer_number:
            customer = self._customer(visit.customer_number, now_s, missing)
        lines = self._lines(visit.lines, now_s, missing)
        if missing:
            raise NotLoadedError(missing)
        if visit.store_code and (
            store is None or not store.path.startswith(actor.organisation_path)
        ):
            raise organisation_unknown(visit.store_code)
        if visit.terminal_code and (
            terminal is None or not terminal.path.startswith(actor.organisation_path)
        ):
            raise terminal_unknown(visit.terminal_code)
        if visit.customer_number and customer is None:
            raise customer_unknown(visit.customer_number)
        facts = _facts(visit, store, terminal, customer, lines=lines, at=at)
        return facts, store, refusal_of(visit, store, terminal)

    def terminal_at(
        self, actor: Actor, code: str, store_path: Sequence[int]
    ) -> tuple[int, KaquanError | None]:
        """A terminal that settles or undoes what happened in a store (none: in no store), and why
        it may not: `terminal_of_other_store`, `terminal_blocked`.

        Raises `NotLoadedError`, `terminal_unknown`, `value_invalid`.
        """
        code = folded_terminal(code)
        missing = Names()
        terminal = self._terminal(code, self._monotonic_s(), missing)
        if missing:
            raise NotLoadedError(missing)
        if terminal is None or not terminal.path.startswith(actor.organisation_path):
            raise terminal_unknown(code)
        if store_path and terminal.store_id != store_path[-1]:
            return terminal.terminal_id, terminal_not_there(code)
        return terminal.terminal_id, None if terminal.is_active else terminal_blocked(code)

    def customer_id(self, number: str) -> int:
        """A customer's id; raises `NotLoadedError` and `customer_unknown`."""
        missing = Names()
        customer = self._customer(number, self._monotonic_s(), missing)
        if missing:
            raise NotLoadedError(missing)
        if customer is None:
            raise customer_unknown(number)
        return customer.customer_id

    def may_issue_from(self, actor: Actor, batch_id: int) -> bool:
        """Whether a batch is of a campaign in the actor's part of the tree; raises
        `NotLoadedError`."""
        if not actor.organisation_path:
            return True
        asked_s, path = self._batch_paths.get(batch_id)
        now_s = self._monotonic_s()
        if now_s - asked_s >= AGE_S_MAX:
            raise NotLoadedError(Names(batches={batch_id}))
        if now_s - asked_s >= REFRESH_AGE_S:
            self.growing_old.batches.add(batch_id)
        return path is not None and path.startswith(actor.organisation_path)

    def load(self, names: Names) -> None:
        """Read names anew, in a query or two for each kind; for a thread that may wait."""
        if names.stores:
            asked_s = self._monotonic_s()
            self._stores.put(asked_s, names.stores, stores_by_code(names.stores))
        if names.terminals:
            asked_s = self._monotonic_s()
            self._terminals.put(asked_s, names.terminals, terminals_by_code(names.terminals))
        if names.customers:
            asked_s = self._monotonic_s()
            self._customers.put(asked_s, names.customers, customers_facts(names.customers))
        if names.skus or names.product_revision:
            self._products.load(self._monotonic_s(), names.skus)
        if names.batches:
            asked_s = self._monotonic_s()
            self._batch_paths.put(asked_s, names.batches, _batch_paths(names.batches))

    def _store(self, code: str, now_s: float, missing: Names) -> StoreFacts | None:
        asked_s, store = self._stores.get(code)
        if now_s - asked_s >= REFRESH_AGE_S:
            (missing if now_s - asked_s >= AGE_S_MAX else self.growing_old).stores.add(code)
        return store

    def _terminal(self, code: str, now_s: float, missing: Names) -> TerminalFacts | None:
        asked_s, terminal = self._terminals.get(code)
        if now_s - asked_s >= REFRESH_AGE_S:
            (missing if now_s - asked_s >= AGE_S_MAX else self.growing_old).terminals.add(code)
        return terminal

    def _customer(self, number: str, now_s: float, missing: Names) -> CustomerFacts | None:
        asked_s, customer = self._customers.get(number)
        if now_s - asked_s >= AGE_S_MAX:
            missing.customers.add(number)
        return customer

    def _lines(
        self, lines: Sequence[OrderLine], now_s: float, missing: Names
    ) -> tuple[OrderLine, ...]:
        """The lines with the categories of their products; a line that names some keeps those."""
        age_s = now_s - self._products.asked_s
        known = self._products.categories
        told, looked_up = [], False
        for line in lines:
            if line.categories or not line.sku:
                told.append(line)
                continue
            looked_up = True
            categories = known.get(line.sku, _UNREAD)
            if categories is _UNREAD:
                missing.skus.add(line.sku)
            elif categories:
                line = OrderLine(*_but_categories(line), categories)  # noqa: PLW2901
            told.append(line)
        if looked_up and age_s >= REFRESH_AGE_S:
            (missing if age_s >= AGE_S_MAX else self.growing_old).product_revision = True
        return tuple(told)


class NotLoadedError(Exception):
    """Something is to be loaded first; then ask again."""

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self.names = names


def _but_categories(line: OrderLine) -> tuple[str, str, int, int, int]:
    return line.line_id, line.sku, line.quantity, line.amount_fen, line.discount_fen


def _is_plain(visit: Visit) -> bool:
    """Whether every name is short printable ASCII without blanks, as nearly all are; else `checked`
    folds."""
    names = [visit.store_code, visit.order_no, visit.channel, visit.terminal_kind]
    if visit.customer_number:
        names.append(visit.customer_number)
    if visit.terminal_code:
        names.append(visit.terminal_code)
    for line in visit.lines:
        names.append(line.sku)
        names.append(line.line_id)
    # Asked of all names at once: one by one it costs as much as everything else about a visit.
    joined = "".join(names)
    return (
        joined.isascii()
        and joined.isprintable()
        and " " not in joined
        and (len(joined) <= NAME_MAX or max(map(len, names)) <= NAME_MAX)
    )


def _facts(
    visit: Visit,
    store: StoreFacts | None,
    terminal: TerminalFacts | None,
    customer: CustomerFacts | None,
    *,
    lines: tuple[OrderLine, ...],
    at: datetime,
) -> Facts:
    if not lines and visit.amount_fen is not None:
        lines = (OrderLine("1", "", 1, visit.amount_fen),)
    order = Order(visit.order_no, lines) if lines or visit.order_no else None
    store_id, store_path = (store.store_id, store.store_path) if store else (0, ())
    kind, terminal_id = visit.terminal_kind, 0
    if terminal is not None:
        kind, terminal_id = terminal.kind, terminal.terminal_id
    if customer is None:
        return Facts(
            store_id, store_path, visit.channel, kind, order=order, terminal_id=terminal_id
        )
    return Facts(
        store_id,
        store_path,
        visit.channel,
        kind,
        customer.customer_id,
        customer.person_id,
        customer.tags,
        is_first_order(customer, at),
        order,
        terminal_id,
    )


def _batch_paths(batch_ids: Collection[int]) -> dict[int, str]:
    """The path of each batch's campaign; those of the whole issuer's campaigns are left out."""
    rows = CampaignBatch.objects.filter(
        id__in=batch_ids, campaign__organisation__isnull=False
    ).values_list("id", "campaign__organisation__path")
    return dict(rows)
