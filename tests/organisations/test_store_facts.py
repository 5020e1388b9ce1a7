"""What commands know of stores: at most a second old, in one query."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaquan.organisations.actions import move_organisation, update_store
from kaquan.organisations.models import StoreStatus
from kaquan.organisations.store_facts import (
    StoreFacts,
    StoreFactsCache,
    store_facts,
    stores_facts,
)
from tests.builders.issuer import SYSTEM, a_store, an_organisation

pytestmark = pytest.mark.usefixtures("database")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_facts_hold_the_path_from_the_root_to_the_store() -> None:
    root = an_organisation("总部", None)
    city = an_organisation("北京", root)
    store = a_store(city)

    facts = store_facts(store.organisation_id)

    path = (root.id, city.id, store.organisation_id)
    assert facts == StoreFacts(store.organisation_id, path, ".".join(map(str, path)) + ".")


@pytest.mark.parametrize("status", [StoreStatus.PAUSED, StoreStatus.CLOSED])
def test_facts_tell_that_a_store_is_not_open(status: StoreStatus) -> None:
    store = a_store(an_organisation("总部", None))
    update_store(actor=SYSTEM, code=store.organisation.code, status=status)

    assert not StoreFactsCache(Clock()).get([store.pk])[store.pk].is_open


def test_an_unknown_store_has_no_facts() -> None:
    assert store_facts(987_654) is None
    assert stores_facts([987_654]) == {}


def test_facts_are_never_older_than_a_second() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    store_id = a_store(north).organisation_id
    clock = Clock()
    cache = StoreFactsCache(clock)
    before = cache.get([store_id])[store_id]

    move_organisation(actor=SYSTEM, organisation_id=store_id, parent_id=south.id)

    clock.now_s += 0.99
    assert cache.get([store_id])[store_id] == before
    clock.now_s += 0.01
    assert cache.get([store_id])[store_id].store_path == (root.id, south.id, store_id)


def test_many_stores_take_one_query_and_known_ones_none() -> None:
    root = an_organisation("总部", None)
    ids = [a_store(root).organisation_id for _ in range(20)]
    cache = StoreFactsCache(Clock())

    with CaptureQueriesContext(connection) as queries:
        assert len(cache.get(ids)) == 20
        assert len(cache.get(ids)) == 20

    assert len(queries) == 1
