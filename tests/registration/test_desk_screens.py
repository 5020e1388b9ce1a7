"""The registration desk on the console: what is typed wrong stays, and nothing is booked twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.redemption.codes import code_book
from kaquan.registration.models import Bundle, Slip
from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.builders.books import books, differing
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.registration.slips import a_bundle, a_side, serial_at

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def an_hour_ago() -> str:
    """As somebody types it: month, day, hour and minute."""
    zone = current_configuration().time_zone
    return (clock.now() - timedelta(hours=1)).astimezone(zone).strftime("%m%d%H%M")


def form(side: Side, index: int = 0, **typed: str) -> dict[str, str]:
    serial = serial_at(side, index)
    return {
        "once": new_name(),
        "number": str(serial),
        "last": code_book().encode(serial)[-4:],
        "holder": "欧阳晓",
        "phone": "１３８００１３８１２３",  # as an input method leaves them
        "at": an_hour_ago(),
        "amount": "100",
        "store": side.store.organisation.code,
        "clerk": "李娜",
        **typed,
    }


def test_a_bundle_is_opened_filled_corrected_and_closed(side: Side, browser: Client) -> None:
    opened = {"once": new_name(), "name": "一捆", "slips": "1", "amount": "100"}
    there = browser.post(at("bundle-new"), opened).headers["Location"]
    bundle = Bundle.objects.get(name="一捆")
    assert there == at("registration-entry", key=bundle.id)

    browser.post(there, form(side, amount="90"))
    refused = browser.post(at("bundle-action", key=bundle.id, action="close"), {"once": "c1"})
    assert "少 ¥10.00" in refused.content.decode()
    slip = Slip.objects.get()
    reason = {"once": "r", "reason": "金额输错"}
    browser.post(at("slip-action", key=slip.id, action="reverse"), reason)
    again = browser.post(there, form(side), follow=True).content.decode()
    assert "已登记" in again
    assert "138****8123" in again
    assert f'value="{side.store.organisation.name}（{side.store.organisation.code}）"' in again
    browser.post(at("bundle-action", key=bundle.id, action="close"), {"once": "c2"})

    bundle.refresh_from_db()
    assert bundle.closed_at is not None
    assert 'id="desk"' not in browser.get(there).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"last": "0000"}, {"store": "没有这家店"}, {"at": "明天"}, {"phone": "12"}, {"amount": "x"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_is_typed_wrong_is_refused_and_stays(
    side: Side, browser: Client, database: Database, wrong: dict[str, str]
) -> None:
    opened = {"once": new_name(), "name": "一捆", "slips": "1", "amount": "100"}
    there = browser.post(at("bundle-new"), opened).headers["Location"]
    sent, before = form(side, **wrong), books(database.connect())

    answer = browser.post(there, sent)

    told = answer.content.decode()
    assert answer.status_code == 409
    assert 'role="alert"' in told
    assert all(f'value="{text}"' in told for name, text in sent.items() if name != "once")
    assert not differing(before, books(database.connect()))
    assert not Slip.objects.exists()


def test_a_table_is_tried_with_its_faults_named_as_people_know_them_and_then_brought_in(
    side: Side, browser: Client, database: Database
) -> None:
    bundle = a_bundle(side, slips=1, amount_fen=10_000)
    used_at = (clock.now() - timedelta(hours=1)).isoformat()
    lines = ["捆编号,券码,手机,使用时间,金额,门店"]
    for index, phone in enumerate(("13800138123", "1380013")):
        code, store = code_book().encode(serial_at(side, index)), side.store.organisation.code
        lines.append(f"{bundle.id},{code},{phone},{used_at},100,{store}")
    before = books(database.connect())

    file = SimpleUploadedFile("slips.csv", "\n".join(lines).encode())
    tried = browser.post(at("slip-import"), {"file": file}).content.decode()

    assert "手机 phone" in tried
    assert not differing(before, books(database.connect()))
    assert not Slip.objects.exists()
    (kept,) = re.findall(r'name="kept" value="([^"]+)"', tried)
    done = browser.post(at("slip-import"), {"kept": kept}, follow=True).content.decode()
    assert "新增 1，更新 0，未通过 1" in done
    assert Slip.objects.get().serial == serial_at(side, 0)
