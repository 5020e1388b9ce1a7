"""The first page: what it says is what the ledger says, in both languages, whatever is missing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.test import Client
from django.utils import translation

from kaquan.analytics.actions import Counters, record_proof
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.ledger.connections import connect_default
from kaquan.ledger.door import Door, close_door
from kaquan.ledger.prove import prove
from kaquan.project.security_headers import POLICY
from kaquan.surfaces.web import views
from kaquan.surfaces.web.live import Hub
from kaquan.surfaces.web.overview import OverviewReader
from tests.builders.issuer import SYSTEM, a_number, a_version
from tests.fixtures_database import Database
from tests.redemption.till import Till, a_till

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture(autouse=True)
def fresh_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test before this one has read is forgotten."""
    monkeypatch.setattr(views, "reader", OverviewReader())


def get(language: str = "zh-hans", path: str = "/") -> Any:
    client = Client(headers={"accept-language": language, "host": "localhost"})
    return client.get(path)


def count_everything(database: Database) -> None:
    counters = Counters(connect_default, database.configuration.time_zone)
    counters.catch_up()
    counters.close()


def redeem_now(till: Till, index: int = 0) -> None:
    from kaquan.redemption.actions import CodeUse, redeem_codes

    outcome = redeem_codes(
        actor=SYSTEM, uses=[CodeUse(till.code(index))], visit=till.visit(), at=clock.now()
    )
    assert outcome.done, outcome


def test_an_empty_installation_says_what_to_do(database: Database) -> None:
    page = get().content.decode()

    assert "还没有活动" in page
    assert "kaquan demo" in page
    assert "还没有发生任何事" in page
    assert "尚未核对" in page


def test_the_page_shows_what_was_booked(database: Database, door: Door) -> None:
    till = a_till(door)
    redeem_now(till, 0)
    redeem_now(till, 1)
    count_everything(database)
    record_proof(prove(connect_default, progress=lambda *_: None))

    page = get().content.decode()

    assert '<p class="figure-value" id="redeemed-today">2</p>' in page
    assert f'<p class="figure-value" id="discount-today">{format_yuan(4_000)}</p>' in page
    assert page.count("event-redeem") == 2
    assert "账目无误" in page


def test_a_campaign_shows_how_far_its_vouchers_have_come(database: Database) -> None:
    from kaquan.campaigns.actions import add_batch, create_campaign

    now = clock.now()
    name = "国庆 <b>满减</b> & 更多"
    campaign = create_campaign(
        actor=SYSTEM,
        code=a_number("C"),
        name=name,
        kind="满减",
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=1),
    )
    version = a_version()
    add_batch(
        actor=SYSTEM,
        campaign_id=campaign.id,
        name="一批",
        version_id=version.id,
        quantity=1_234,
        at=now,
        by_code=True,
    )
    count_everything(database)

    page = get().content.decode()

    assert "国庆 &lt;b&gt;满减&lt;/b&gt; &amp; 更多" in page
    assert name not in page
    assert "制券 1,234" in page
    assert "进行中" in page


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "今日核销"), ("en", "Redeemed today")])
def test_the_page_speaks_the_visitors_language(
    database: Database, language: str, words: str
) -> None:
    response = get(language)

    assert words in response.content.decode()
    assert f'<html lang="{language}">' in response.content.decode()


def test_the_language_is_chosen_by_a_form(database: Database) -> None:
    client = Client(headers={"accept-language": "zh-hans", "host": "localhost"})

    response = client.post("/language/setlang/", {"language": "en"}, headers={"referer": "/"})

    assert response.status_code == 302
    assert "Redeemed today" in client.get("/").content.decode()


def test_the_page_holds_nothing_inline_and_sends_the_policy(database: Database, door: Door) -> None:
    redeem_now(a_till(door))
    count_everything(database)
    response = get()
    page = response.content.decode()

    assert response.headers["Content-Security-Policy"] == POLICY
    assert " style=" not in page
    assert "<style" not in page
    assert "javascript:" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert page.count("<script") == page.count("<script src=")
    assert not [word for word in page.split() if word.startswith("on") and "=" in word]


