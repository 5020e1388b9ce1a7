"""Facts from memory: what the tables say, at most a second old, and never read while asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kaquan.customers.actions import create_customer
from kaquan.engine.facts import OrderLine
from kaquan.foundation.errors import KaquanError
from kaquan.offers.models import Product
from kaquan.organisations.actions import update_store
from kaquan.organisations.models import StoreStatus, TerminalKind
from kaquan.organisations.staffing import create_terminal, update_terminal
from kaquan.redemption.facts_cache import FactsCache, Names, NotLoadedError
from kaquan.redemption.visits import Visit, gather, gather_many
from tests.builders.issuer import NOON, SYSTEM, a_number, a_store, an_organisation, staff_of
from tests.fixtures_database import Database


class Clock:
    """A clock that a test turns."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> FactsCache:
    """A memory that knows nothing yet."""
    return FactsCache(clock)


@pytest.fixture
def visit(database: Database) -> Visit:
    """A visit of a member to a store, for a product with categories."""
    region = an_organisation("华东", None)
    number = a_number("M")
    create_customer(actor=SYSTEM, number=number, tags=["vip"])
    Product.objects.create(sku="latte", name="拿铁", categories=["drinks", "coffee"])
    return Visit(
        store_code=a_store(region).organisation.code,
        order_no="A-1",
        lines=[OrderLine("1", "latte", 1, 3_000), OrderLine("2", "mystery", 1, 100)],
        customer_number=number,
    )


def load(cache: FactsCache, visit: Visit) -> Names:
    """Load what is missing, as a thread would; what that was."""
    with pytest.raises(NotLoadedError) as missing:
        cache.facts(SYSTEM, visit, NOON)
    cache.load(missing.value.names)
    return missing.value.names


def test_the_facts_are_those_of_the_tables(cache: FactsCache, visit: Visit) -> None:
    missing = load(cache, visit)

    facts, store, refusal = cache.facts(SYSTEM, visit, NOON)

    assert facts == gather(SYSTEM, visit, NOON)
    assert store is not None
    assert refusal is None
    assert missing.skus == {"latte", "mystery"}


def test_what_is_known_is_not_asked_for_again_within_a_second(
    cache: FactsCache, visit: Visit, clock: Clock
) -> None:
    load(cache, visit)
    clock.now_s += 0.5
    cache.facts(SYSTEM, visit, NOON)
    assert not cache.growing_old
    clock.now_s += 0.3

    cache.facts(SYSTEM, visit, NOON)

    assert cache.growing_old.stores == {visit.store_code}
    clock.now_s += 0.3
    assert load(cache, visit).customers == {visit.customer_number}


def test_a_store_that_closes_is_known_closed_a_second_later(
    cache: FactsCache, visit: Visit, clock: Clock
) -> None:
    load(cache, visit)
    update_store(actor=SYSTEM, code=visit.store_code, status=StoreStatus.PAUSED)
    clock.now_s += 1.0
    load(cache, visit)

    _, store, refusal = cache.facts(SYSTEM, visit, NOON)

    assert store is not None
    assert not store.is_open
    assert refusal is not None
    assert refusal.code == "store_not_open"


def test_a_terminal_is_known_blocked_a_second_later_and_is_of_its_registered_kind(
    cache: FactsCache, visit: Visit, clock: Clock
) -> None:
    code = a_number("T")
    registered = create_terminal(
        actor=SYSTEM, code=code, store_code=visit.store_code, kind=TerminalKind.KIOSK
    )
    at_it = replace(visit, terminal_code=code, terminal_kind="till")
    assert load(cache, at_it).terminals == {code}
    facts, _, refusal = cache.facts(SYSTEM, at_it, NOON)
    assert (facts.terminal_id, facts.terminal_kind, refusal) == (registered.id, "kiosk", None)
    assert facts == gather(SYSTEM, at_it, NOON)

    update_terminal(actor=SYSTEM, code=code, active=False)
    clock.now_s += 0.7
    cache.facts(SYSTEM, at_it, NOON)
    assert cache.growing_old.terminals == {code}
    clock.now_s += 0.3
    load(cache, at_it)

    _, _, refusal = cache.facts(SYSTEM, at_it, NOON)
    assert refusal is not None
    assert refusal.code == "terminal_blocked"
    with pytest.raises(KaquanError) as refused:
        gather(SYSTEM, at_it, NOON)
    assert str(refused.value) == str(refusal)
    assert gather_many(SYSTEM, [(at_it, NOON)])[0].terminal_id == registered.id


def test_a_store_elsewhere_is_as_unknown_as_one_that_is_not_there(
    cache: FactsCache, visit: Visit
) -> None:
    stranger = staff_of(an_organisation("华南", None))
    load(cache, visit)
    told = []
    for code in (visit.store_code, "nowhere"):
        asked = Visit(store_code=code)
        cache.load(Names(stores={code}))
        with pytest.raises(KaquanError) as refused:
            cache.facts(stranger, asked, NOON)
        told.append(str(refused.value).replace(code, "X"))

    assert told[0] == told[1]


def test_unknown_customers_are_remembered_as_such(cache: FactsCache, database: Database) -> None:
    nobody = Visit(customer_number="nobody")
    load(cache, nobody)

    with pytest.raises(KaquanError, match="nobody"):
        cache.facts(SYSTEM, nobody, NOON)


def test_names_are_folded_as_they_are_stored(cache: FactsCache, visit: Visit) -> None:
    full_width = "".join(chr(ord(one) + 0xFEE0) for one in visit.store_code)
    load(cache, Visit(store_code=visit.store_code))

    facts, _, _ = cache.facts(SYSTEM, Visit(store_code=f" {full_width} "), NOON)

    assert facts.store_id > 0
