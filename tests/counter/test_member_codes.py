"""One code on a phone for all of a member's vouchers: the counter picks the best one."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
import time_machine

from kaquan.customers.models import Customer
from kaquan.engine.totp import password, step_of
from kaquan.foundation import clock
from kaquan.wallet.links import claim_by_link
from tests.builders.books import books, differing
from tests.builders.issuer import a_number
from tests.counter.standing import CARD, a_stand
from tests.fixtures_database import Database
from tests.wallet.visiting import a_link, a_member, a_phone_of

pytestmark = pytest.mark.usefixtures("static_files", "database")
TOLD = {"ledger_block", "ledger_lane", "ledger_request"}
"""What a refusal that was asked for by name is written into: that it was refused."""


def off(amount_fen: int, minimum_fen: int) -> dict[str, object]:
    return {
        "benefit": {"kind": "amount_off", "amount_fen": amount_fen},
        "scope": {"order_minimum_fen": minimum_fen},
    }


def held(customer: Customer, **terms: object) -> int:
    link = a_link(**terms)
    return claim_by_link(customer=customer, token=link.token, once=a_number("o"))


def shown_by(customer: Customer) -> str:
    """What the member's phone shows now."""
    page = a_phone_of(customer).get("/w/code").content.decode()
    secret = base64.b64decode(re.findall(r'data-secret="([^"]+)"', page)[0])
    (prefix,) = re.findall(r'data-prefix="([^"]+)"', page)
    return str(prefix) + password(secret, step_of(clock.now()))


def test_a_members_code_uses_the_voucher_that_saves_most_on_the_order() -> None:
    stand, member = a_stand(), a_member()
    small, large = held(member, **off(500, 1_000)), held(member, **off(2_000, 10_000))

    (waits,) = stand.browser.ask("look", codes=[shown_by(member)])["vouchers"]
    assert waits["asks"] == ["amount"]
    assert waits["member"] == member.number
    assert "2 张券" in waits["zh"]

    for amount_fen, saved_fen, serial in ((12_000, 2_000, large), (5_000, 500, small)):
        order = {"amountFen": amount_fen, "member": member.number}
        (best,) = stand.browser.ask("look", codes=[waits["code"]], **order)["vouchers"]
        assert best.get("refused") is None
        done = stand.redeem(best["code"], **order)["done"]
        assert done["vouchers"][0]["discountFen"] == saved_fen, serial

    (none,) = stand.browser.ask("look", codes=[shown_by(member)])["vouchers"]
    assert "没有可用的券" in none["refused"]["zh"]


def test_nobodys_own_money_is_spent_by_a_members_code_and_no_reason_is_kept_back() -> None:
    stand, member = a_stand(), a_member()
    held(member, **off(2_000, 10_000))

    (waits,) = stand.browser.ask("look", codes=[shown_by(member)])["vouchers"]
    (told,) = stand.browser.ask("look", codes=[waits["code"]], amountFen=9_000)["vouchers"]

    assert "还差 ¥10.00" in told["refused"]["zh"]
    cards = a_member()
    held(cards, benefit=CARD, validity={"range": {"kind": "after_claim", "days": 1_200}})
    (told,) = stand.browser.ask("look", codes=[shown_by(cards)])["vouchers"]
    assert "没有可用的券" in told["refused"]["zh"]


def test_an_old_or_forged_members_code_and_one_of_another_till_move_nothing(
    database: Database,
) -> None:
    stand, other, member = a_stand(), a_stand(), a_member()
    held(member, **off(2_000, 10_000))
    picture = shown_by(member)
    (waits,) = stand.browser.ask("look", codes=[picture])["vouchers"]
    before = books(database.connect())

    told = other.browser.ask("look", 409, codes=[waits["code"]])
    assert told["code"] == "counter_shown_code_over"
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        told = stand.browser.ask("look", 409, codes=[picture])
        assert told["code"] == "counter_member_code_over"
    forged = f"{picture[:-1]}{(int(picture[-1]) + 1) % 10}"
    assert stand.browser.ask("look", 409, codes=[forged])["code"] == "counter_member_code_over"
    assert stand.redeem(picture)["done"]["refused"]["code"] == "code_malformed"
    assert differing(before, books(database.connect())) <= TOLD
