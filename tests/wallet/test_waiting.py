"""The line before a batch: first come, first answered; exact stock; and answers that stay."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Event, Thread
from typing import NamedTuple
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connections
from playwright.sync_api import BrowserContext, expect

from kaquan.customers.models import Customer
from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.door import close_door
from kaquan.surfaces.wallet import pages
from kaquan.surfaces.wallet.pages import SESSION_COOKIE
from kaquan.wallet import answering, links, waiting
from kaquan.wallet.models import ClaimLink, LinkClaim
from kaquan.wallet.sessions import _begin
from tests.builders.books import books, faults
from tests.builders.issuer import SYSTEM
from tests.fixtures_database import Database
from tests.waiting import soon
from tests.wallet.visiting import a_browser, a_crowd, a_link, a_member, a_phone_of
from tools.screens.serving import SOON_MS, chromium, hindrances, serving

pytestmark = pytest.mark.usefixtures("static_files", "database")


def came(link: ClaimLink, customer: Customer, once: str = "x") -> LinkClaim:
    """Somebody who has a number, and closed the page."""
    return waiting.arrive(customer=customer, link=link, once=once, at=clock.now())


def results(claims: Sequence[LinkClaim]) -> list[str]:
    """What became of each, in their order: a voucher, or why not."""
    for claim in claims:
        claim.refresh_from_db()
    return ["voucher" if one.serial else one.refusal for one in claims]


def test_who_came_first_is_answered_first_whoever_asks(database: Database) -> None:
    link = a_link(stock=2)
    claims = [came(link, a_member()) for _ in range(3)]

    waiting.answered(claims[2], link.batch_id)

    assert results(claims) == ["voucher", "voucher", "stock_exhausted"]
    assert faults(database.connect) == []


def test_without_the_line_somebody_who_came_later_is_served_before() -> None:
    """The control: each asks the ledger for themselves, in whatever order they are run."""
    link = a_link(stock=2)
    claims = [came(link, a_member()) for _ in range(3)]

    for claim in reversed(claims):
        answering.keep_answers(answering.ask_ledger([claim]), clock.now())

    assert results(claims) == ["stock_exhausted", "voucher", "voucher"]


@pytest.fixture
def half_arrived(database: Database) -> Iterator[psycopg.Connection]:
    """A session that is about to come: its number is drawn and not there yet."""
    with psycopg.connect(database.app_url) as session:
        yield session
        session.rollback()


def half_come(session: psycopg.Connection, link: ClaimLink, customer: Customer, *gate: int) -> None:
    if gate:
        session.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", gate)
    session.execute(
        "INSERT INTO wallet_link_claim (link_id, customer_id, once, at)"
        " VALUES (%s, %s, 'h', now())",
        [link.id, customer.id],
    )


def call_meanwhile(link: ClaimLink) -> int | None:
    try:
        return waiting.answer_next(link.batch_id)
    finally:
        close_door()
        connections.close_all()


def test_a_number_that_is_drawn_is_waited_for(
    database: Database, half_arrived: psycopg.Connection
) -> None:
    link, slow, quick = a_link(stock=1), a_member(), a_member()
    half_come(half_arrived, link, slow, waiting._GATE, link.batch_id)
    later = came(link, quick)
    watcher = database.connect()

    with ThreadPoolExecutor(1) as pool:
        calling = pool.submit(call_meanwhile, link)
        held_up = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        assert soon(lambda: watcher.execute(held_up).fetchone() == (1,))
        half_arrived.commit()
        assert calling.result() == 2

    first = LinkClaim.objects.get(customer=slow)
    assert first.id < later.id
    assert results([first, later]) == ["voucher", "stock_exhausted"]


def test_without_the_gate_a_drawn_number_is_passed_by(half_arrived: psycopg.Connection) -> None:
    """The control: the same, where numbers are drawn beside the gate."""
    link, slow, quick = a_link(stock=1), a_member(), a_member()
    half_come(half_arrived, link, slow)
    later = came(link, quick)

    assert waiting.answer_next(link.batch_id) == 1
    half_arrived.commit()
    waiting.answer_next(link.batch_id)

    first = LinkClaim.objects.get(customer=slow)
    assert first.id < later.id
    assert results([first, later]) == ["stock_exhausted", "voucher"]


def test_two_links_of_a_batch_share_one_line_and_each_keeps_its_bound() -> None:
    link = a_link(1, stock=2)
    other = links.create_link(actor=SYSTEM, batch_id=link.batch_id, name="公众号", channel="oa")
    claims = [came(one, a_member()) for one in (link, link, other, other)]

    while waiting.answer_next(link.batch_id):
        pass

    assert results(claims) == ["voucher", "claim_link_empty", "voucher", "stock_exhausted"]
    assert [one.claimed for one in ClaimLink.objects.order_by("id")] == [1, 1]


def test_one_person_has_one_place_in_the_line() -> None:
    link, customer = a_link(), a_member()

    first, second = came(link, customer, "a"), came(link, customer, "b")

    assert first.id == second.id
    assert LinkClaim.objects.count() == 1


def test_stopped_between_the_ledger_and_its_own_book_it_gives_nobody_two(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = a_link(2, stock=5)
    claims = [came(link, a_member()) for _ in range(3)]

    with monkeypatch.context() as broken:
        broken.setattr(waiting, "keep_answers", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            waiting.answer_next(link.batch_id)
    booked = books(database.connect())
    while waiting.answer_next(link.batch_id):
        pass

    assert results(claims) == ["voucher", "voucher", "claim_link_empty"]
    assert books(database.connect()) == booked
    assert faults(database.connect) == []


def test_our_own_bug_in_one_claim_does_not_stop_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    link = a_link()
    claims = [came(link, a_member()) for _ in range(3)]
    asked = answering._outcomes

    def stumbling(some: Sequence[LinkClaim]):  # type: ignore[no-untyped-def]
        if any(one.id == claims[1].id for one in some):
            raise ZeroDivisionError
        return asked(some)

    monkeypatch.setattr(answering, "_outcomes", stumbling)
    waiting.answer_next(link.batch_id)

    assert results(claims) == ["voucher", "claim_failed", "voucher"]


def test_a_full_line_takes_nobody_more_and_says_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(waiting, "WAITING_MAX", 1)
    link, customer = a_link(), a_member()
    came(link, a_member())
    LinkClaim.objects.update(at=clock.now())
    before = books(database.connect())

    answer = a_phone_of(customer).post(f"/w/c/{link.token}", {"once": "q", "go": "1"})

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    page = answer.content.decode()
    assert "排队的人太多" in page
    assert 'name="once" value="q"' in page
    assert not LinkClaim.objects.filter(customer=customer).exists()
    assert books(database.connect()) == before


def test_a_server_with_its_hands_full_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    full = BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(pages, "_inside", full)

    answer = a_browser().get(f"/w/c/{a_link().token}")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(pages.RETRY_S))
    assert "再试一次" in answer.content.decode()


def test_who_closes_the_page_finds_the_answer_later() -> None:
    link = a_link(stock=1)
    lucky, late = a_member(), a_member()
    claims = [came(link, lucky), came(link, late)]
    address = f"/w/c/{link.token}"
    assert a_phone_of(late).get(address).headers["Location"] == f"{address}/line"

    assert waiting.rooms() == [link.batch_id]
    while waiting.answer_next(link.batch_id):
        pass
    assert waiting.rooms() == []

    found = a_phone_of(lucky).get(f"{address}/line")
    assert results(claims) == ["voucher", "stock_exhausted"]
    assert found.headers["Location"] == f"/w/v/{claims[0].serial}"
    refused = a_phone_of(late).get(f"{address}/line")
    assert refused.status_code == 409
    assert "已领完" in refused.content.decode()
    assert "上次没有领到" in a_phone_of(late).get(address).content.decode()
    assert waiting.forget_refusals(clock.now() + 2 * waiting.REFUSALS_KEPT) == 1


def test_the_background_answers_those_who_are_gone() -> None:
    link = a_link(stock=1)
    claims = [came(link, a_member()) for _ in range(2)]
    stop = Event()
    background = Thread(target=waiting.answer_all, args=(stop,))

    background.start()
    assert soon(lambda: "" not in results(claims))
    stop.set()
    background.join()

    assert results(claims) == ["voucher", "stock_exhausted"]


@pytest.fixture
def phone(database: Database) -> Iterator[BrowserContext]:
    with pytest.MonkeyPatch.context() as patch, chromium() as browser:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-TW")
        context.set_default_timeout(SOON_MS)
        yield context


@pytest.mark.browser
def test_the_page_in_the_line_goes_to_the_voucher_by_itself(
    phone: BrowserContext, database: Database
) -> None:
    link, customer = a_link(stock=2), a_member()
    came(link, a_member())
    came(link, customer)
    busy = database.connect(autocommit=False)
    busy.execute("SELECT pg_advisory_xact_lock(%s, %s)", [waiting._TURN, link.batch_id])

    with serving() as url:
        token = _begin(customer, clock.now())
        phone.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": f"{url}/w/"}])
        page = phone.new_page()
        page.goto(f"{url}/w/c/{link.token}")
        expect(page.get_by_role("status").last).to_contain_text("前面還有 1 人")
        assert hindrances(page) == []
        busy.rollback()
        page.wait_for_url(f"{url}/w/v/*")
        expect(page.get_by_role("heading", name="到店出示")).to_be_visible()
        phone.close()


def test_the_line_says_number_people_before_and_what_is_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", 0)
    link = a_link(stock=7)
    claims = [came(link, a_member()) for _ in range(3)]
    customer = a_member()
    busy = database.connect(autocommit=False)
    busy.execute("SELECT pg_advisory_xact_lock(%s, %s)", [waiting._TURN, link.batch_id])

    browser = a_phone_of(customer)
    asked = browser.post(f"/w/c/{link.token}", {"once": "q", "go": "1"})
    page = browser.get(asked.headers["Location"]).content.decode()

    mine = LinkClaim.objects.get(customer=customer)
    assert re.findall(r"<strong>(\d+)</strong> 人", page) == [str(len(claims))]
    assert re.findall(r"<dd>(\d+)</dd>", page)[:2] == [str(mine.id), "7"]
    busy.rollback()
    assert browser.get(asked.headers["Location"]).headers["Location"].startswith("/w/v/")


CLAIMERS, STOCK, AT_ONCE = 120, 30, 16


class Told(NamedTuple):
    """What a claimer's browser was told in the end."""

    status: int
    location: str
    text: str


