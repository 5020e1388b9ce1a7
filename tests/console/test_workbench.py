"""The workbench says what waits, and today's numbers are the ledger's, within one's part."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from kaquan.analytics.actions import Counters
from kaquan.analytics.today import today
from kaquan.campaigns.actions import add_batch
from kaquan.foundation import clock
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.integrations.models import DeliveryState, WebhookDelivery
from kaquan.ledger.connections import connect_default
from kaquan.organisations.models import Organisation
from kaquan.redemption import actions
from kaquan.redemption.visits import Visit
from tests.api.world import Side
from tests.builders.issuer import SYSTEM, a_number, an_organisation, staff_of
from tests.console.erasures import an_erasure
from tests.console.paper import note_of
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def root(database: Database) -> Organisation:
    return an_organisation("总部", None)


@pytest.fixture
def sides(root: Organisation) -> tuple[Side, Side]:
    return Side(root), Side(root)


def count_everything(database: Database) -> None:
    counters = Counters(connect_default, database.configuration.time_zone)
    counters.catch_up()
    counters.close()


def use(side: Side, index: int, when: datetime) -> None:
    visit = Visit(
        store_code=side.store.organisation.code, order_no=a_number("A-"), amount_fen=10_000
    )
    used = [actions.CodeUse(side.trade._code(index))]
    assert actions.redeem_codes(actor=SYSTEM, uses=used, visit=visit, at=when).done


def figure(browser: Client, name: str) -> str:
    page = browser.get(at("home")).content.decode()
    found = re.search(rf'id="now-{name}">([^<]*)<', page)
    assert found is not None, page
    return found[1]


def test_todays_numbers_are_those_of_ones_own_stores(
    sides: tuple[Side, Side], root: Organisation, database: Database
) -> None:
    theirs, ours = sides
    now = clock.now()
    use(theirs, 0, now)
    use(ours, 0, now)
    use(ours, 1, now)
    count_everything(database)

    shown = {
        name: (figure(browser, "redeemed"), figure(browser, "discount_fen"))
        for name, browser in (
            ("ours", a_browser(an_operator(ours.organisation))),
            ("all", a_browser(an_operator(None))),
        )
    }

    assert shown == {"ours": ("2", "¥40.00"), "all": ("3", "¥60.00")}


def test_today_is_compared_with_yesterday_up_to_the_last_full_hour(
    sides: tuple[Side, Side], database: Database
) -> None:
    _, ours = sides
    zone = database.configuration.time_zone
    now = datetime(2026, 6, 2, 14, 30, tzinfo=zone)
    for index, when in enumerate(
        (now, now - timedelta(hours=1), now - timedelta(hours=24), now - timedelta(hours=25),
         now - timedelta(hours=26), now - timedelta(days=2, hours=1))
    ):  # fmt: skip
        use(ours, index, when)
    count_everything(database)

    for actor in (staff_of(ours.organisation), SYSTEM):
        found = today(actor, now)
        assert found.until_hour == 14
        assert found.figures["redeemed"] == 2
        assert found.today_until["redeemed"] == 1
        assert found.yesterday_until["redeemed"] == 2


def test_what_waits_is_named_and_leads_to_where_it_is_looked_after(
    sides: tuple[Side, Side],
) -> None:
    theirs, ours = sides
    Job.objects.filter(id__in=[ours.job.id, theirs.job.id]).update(
        state=JobState.FAILED, created_at=clock.now()
    )
    for side in sides:
        WebhookDelivery.objects.filter(id=side.delivery.id).update(state=DeliveryState.DEAD)
    low = add_batch(
        actor=staff_of(ours.organisation),
        campaign_id=ours.trade.campaign.id,
        name="快发完的批次",
        version_id=ours.trade.from_stock.offer_version_id,
        quantity=20,
        at=clock.now(),
        by_code=False,
    )
    for _ in range(19):
        outcome = actions.assign(
            actor=SYSTEM,
            batch_id=low.id,
            visit=Visit(customer_number=ours.a_customer().number),
            at=clock.now(),
        )
        assert outcome.done, outcome
    an_erasure(ours)
    note = note_of(ours)

    page = a_browser(an_operator(ours.organisation)).get(at("home")).content.decode()
    todos = dict(
        re.findall(r'<a class="todo" href="[^"]*"><span>([^<]*)</span><span [^>]*>([^<]*)<', page)
    )

    assert todos["7 天内失败的任务"] == "1"
    assert todos["已放弃投递的回调"] == "1"
    assert todos["库存不足的批次"] == "1"
    assert todos["待处理的纸券差异"] == todos["待处理的删除申请"] == "1"
    assert "待清点签收的纸券" not in todos  # it is on its way within this part
    assert f'<a href="{at("batch", key=low.id)}">快发完的批次：剩 1 张</a>' in page
    store = a_browser(an_operator(ours.store.organisation)).get(at("home")).content.decode()
    assert "待清点签收的纸券" in store
    assert at("paper-note", key=note.id) in store


def test_somebody_without_permissions_has_a_workbench_that_shows_nothing(
    sides: tuple[Side, Side], database: Database
) -> None:
    _, ours = sides
    use(ours, 0, clock.now())
    count_everything(database)

    page = a_browser(an_operator(ours.organisation, "events.view")).get(at("home"))

    text = page.content.decode()
    assert page.status_code == 200
    assert "没有待办" in text
    assert 'id="now-' not in text
    assert ours.trade.by_code.name not in text


def test_the_chart_has_the_same_numbers_as_a_table(
    sides: tuple[Side, Side], database: Database
) -> None:
    _, ours = sides
    use(ours, 0, clock.now())
    count_everything(database)

    page = a_browser(an_operator(ours.organisation)).get(at("home")).content.decode()

    data = re.search(r'<script id="chart-days" type="application/json">(.*?)</script>', page)
    assert data is not None
    assert '"values": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]' in data[1]
    day = clock.now().astimezone(database.configuration.time_zone)
    assert f'<tr><th scope="row">{day:%m-%d}</th>' in page
