"""The wallet over HTTP: the offer before any login, one's own vouchers and nobody else's."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer, ErasureRequest
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.signed import SignedVoucher
from kaquan.engine.totp import password, step_of
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.offline_lists import live_runs
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.issuer_settings import change_settings
from kaquan.redemption import actions
from kaquan.redemption.codes import new_code, read_code
from kaquan.redemption.signed_keys import read_signed_code
from kaquan.redemption.visits import Visit
from kaquan.surfaces.wallet import views
from kaquan.wallet import member_cards, sms_gateways
from kaquan.wallet.outside import Outside
from tests.builders.books import books, number
from tests.builders.issuer import SYSTEM, a_number, a_store, an_organisation
from tests.fixtures_database import Database
from tests.wallet.certificates import an_account, verified
from tests.wallet.visiting import a_browser, a_link, a_member, a_phone_of, held, text

pytestmark = pytest.mark.usefixtures("static_files", "database")
FIRST_LOAD_BYTES_MAX = 100 * 1024


def test_nobody_sees_or_gives_another_customers_voucher(database: Database) -> None:
    serial = held(a_member(), a_link(transferable=True))
    stranger = a_phone_of(a_member())
    before = books(database.connect())

    for address in (f"/w/v/{serial}", f"/w/v/{serial}/calendar.ics"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"/w/v/{serial}/give").status_code == 404
    login = a_browser().get(f"/w/v/{serial}").headers["Location"]
    assert login == f"/w/login?next=/w/v/{serial}"
    assert stranger.get(login).headers["Location"] == f"/w/v/{serial}"
    assert stranger.get("/w/login?next=//evil.example/w/").headers["Location"] == "/w/"
    assert books(database.connect()) == before


def test_what_the_page_shows_is_taken_by_a_till_and_an_old_picture_is_not(
    database: Database,
) -> None:
    store = a_store(an_organisation("总部", None))
    customer = a_member()
    serial = held(customer)
    page = text(a_phone_of(customer), f"/w/v/{serial}")
    secret = base64.b64decode(re.findall(r'data-secret="([^"]+)"', page)[0])
    prefix = re.findall(r'data-prefix="([^"]+)"', page)[0]
    now = clock.now()
    shown = prefix + password(secret, step_of(now))
    old = prefix + password(secret, step_of(now) - 3)

    def use(presented: str) -> Outcome:
        visit = Visit(store_code=store.organisation.code, order_no=a_number("A"), amount_fen=10_000)
        return actions.redeem_codes(
            actor=SYSTEM, uses=[actions.CodeUse(presented)], visit=visit, at=now
        )

    before = books(database.connect())
    assert use(old).code is OutcomeCode.CODE_FORGED
    assert books(database.connect()) == before
    assert new_code(serial).replace("-", "") not in shown
    assert use(shown).done
    used = text(a_phone_of(customer), f"/w/v/{serial}")
    assert f"在 {store.organisation.name} 使用。" in used
    assert "使用记录" in used


def test_a_card_tells_what_is_left_of_it_and_what_it_was_used_for() -> None:
    store = a_store(an_organisation("总部", None))
    customer = a_member()
    card = {"kind": "count_card", "uses": 3, "value_per_use_fen": 1_500}
    serial = held(customer, a_link(benefit=card))
    browser = a_phone_of(customer)

    assert "使用记录" not in text(browser, f"/w/v/{serial}")
    done = actions.redeem_codes(
        actor=SYSTEM,
        uses=[actions.CodeUse(new_code(serial))],
        visit=Visit(store_code=store.organisation.code),
        at=clock.now(),
    )

    assert done.done, done
    assert "<strong>2</strong> / 3" in text(browser, f"/w/v/{serial}")
    assert store.organisation.name in text(browser, f"/w/v/{serial}")
    assert "剩余次数 2" in text(browser, "/w/")


def test_only_terms_for_offline_use_show_a_code_that_tills_take_without_a_network() -> None:
    customer = a_member()
    browser = a_phone_of(customer)
    serial, online = held(customer, a_link(offline_use=True)), held(customer)

    shown = re.findall(r'id="signed"[^>]+data-text="(\w+)"', text(browser, f"/w/v/{serial}"))

    assert [read_code(one) for one in shown] == [serial]
    said = read_signed_code(shown[0])
    assert isinstance(said, SignedVoucher)
    assert said.value_fen == 2_000
    batch_id = CampaignBatch.objects.get(claim_links__claims__serial=serial).id
    runs = live_runs(reading_session(), batch_id, limit=10)
    assert any(serial in run for run in runs or ())
    assert "离线码" not in text(browser, f"/w/v/{online}")


def test_a_gift_is_taken_once_and_not_by_its_giver() -> None:
    giver, friend, other = a_member(), a_member(), a_member()
    serial = held(giver, a_link(transferable=True))
    page = a_phone_of(giver).post(f"/w/v/{serial}/give").content.decode()
    token = re.findall(r"/w/gift#([\w-]+)", page)[0]

    def look() -> str:
        return a_browser().post("/w/gift", {"token": token, "look": "1"}).content.decode()

    def take(customer: Customer) -> int:
        return a_phone_of(customer).post("/w/gift", {"token": token, "go": "1"}).status_code

    assert "满减券" in look()
    assert "使用规则" in look()
    assert take(giver) == 409
    assert take(friend) == 302
    assert take(friend) == 302
    assert take(other) == 409
    assert "满减券" not in look()
    assert 'role="alert"' in look()
    assert "到店出示" in text(a_phone_of(friend), f"/w/v/{serial}")
    assert a_phone_of(giver).get(f"/w/v/{serial}").status_code == 404


def test_a_gift_that_was_taken_back_stays_with_its_giver(database: Database) -> None:
    giver, friend = a_member(), a_member()
    serial = held(giver, a_link(transferable=True))
    browser = a_phone_of(giver)
    page = browser.post(f"/w/v/{serial}/give").content.decode()
    token = re.findall(r"/w/gift#([\w-]+)", page)[0]
    browser.post(f"/w/v/{serial}/take-back")
    before = books(database.connect())

    assert a_phone_of(friend).post("/w/gift", {"token": token}).status_code == 409
    assert books(database.connect()) == before
    assert "送给朋友" in text(browser, f"/w/v/{serial}")


def test_a_months_statement_is_the_ledgers_sum(database: Database) -> None:
    store = a_store(an_organisation("总部", None))
    customer = a_member()
    serials = [held(customer) for _ in range(3)]
    now = clock.now()
    done = [
        actions.redeem_codes(
            actor=SYSTEM,
            uses=[actions.CodeUse(new_code(serial))],
            visit=Visit(
                store_code=store.organisation.code, order_no=f"=1+{serial}", amount_fen=10_000
            ),
            at=now,
        )
        for serial in serials
    ]
    assert done[0].place is not None
    assert actions.reverse(actor=SYSTEM, redemption=done[0].place, at=now).done
    browser = a_phone_of(customer)
    owed = number(
        database.connect(),
        "SELECT sum(CASE WHEN credit = 6 THEN amount ELSE -amount END) FROM ledger_entry"
        " WHERE unit = 1 AND 6 IN (credit, debit)",
    )

    page = text(browser, "/w/statement")
    file = browser.get("/w/statement.csv").content.decode("utf-8-sig")

    assert owed == 4_000
    assert re.findall(r'id="total">([^<]+)<', page) == ["¥40.00"]
    assert file.splitlines()[-1] == "合计 total,,,,¥40.00"
    assert len(file.splitlines()) == 6
    assert ",'=1+" in file


def test_refusing_consent_keeps_vouchers_and_rights_are_a_tap_away() -> None:
    customer = a_member()
    serial = held(customer)
    browser = a_phone_of(customer)
    for given in ("1", "0"):
        browser.post("/w/me/consent", {"purpose": "marketing_sms", "given": given})
        customer.refresh_from_db()
        assert customer.consents == (["marketing_sms"] if given == "1" else [])
    assert "到店出示" in text(browser, f"/w/v/{serial}")

    card = browser.post("/w/me/card.ndef").content
    assert member_cards.read(card).id == customer.id
    data = json.loads(browser.post("/w/me/export").content)
    assert data["phone"] == customer.phone
    assert [one["serial"] for one in data["vouchers"]] == [serial]
    browser.post("/w/me/erase")
    assert ErasureRequest.objects.get(customer=customer).state == "requested"
    browser.post("/w/me/erase", {"withdraw": "1"})
    assert ErasureRequest.objects.get(customer=customer).state == "withdrawn"

    who = {"issuer_name": "好券商贸有限公司", "customer_service": "400-800-1234"}
    change_settings(actor=SYSTEM, values=who, expected={})
    notice = text(a_browser(), "/w/privacy")
    assert all(words in notice for words in who.values())
    assert "400-800-1234" in text(browser, "/w/me")


def test_a_calendar_reminder_and_a_log_out() -> None:
    customer = a_member()
    browser = a_phone_of(customer)
    serial = held(customer)

    lines = browser.get(f"/w/v/{serial}/calendar.ics").content.decode().split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert "TRIGGER:-P1D" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    token = browser.cookies["kaquan_wallet"].value
    other, lost = a_phone_of(customer), a_phone_of(customer)
    browser.post("/w/leave")
    browser.cookies["kaquan_wallet"] = token
    assert browser.get("/w/").headers["Location"] == "/w/login"
    assert "我的卡券" in text(other, "/w/")
    other.post("/w/leave", {"everywhere": "1"})
    assert lost.get("/w/").headers["Location"] == "/w/login"


def test_pages_speak_three_languages() -> None:
    address = f"/w/c/{a_link().token}"

    for language, words in (
        ("zh-CN", "立即领取"),
        ("zh-TW", "立即領取"),
        ("en-GB", "Claim now"),
    ):
        assert words in text(a_browser(language), address)


def test_the_choice_of_language_and_print_stays_and_leads_nowhere_else() -> None:
    browser = a_browser()

    answer = browser.post("/w/read-as", {"language": "en", "next": "//evil.example/w/"})
    browser.post("/w/read-as", {"large": "1", "next": "/w/privacy"})

    assert answer.headers["Location"] == "/w/"
    assert 'lang="en" class="large"' in text(browser, "/w/privacy")


def test_the_first_load_is_within_100_kilobytes() -> None:
    customer, link = a_member(), a_link()
    own = a_phone_of(customer)
    for path in (f"c/{link.token}", f"v/{held(customer, link)}", "code"):
        page = own.get(f"/w/{path}").content
        names = set(re.findall(rb'(?:src|href)="/static/([^"]+)"', page))
        files = [Path(settings.STATIC_ROOT, name.decode()).read_bytes() for name in names]
        assert len(files) >= 4
        assert sum(len(gzip.compress(one)) for one in [page, *files]) <= FIRST_LOAD_BYTES_MAX


def test_the_demo_gateway_writes_codes_where_only_we_read_them() -> None:
    sms_gateways.DemoGateway().send_code("+8613912345678", "123456")
    path = current_configuration().home / sms_gateways.DEMO_FILE
    kept = path.read_text(encoding="utf-8")

    assert "139****5678 123456" in kept
    assert "13912345678" not in kept
    assert path.stat().st_mode & 0o077 == 0


def test_an_apple_pass_is_offered_and_signed_where_the_issuer_has_a_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = a_member()
    serial, browser = held(customer), a_phone_of(customer)
    assert "Apple" not in text(browser, f"/w/v/{serial}")
    assert browser.get(f"/w/v/{serial}/voucher.pkpass").status_code == 404

    monkeypatch.setattr(views, "outside", lambda: Outside(apple=an_account(tmp_path)))
    assert f"/w/v/{serial}/voucher.pkpass" in text(browser, f"/w/v/{serial}")
    answer = browser.get(f"/w/v/{serial}/voucher.pkpass")
    assert answer.headers["Content-Type"] == "application/vnd.apple.pkpass"
    found = answer.content

    with zipfile.ZipFile(io.BytesIO(found)) as bundle:
        content = {name: bundle.read(name) for name in bundle.namelist()}
    assert verified(tmp_path, content["manifest.json"], content["signature"])
    assert not verified(tmp_path, content["manifest.json"] + b" ", content["signature"])
    for name, digest in json.loads(content["manifest.json"]).items():
        assert hashlib.sha1(content[name], usedforsecurity=False).hexdigest() == digest
    assert json.loads(content["pass.json"])["barcodes"][0]["message"] == new_code(serial)
