"""Better terms for issued vouchers on the console: compared, refused, handed in, agreed to."""

from __future__ import annotations

import re

import psycopg
import pytest
from django.test import Client

from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.better_terms import BETTER_TERMS
from kaquan.campaigns.models import CampaignBatch
from tests.builders.books import books
from tests.campaigns.bettering import a_batch, a_claimed_voucher, use
from tests.campaigns.stages import decided
from tests.console.people import a_browser, an_operator, at
from tests.console.test_actions import once_in

pytestmark = pytest.mark.usefixtures("static_files", "database")
Connection = psycopg.Connection[object]


@pytest.fixture
def batch() -> CampaignBatch:
    return a_batch()


@pytest.fixture
def browser(batch: CampaignBatch) -> Client:
    return a_browser(an_operator(batch.campaign.organisation))


def typed(page: str) -> dict[str, str]:
    """What stands in the inputs of a form."""
    found = dict(
        re.findall(r'<input class="form-control" id="f-([\w-]+)"[^>]* value="([^"]*)"', page)
    )
    compared = re.search(r'name="compared" value="([^"]*)"', page)
    assert compared is not None
    return {**found, "compared": compared[1], "once": once_in(page), "reason": "让利"}


def test_better_terms_are_compared_then_handed_in_and_count_once_somebody_agreed(
    batch: CampaignBatch, browser: Client
) -> None:
    serial = a_claimed_voucher(batch)
    address = at("batch-improve-terms", key=batch.id)
    assert address in browser.get(at("batch", key=batch.id)).content.decode()
    through = browser.get(at("campaign-improve-terms", key=batch.campaign_id))
    assert through["Location"] == address
    form = typed(browser.get(address).content.decode())
    assert (form["minimum"], form["amount"]) == ("100", "20")

    compared = browser.post(address, {**form, "minimum": "50"})
    told = compared.content.decode()
    assert compared.status_code == 200
    for words in ("使用门槛", "¥100.00", "¥50.00", "更优或不变", "提交审批"):
        assert words in told
    assert not ApprovalRequest.objects.filter(kind=BETTER_TERMS).exists()

    answer = browser.post(address, {**typed(told), "minimum": "50"}, follow=True)
    (request,) = ApprovalRequest.objects.filter(kind=BETTER_TERMS)
    page = answer.content.decode()
    assert "¥50.00" in page
    assert "让利" in page
    assert use(serial) == "ORDER_BELOW_MINIMUM"
    decided(request)
    assert use(serial) == "DONE"
    shown = browser.get(at("batch", key=batch.id)).content.decode()
    assert "v2" in shown
    assert 'value="50"' in browser.get(address).content.decode()


def test_what_is_worse_is_told_field_by_field_with_what_to_do_and_is_not_handed_in(
    batch: CampaignBatch, browser: Client, connection: Connection
) -> None:
    address = at("batch-improve-terms", key=batch.id)
    form = typed(browser.get(address).content.decode())
    before = books(connection)  # type: ignore[arg-type]

    answer = browser.post(address, {**form, "minimum": "200", "amount": "30"})
    told = answer.content.decode()

    assert answer.status_code == 409
    for words in ("使用门槛", "¥200.00", "发布新版本", "减免金额", "更优或不变"):
        assert words in told
    assert 'value="200"' in told
    unchanged = browser.post(address, form)
    assert "还没有变更" in unchanged.content.decode()
    broken = browser.post(address, {**form, "minimum": "lots"})
    assert broken.status_code == 422
    # What was looked at is what is handed in.
    forged = browser.post(address, {**form, "minimum": "50", "compared": "0-00"})
    assert forged.status_code == 200
    assert not ApprovalRequest.objects.filter(kind=BETTER_TERMS).exists()
    assert books(connection) == before  # type: ignore[arg-type]


def test_in_english_too_and_not_for_those_who_may_not_edit(
    batch: CampaignBatch,
) -> None:
    address = at("batch-improve-terms", key=batch.id)
    english = a_browser(an_operator(batch.campaign.organisation), "en")
    form = typed(english.get(address).content.decode())
    told = english.post(address, {**form, "minimum": "50"}).content.decode()
    assert "Minimum spend" in told
    assert "Better or equal" in told

    looker = a_browser(an_operator(batch.campaign.organisation, "campaigns.view"))
    assert looker.get(address).status_code == 403
    assert address not in looker.get(at("batch", key=batch.id)).content.decode()
