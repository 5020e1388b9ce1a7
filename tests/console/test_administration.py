"""Keys, webhooks and jobs, as administrators look after them."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kaquan.access.models import ApiKey
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.integrations.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from kaquan.surfaces.console.words import TERMINAL_KINDS
from tests.api.world import Side
from tests.builders.issuer import NOON, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def do(browser: Client, screen: str, key: object, action: str, **values: str) -> str:
    """Do it, and read the page that comes after it."""
    answer = browser.post(at(f"{screen}-action", key=key, action=action), values, follow=True)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def test_a_key_is_revoked_and_no_page_shows_its_secret(side: Side, browser: Client) -> None:
    made = side.key
    key = ApiKey.objects.get(id=made.caller.key_id)

    page = do(browser, "key", key.id, "revoke")

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "已吊销" in page
    assert made.text not in page
    again = browser.post(at("key-action", key=key.id, action="revoke"), {})
    assert again.status_code in (302, 409)


def test_a_webhook_is_switched_off_and_on(side: Side, browser: Client) -> None:
    webhook = side.webhook
    seen = []
    for action in ("off", "on"):
        do(browser, "webhook", webhook.id, action)
        seen.append(WebhookEndpoint.objects.get(id=webhook.id).active)

    assert seen == [False, True]


def test_a_test_event_is_sent_and_what_was_given_up_is_sent_again(
    side: Side, browser: Client
) -> None:
    webhook = side.webhook
    do(browser, "webhook", webhook.id, "test")
    delivery = WebhookDelivery.objects.get(endpoint=webhook)
    WebhookDelivery.objects.filter(id=delivery.id).update(state=DeliveryState.DEAD, created_at=NOON)

    later = do(browser, "webhook", webhook.id, "resend", since="2026-06-02")
    assert "已重新投递 0 条" in later
    again = do(browser, "webhook", webhook.id, "resend", since="2026-06-01")

    assert "已重新投递 1 条" in again
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING


def test_a_job_that_has_not_ended_is_cancelled(side: Side, browser: Client) -> None:
    browser.post(at("stores"), {"query": ""})
    job = Job.objects.get(kind="console.list")

    page = do(browser, "job", job.id, "cancel")

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert "已取消" in page


def test_what_was_changed_is_shown_on_the_thing_and_in_the_log(side: Side, browser: Client) -> None:
    store = side.store
    browser.post(at("store-edit", key=store.pk), {"address": "长安街 1 号"})

    page = browser.get(at("store", key=store.pk) + "?tab=changes").content.decode()
    log = browser.get(at("changes") + "?kind=store").content.decode()
    other = a_browser(an_operator(side.organisation, "organisations.view"))
    without = other.get(at("store", key=store.pk) + "?tab=changes").content.decode()

    assert "长安街 1 号" in page
    assert "王小明" in page
    assert "127.0.0.1" in page
    assert store.organisation.name in log
    assert "地址: 长安街 1 号" in log
    assert "长安街 1 号" in without  # the thing itself tells whoever may see it, but not from where
    assert "127.0.0.1" not in without
    denied = other.get(at("changes"))
    assert denied.status_code == 403
    assert "没有“查看变更记录”权限" in denied.content.decode()
    found = browser.get(at("changes") + "?by=wangxiaoming").content.decode()
    assert store.organisation.name in found
    assert store.organisation.name not in browser.get(at("changes") + "?by=nobody").content.decode()
    (address,) = re.findall(r'href="(/console/changes/\d+/)"', log)[:1]
    one = browser.get(address).content.decode()
    for told in ("长安街 1 号", "链上位置", at("store", key=store.pk), "stores.update"):
        assert told in one
    of_terminals = {"kind": "terminal", "object": side.terminal.id}
    log = browser.get(at("changes"), of_terminals).content.decode()
    assert f"门店: {store.organisation.name[:20]}" in log  # names for ids, and words for kinds
    assert f"类型: {TERMINAL_KINDS[side.terminal.kind]}" in log
    offer = side.trade.version.offer_id
    told = browser.get(at("offer", key=offer) + "?tab=changes").content.decode()
    assert "1. 本券为" in told  # terms as they are printed, not as data
    assert "{&quot;" not in told