def test_without_the_database_the_page_still_comes_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_now: Any) -> None:
        raise OperationalError("the server is gone")

    monkeypatch.setattr(views.reader, "read", away)

    response = get()

    assert response.status_code == 200
    assert 'data-state="stale"' in response.content.decode()
    assert "暂时读不到数据" in response.content.decode()


def test_only_reading_is_allowed(database: Database) -> None:
    client = Client(headers={"host": "localhost"})

    assert client.post("/").status_code == 405


def test_a_strange_host_is_refused(database: Database) -> None:
    assert Client(headers={"host": "evil.example"}).get("/").status_code == 400


def test_while_nothing_happens_reading_again_costs_two_small_queries(
    database: Database, door: Door
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    redeem_now(a_till(door))
    count_everything(database)
    reader, now = OverviewReader(), clock.now()
    first = reader.read(now)

    with CaptureQueriesContext(connection) as asked:
        again = reader.read(now)

    assert again is first
    assert len(asked) == 2


def test_the_stream_brings_sections_that_changed_and_only_those(
    database: Database, door: Door
) -> None:
    till = a_till(door)

    def read() -> views.Rendered:
        count_everything(database)
        return views._read_rendered()

    def redeem_and_leave() -> None:
        redeem_now(till)
        close_door()
        connections.close_all()

    async def watch() -> list[bytes]:
        hub = Hub(read, rest=connections.close_all, period_s=0.01)
        events = views.figures_events(hub, "zh-hans")
        got = [await anext(events), await anext(events)]
        await asyncio.get_running_loop().run_in_executor(None, redeem_and_leave)
        got.append(await anext(events))
        while b"redeemed-today" not in got[-1]:
            got.append(await anext(events))
        await events.aclose()
        assert hub.watchers == 0
        return got

    retry, first, *_, last = asyncio.run(watch())

    assert retry.startswith(b"retry:")
    assert all(f'"{name}"'.encode() in first for name in views.SECTIONS)
    assert b'<p class=\\"figure-value\\" id=\\"redeemed-today\\">1</p>' in last
    assert b'"campaigns"' not in last


def test_the_stream_tells_of_trouble_and_goes_on(database: Database) -> None:
    answers = iter([OperationalError("gone"), views._read_rendered()])

    def read() -> views.Rendered:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def watch() -> list[bytes]:
        hub = Hub(read, rest=connections.close_all, period_s=0.01)
        events = views.figures_events(hub, "zh-hans")
        got = [await anext(events) for _ in range(3)]
        await events.aclose()
        return got

    _, trouble, figures = asyncio.run(watch())

    assert trouble.startswith(b"event: trouble")
    assert figures.startswith(b"event: figures")


def test_the_stream_ends_for_whoever_had_to_log_in_and_has_gone(database: Database) -> None:
    answers = iter([True, False])

    async def still() -> bool:
        return next(answers)

    async def watch() -> list[bytes]:
        hub = Hub(views._read_rendered, rest=connections.close_all, period_s=0.01)
        got = [one async for one in views.figures_events(hub, "zh-hans", still, check_s=0.0)]
        assert hub.watchers == 0
        return got

    retry, *figures = asyncio.run(watch())

    assert retry.startswith(b"retry:")
    assert len(figures) == 1


def test_many_watchers_share_one_reader(database: Database) -> None:
    reads = []

    def read() -> int:
        reads.append(1)
        return len(reads)

    async def watch() -> int:
        hub = Hub(read, period_s=0.05)
        watchers = [hub.ticks() for _ in range(50)]
        for _ in range(3):
            await asyncio.gather(*(anext(watcher) for watcher in watchers))
        for watcher in watchers:
            await watcher.aclose()
        return hub.watchers

    assert asyncio.run(watch()) == 0
    assert len(reads) <= 6


def test_every_language_has_its_words() -> None:
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            assert "figures" in views.render_sections(None)
