"""What a gateway remembers of products, and that it notices their changes within a second."""

from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaquan.engine.facts import Facts, OrderLine
from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.offers.models import Product
from kaquan.redemption.facts_cache import AGE_S_MAX, FactsCache, NotLoadedError
from kaquan.redemption.visits import Visit

pytestmark = pytest.mark.usefixtures("database")

ACTOR = system_actor("test")
VISIT = Visit(lines=[OrderLine("1", "tea", 1, 500), OrderLine("2", "none", 1, 900)])


@dataclass
class Time:
    """A clock that is moved by hand."""

    now_s: float = 100.0

    def __call__(self) -> float:
        """The moment."""
        return self.now_s


def _categories(cache: FactsCache) -> list[tuple[str, ...]]:
    """The categories of the visit's lines, loading what is missing."""
    for _attempt in range(3):  # at most: whether anything changed, what it is now, and the answer
        try:
            facts = _facts(cache)
        except NotLoadedError as missing:
            cache.load(missing.names)
        else:
            assert facts.order is not None
            return [line.categories for line in facts.order.lines]
    raise AssertionError("asked for the same again")


def _facts(cache: FactsCache) -> Facts:
    return cache.facts(ACTOR, VISIT, clock.now())[0]


def test_products_are_read_once_while_nothing_changes() -> None:
    time = Time()
    cache = FactsCache(time)
    Product.objects.create(sku="tea", name="茶", categories=["drinks"])
    assert _categories(cache) == [("drinks",), ()]
    with CaptureQueriesContext(connection) as asked:
        for _second in range(3):
            time.now_s += AGE_S_MAX
            assert _categories(cache) == [("drinks",), ()]
    assert [query["sql"] for query in asked] == ["SELECT number FROM offers_product_revision"] * 3


def test_a_change_of_products_is_noticed_within_a_second() -> None:
    time = Time()
    cache = FactsCache(time)
    product = Product.objects.create(sku="tea", name="茶", categories=["drinks"])
    assert _categories(cache) == [("drinks",), ()]
    product.categories = ["food", "tea"]
    product.save()
    Product.objects.create(sku="none", name="有了", categories=["new"])
    time.now_s += AGE_S_MAX
    assert _categories(cache) == [("food", "tea"), ("new",)]


def test_the_number_is_asked_for_before_anybody_has_to_wait_for_it() -> None:
    time = Time()
    cache = FactsCache(time)
    _categories(cache)
    time.now_s += AGE_S_MAX * 0.7
    _facts(cache)
    assert cache.growing_old.product_revision
    cache.load(cache.growing_old)
    time.now_s += AGE_S_MAX * 0.7
    _facts(cache)
