"""Pages move by themselves: within a scope, in parts, and they say when they do not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import OperationalError, connections
from django.test import AsyncRequestFactory, RequestFactory
from django.utils import translation

from kaquan.analytics.actions import Counters
from kaquan.analytics.today import counters_wait_since
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.connections import connect_default
from kaquan.ledger.door import close_door
from kaquan.organisations.models import Organisation
from kaquan.redemption import actions
from kaquan.redemption.visits import Visit
from kaquan.staff.models import RoleGrant, StaffUser
from kaquan.staff.presence import SEEN
from kaquan.surfaces.console import live
from kaquan.surfaces.console.kit.live import LiveHub, News, Part, Reading
from tests.api.world import Side
from tests.builders.issuer import SYSTEM, a_number, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
SOON_S = 10


@pytest.fixture
def root(database: Database) -> Organisation:
    return an_organisation("总部", None)


@pytest.fixture
def sides(root: Organisation) -> tuple[Side, Side]:
    return Side(root), Side(root)


def asking(user: StaffUser, **asked: Any) -> Any:
    """The request of somebody's browser for a stream."""
    request = RequestFactory().get("/console/live/", asked)
    key = a_browser(user).cookies[settings.SESSION_COOKIE_NAME].value
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    request.user = get_user(request)
    return request


def watching(user: StaffUser, **asked: Any) -> live.Watch:
    with translation.override("zh-hans"):
        watch = live.open_watch(asking(user, **asked))
    assert watch is not None
    return watch


def count_everything() -> None:
    counters = Counters(connect_default, current_configuration().time_zone)
    counters.catch_up()
    counters.close()


def use(side: Side, index: int) -> None:
    """Use a voucher of a side's batch, and let it be counted."""
    visit = Visit(
        store_code=side.store.organisation.code, order_no=a_number("A-"), amount_fen=10_000
    )
    used = [actions.CodeUse(side.trade._code(index))]
    assert actions.redeem_codes(actor=SYSTEM, uses=used, visit=visit, at=clock.now()).done
    count_everything()


@asynccontextmanager
async def a_hub(news: Any = live.read_news) -> AsyncGenerator[LiveHub[Any], None]:
    hub: LiveHub[Any] = LiveHub(
        news, rest=connections.close_all, period_s=0.01, refresh_s=600.0, silence_s=0.5
    )
    yield hub
    assert hub.watchers == 0
    await hub.at_rest()  # its session is closed before the loop ends


async def following(events: AsyncGenerator[bytes, None]) -> tuple[str, dict[str, Any], str]:
    """The next event: its name, data and id."""
    text = (await asyncio.wait_for(anext(events), SOON_S)).decode()
    lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    if "event" not in lines:
        return await following(events)
    return lines["event"], json.loads(lines["data"]), lines.get("id", "")


async def until(events: AsyncGenerator[bytes, None], name: str) -> dict[str, Any]:
    """The data of the next event of this name."""
    while True:
        found, data, _ = await following(events)
        if found == name:
            return data


async def beside(do: Callable[..., Any], *given: Any) -> None:
    """Do something in a thread of its own, which keeps no session."""

    def done() -> None:
        do(*given)
        close_door()
        connections.close_all()

    await asyncio.get_running_loop().run_in_executor(None, done)


