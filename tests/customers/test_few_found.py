"""A list that few rows fit reads the same, page by page, however those few were found."""

from __future__ import annotations

import pytest

from kaquan.customers.actions import create_customer
from kaquan.customers.listings import CustomerFilter, customer_page
from kaquan.foundation import paging
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from tests.builders.issuer import SYSTEM, a_number

pytestmark = pytest.mark.usefixtures("database")


def pages(tag: str, sort: str) -> list[tuple[str, ...]]:
    """The numbers on each page onward, and then on each page back again."""
    seen: list[tuple[str, ...]] = []
    asked: Paging | None = Paging(sort=sort, limit=2)
    back = False
    while asked is not None:
        page = customer_page(SYSTEM, CustomerFilter(tag=tag), asked)
        seen.append((str(page.count), *(one.number for one in page.rows)))
        back = back or not page.after
        cursor = page.before if back else page.after
        following = Paging(sort=sort, limit=2, **{"before" if back else "after": cursor})
        asked = following if cursor else None
    return seen


@pytest.mark.parametrize("sort", ["newest", "-newest", "number", "-number"])
def test_pages_both_ways_are_the_same_for_few_and_for_many(
    sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = a_number("tag-")
    for _ in range(5):
        create_customer(actor=SYSTEM, number=a_number("M"), tags=[tag])
    create_customer(actor=SYSTEM, number=a_number("M"), tags=["other"])

    as_few = pages(tag, sort)
    monkeypatch.setattr(paging, "FEW", -1)

    assert as_few == pages(tag, sort)
    assert [len(page) - 1 for page in as_few] == [2, 2, 1, 2, 2]
    assert {page[0] for page in as_few} == {"5"}
    assert as_few[:2] == as_few[:2:-1]


def test_nothing_found_is_an_empty_page_and_a_broken_cursor_still_a_clear_error() -> None:
    nothing = CustomerFilter(tag=a_number("tag-"))

    page = customer_page(SYSTEM, nothing, Paging())

    assert (page.rows, page.count, page.after, page.before) == ([], 0, "", "")
    with pytest.raises(KaquanError) as refused:
        customer_page(SYSTEM, nothing, Paging(after="%%%"))
    assert refused.value.code == "cursor_invalid"


def test_who_is_looked_for_by_number_comes_by_number() -> None:
    prefix = a_number("P")
    for end in ("-2", "-3", "-1"):
        create_customer(actor=SYSTEM, number=f"{prefix}{end}")

    found = customer_page(SYSTEM, CustomerFilter(number=prefix), Paging(limit=2))
    newest = customer_page(SYSTEM, CustomerFilter(number=prefix), Paging("-newest", limit=2))
    onward = customer_page(SYSTEM, CustomerFilter(number=prefix), Paging(after=found.after))

    assert [one.number for one in found.rows] == [f"{prefix}-1", f"{prefix}-2"]
    assert [one.number for one in onward.rows] == [f"{prefix}-3"]
    assert [one.number for one in newest.rows] == [f"{prefix}-1", f"{prefix}-3"]
