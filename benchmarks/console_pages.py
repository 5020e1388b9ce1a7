"""Which addresses of the console are measured: every list in each of its orders and with each field
of its query form, the search, and pages about one thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.console_world import World

#: What is typed into the fields of query forms, by their names (or the list's and theirs).
TYPED = {
    "words": "春季", "store": "S00007", "order": "PO-00004711", "customers.number": "M0000",
    "tag": "vip", "province": "北京", "code": "CAMP-0042", "name": "张伟", "serial": "64",
    "customer": "M00004711", "since": "2026-11-01", "until": "2027-01-01", "first": "2026-11-01",
    "last": "2026-11-10", "starts_since": "2026-11-01", "starts_until": "2027-01-01",
    "day": "2026-11-10", "kind": "促活",
    "holder": "M00004711", "clerk": "E1", "under": "R1", "budget": "B0001",
}  # fmt: skip
#: Fields that make sense together alone, and those that leave little over.
TOGETHER = {
    "entries": (
        "account=6&number={store}", "operation=reverse&store=S00007", "order=NONE-SUCH",
        "first=2026-10-20&last=2026-10-21", "batch={small}",
    ),
    "redemptions": (
        "operation=reverse&store=S00007", "operation=hold&batch={small}", "order=NONE-SUCH",
        "store=S00007&first=2026-10-20&last=2026-10-21",
    ),
    "voucher-list": (
        "batch={batch}&ends_from=2026-12-01&ends_until=2026-12-31",
        "batch={batch}&stage=expired", "batch={small}&stage=frozen", "batch={small}&stage=used",
    ),
    "customers": ("tag=vip&state=erased", "number=M0099", "tag=vip&number=M0099"),
    "changes": ("kind=customer&first=2026-11-01", "kind=budget&last=2026-11-01"),
}  # fmt: skip
FIGURES = ("performance", "statements", "organisations", "campaign-calendar")
Ask = Callable[[], Any]
Named = Iterator[tuple[str, Ask]]


def addresses(client: Any, world: World) -> Named:
    """All of them, as this client asks for them."""
    from django.urls import reverse

    def get(address: str) -> Ask:
        return lambda: client.get(address)

    yield "workbench", get(reverse("console:home"))
    yield from _lists(client, world, get)
    for what, words in _searched(world).items():
        yield f"search: {what}", _post(client, reverse("console:search"), words)
    yield from _pages(world, get)


def _lists(client: Any, world: World, get: Callable[[str], Ask]) -> Named:
    from kaquan.surfaces.console.screens import LISTS

    for screen in LISTS:
        first = f"{screen.address()}?size=20"
        yield f"{screen.name}: first page", get(first)
        onward = re.search(r'rel="next" href="([^"]+)"', client.get(first).content.decode())
        if onward:
            yield f"{screen.name}: second page", get(onward[1].replace("&amp;", "&"))
        for column in screen.columns:
            if column.sort:
                for sort in (column.sort, f"-{column.sort}"):
                    yield f"{screen.name}: by {sort}", get(f"{first}&sort={sort}")
        for one in screen.fields:
            for typed in _typed(screen.name, one, world):
                yield f"{screen.name}: {one.name}={typed}", get(f"{first}&{one.name}={typed}")
        for query in TOGETHER.get(screen.name, ()):
            asked = query.format(
                store=world.store_id, batch=world.batch_id, small=world.small_batch_id
            )
            yield f"{screen.name}: {asked}", get(f"{first}&{asked}")


def _searched(world: World) -> dict[str, str]:
    return {
        "code": world.code, "serial": str(world.serial), "member number": world.customer_number,
        "phone": world.phone, "phone tail": world.phone[-4:], "name": world.customer_name,
        "initials of a name": "zw", "initials of three": "zwm", "campaign": "春季",
        "initials of a campaign": "bjcj", "store": "北京", "sounds of a store": "beijing",
        "order": world.order_no, "nothing": "zzzzzz",
    }  # fmt: skip


def _pages(world: World, get: Callable[[str], Ask]) -> Named:
    from django.urls import reverse

    from kaquan.surfaces.console.screens import DETAILS

    screens = {screen.name: screen for screen in DETAILS}
    things = {
        "campaign": world.campaign_ids[0], "batch": world.batch_id, "voucher": world.serial,
        "customer": world.customer_id, "store": world.store_id, "budget": 1, "webhook": 1,
        "bundle": 1, "offer": 1,
    }  # fmt: skip
    for name, key in things.items():
        address = reverse(f"console:{name}", kwargs={"key": key})
        for tab in screens[name].tabs:
            yield f"page: {name}, {tab.name}", get(f"{address}?tab={tab.name}")
    for name in FIGURES:
        yield f"page: {name}", get(reverse(f"console:{name}"))


def _post(client: Any, address: str, words: str) -> Ask:
    return lambda: client.post(address, {"words": words})


def _typed(screen: str, one: Any, world: World) -> list[str]:
    """What is asked for in a field: of a choice each option, for rare ones are the slow ones."""
    if one.kind == "choice":
        return [str(option[0]) for option in one.options if option[0]]
    if one.name == "batch":
        return [str(world.batch_id)]
    typed = TYPED.get(f"{screen}.{one.name}", TYPED.get(one.name))
    return [typed] if typed else []