def test_more_than_a_hundred_at_once_over_http_share_exactly_what_there_is_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "CALLED_AT_ONCE", 5)  # so that the line is longer than one call
    link = a_link(stock=STOCK)
    crowd = a_crowd(CLAIMERS)

    with serving() as url, ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda session: insist(url, link.token, session), crowd.values()))

    claims = {one.customer_id: one for one in LinkClaim.objects.all()}
    winners = sorted(one.id for one in claims.values() if one.serial is not None)
    assert len({one.serial for one in claims.values() if one.serial}) == STOCK
    assert winners == sorted(one.id for one in claims.values())[:STOCK]
    for customer_id, answer in zip(crowd, told, strict=True):
        claim = claims.get(customer_id)
        if claim is not None and claim.serial is not None:
            assert answer.location == f"/w/v/{claim.serial}"
        else:
            assert "已领完" in answer.text
    assert waiting.left_of(ClaimLink.objects.get(id=link.id)) == 0
    assert faults(database.connect) == []


def insist(url: str, token: str, session: str) -> Told:
    """Claim as a browser does: stand in the line until there is an answer."""
    told = call(url, f"/w/c/{token}", session, {"once": "o", "go": "1"})
    while told.status == 503 or told.location.endswith("/line"):
        again = told.status == 503
        told = call(url, f"/w/c/{token}" + ("" if again else "/line"), session,
                    {"once": "o", "go": "1"} if again else None)  # fmt: skip
        if told.status == 200:
            told = told._replace(location="/line")
    return told


def call(url: str, path: str, session: str, form: dict[str, str] | None) -> Told:
    secret = "c" * 32
    headers = {
        "Cookie": f"{SESSION_COOKIE}={session}; csrftoken={secret}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            body = urlencode({**form, "csrfmiddlewaretoken": secret})
            connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return Told(answer.status, answer.getheader("Location") or "", text)
    finally:
        connection.close()


def test_a_claim_that_waits_is_no_refusal() -> None:
    with pytest.raises(KaquanError) as waits:
        links.serial_of(came(a_link(), a_member()))
    assert waits.value.code == "claim_waits"
