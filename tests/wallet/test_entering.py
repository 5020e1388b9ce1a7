"""Coming in: the offer before any login, a code by SMS, and pages that lead back."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from kaquan.campaigns.models import Campaign
from kaquan.customers.merging import merge_customers
from kaquan.customers.models import Customer, ErasureRequest
from kaquan.foundation import clock
from kaquan.surfaces.wallet import entering
from kaquan.surfaces.wallet.templatetags.wallet import moment
from kaquan.wallet.sessions import log_in_by_wechat
from tests.builders.books import books
from tests.builders.issuer import SYSTEM
from tests.fixtures_database import Database
from tests.wallet.visiting import a_browser, a_link, a_member, a_phone, a_phone_of, held, text

pytestmark = pytest.mark.usefixtures("static_files", "database")


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was sent by SMS; the gateway is the one thing that is not the real one."""
    found: list[str] = []

    class Kept:
        def send_code(self, phone: str, code: str) -> None:
            del phone
            found.append(code)

    monkeypatch.setattr(entering, "gateway_for", lambda _account: Kept())
    return found


def test_an_offer_is_read_before_any_login_and_claimed_with_a_code(codes: list[str]) -> None:
    link, phone, browser = a_link(), a_phone(), a_browser()
    address = f"/w/c/{link.token}"

    shown = text(browser, address)
    assert "满减券" in shown
    assert "使用规则" in shown
    once = re.findall(r'name="once" value="([^"]+)"', shown)[0]
    pressed_by_enter = re.findall(r"<button[^>]+", shown.partition('class="card enter"')[2])[0]
    assert 'name="go"' in pressed_by_enter
    asked = browser.post(address, {"phone": phone, "send": "1", "once": once})
    assert once in asked.content.decode()
    done = browser.post(address, {"phone": phone, "code": codes[0], "once": once, "go": "1"})

    assert done.status_code == 302
    assert "到店出示" in text(browser, done.headers["Location"])
    assert phone not in done.headers["Location"]
    cookie = browser.cookies["kaquan_wallet"]
    assert cookie["httponly"]
    assert cookie["path"] == "/w/"


def test_a_wrong_code_claims_nothing(codes: list[str], database: Database) -> None:
    link, phone, browser = a_link(), a_phone(), a_browser()
    address = f"/w/c/{link.token}"
    browser.post(address, {"phone": phone, "send": "1"})
    before = books(database.connect())
    wrong = "111111" if codes[0] != "111111" else "222222"

    forgot = browser.post(address, {"phone": phone, "code": "", "sent": "1", "go": "1"})
    answer = browser.post(address, {"phone": phone, "code": wrong, "once": "a", "go": "1"})

    assert (forgot.status_code, len(codes)) == (409, 1)
    assert "请填写短信里的验证码" in forgot.content.decode()
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert books(database.connect()) == before
    assert "kaquan_wallet" not in browser.cookies


def test_what_is_not_to_be_had_is_said_before_any_message_is_sent(codes: list[str]) -> None:
    gone, later = a_link(stock=1), a_link()
    held(a_member(), gone)
    begins_at = clock.now() + timedelta(days=3)
    Campaign.objects.filter(id=later.batch.campaign_id).update(starts_at=begins_at)

    for link, words in ((gone, "已领完"), (later, f"开始时间： <strong>{moment(begins_at)}")):
        address = f"/w/c/{link.token}"
        shown = text(a_browser(), address)
        asked = a_browser().post(address, {"phone": a_phone(), "go": "1"})
        assert words in shown
        assert 'name="phone"' not in shown
        assert words in asked.content.decode()
    assert codes == []


def test_a_claim_that_is_refused_is_told_to_whom_it_is_about() -> None:
    limits = [{"dimension": "customer", "at": "claim", "unit": "uses", "period": "ever", "cap": 1}]
    customer, link = a_member(), a_link(limits=limits)
    held(customer, link)
    browser = a_phone_of(customer)

    assert "再领一张" in text(browser, f"/w/c/{link.token}")
    told = browser.post(f"/w/c/{link.token}", {"once": "again", "go": "1"})

    assert told.status_code == 409
    assert "您已领满" in told.content.decode()


def test_addresses_that_lead_nowhere_or_belong_to_a_form_lead_back() -> None:
    customer = a_member()
    serial, browser = held(customer), a_phone_of(customer)

    assert browser.get(f"/w/v/{serial}/give").headers["Location"] == f"/w/v/{serial}"
    assert browser.get("/w/me/export").headers["Location"] == "/w/me"
    for address in (f"/w/v/{10**30}", "/w/c/abc/", "/w/nothing"):
        told = browser.get(address)
        assert told.status_code == 404
        assert "回到卡包" in told.content.decode()


def test_who_was_merged_finds_and_gives_the_vouchers_of_both_numbers(codes: list[str]) -> None:
    old, new = a_member(), a_member()
    link = a_link(transferable=True)
    serial = held(old, link)
    merge_customers(actor=SYSTEM, number=old.number, into_number=new.number)
    browser = a_browser()
    browser.post("/w/login", {"phone": old.phone, "send": "1"})
    browser.post("/w/login", {"phone": old.phone, "code": codes[0], "go": "1"})

    assert Customer.objects.count() == 2
    assert f"/w/v/{serial}" in text(browser, "/w/")
    assert f"/w/v/{serial}" in text(a_phone_of(old), "/w/")
    assert "另一个会员号" in text(browser, "/w/code")
    given = browser.post(f"/w/v/{serial}/give").content.decode()
    gift = {"token": re.findall(r"/w/gift#([\w-]+)", given)[0], "go": "1"}
    assert a_phone_of(old).post("/w/gift", gift).status_code == 409
    friend = a_phone_of(a_member())
    assert friend.post("/w/gift", gift).status_code == 302
    assert "到店出示" in text(friend, f"/w/v/{serial}")


def test_a_phone_proved_after_wechats_login_is_the_members_own_or_brings_both_together(
    codes: list[str],
) -> None:
    old = a_member()
    serial = held(old)
    for phone, wallets in ((a_phone(), 1), (str(old.phone), 2)):
        member, _token = log_in_by_wechat(open_id=f"o-{phone}", at=clock.now())
        browser = a_phone_of(member)
        assert "/w/me/phone" in text(browser, "/w/")
        browser.post("/w/me/phone", {"phone": phone, "send": "1"})
        wrong = browser.post("/w/me/phone", {"phone": phone, "code": "0", "sent": "1"})
        assert wrong.status_code == 409
        member.refresh_from_db()
        assert (member.phone, member.merged_into) == (None, None)
        done = browser.post("/w/me/phone", {"phone": phone, "code": codes[-1]})

        assert done.headers["Location"] == "/w/"
        shown = text(browser, "/w/")
        assert "/w/me/phone" not in shown
        assert (f"/w/v/{serial}" in shown) is (wallets == 2)
        again, _token = log_in_by_wechat(open_id=f"o-{phone}", at=clock.now())
        assert again == (old if wallets == 2 else member)
        data = json.loads(browser.post("/w/me/export").content)
        known = [one["identities"] for one in (data, *data.get("merged", ()))]
        assert [{"kind": "wechat", "value": f"o-{phone}"}] in known
        browser.post("/w/me/erase")
        browser.post("/w/me/erase")
        assert ErasureRequest.objects.filter(state="requested").count() == wallets
        browser.post("/w/me/erase", {"withdraw": "1"})
        assert not ErasureRequest.objects.filter(state="requested").exists()
        assert browser.get("/w/me/phone").headers["Location"] == "/w/me"
