"""Keys and webhooks made, replaced and changed on screens; secrets are shown once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from kaquan.access.models import ApiClient, ApiKey
from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.jobs.actions import begin, fail, finish
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.integrations.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from kaquan.integrations.queries import secrets_of
from tests.api.world import Side
from tests.builders.issuer import NOON, SYSTEM, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.console.test_people import once_in, secrets_in
from tests.fixtures_database import Database
from tests.staff.people import PASSWORD, somebody

pytestmark = pytest.mark.usefixtures("static_files")
RECEIVER = "https://203.0.114.20/kaquan"


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def filled_in(browser: Client, address: str, **values: object) -> dict[str, object]:
    return {**values, "once": once_in(browser.get(address).content.decode())}


def test_a_key_for_a_new_client_is_made_and_shown_once(side: Side, browser: Client) -> None:
    form = filled_in(
        browser, at("key-new"), new_client="华东收银", kind="secret",
        permissions=["organisations.view", "campaigns.view"],
        stores=side.store.organisation.code, networks="203.0.113.0/24\n198.51.100.7",
        last_day="2099-12-31", must_sign="on",
    )  # fmt: skip

    page = browser.post(at("key-new"), form).content.decode()
    again = browser.post(at("key-new"), form)

    client = ApiClient.objects.get(name="华东收银")
    key = ApiKey.objects.get(client=client)
    text, signing_secret = secrets_in(page)
    assert key.public_id in text
    assert signing_secret == key.signing_secret
    assert key.permissions == ["campaigns.view", "organisations.view"]
    assert key.store_ids == [side.store.pk]
    assert key.networks == ["198.51.100.7/32", "203.0.113.0/24"]
    assert key.expires_at == datetime(2099, 12, 31, 16, tzinfo=UTC)
    assert client.organisation == side.organisation
    assert again.status_code == 409
    assert text not in browser.get(at("key", key=key.id)).content.decode()
    assert text not in str(list(Change.objects.values()))


IMPOSSIBLE: tuple[tuple[dict[str, object], int], ...] = (
    ({"new_client": ""}, 409),
    ({"permissions": []}, 422),
    ({"permissions": ["budgets.edit.all"]}, 422),
    ({"networks": "everywhere"}, 409),
    ({"stores": "S-NONE"}, 409),
    ({"last_day": "2020-01-01"}, 409),
    ({"kind": "publishable", "permissions": ["campaigns.view"]}, 409),
)


def test_a_key_that_cannot_be_is_refused_and_neither_it_nor_its_client_is_made(
    side: Side, browser: Client
) -> None:
    before = (ApiKey.objects.count(), ApiClient.objects.count())
    form = filled_in(
        browser, at("key-new"), new_client="甲", kind="secret", permissions=["campaigns.view"]
    )

    for change, status in IMPOSSIBLE:
        answer = browser.post(at("key-new"), {**form, **change})
        assert answer.status_code == status, change

    assert (ApiKey.objects.count(), ApiClient.objects.count()) == before


def test_nobody_gives_a_key_what_they_do_not_hold(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation, "keys.edit", "keys.view"))
    form = filled_in(
        browser, at("key-new"), new_client="甲", kind="secret", permissions=["budgets.edit"]
    )

    assert browser.post(at("key-new"), form).status_code == 422
    assert not ApiClient.objects.filter(name="甲").exists()


def test_a_key_for_an_app_is_made_by_somebody_who_is_no_customer(browser: Client) -> None:
    form = filled_in(
        browser, at("key-new"), new_client="小程序", kind="publishable",
        permissions=["wallet.claim", "wallet.view"],
    )  # fmt: skip

    assert browser.post(at("key-new"), form).status_code == 200
    assert ApiKey.objects.get(client__name="小程序").kind == "publishable"


def test_a_key_is_replaced_with_an_overlap(side: Side, browser: Client) -> None:
    old = ApiKey.objects.get(id=side.key.caller.key_id)
    address = at("key-rotate", key=old.id)
    wrong = browser.post(address, filled_in(browser, address, overlap="2161"))

    page = browser.post(address, filled_in(browser, address, overlap="48")).content.decode()

    old.refresh_from_db()
    assert wrong.status_code == 409
    assert old.replaced_by is not None
    assert old.expires_at is not None
    assert 47 < (old.expires_at - clock.now()).total_seconds() / 3600 <= 48
    assert old.replaced_by.public_id in secrets_in(page)[0]
    assert at("key-rotate", key=old.id) not in browser.get(at("key", key=old.id)).content.decode()


def test_a_webhook_is_made_changed_and_removed(side: Side, browser: Client) -> None:
    form = filled_in(
        browser, at("webhook-new"), url=RECEIVER, types=["voucher.redeemed", "voucher.reversed"],
        description="会员系统", encrypt="on",
    )  # fmt: skip

    page = browser.post(at("webhook-new"), form).content.decode()

    endpoint = WebhookEndpoint.objects.get(url=RECEIVER)
    (secret,) = secrets_in(page)
    assert secret == secrets_of(SYSTEM, endpoint.id, now=clock.now())[0].secret
    assert endpoint.organisation == side.organisation
    assert endpoint.event_types == ["voucher.redeemed", "voucher.reversed"]
    assert endpoint.encrypt_body
    edit = at("webhook-edit", key=endpoint.id)
    assert 'value="voucher.redeemed" checked' in browser.get(edit).content.decode()
    browser.post(edit, {"url": RECEIVER, "types": ["voucher.redeemed"], "description": "会员"})
    endpoint.refresh_from_db()
    assert (endpoint.event_types, endpoint.encrypt_body) == (["voucher.redeemed"], False)
    browser.post(at("webhook-action", key=endpoint.id, action="off"), {})
    gone = browser.post(at("webhook-action", key=endpoint.id, action="remove"), {}, follow=True)
    assert gone.status_code == 200
    assert not WebhookEndpoint.objects.filter(id=endpoint.id).exists()


def test_a_webhook_to_this_machine_is_refused_and_what_was_typed_stays(browser: Client) -> None:
    form = filled_in(browser, at("webhook-new"), url="https://127.0.0.1/x", description="内网")

    answer = browser.post(at("webhook-new"), form)

    assert answer.status_code == 409
    assert 'value="内网"' in answer.content.decode()
    assert not WebhookEndpoint.objects.filter(description="内网").exists()


def test_a_webhooks_secret_is_replaced_with_an_overlap(side: Side, browser: Client) -> None:
    address = at("webhook-secret", key=side.webhook.id)
    before = secrets_of(SYSTEM, side.webhook.id, now=NOON)[0].secret

    page = browser.post(address, filled_in(browser, address, overlap="1")).content.decode()

    both = [one.secret for one in secrets_of(SYSTEM, side.webhook.id, now=clock.now())]
    assert both == [secrets_in(page)[0], before]
    refused = browser.post(address, filled_in(browser, address, overlap="x"))
    assert refused.status_code == 409


def test_what_was_given_up_is_a_list_of_its_own(side: Side, browser: Client) -> None:
    delivery = side.delivery
    address = at("webhook", key=side.webhook.id) + "?tab=dead"
    assert f">{delivery.id}<" not in browser.get(address).content.decode()

    WebhookDelivery.objects.filter(id=delivery.id).update(state=DeliveryState.DEAD)

    assert f">{delivery.id}<" in browser.get(address).content.decode()


def test_an_export_that_failed_is_asked_for_again_by_whoever_asked(
    side: Side, browser: Client
) -> None:
    browser.post(at("stores"), {"query": "status=open"})
    job = Job.objects.get(kind="console.list")
    begin(job.id)
    fail(job.id, "broken", "坏了", "broken")
    other = a_browser(an_operator(side.organisation))
    again = at("job-action", key=job.id, action="again")

    assert other.post(again, {}).status_code == 409
    assert Job.objects.count() == 1
    assert browser.post(again, {}).status_code == 302

    made = Job.objects.exclude(id=job.id).get()
    assert (made.kind, made.parameters, made.state) == (
        job.kind, job.parameters, JobState.QUEUED,
    )  # fmt: skip
    begin(made.id)
    finish(made.id, {})
    assert browser.post(at("job-action", key=made.id, action="again"), {}).status_code == 409


def test_a_locked_out_login_is_opened_again_by_whoever_gives_a_reason(side: Side) -> None:
    locked = somebody(side.organisation, "clerk")
    guess = {"login": locked.username, "password": "wrong"}
    for host in ("localhost", "127.0.0.1", "localhost", "127.0.0.1", "localhost"):
        Client(headers={"host": host}).post("/accounts/login/", guess)
    security = a_browser(an_operator(side.organisation, "staff.view", "staff.delegate"))
    unlock = at("staff-member-action", key=locked.id, action="unlock")

    assert "被锁定的账号" in security.get(at("home")).content.decode()
    listed = security.get(at("staff") + "?state=locked").content.decode()
    assert f'/staff/{locked.id}/"' in listed
    assert unlock in listed
    assert "锁定至" in security.get(at("staff-member", key=locked.id)).content.decode()
    keeper = a_browser(an_operator(side.organisation, "staff.view", "staff.edit"))
    assert keeper.post(unlock, {"reason": "忘了密码"}).status_code == 403
    assert security.post(unlock, {"reason": " "}).status_code == 422
    right = {"login": locked.username, "password": PASSWORD}
    visitor = Client(headers={"host": "localhost"})
    assert visitor.post("/accounts/login/", right).status_code == 200

    security.post(unlock, {"reason": "本人来电，已核对工号"})

    assert visitor.post("/accounts/login/", right).status_code == 302
    kept = Change.objects.get(verb="staff.unlock")
    assert (kept.object_id, kept.after["reason"]) == (str(locked.id), "本人来电，已核对工号")
    assert security.post(unlock, {"reason": "再来一次"}).status_code == 409
    assert (
        f'/staff/{locked.id}/"' not in security.get(at("staff") + "?state=locked").content.decode()
    )
