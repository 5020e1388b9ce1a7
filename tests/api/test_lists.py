"""Lists: pages follow each other without gap or repeat, whatever the limit, and no cursor opens
more than its list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kaquan.surfaces.api.pages import encoded_cursor
from tests.api.calling import Api, an_api
from tests.api.world import Side
from tests.builders.issuer import a_number, a_store, an_organisation

pytestmark = pytest.mark.usefixtures("database")


def walk(api: Api, path: str, **query: Any) -> list[list[Any]]:
    """The items of every page."""
    pages = []
    cursor = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        reply = api.get(path, **query, **more)
        assert reply.status == 200, reply
        pages.append(reply.json["items"])
        cursor = reply.json["next_cursor"]
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
def test_pages_follow_each_other_without_gap_or_repeat(limit: int) -> None:
    root = an_organisation("总部", None)
    codes = sorted(a_store(root, a_number("S")).organisation.code for _ in range(7))

    pages = walk(an_api(), "/stores", limit=limit)

    assert [store["code"] for page in pages for store in page] == codes
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


def test_a_page_of_the_largest_size_has_a_next_one() -> None:
    from kaquan.organisations.models import Organisation, OrganisationKind

    Organisation.objects.bulk_create(
        Organisation(id=id_, code=f"N{id_}", name=str(id_), kind=OrganisationKind.REGION,
                     path=f"{id_}.")
        for id_ in range(800_000, 800_203)
    )  # fmt: skip

    pages = walk(an_api(), "/organisations", limit=200)

    assert [len(page) for page in pages] == [200, 3]


MAKERS: dict[str, Callable[[Side], Any]] = {
    "/clerks": lambda side: side.clerk,
    "/terminals": lambda side: side.terminal,
    "/customers": lambda side: side.customer,
    "/clients": lambda side: side.key,
    "/keys": lambda side: side.key,
    "/jobs": lambda side: side.job,
    "/stores": lambda side: side.store,
}


@pytest.mark.parametrize("path", MAKERS)
def test_a_list_shows_its_own_part_and_nothing_of_others(path: str) -> None:
    root = an_organisation("总部", None)
    theirs, ours = Side(root), Side(root)
    MAKERS[path](theirs)
    before = walk(ours.api(), path)
    MAKERS[path](ours)

    shown = [item for page in walk(ours.api(), path) for item in page]

    assert len(shown) > sum(map(len, before)) or path == "/clients"
    their_items = [item for page in walk(theirs.api(), path) for item in page]
    assert their_items
    assert [item for item in their_items if item in shown] == []


@pytest.mark.parametrize(
    "cursor", ["!", "x", "e30", "W10", "bnVsbA", "é", "WzFd", encoded_cursor("a", "b"),
               encoded_cursor("a\0"), encoded_cursor(2**70), "A" * 1_000],
)  # fmt: skip
def test_a_cursor_that_is_none_of_the_lists_is_refused(cursor: str) -> None:
    reply = an_api().get("/stores", cursor=cursor)

    assert (reply.status, reply.code) == (400, "cursor_invalid")


@pytest.mark.parametrize(
    "cursor", [encoded_cursor("yesterday", "x"), encoded_cursor("2026-01-01T00:00:00", "x"),
               encoded_cursor("2026-01-01T00:00:00+00:00", "x")],
)  # fmt: skip
def test_a_forged_cursor_of_jobs_is_refused(cursor: str) -> None:
    assert an_api().get("/jobs", cursor=cursor).code == "cursor_invalid"


def test_filters_narrow_a_list() -> None:
    side = Side(an_organisation("总部", None))
    clerk, terminal = side.clerk, side.terminal
    api = side.api()

    assert [one["staff_no"] for one in api.get("/clerks", active=True).json["items"]] == [
        clerk.staff_no
    ]
    assert api.get("/clerks", active=False).json["items"] == []
    store = terminal.store.organisation.code
    assert [one["terminal"] for one in api.get("/terminals", store=store).json["items"]] == [
        terminal.code
    ]
    assert api.get("/customers", tag=["vip", "nobody"]).json["items"] == []