def run(watched: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(watched())  # type: ignore[arg-type]  # each is a coroutine function


def test_a_use_moves_the_pages_that_it_is_about_and_no_others(
    sides: tuple[Side, Side],
) -> None:
    theirs, ours = sides
    for side in sides:
        use(side, 0)
    user = an_operator(ours.organisation)
    watches = {
        "home": watching(user, screen="home"),
        "batch": watching(user, screen="batch", key=ours.trade.by_code.id, tab="overview"),
    }

    async def watch() -> None:
        async with a_hub() as hub:
            streams = {name: live.stream(hub, one, "") for name, one in watches.items()}
            for stream in streams.values():
                assert (await following(stream))[0] == "parts"
            await beside(use, theirs, 1)
            for stream in streams.values():
                assert (await following(stream))[0] == "now"
            await beside(use, ours, 1)
            told = {name: await until(stream, "parts") for name, stream in streams.items()}
            for stream in streams.values():
                await stream.aclose()
        assert 'id="now-redeemed">2<' in told["home"]["parts"]["figures"]["html"]
        assert "todos" not in told["home"]["parts"]
        assert ">2<" in "".join(one["html"] for one in told["batch"]["parts"].values())

    run(watch)


def test_whoever_comes_back_is_sent_only_what_moved_meanwhile(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    use(ours, 0)
    watch = watching(an_operator(ours.organisation), screen="home")

    async def come_back() -> None:
        async with a_hub() as hub:
            first = live.stream(hub, watch, "")
            _, _, mark = await following(first)
            await first.aclose()
            again = live.stream(hub, watch, mark)
            assert (await following(again))[0] == "now"
            await again.aclose()
            await beside(use, ours, 1)
            later = live.stream(hub, watch, mark)
            assert (await following(later))[0] == "parts"
            await later.aclose()

    run(come_back)


def test_what_several_look_at_is_read_once() -> None:
    reads: list[int] = []

    def read() -> Reading:
        reads.append(1)
        return Reading([Part("a", "x", "m")])

    def news(after: int | None) -> News[int]:
        return News(0, None if after is None else (frozenset(), frozenset()), None)

    async def watch() -> None:
        async with a_hub(news) as hub:
            streams = [hub.watch("topic", read) for _ in range(5)]
            for stream in streams:
                assert (await asyncio.wait_for(anext(stream), SOON_S)).reading is not None
            for stream in streams:
                await stream.aclose()

    run(watch)
    assert len(reads) == 1


def test_the_page_says_when_nothing_can_be_read_and_goes_on(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    watch = watching(an_operator(ours.organisation), screen="home")
    faults = [OperationalError("gone")]

    def news(after: Any) -> News[Any]:
        if faults:
            raise faults.pop()
        return live.read_news(after)

    async def follow() -> None:
        async with a_hub(news) as hub:
            stream = live.stream(hub, watch, "")
            assert (await following(stream))[0] == "trouble"
            assert (await until(stream, "parts"))["parts"]
            await stream.aclose()

    run(follow)


def test_the_page_says_how_far_its_figures_are_behind_the_books(
    sides: tuple[Side, Side],
) -> None:
    _, ours = sides
    use(ours, 0)
    assert counters_wait_since() is None
    used = [actions.CodeUse(ours.trade._code(1))]
    visit = Visit(store_code=ours.store.organisation.code, order_no="A", amount_fen=10_000)
    assert actions.redeem_codes(actor=SYSTEM, uses=used, visit=visit, at=clock.now()).done
    since = counters_wait_since()
    assert since is not None

    def news(after: Any) -> News[Any]:
        return live.read_news(after)._replace(waits_since=since - timedelta(seconds=60))

    watch = watching(an_operator(ours.organisation), screen="home")

    async def follow() -> None:
        async with a_hub(news) as hub:
            stream = live.stream(hub, watch, "")
            assert (await following(stream))[1]["behind_s"] >= 60
            await stream.aclose()

    run(follow)


@pytest.mark.parametrize("what", ["logged out", "away", "stopped", "role revoked"])
def test_a_stream_ends_for_whoever_may_look_no_more(sides: tuple[Side, Side], what: str) -> None:
    _, ours = sides
    user = an_operator(ours.organisation)
    request = asking(user, screen="home")
    watch = live.open_watch(request)
    assert watch is not None

    def end() -> None:
        if what == "logged out":
            request.session.delete()
        elif what == "away":
            request.session[SEEN] = int(clock.now().timestamp()) - 121 * 60
            request.session.save()
        elif what == "stopped":
            StaffUser.objects.filter(id=user.id).update(is_active=False)
        else:
            RoleGrant.objects.filter(user=user).update(revoked_at=clock.now())

    async def follow() -> None:
        async with a_hub() as hub:
            stream = live.stream(hub, watch, "", check_s=0.2)
            assert (await following(stream))[0] == "parts"
            await beside(end)
            assert await until(stream, "gone") == {"login": True}
            await stream.aclose()

    run(follow)


def test_nobody_watches_what_they_may_not_see(sides: tuple[Side, Side]) -> None:
    theirs, ours = sides
    user = an_operator(ours.organisation)
    asked = {"screen": "batch", "tab": "overview"}

    for key in (theirs.trade.by_code.id, 2_000_000_009):
        with pytest.raises(KaquanError, match="There is no batch"):
            live.open_watch(asking(user, **asked, key=key))
    with pytest.raises(KaquanError, match="does not hold the permission"):
        live.open_watch(
            asking(an_operator(ours.organisation, "events.view"), **asked,
                   key=ours.trade.by_code.id)
        )  # fmt: skip
    for nonsense in ({"screen": "nothing"}, {"screen": "batch", "key": "x"}, {"screen": "stores"}):
        assert live.open_watch(asking(user, **nonsense)) is None


def test_streams_are_bounded_for_each_person(
    sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ours = sides
    monkeypatch.setattr(live, "STREAMS_MAX_PER_PERSON", 1)
    asked = asking(an_operator(ours.organisation), screen="home")

    async def ask() -> list[int]:
        request = AsyncRequestFactory().get("/console/live/", {"screen": "home"})
        request.session, request.user = asked.session, asked.user
        first = await live.live(request)
        parts = first.__aiter__()
        await anext(parts)
        second = await live.live(request)
        await parts.aclose()
        await first._iterator.aclose()  # as the last reference to it would
        third = await live.live(request)
        await live.hub.at_rest()
        await sync_to_async(connections.close_all)()
        return [first.status_code, second.status_code, third.status_code]

    assert asyncio.run(ask()) == [200, 429, 200]
    assert live._streams.total() == 0


def test_a_server_without_streams_says_so_and_its_pages_ask_for_none(
    sides: tuple[Side, Side],
) -> None:
    _, ours = sides
    browser = a_browser(an_operator(ours.organisation))

    assert browser.get(at("live") + "?screen=home").status_code == 204
    assert "data-live" not in browser.get(at("home")).content.decode()
