"""A customer makes a paper voucher digital: by its code, once, and guesses are counted."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kaquan.redemption.codes import new_code
from kaquan.registration.models import Conversion
from kaquan.wallet import paper_tries
from tests.api.world import Side
from tests.builders.books import books, differing
from tests.fixtures_database import Database
from tests.registration.slips import a_side, a_stock, serial_at
from tests.wallet.visiting import a_browser, a_member, a_phone_of

pytestmark = pytest.mark.usefixtures("static_files", "database")


@pytest.fixture
def side(database: Database) -> Side:
    del database
    return a_side()


def convert(browser: Client, code: str) -> tuple[int, str]:
    """The status, and where it leads or what is told."""
    answer = browser.post("/w/paper", {"code": code, "once": code[:20]})
    told = re.findall(r'role="alert">([^<]+)<', answer.content.decode())
    return answer.status_code, answer.headers.get("Location") or "".join(told)


def test_paper_becomes_digital_once_and_then_is_good_no_more(
    side: Side, database: Database
) -> None:
    stock, browser = a_stock(side), a_phone_of(a_member())
    code = new_code(serial_at(side, 0))
    assert a_browser().get("/w/paper").headers["Location"] == "/w/login?next=/w/paper"

    status, there = convert(browser, code.lower())

    assert status == 302
    digital = browser.get(there).content.decode()
    assert "到店出示" in digital
    assert stock.campaign.name in digital
    assert convert(browser, code.lower()) == (302, there)  # the same form again
    before = books(database.connect())
    for other in (browser, a_phone_of(a_member())):
        status, told = convert(other, code)
        assert status == 409
        assert "纸券已作废" in told
    assert not differing(before, books(database.connect()))


def test_what_cannot_become_digital_is_told_in_a_holders_words_and_stays_good(
    side: Side, database: Database
) -> None:
    browser = a_phone_of(a_member())
    code = new_code(serial_at(side, 0))
    before = books(database.connect())

    status, told = convert(browser, code)

    assert status == 409
    assert "请直接到店使用" in told
    assert not differing(before, books(database.connect()))
    assert not Conversion.objects.exists()


def test_after_some_guesses_even_a_true_code_is_not_read_for_a_while(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_stock(side)
    browser = a_phone_of(a_member())
    code = new_code(serial_at(side, 0))
    mistyped = code[:-1] + ("0" if code[-1] != "0" else "1")
    monkeypatch.setattr(paper_tries, "PER_CUSTOMER", paper_tries.PER_CUSTOMER._replace(most=2))

    for _ in range(3):
        assert "券码输入有误" in convert(browser, mistyped)[1]
    for guess in ("SUMMER2026", "SUMMER2027"):
        assert "错误次数过多" not in convert(browser, guess)[1]

    assert "错误次数过多" in convert(browser, code)[1]
    assert convert(a_phone_of(a_member()), code)[0] == 302
